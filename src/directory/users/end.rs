//! Deleting users, bringing them back, erasing them.

use super::{
    super::{
        Error, Result, actions,
        core::{Call, Directory, Edit, answering},
        groups, links, precondition,
        sight::Sight,
        takeovers,
        touch::{self, Deed},
    },
    answer::Shown,
    restore::revive,
    write::{changed, required},
};
use crate::{
    api::v1::{
        DeleteOutcome, DeleteUserRequest, DeleteUserResponse, ErrorReason, Precondition, PurgeUserRequest, PurgeUserResponse,
        UndeleteUserRequest, UndeleteUserResponse, User,
        change_event::Action,
        connection::{AllowedAction, Deprovision},
    },
    attributes::fold,
    clock::Micros,
    feed::append,
    limits,
    store::{MEMBER_USER, Tombstone, UserRow, Work},
};
use std::sync::Arc;

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
    let edit = answering(deletion(call, &request.user_id, request.precondition, request.allow_missing)?, |outcome| outcome as i32);
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(DeleteUserResponse { outcome: written.answer, committed_at: written.committed_at })
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
    actions::require(&call.caller, AllowedAction::DeleteUsers)?;
    let (sight, caller) = (Sight::of(call), call.caller.clone());
    Ok(move |work: &mut Work| -> Edit<DeleteOutcome> {
        let Some(row) = work.user(&id)?.filter(|row| sight.sees(&row.user)) else {
            if allow_missing {
                precondition::check_absent(condition.as_ref())?;
                return Ok(DeleteOutcome::Unspecified);
            }
            return Err(Error::not_found("user").into());
        };
        precondition::check(condition.as_ref(), work, &row.user.id, row.version)?;
        touch::may_touch(work, &caller, &row.user, Deed::Delete)?;
        // What others manage too is not one connection's to end.
        let shared = !sight.connection().is_empty() && links::managed_by_others(work, &row.user, sight.connection())?;
        match if shared { Deprovision::Unlink } else { on_delete } {
            Deprovision::Unlink => let_go(work, &row, &sight, false),
            Deprovision::Deactivate => let_go(work, &row, &sight, true),
            Deprovision::Purge => {
                leave_groups(work, &id, MEMBER_USER)?;
                work.drop_user(&id);
                erase(work, &bare(&row.user))?;
                Ok(DeleteOutcome::Purged)
            }
            _ => {
                let (groups, recorded) = (leave_groups(work, &id, MEMBER_USER), takeovers::end_of_user(work, &id, true));
                let groups = groups?;
                recorded?;
                for group in &groups {
                    work.await_member(group);
                }
                work.drop_user(&id);
                let (deleted_at, revision, deleted_by) = (work.now(), work.revision(), sight.connection().to_owned());
                let (user, purge_at, grants) = (row.user.clone(), deleted_at.saturating_add(wait), Vec::new());
                work.set_tombstone(&id, Some(Tombstone { user, group: None, groups, revision, deleted_by, grants, deleted_at, purge_at }));
                append::user(work, Action::SoftDeleted, Some(&row.user), None, Vec::new());
                Ok(DeleteOutcome::SoftDeleted)
            }
        }
    })
}

/// The user lives on, with its memberships, and is gone for the connection, also from the groups that it reads.
fn let_go(work: &mut Work, row: &UserRow, sight: &Sight, deactivate: bool) -> Edit<DeleteOutcome> {
    let mut user = row.user.clone();
    links::unlink(&mut user, sight.connection(), work.now());
    let was_active = user.active.unwrap_or(false);
    if deactivate {
        user.active = Some(false);
    }
    let after = work.put_user(user, row.name_key.clone());
    let action = if deactivate && was_active { Action::Deactivated } else { Action::Unlinked };
    append::user(work, action, Some(&row.user), Some(&after.user), changed(&row.user, &after.user));
    groups::show_again(work, sight, &row.user.id)?;
    Ok(if deactivate { DeleteOutcome::Deactivated } else { DeleteOutcome::Unlinked })
}

pub(super) async fn undelete(directory: &Directory, call: &Call, request: UndeleteUserRequest) -> Result<UndeleteUserResponse> {
    let id = required(&request.user_id, "user_id")?;
    let connection = call.connection().to_owned();
    let edit = move |work: &mut Work| -> Edit<User> {
        let own = |tombstone: &Arc<Tombstone>| tombstone.group.is_none() && (connection.is_empty() || tombstone.deleted_by == connection);
        let tombstone = work.tombstone(&id)?.filter(own).ok_or_else(|| Error::not_found("user"))?;
        let name_key = fold::user_name(&tombstone.user.user_name).map_err(Error::from)?;
        Ok(revive(work, tombstone.user.clone(), name_key, &tombstone)?.user.clone())
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let mut user = written.answer;
    let registered = super::super::schemas::seen(directory, &request.organization_id);
    Shown::new(None)?.written(registered).finish(directory, call, None, std::slice::from_mut(&mut user)).await?;
    Ok(UndeleteUserResponse { user: Some(user), committed_at: written.committed_at })
}

pub(super) async fn purge(directory: &Directory, call: &Call, request: PurgeUserRequest) -> Result<PurgeUserResponse> {
    let id = required(&request.user_id, "user_id")?;
    let sight = Sight::of(call);
    let edit = move |work: &mut Work| -> Edit<()> {
        let (row, tombstone) = (work.user(&id), work.tombstone(&id));
        let whose = sight.connection();
        let own = |tombstone: &Arc<Tombstone>| tombstone.group.is_none() && (whose.is_empty() || tombstone.deleted_by == whose);
        let (row, tombstone) = (row?.filter(|row| sight.sees(&row.user)), tombstone?.filter(own));
        let user = row.as_ref().map(|row| &row.user).or(tombstone.as_ref().map(|t| &t.user));
        let bare = bare(user.ok_or_else(|| Error::not_found("user"))?);
        if row.is_some() {
            leave_groups(work, &id, MEMBER_USER)?;
            work.drop_user(&id);
        }
        erase(work, &bare)
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(PurgeUserResponse { committed_at: written.committed_at })
}

/// Nothing is left of the user but its id, here and in the changes that told of it.
pub(in crate::directory) fn erase(work: &mut Work, bare: &User) -> Edit<()> {
    takeovers::end_of_user(work, &bare.id, false)?;
    work.set_tombstone(&bare.id, None);
    work.erase(&bare.id);
    append::user(work, Action::Purged, Some(bare), None, Vec::new());
    Ok(())
}

/// A user of whom nothing but the id is left.
pub(in crate::directory) fn bare(user: &User) -> User {
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
