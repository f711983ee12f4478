//! Taking a link back.

use super::{
    super::{
        Directory, Error, Result,
        core::{Call, Edit},
        grants, links,
        sight::Sight,
        touch::{self, Deed},
        users::{self, Shown},
    },
    entry, named,
};
use crate::{
    api::v1::{
        ChangeEvent, Takeover, UndoTakeoverRequest, UndoTakeoverResponse, User,
        change_event::{Action, Detail},
        link::{Reason, State as Link},
        takeover::State,
    },
    attributes::{check, fold},
    clock::timestamp,
    feed::append,
    store::Work,
};
use prost::Message as _;

pub(super) async fn undo(directory: &Directory, call: &Call, message: UndoTakeoverRequest) -> Result<UndoTakeoverResponse> {
    let ((id, connection), restore) = (named(&message.user_id, &message.connection_id)?, message.restore_attributes);
    grants::require_own(&call.caller, &connection)?;
    let (organization, sight) = (message.organization_id, Sight::of(call));
    // What is in the feed does not change, so it can be read before the lane is entered.
    let image = if restore { Some(before(directory, &organization, &sight, (&id, &connection)).await?) } else { None };
    let (offered, caller, eyes) = (directory.clock.new_id(), call.caller.clone(), sight.clone());
    let edit = move |work: &mut Work| -> Edit<User> {
        let (row, recorded) = (work.user(&id), entry::find(work, &connection, &id));
        let (row, recorded) = (row?.filter(|row| eyes.sees(&row.user)).ok_or_else(|| Error::not_found("user"))?, recorded?);
        let link = links::link_of(&row.user, &connection).filter(|link| link.state() == Link::Linked);
        let link = link.ok_or_else(|| Error::not_found("link"))?.clone();
        let mut user = row.user.clone();
        if let Some((made_at, image)) = &image {
            if link.revision != *made_at {
                return Err(Error::not_found("link").into());
            }
            user = with_attributes_of(image, &row.user);
        }
        links::forget(&mut user, &connection);
        check::check_user(&mut user).map_err(Error::from)?;
        touch::may_touch(work, &caller, &row.user, Deed::Change(&user))?;
        let name_key = fold::user_name(&user.user_name).map_err(Error::from)?;
        users::check_unique(work, &user, &name_key, Some(&row))?;
        let after = work.put_user(user, name_key);
        append::user(work, Action::Unlinked, Some(&row.user), Some(&after.user), users::changed(&row.user, &after.user));
        let entry = recorded.unwrap_or_else(|| Takeover {
            user_id: id.clone(),
            connection_id: connection.clone(),
            matched_attribute: link.matched_attribute.clone(),
            create_time: Some(timestamp(work.now())),
            id: offered.clone(),
            ..Takeover::default()
        });
        entry::resolve(work, entry, State::Rejected);
        Ok(after.user.clone())
    };
    let written = directory.write(call, &organization, message.write, edit).await?;
    let mut user = written.answer;
    // It is no longer there for a connection that sees its own alone.
    let shows = sight.sees(&user);
    let registered = super::super::schemas::seen(directory, &organization);
    Shown::new(None)?.written(registered).finish(directory, call, None, std::slice::from_mut(&mut user)).await?;
    Ok(UndoTakeoverResponse { user: shows.then_some(user), committed_at: written.committed_at })
}

/// The attributes as they were; whose the user is, and what others call it, as it is.
fn with_attributes_of(image: &User, user: &User) -> User {
    User {
        id: user.id.clone(),
        organization_id: user.organization_id.clone(),
        meta: user.meta.clone(),
        external_ids: user.external_ids.clone(),
        links: user.links.clone(),
        ..image.clone()
    }
}

/// The user before the takeover, from the feed, and the revision that made it.
async fn before(directory: &Directory, organization: &str, sight: &Sight, (id, connection): (&str, &str)) -> Result<(u64, User)> {
    let mut reader = directory.read(organization, None).await?;
    let body = reader.users(vec![id.to_owned()]).await?.pop().ok_or_else(|| Error::not_found("user"))?.1;
    let user = users::decode(reader.life(), &body)?;
    sight.check(&user, "user")?;
    let link = links::link_of(&user, connection).filter(|link| link.state() == Link::Linked).ok_or_else(|| Error::not_found("link"))?;
    let nothing = || Error::value("restore_attributes", "restore_attributes: the link is no takeover, so nothing was taken.");
    if !matches!(link.reason(), Reason::Takeover | Reason::Approved) {
        return Err(nothing());
    }
    let made_at = i64::try_from(link.revision).map_err(|_| Error::internal())?;
    for event in reader.changes_of(made_at, id).await? {
        let event = ChangeEvent::decode(event.as_slice()).map_err(|_| Error::internal())?;
        if let (Action::Linked, Some(Detail::User(change))) = (event.action(), event.detail) {
            return Ok((link.revision, change.before.ok_or_else(nothing)?));
        }
    }
    Err(nothing())
}
