//! Deleting groups. Their members stay.

use super::{
    super::{
        Error, Result, actions,
        core::{Call, Directory, Edit, answering},
        links, precondition,
        sight::Sight,
        users::{leave_groups, policy},
    },
    change::{Standing, changed},
    membership, refer,
    write::required,
};
use crate::{
    api::v1::{
        DeleteGroupRequest, DeleteGroupResponse, DeleteOutcome, Group, Precondition, User,
        change_event::Action,
        connection::{AllowedAction, Deprovision, Recreate},
    },
    feed::append,
    store::{MEMBER_GROUP, Tombstone, Work},
};
use std::sync::Arc;

pub(super) async fn delete(directory: &Directory, call: &Call, request: DeleteGroupRequest) -> Result<DeleteGroupResponse> {
    let edit = deletion(call, &request.group_id, request.precondition, request.allow_missing, Standing::Alone)?;
    let written = directory.write(call, &request.organization_id, request.write, answering(edit, |outcome| outcome as i32)).await?;
    Ok(DeleteGroupResponse { outcome: written.answer, committed_at: written.committed_at })
}

/// The edit that removes a group and its edges.
pub(in crate::directory) fn deletion(
    call: &Call,
    id: &str,
    condition: Option<Precondition>,
    allow_missing: bool,
    standing: Standing,
) -> Result<impl FnMut(&mut Work) -> Edit<DeleteOutcome> + Send + use<>> {
    actions::require(&call.caller, AllowedAction::WriteGroups)?;
    let id = required(id, "group_id")?;
    precondition::check_form(condition.as_ref())?;
    // A connection that may not delete may not delete groups either. A group knows no other state than being there: it goes, with
    // its edges, unless it is another connection's too; softly where the connection could bring it back.
    let (on_delete, wait) = policy(call)?;
    let restores = call.caller.connection.as_deref().is_some_and(|connection| connection.on_recreate() != Recreate::New);
    let softly = restores && !matches!(on_delete, Deprovision::Purge | Deprovision::Deactivate | Deprovision::Unlink);
    let sight = Sight::of(call);
    let nobody = Arc::new(refer::roster(&[])?);
    Ok(move |work: &mut Work| -> Edit<DeleteOutcome> {
        let Some(row) = work.group(&id)?.filter(|row| sight.sees(&row.group)) else {
            if allow_missing {
                precondition::check_absent(condition.as_ref())?;
                return Ok(DeleteOutcome::Unspecified);
            }
            return Err(Error::not_found("group").into());
        };
        precondition::check(condition.as_ref(), work, &row.group.id, row.version)?;
        if !sight.connection().is_empty() && links::managed_by_others(work, &row.group, sight.connection())? {
            let mut group = row.group.clone();
            links::unlink(&mut group, sight.connection(), work.now());
            let after = work.put_group(group, 0);
            append::group(work, Action::Unlinked, Some(&row.message()), Some(&after.message()), changed(&row.group, &after.group));
            return Ok(DeleteOutcome::Unlinked);
        }
        match standing {
            // Everybody goes, whoever sees them.
            Standing::Alone => membership::replace_whole(work, &Sight::default(), &id, &nobody)?,
            Standing::Among => membership::replace(work, &Sight::default(), &id, &[])?,
        };
        // Of a group that is in itself that edge was one of those.
        if work.memberships(&id)?.contains(&id) {
            work.set_edge(&id, &id, None);
        }
        let groups = leave_groups(work, &id, MEMBER_GROUP)?;
        work.drop_group(&id);
        if softly {
            for group in &groups {
                work.await_member(group);
            }
            let (deleted_at, revision, deleted_by) = (work.now(), work.revision(), sight.connection().to_owned());
            let (group, user, purge_at, grants) = (Some(row.message()), User::default(), deleted_at.saturating_add(wait), Vec::new());
            work.set_tombstone(&id, Some(Tombstone { user, group, groups, revision, deleted_by, grants, deleted_at, purge_at }));
            append::group(work, Action::SoftDeleted, Some(&row.message()), None, Vec::new());
            return Ok(DeleteOutcome::SoftDeleted);
        }
        append::group(work, Action::Purged, Some(&row.message()), None, Vec::new());
        Ok(DeleteOutcome::Purged)
    })
}

/// Nothing is left of a group that was deleted softly.
pub(in crate::directory) fn erase(work: &mut Work, group: &Group) {
    let bare = Group { id: group.id.clone(), organization_id: group.organization_id.clone(), ..Group::default() };
    work.set_tombstone(&bare.id, None);
    append::group(work, Action::Purged, Some(&bare), None, Vec::new());
}
