//! A create that meets a user who is there.

use super::{
    super::{Error, core::Edit, links, ownership, touch, touch::Deed, users},
    entry,
    rules::{self, Match},
};
use crate::{
    access::Caller,
    api::v1::{
        Connection, ErrorReason, Takeover, User, change_event::Action, connection::Takeover as Policy, link::Reason, takeover::State,
    },
    attributes::{ResourceType, check, fold, owned::merge_user},
    feed::append,
    store::{UserRow, Work},
};
use std::sync::Arc;

/// What came of it.
pub(in crate::directory) enum Met {
    /// No rule fits anybody: the user is new.
    Nobody,
    /// A person has to agree first.
    Waits,
    /// The user that was there is what the create says.
    Taken(Arc<UserRow>),
}

/// Does what the connection's takeover says of a create. `given` is as the caller gave it, `offered` an id nobody has.
///
/// # Errors
/// `UNIQUENESS` where the user stays somebody else's, and what may not be done to the user.
pub(in crate::directory) fn meet(work: &mut Work, caller: &Caller, offered: &str, given: &User, name_key: &str) -> Edit<Met> {
    let Some(connection) = caller.connection.as_deref() else { return Ok(Met::Nobody) };
    let Some(found) = rules::find(work, connection, given, name_key)? else { return Ok(Met::Nobody) };
    let recorded = entry::find(work, &connection.id, &found.row.user.id)?;
    let state = recorded.as_ref().map_or(State::Unspecified, Takeover::state);
    if links::is_linked(&found.row.user, &connection.id) {
        return match recorded {
            Some(agreed) if state == State::Approved => {
                let row = take(work, caller, &found, given, Reason::Approved)?;
                entry::forget(work, &agreed);
                Ok(Met::Taken(row))
            }
            _ => Err(taken(&found, "the connection manages it already").into()),
        };
    }
    match connection.takeover() {
        _ if state == State::Rejected => Err(taken(&found, "an administrator refused to hand it over").into()),
        Policy::Unspecified | Policy::Never => Err(taken(&found, "the connection takes nobody over").into()),
        Policy::UnmanagedOnly if links::managed_by_others(work, &found.row.user, &connection.id)? => {
            Err(taken(&found, "another connection manages it").into())
        }
        Policy::UnmanagedOnly | Policy::Always => {
            let row = take(work, caller, &found, given, Reason::Takeover)?;
            if let Some(waiting) = recorded {
                entry::forget(work, &waiting);
            }
            Ok(Met::Taken(row))
        }
        Policy::RequireApproval => {
            // Whom the connection may not have at all does not wait.
            touch::may_touch(work, caller, &found.row.user, Deed::Link)?;
            if recorded.is_none() {
                entry::wait(work, offered, connection, &found);
            }
            Ok(Met::Waits)
        }
    }
}

/// The connection manages the user from now on, who takes in what is given.
fn take(work: &mut Work, caller: &Caller, found: &Match, given: &User, reason: Reason) -> Edit<Arc<UserRow>> {
    let (row, connection) = (&found.row, caller.connection_id());
    let mut user = row.user.clone();
    merge_user(&mut user, given);
    if let Some(own) = given.external_ids.iter().find(|e| e.connection_id == connection) {
        user.external_ids.retain(|e| e.connection_id != connection);
        user.external_ids.push(own.clone());
    }
    check::check_user(&mut user).map_err(Error::from)?;
    ownership::hold(work, caller, &row.user, &mut user)?;
    work.schemas().admit(ResourceType::User, &mut user.extensions, Some(&row.user.extensions)).map_err(Error::from)?;
    touch::may_touch(work, caller, &row.user, Deed::Link)?;
    let name_key = fold::user_name(&user.user_name).map_err(Error::from)?;
    users::check_unique(work, &user, &name_key, Some(row))?;
    if links::is_linked(&user, connection) && user == row.user {
        return Ok(row.clone());
    }
    let action = if links::is_linked(&user, connection) { Action::Updated } else { Action::Linked };
    if action == Action::Linked {
        links::link(&mut user, connection, reason, found.rule.name(), work.now());
        links::made_at(&mut user, connection, work.revision());
    }
    let after = work.put_user(user, name_key);
    append::user(work, action, Some(&row.user), Some(&after.user), users::changed(&row.user, &after.user));
    Ok(after)
}

/// The create is refused; nothing has changed.
fn taken(found: &Match, why: &str) -> Error {
    let rule = found.rule.name();
    Error::new(ErrorReason::Uniqueness, format!("A user is this one by {rule}: {why}.")).at("user").with("attribute", rule)
}

/// How a create that waits is told where only a refusal can be.
pub(in crate::directory) fn waiting() -> Error {
    let detail = "The user is there, and managed by others; taking it over waits for an administrator's approval.";
    Error::new(ErrorReason::Uniqueness, detail).at("user").with("attribute", "user")
}

impl Match {
    /// What is recorded of it.
    pub(super) fn entry(&self, id: &str, connection: &Connection) -> Takeover {
        Takeover {
            user_id: self.row.user.id.clone(),
            connection_id: connection.id.clone(),
            matched_attribute: self.rule.name().to_owned(),
            id: id.to_owned(),
            ..Takeover::default()
        }
    }
}
