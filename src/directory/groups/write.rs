//! Creating and changing groups and their membership.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
        precondition,
    },
    change::{Step, changed, check_unique, deltas, modify, settle, step, take},
    membership::{self, Moved},
    read::Shown,
    refer::{self, Named},
    upload,
};
use crate::{
    api::v1::{
        CreateGroupRequest, CreateGroupResponse, ErrorReason, Group, ModifyGroupMembersRequest, ModifyGroupMembersResponse,
        PatchGroupRequest, PatchGroupResponse, Precondition, RedundantChange, ReplaceGroupRequest, ReplaceGroupResponse,
        StreamReplaceGroupRequest, StreamReplaceGroupResponse, UpdateGroupRequest, UpdateGroupResponse, WriteOptions, change_event::Action,
    },
    attributes::{Context, check, mask, patch, replace},
    feed::append,
    limits,
    store::{GroupRow, Work, Written, etag},
};
use std::sync::Arc;
use tonic::Streaming;

fn context(connection: &str) -> Context<'_> {
    Context { connection, base: "" }
}

pub(super) fn required(id: &str, field: &str) -> Result<String> {
    if id.is_empty() { Err(Error::missing(field)) } else { Ok(id.to_owned()) }
}

/// A group as a client gave it: what is the server's own is dropped, identifiers get their connection.
fn given(call: &Call, group: Option<Group>) -> Result<Group> {
    let mut group = group.ok_or_else(|| Error::missing("group"))?;
    if call.caller.connection.is_some() {
        group
            .external_ids
            .iter_mut()
            .filter(|e| e.connection_id.is_empty())
            .for_each(|e| call.connection().clone_into(&mut e.connection_id));
        if group.external_ids.iter().any(|e| e.connection_id != call.connection()) {
            return Err(Error::value("external_ids", "A connection writes its own externalId only."));
        }
    }
    group.meta = None;
    group.direct_member_count = 0;
    Ok(group)
}

pub(super) async fn create(directory: &Directory, call: &Call, request: CreateGroupRequest) -> Result<CreateGroupResponse> {
    let organization = request.organization_id;
    let mut group = given(call, request.group)?;
    group.id = directory.clock.new_id();
    organization.clone_into(&mut group.organization_id);
    check::check_group(&mut group)?;
    let members = refer::principals(request.members, "members")?;
    let edit = move |work: &mut Work| -> Edit<Arc<GroupRow>> {
        let unique = check_unique(work, &group, None);
        let moved = membership::add(work, &group.id, &members);
        unique?;
        let row = work.put_group(group.clone(), moved?.added);
        append::group(work, Action::Created, None, Some(&row.message()), changed(&Group::default(), &row.group));
        Ok(row)
    };
    let written = directory.write(call, &organization, request.write, edit).await?;
    let group = Shown::new(None)?.finish(call, written.answer.message());
    Ok(CreateGroupResponse { group: Some(group), committed_at: directory.revision(written.revision) })
}

pub(super) async fn update(directory: &Directory, call: &Call, request: UpdateGroupRequest) -> Result<UpdateGroupResponse> {
    let paths = request.update_mask.map(|m| m.paths).filter(|p| !p.is_empty()).ok_or_else(|| Error::missing("update_mask"))?;
    let source = given(call, request.group)?;
    let id = required(&source.id, "group.id")?;
    let connection = call.connection().to_owned();
    let change = move |group: &mut Group| {
        mask::mask_group(group, &source, &paths, &context(&connection))?;
        Ok(Vec::new())
    };
    let written = modify(directory, call, &request.organization_id, id, request.precondition, request.write, change).await?;
    let group = Shown::new(None)?.finish(call, written.answer.0.message());
    Ok(UpdateGroupResponse { group: Some(group), committed_at: directory.revision(written.revision) })
}

pub(super) async fn patch(directory: &Directory, call: &Call, request: PatchGroupRequest) -> Result<PatchGroupResponse> {
    if request.operations.is_empty() {
        return Err(Error::missing("operations"));
    }
    if request.operations.len() > limits::PATCH_OPERATIONS {
        return Err(Error::too_large("operations", limits::PATCH_OPERATIONS, "operations"));
    }
    let id = required(&request.group_id, "group_id")?;
    let connection = call.connection().to_owned();
    let operations = request.operations;
    let change = move |group: &mut Group| {
        let (_, edits) = patch::patch_group(group, &operations, &context(&connection))?;
        edits.into_iter().map(step).collect()
    };
    let written = modify(directory, call, &request.organization_id, id, request.precondition, request.write, change).await?;
    let (row, moved) = written.answer;
    Ok(PatchGroupResponse {
        group: Some(Shown::new(None)?.finish(call, row.message())),
        members_added: moved.added,
        members_removed: moved.removed,
        changed: written.changed,
        committed_at: directory.revision(written.revision),
    })
}

