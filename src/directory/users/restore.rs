//! Bringing users back: by a person's word, or because the connection that deleted them creates them again.

use super::{
    super::{
        Error, actions,
        core::Edit,
        groups, links, ownership,
        sight::Sight,
        takeovers,
        touch::{self, Deed},
    },
    write::{Made, changed, check_unique},
};
use crate::{
    access::Caller,
    api::v1::{
        User,
        change_event::Action,
        connection::{AllowedAction, Recreate},
        create_user_response::Outcome,
        link::Reason,
    },
    attributes::{Context, check, fold, replace},
    clock::Micros,
    feed::append,
    limits,
    store::{
        KEY_GONE_EMAIL, KEY_GONE_EXTERNAL_ID, KEY_GONE_USER_NAME, KEY_USER_EXTERNAL_ID, KEY_USER_FORMER_EXTERNAL_ID, MEMBER_USER,
        Tombstone, UserRow, Work, external_key,
    },
};
use std::{collections::BTreeSet, sync::Arc};

/// Whom a create may bring back, and how that one is found.
#[derive(Debug, Clone)]
pub(super) struct Recall {
    connection: String,
    /// Whether an e-mail address is enough.
    by_email: bool,
    /// Whether the create wakes whom the connection manages: it says that the user is to be active, and the connection may change
    /// users, which this is. What it does not say lets in nobody who was kept out.
    wakes: bool,
}

