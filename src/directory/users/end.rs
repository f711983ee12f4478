//! Deleting users, bringing them back, erasing them.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
        groups, links, precondition,
        sight::Sight,
    },
    answer::Shown,
    read,
    write::{changed, check_unique, required},
};
use crate::{
    api::v1::{
        DeleteOutcome, DeleteUserRequest, DeleteUserResponse, ErrorReason, Precondition, PurgeUserRequest, PurgeUserResponse,
        UndeleteUserRequest, UndeleteUserResponse, User, change_event::Action, connection::Deprovision,
    },
    attributes::fold,
    clock::Micros,
    feed::append,
    limits,
    store::{MEMBER_USER, Tombstone, UserRow, Work},
};
use prost::Message;

/// What a tombstone remembers of a user.
#[derive(Clone, PartialEq, Message)]
struct Remembered {
    #[prost(bytes = "vec", tag = "1")]
    user: Vec<u8>,
    #[prost(string, repeated, tag = "2")]
    groups: Vec<String>,
}

/// What the caller's policy makes of a delete, and how long a soft one waits for its purge, in microseconds.
///
/// # Errors
/// `POLICY` for a connection that may not delete.
pub(in crate::directory) fn policy(call: &Call) -> Result<(Deprovision, Micros)> {
    let default = limits::PURGE_DAYS * 86_400 * 1_000_000;
    let Some(connection) = call.caller.connection.as_deref() else { return Ok((Deprovision::SoftDelete, default)) };
    let wait = connection.purge_after.as_ref().map_or(default, |d| d.seconds.saturating_mul(1_000_000));
    match connection.on_delete() {
        Deprovision::Refuse => Err(Error::new(ErrorReason::Policy, "This connection may not delete.").with("policy", "DEPROVISION_REFUSE")),
        on_delete => Ok((on_delete, wait)),
    }
}

pub(super) async fn delete(directory: &Directory, call: &Call, request: DeleteUserRequest) -> Result<DeleteUserResponse> {
    let edit = deletion(call, &request.user_id, request.precondition, request.allow_missing)?;
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(DeleteUserResponse { outcome: written.answer as i32, committed_at: directory.revision(written.revision) })
}

/// The edit that does to a user what the caller's policy makes of a delete.
pub(in crate::directory) fn deletion(
    call: &Call,
    id: &str,
    condition: Option<Precondition>,
    allow_missing: bool,
) -> Result<impl FnMut(&mut Work) -> Edit<DeleteOutcome> + Send + use<>> {
    let id = required(id, "user_id")?;
    precondition::check_form(condition.as_ref())?;
    let (on_delete, wait) = policy(call)?;
    let sight = Sight::of(call);
    Ok(move |work: &mut Work| -> Edit<DeleteOutcome> {
        let Some(row) = work.user(&id)?.filter(|row| sight.sees(&row.user)) else {
            if allow_missing {
                precondition::check_absent(condition.as_ref())?;
                return Ok(DeleteOutcome::Unspecified);
            }
            return Err(Error::not_found("user").into());
        };
        precondition::check(condition.as_ref(), row.version)?;
        // What others manage too is not one connection's to end.
        let shared = !sight.connection().is_empty() && links::managed_by_others(work, &row.user, sight.connection())?;
        match if shared { Deprovision::Unlink } else { on_delete } {
            Deprovision::Unlink => Ok(let_go(work, &row, &sight, false)),
            Deprovision::Deactivate => Ok(let_go(work, &row, &sight, true)),
            Deprovision::Purge => {
                leave_groups(work, &id, MEMBER_USER)?;
                work.drop_user(&id);
                work.erase(&id);
                append::user(work, Action::Purged, Some(&bare(&row.user)), None, Vec::new());
                Ok(DeleteOutcome::Purged)
            }
            _ => {
                let memberships = leave_groups(work, &id, MEMBER_USER)?;
                work.drop_user(&id);
                let body = Remembered { user: row.user.encode_to_vec(), groups: memberships }.encode_to_vec();
                let now = work.now();
                work.set_tombstone(&id, Some(Tombstone { kind: MEMBER_USER, deleted_at: now, purge_at: now.saturating_add(wait), body }));
                append::user(work, Action::SoftDeleted, Some(&row.user), None, Vec::new());
                Ok(DeleteOutcome::SoftDeleted)
            }
        }
    })
}

