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
    api::v1::{DeleteGroupRequest, DeleteGroupResponse, DeleteOutcome, change_event::Action},
    feed::append,
    store::{MEMBER_GROUP, Work},
};

pub(super) async fn delete(directory: &Directory, call: &Call, request: DeleteGroupRequest) -> Result<DeleteGroupResponse> {
    let id = required(&request.group_id, "group_id")?;
    precondition::check_form(request.precondition.as_ref())?;
    // A connection that may not delete may not delete groups either; otherwise a group goes for good, with its edges.
    policy(call)?;
    let (condition, allow_missing) = (request.precondition, request.allow_missing);
    let edit = move |work: &mut Work| -> Edit<DeleteOutcome> {
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
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(DeleteGroupResponse { outcome: written.answer as i32, committed_at: directory.revision(written.revision) })
}