/// Somebody who may come back, and the attribute that matched.
enum Found {
    /// Deactivated or unlinked: lives on.
    Alive(Arc<UserRow>, &'static str),
    /// Deleted softly.
    Gone(Arc<Tombstone>, &'static str),
}

impl Recall {
    /// For a caller's connection; `None` for callers without one, and for one whose creates make new users only.
    pub(super) fn of(caller: &Caller, active: Option<bool>) -> Option<Recall> {
        let connection = caller.connection.as_deref().filter(|c| c.on_recreate() != Recreate::New)?;
        let by_email = connection.takeover_match_attributes.iter().any(|rule| rule == "emails");
        let wakes = active.unwrap_or(false) && actions::require(caller, AllowedAction::UpdateUsers).is_ok();
        Some(Recall { connection: connection.id.clone(), by_email, wakes })
    }

    /// Brings back the user that the connection let go and now creates again: with its id and memberships, and the attributes
    /// of the create. `None` when there is none.
    ///
    /// # Errors
    /// `UNIQUENESS` when its names are held by others by now.
    pub(super) fn restore(&self, work: &mut Work, caller: &Caller, given: &User, name_key: &str) -> Edit<Option<Made>> {
        let Some(found) = self.find(work, given, name_key)? else { return Ok(None) };
        let before = match &found {
            Found::Alive(row, _) => &row.user,
            Found::Gone(tombstone, _) => &tombstone.user,
        };
        // An administrator's refusal outlives whatever the connection does to the user.
        if takeovers::is_refused(work, &self.connection, &before.id)? {
            return Ok(None);
        }
        let mut user = before.clone();
        replace::replace_user(&mut user, given.clone(), &Context { connection: &self.connection, base: "" });
        let (Found::Alive(_, attribute) | Found::Gone(_, attribute)) = found;
        // Who was only inactive is linked as before.
        if !matches!(&found, Found::Alive(row, _) if links::is_linked(&row.user, &self.connection)) {
            user.links.retain(|link| link.connection_id != self.connection);
        }
        // Another connection that deleted the user does not manage it by that.
        if let Found::Gone(tombstone, _) = &found
            && tombstone.deleted_by != self.connection
        {
            links::unlink(&mut user, &tombstone.deleted_by, work.now());
        }
        links::link(&mut user, &self.connection, Reason::Restored, attribute, work.now());
        let row = match &found {
            Found::Alive(row, _) => relink(work, caller, row, user)?,
            Found::Gone(tombstone, _) => {
                self.keep_free(work, &mut user)?;
                revive(work, user, name_key.to_owned(), tombstone)?
            }
        };
        Ok(Some(Made { row: Some(row), outcome: Outcome::Reactivated }))
    }

    /// What others called the user is no reason to refuse it to the connection, should it name somebody else by now.
    fn keep_free(&self, work: &mut Work, user: &mut User) -> Edit<()> {
        let foreign: Vec<_> = user.external_ids.iter().filter(|e| e.connection_id != self.connection).cloned().collect();
        let held: Vec<_> = foreign.iter().map(|e| work.holders(KEY_USER_EXTERNAL_ID, &external_key(&e.connection_id, &e.value))).collect();
        for (external, holders) in foreign.iter().zip(held) {
            if !holders?.is_empty() {
                user.external_ids.retain(|e| e != external);
            }
        }
        Ok(())
    }

    /// All is asked for before the first verdict.
    fn find(&self, work: &mut Work, given: &User, name_key: &str) -> Edit<Option<Found>> {
        let own = given.external_ids.iter().find(|e| e.connection_id == self.connection);
        let called = own.map(|e| external_key(&self.connection, &e.value));
        let mails: BTreeSet<String> = given.emails.iter().filter_map(|e| e.value.as_deref()).map(fold::email).collect();
        let mut holders = |kind: i64, key: &str| work.holders(kind, key);
        let holding = called.as_deref().map(|key| holders(KEY_USER_EXTERNAL_ID, key));
        let former = called.as_deref().map(|key| holders(KEY_USER_FORMER_EXTERNAL_ID, key));
        let gone_called = called.as_deref().map(|key| holders(KEY_GONE_EXTERNAL_ID, key));
        let gone_named = holders(KEY_GONE_USER_NAME, &external_key(&self.connection, name_key));
        let mails = mails.iter().filter(|_| self.by_email);
        let gone_mailed: Vec<_> = mails.map(|mail| holders(KEY_GONE_EMAIL, &external_key(&self.connection, mail))).collect();
        let named = work.user_named(name_key);
        let (holding, former) = (holding.transpose()?.unwrap_or_default(), former.transpose()?.unwrap_or_default());
        let (gone_called, gone_named, named) = (gone_called.transpose()?.unwrap_or_default(), gone_named?, named?);
        let gone_mailed: BTreeSet<String> = gone_mailed.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();

        let called = self.alive(work, holding.iter().chain(&former));
        let named_row = self.alive(work, &named);
        let gone_called = self.gone(work, &gone_called);
        let gone_named = self.gone(work, &gone_named);
        let gone_mailed = if gone_mailed.len() == 1 { self.gone(work, &gone_mailed) } else { Ok(None) };
        let (called, named_row, gone_called) = (called?, named_row?, gone_called?);
        let (gone_named, gone_mailed) = (gone_named?, gone_mailed?);
        // A name that somebody holds whom the connection sees is refused by the create itself.
        let by_call = called.map(|row| Found::Alive(row, "externalId")).or(gone_called.map(|gone| Found::Gone(gone, "externalId")));
        let free = named.is_none();
        Ok(by_call
            .or(named_row.map(|row| Found::Alive(row, "userName")))
            .or(gone_named.filter(|_| free).map(|gone| Found::Gone(gone, "userName")))
            .or(gone_mailed.filter(|_| free).map(|gone| Found::Gone(gone, "emails"))))
    }

    /// Of living users the one that the connection let go last. A create that wakes also means whom it manages and who is not
    /// active.
    fn alive<'i>(&self, work: &mut Work, ids: impl IntoIterator<Item = &'i String>) -> Edit<Option<Arc<UserRow>>> {
        let rows: Vec<_> = ids.into_iter().map(|id| work.user(id)).collect();
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
        let asleep = |user: &User| self.wakes && !user.active.unwrap_or(false) && links::is_linked(user, &self.connection);
        let let_go = rows.into_iter().flatten().filter(|row| links::was_linked(&row.user, &self.connection) || asleep(&row.user));
        Ok(let_go.max_by_key(|row| (self.let_go_at(&row.user), row.user.id.clone())))
    }

    fn let_go_at(&self, user: &User) -> Micros {
        links::link_of(user, &self.connection).and_then(|link| link.link_time.as_ref()).map_or(0, crate::clock::micros)
    }

    /// Of deleted users the one that was deleted last.
    fn gone(&self, work: &mut Work, ids: &BTreeSet<String>) -> Edit<Option<Arc<Tombstone>>> {
        let found: Vec<_> = ids.iter().map(|id| work.tombstone(id)).collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let own = found.into_iter().flatten().filter(|tombstone| tombstone.is_of(&self.connection));
        Ok(own.max_by_key(|tombstone| (tombstone.deleted_at, tombstone.user.id.clone())))
    }
}

/// A user that lives on is the connection's again, and what the create says as far as others do not own it.
fn relink(work: &mut Work, caller: &Caller, row: &UserRow, mut user: User) -> Edit<Arc<UserRow>> {
    check::check_user(&mut user).map_err(Error::from)?;
    ownership::hold(work, caller, &row.user, &mut user)?;
    touch::may_touch(work, caller, &row.user, Deed::Link)?;
    let name_key = fold::user_name(&user.user_name).map_err(Error::from)?;
    check_unique(work, &user, &name_key, Some(row))?;
    let wakes = !row.user.active.unwrap_or(false) && user.active.unwrap_or(false);
    let after = work.put_user(user, name_key);
    let action = if wakes { Action::Activated } else { Action::Linked };
    append::user(work, action, Some(&row.user), Some(&after.user), changed(&row.user, &after.user));
    if !links::is_linked(&row.user, caller.connection_id()) {
        groups::show_again(work, &Sight::of_caller(caller), &after.user.id)?;
    }
    Ok(after)
}

/// A deleted user lives again, with those of its memberships whose groups still live, have room, and were not set without it since.
///
/// # Errors
/// `UNIQUENESS` when a name of it is held by another user.
pub(super) fn revive(work: &mut Work, mut user: User, name_key: String, tombstone: &Tombstone) -> Edit<Arc<UserRow>> {
    check::check_user(&mut user).map_err(Error::from)?;
    let unique = check_unique(work, &user, &name_key, None);
    let groups: Vec<_> = tombstone.groups.iter().map(|g| work.group(g)).collect();
    unique?;
    let groups = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
    let id = user.id.clone();
    work.set_tombstone(&id, None);
    let row = work.put_user(user, name_key);
    append::user(work, Action::Restored, None, Some(&row.user), changed(&User::default(), &row.user));
    for group in groups.into_iter().flatten() {
        let full = usize::try_from(group.member_count).is_ok_and(|count| count >= limits::MEMBERS_PER_GROUP);
        if full || group.set_at >= tombstone.revision {
            continue;
        }
        work.return_edge(&group.group.id, &id, MEMBER_USER);
        groups::touch(work, &group, 1);
        append::membership(work, Action::Added, &group.group.id, &id, MEMBER_USER);
    }
    Ok(row)
}