/// The user lives on, with its memberships, and is gone for the connection.
fn let_go(work: &mut Work, row: &UserRow, sight: &Sight, deactivate: bool) -> DeleteOutcome {
    let mut user = row.user.clone();
    links::unlink(&mut user, sight.connection(), work.now());
    let was_active = user.active.unwrap_or(false);
    if deactivate {
        user.active = Some(false);
    }
    let after = work.put_user(user, row.name_key.clone());
    let action = if deactivate && was_active { Action::Deactivated } else { Action::Unlinked };
    append::user(work, action, Some(&row.user), Some(&after.user), changed(&row.user, &after.user));
    if deactivate { DeleteOutcome::Deactivated } else { DeleteOutcome::Unlinked }
}

pub(super) async fn undelete(directory: &Directory, call: &Call, request: UndeleteUserRequest) -> Result<UndeleteUserResponse> {
    let id = required(&request.user_id, "user_id")?;
    let edit = move |work: &mut Work| -> Edit<std::sync::Arc<UserRow>> {
        let tombstone = work.tombstone(&id)?.filter(|t| t.kind == MEMBER_USER).ok_or_else(|| Error::not_found("user"))?;
        let remembered = Remembered::decode(tombstone.body.as_slice()).map_err(|_| Error::internal())?;
        let user = read::decode(&remembered.user)?;
        let name_key = fold::user_name(&user.user_name).map_err(Error::from)?;
        let unique = check_unique(work, &user, &name_key, None);
        let groups: Vec<_> = remembered.groups.iter().map(|g| work.group(g)).collect();
        unique?;
        let groups = groups.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        work.set_tombstone(&id, None);
        let row = work.put_user(user, name_key);
        append::user(work, Action::Restored, None, Some(&row.user), changed(&User::default(), &row.user));
        for group in groups.into_iter().flatten() {
            work.set_edge(&group.group.id, &id, Some(MEMBER_USER));
            work.put_group(group.group.clone(), 1);
            append::membership(work, Action::Added, &group.group.id, &id, MEMBER_USER);
        }
        Ok(row)
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let mut user = written.answer.user.clone();
    let registered = super::super::schemas::seen(directory, &request.organization_id);
    Shown::new(None)?.written(registered).finish(directory, call, None, std::slice::from_mut(&mut user)).await?;
    Ok(UndeleteUserResponse { user: Some(user), committed_at: directory.revision(written.revision) })
}

pub(super) async fn purge(directory: &Directory, call: &Call, request: PurgeUserRequest) -> Result<PurgeUserResponse> {
    let id = required(&request.user_id, "user_id")?;
    let edit = move |work: &mut Work| -> Edit<()> {
        let (row, tombstone) = (work.user(&id), work.tombstone(&id));
        let (row, tombstone) = (row?, tombstone?.filter(|t| t.kind == MEMBER_USER));
        if row.is_none() && tombstone.is_none() {
            return Err(Error::not_found("user").into());
        }
        if row.is_some() {
            leave_groups(work, &id, MEMBER_USER)?;
            work.drop_user(&id);
        }
        if tombstone.is_some() {
            work.set_tombstone(&id, None);
        }
        work.erase(&id);
        append::user(work, Action::Purged, Some(&User { id: id.clone(), ..User::default() }), None, Vec::new());
        Ok(())
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(PurgeUserResponse { committed_at: directory.revision(written.revision) })
}

/// A user of whom nothing but the id is left.
fn bare(user: &User) -> User {
    User { id: user.id.clone(), organization_id: user.organization_id.clone(), ..User::default() }
}

/// Ends every direct membership of a principal; answers the groups it was in.
pub(in crate::directory) fn leave_groups(work: &mut Work, member: &str, kind: i64) -> Edit<Vec<String>> {
    let memberships = work.memberships(member)?;
    let groups: Vec<_> = memberships.iter().map(|g| work.group(g)).collect();
    for group in groups.into_iter().collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten() {
        work.set_edge(&group.group.id, member, None);
        groups::touch(work, &group, -1);
        append::membership(work, Action::Removed, &group.group.id, member, kind);
    }
    Ok(memberships)
}