pub(super) async fn replace(directory: &Directory, call: &Call, request: ReplaceGroupRequest) -> Result<ReplaceGroupResponse> {
    let id = required(&request.group_id, "group_id")?;
    let members = refer::principals(request.members, "members")?;
    let written =
        replace_all(directory, call, &request.organization_id, id, request.group, members, request.precondition, request.write).await?;
    let (row, moved) = written.answer;
    Ok(ReplaceGroupResponse {
        group: Some(Shown::new(None)?.finish(call, row.message())),
        members_added: moved.added,
        members_removed: moved.removed,
        members_kept: moved.kept,
        committed_at: directory.revision(written.revision),
    })
}

pub(super) async fn replace_streamed(
    directory: &Directory,
    call: &Call,
    stream: Streaming<StreamReplaceGroupRequest>,
) -> Result<StreamReplaceGroupResponse> {
    let (header, members) = upload::receive(call, stream).await?;
    let id = required(&header.group_id, "header.group_id")?;
    let written = match header.group {
        Some(group) => {
            replace_all(directory, call, &header.organization_id, id, Some(group), members, header.precondition, header.write).await?
        }
        None => {
            let change = move |_: &mut Group| Ok(vec![Step::Replace(members.clone())]);
            modify(directory, call, &header.organization_id, id, header.precondition, header.write, change).await?
        }
    };
    let (row, moved) = written.answer;
    Ok(StreamReplaceGroupResponse {
        group: Some(Shown::new(None)?.finish(call, row.message())),
        members_added: moved.added,
        members_removed: moved.removed,
        members_kept: moved.kept,
        committed_at: directory.revision(written.revision),
    })
}

#[allow(clippy::too_many_arguments, reason = "the parts of one request, taken apart once for the unary and the streamed method")]
async fn replace_all(
    directory: &Directory,
    call: &Call,
    organization: &str,
    id: String,
    group: Option<Group>,
    members: Vec<Named>,
    precondition: Option<Precondition>,
    options: Option<WriteOptions>,
) -> Result<Written<(Arc<GroupRow>, Moved)>> {
    let source = given(call, group)?;
    let connection = call.connection().to_owned();
    let change = move |group: &mut Group| {
        replace::replace_group(group, source.clone(), &context(&connection));
        Ok(vec![Step::Replace(members.clone())])
    };
    modify(directory, call, organization, id, precondition, options, change).await
}

pub(super) async fn modify_members(
    directory: &Directory,
    call: &Call,
    request: ModifyGroupMembersRequest,
) -> Result<ModifyGroupMembersResponse> {
    let id = required(&request.group_id, "group_id")?;
    if request.deltas.is_empty() {
        return Err(Error::missing("deltas"));
    }
    if request.deltas.len() > limits::MEMBERS_PER_REQUEST {
        return Err(Error::too_large("deltas", limits::MEMBERS_PER_REQUEST, "deltas"));
    }
    let steps = deltas(request.deltas)?;
    let fail = match RedundantChange::try_from(request.on_redundant) {
        Ok(RedundantChange::Fail) => true,
        Ok(RedundantChange::Unspecified | RedundantChange::Ignore) => false,
        Err(_) => return Err(Error::value("on_redundant", "on_redundant is none of its values.")),
    };
    precondition::check_form(request.precondition.as_ref())?;
    let condition = request.precondition;
    let edit = move |work: &mut Work| -> Edit<(Arc<GroupRow>, Moved)> {
        let row = work.group(&id)?.ok_or_else(|| Error::not_found("group"))?;
        precondition::check(condition.as_ref(), row.version)?;
        let moved = take(work, &id, &steps)?;
        if let Some(member) = moved.redundant.as_ref().filter(|_| fail) {
            let detail = "A member to add is in already, or one to remove is not.";
            return Err(Error::new(ErrorReason::RedundantChange, detail).with("member", member).into());
        }
        Ok((settle(work, row, &moved)?, moved))
    };
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let (row, moved) = written.answer;
    Ok(ModifyGroupMembersResponse {
        members_added: moved.added,
        members_removed: moved.removed,
        redundant: moved.kept,
        etag: etag(row.version),
        committed_at: directory.revision(written.revision),
    })
}
