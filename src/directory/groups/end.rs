//! Deleting groups. Their members stay.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
        precondition,
        users::{leave_groups, policy},
    },
    membership,
    write::required,
};
use crate::{
    api::v1::{DeleteGroupRequest, DeleteGroupResponse, DeleteOutcome, Precondition, change_event::Action},
    feed::append,
    store::{MEMBER_GROUP, Work},
};

pub(super) async fn delete(directory: &Directory, call: &Call, request: DeleteGroupRequest) -> Result<DeleteGroupResponse> {
    let edit = deletion(call, &request.group_id, request.precondition, request.allow_missing)?;
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(DeleteGroupResponse { outcome: written.answer as i32, committed_at: directory.revision(written.revision) })
}

/// The edit that removes a group and its edges.
pub(in crate::directory) fn deletion(
    call: &Call,
    id: &str,
    condition: Option<Precondition>,
    allow_missing: bool,
) -> Result<impl FnMut(&mut Work) -> Edit<DeleteOutcome> + Send + use<>> {
    let id = required(id, "group_id")?;
    precondition::check_form(condition.as_ref())?;
    // A connection that may not delete may not delete groups either; otherwise a group goes for good, with its edges.
    policy(call)?;
    Ok(move |work: &mut Work| -> Edit<DeleteOutcome> {
        let Some(row) = work.group(&id)? else {
            if allow_missing {
                precondition::check_absent(condition.as_ref())?;
                return Ok(DeleteOutcome::Unspecified);
            }
            return Err(Error::not_found("group").into());
        };
        precondition::check(condition.as_ref(), row.version)?;
        membership::clear(work, &id)?;
        leave_groups(work, &id, MEMBER_GROUP)?;
        work.drop_group(&id);
        append::group(work, Action::Purged, Some(&row.message()), None, Vec::new());
        Ok(DeleteOutcome::Purged)
    })
}
