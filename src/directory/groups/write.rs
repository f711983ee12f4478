//! Creating and changing groups and their membership.

use super::{
    super::{
        Error, Result, actions,
        core::{Call, Directory, Edit, answering},
        links, precondition,
        repeats::Repeat,
        schemas,
        sight::Sight,
    },
    change::{Changed, Standing, Step, changed, check_name, check_unique, deltas, modification, settle, stand, step, take, unique_names},
    membership,
    read::Shown,
    refer::{self, Named},
    restore::Recall,
    upload,
};
use crate::{
    api::v1::{
        CreateGroupRequest, CreateGroupResponse, ErrorReason, Group, MemberDelta, ModifyGroupMembersRequest, ModifyGroupMembersResponse,
        PatchGroupRequest, PatchGroupResponse, PatchOperation, Precondition, PrincipalRef, RedundantChange, ReplaceGroupRequest,
        ReplaceGroupResponse, StreamReplaceGroupRequest, StreamReplaceGroupResponse, UpdateGroupRequest, UpdateGroupResponse,
        change_event::Action, connection::AllowedAction, link::Reason,
    },
    attributes::{Context, ResourceType, Schemas, check, mask, patch, replace, roster::Roster},
    feed::append,
    limits,
    store::{GroupRow, Work},
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
            return Err(Error::value("external_ids", "A connection writes its own externalId only.").at_part("external_ids"));
        }
    }
    group.meta = None;
    group.direct_member_count = 0;
    group.links = Vec::new();
    Ok(group)
}

pub(super) async fn create(directory: &Directory, call: &Call, request: CreateGroupRequest) -> Result<CreateGroupResponse> {
    let organization = request.organization_id;
    let edit = answering(creation(call, &organization, directory.clock.new_id(), request.group, request.members)?, |row| row.message());
    let written = directory.write(call, &organization, request.write, edit).await?;
    let group = Shown::new(None)?.written(schemas::seen(directory, &organization)).finish(call, written.answer);
    Ok(CreateGroupResponse { group: Some(group), committed_at: written.committed_at })
}

/// The edit that creates a group under this id, with its first members.
pub(in crate::directory) fn creation(
    call: &Call,
    organization: &str,
    id: String,
    group: Option<Group>,
    members: Vec<PrincipalRef>,
) -> Result<impl FnMut(&mut Work) -> Edit<Arc<GroupRow>> + Send + use<>> {
    actions::require(&call.caller, AllowedAction::WriteGroups)?;
    let mut group = given(call, group)?;
    group.id = id;
    organization.clone_into(&mut group.organization_id);
    check::check_group(&mut group)?;
    let members = refer::principals(members, "members")?;
    let (sight, unique_names) = (Sight::of(call), unique_names(call));
    let recall = Recall::of(call.caller.connection.as_deref());
    Ok(move |work: &mut Work| -> Edit<Arc<GroupRow>> {
        let mut group = group.clone();
        work.schemas().admit(ResourceType::Group, &mut group.extensions, None).map_err(Error::from)?;
        let back = recall.as_ref().map_or(Ok(None), |recall| recall.restore(work, &mut group));
        let unique = check_unique(work, &group, None);
        let named = check_name(work, unique_names, &group, None);
        let back = back?;
        let moved = membership::add(work, &sight, &group.id, &members);
        unique?;
        named?;
        links::link(&mut group, sight.connection(), Reason::Created, "", work.now());
        let row = work.put_group(group, moved?.added);
        let action = if back.is_some() { Action::Restored } else { Action::Created };
        append::group(work, action, None, Some(&row.message()), changed(&Group::default(), &row.group));
        Ok(row)
    })
}

pub(super) async fn update(directory: &Directory, call: &Call, request: UpdateGroupRequest) -> Result<UpdateGroupResponse> {
    let paths = request.update_mask.map(|m| m.paths).filter(|p| !p.is_empty()).ok_or_else(|| Error::missing("update_mask"))?;
    let source = given(call, request.group)?;
    let id = required(&source.id, "group.id")?;
    let connection = call.connection().to_owned();
    let edit = modification(call, id, request.precondition, move |group: &mut Group, _: &Schemas| {
        mask::mask_group(group, &source, &paths, &context(&connection)).map_err(Error::of_mask)?;
        Ok(Vec::new())
    })?;
    let edit = answering(edit, |(row, _): Changed| row.message());
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let group = Shown::new(None)?.written(schemas::seen(directory, &request.organization_id)).finish(call, written.answer);
    Ok(UpdateGroupResponse { group: Some(group), committed_at: written.committed_at })
}

pub(super) async fn patch(directory: &Directory, call: &Call, request: PatchGroupRequest) -> Result<PatchGroupResponse> {
    let edit = patching(call, &request.group_id, request.operations, request.precondition, Standing::Alone)?;
    let edit = answering(edit, |(row, moved): Changed| PatchGroupResponse {
        group: Some(row.message()),
        members_added: moved.added,
        members_removed: moved.removed,
        ..PatchGroupResponse::default()
    });
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let shown = Shown::new(None)?.written(schemas::seen(directory, &request.organization_id));
    let (changed, committed_at, answer) = (written.changed, written.committed_at, written.answer);
    let group = answer.group.map(|group| shown.finish(call, group));
    Ok(PatchGroupResponse { group, changed, committed_at, ..answer })
}

/// The edit that applies operations to a group's attributes and members, all or none.
pub(in crate::directory) fn patching(
    call: &Call,
    id: &str,
    operations: Vec<PatchOperation>,
    condition: Option<Precondition>,
    standing: Standing,
) -> Result<impl FnMut(&mut Work) -> Edit<Changed> + Send + use<>> {
    if operations.is_empty() {
        return Err(Error::missing("operations"));
    }
    if operations.len() > limits::PATCH_OPERATIONS {
        return Err(Error::too_large("operations", limits::PATCH_OPERATIONS, "operations"));
    }
    let id = required(id, "group_id")?;
    let connection = call.connection().to_owned();
    modification(call, id, condition, move |group: &mut Group, schemas: &Schemas| {
        let (_, edits) = patch::patch_group_in(group, &operations, &context(&connection), schemas)?;
        stand(edits.into_iter().map(step).collect::<Result<_>>()?, standing)
    })
}

pub(super) async fn replace(directory: &Directory, call: &Call, request: ReplaceGroupRequest) -> Result<ReplaceGroupResponse> {
    let id = required(&request.group_id, "group_id")?;
    let members = refer::roster(&refer::principals(request.members, "members")?)?;
    let edit = whole(call, id, Some(given(call, request.group)?), members, request.precondition)?;
    let edit = answering(edit, |(row, moved): Changed| ReplaceGroupResponse {
        group: Some(row.message()),
        members_added: moved.added,
        members_removed: moved.removed,
        members_kept: moved.kept,
        committed_at: None,
    });
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    let shown = Shown::new(None)?.written(schemas::seen(directory, &request.organization_id));
    let (committed_at, answer) = (written.committed_at, written.answer);
    Ok(ReplaceGroupResponse { group: answer.group.map(|group| shown.finish(call, group)), committed_at, ..answer })
}

pub(super) async fn replace_streamed(
    directory: &Directory,
    call: &Call,
    stream: Streaming<StreamReplaceGroupRequest>,
) -> Result<StreamReplaceGroupResponse> {
    actions::require(&call.caller, AllowedAction::WriteGroups)?;
    let (header, members) = upload::receive(call, stream).await?;
    let repeat = Repeat::of(&header)?.map(|repeat| repeat.with_members(&members));
    let call = &Call { repeat, ..call.clone() };
    let (organization, id) = (header.organization_id, required(&header.group_id, "header.group_id")?);
    let source = header.group.map(|group| given(call, Some(group))).transpose()?;
    let edit = whole(call, id, source, members, header.precondition)?;
    let edit = answering(edit, |(row, moved): Changed| StreamReplaceGroupResponse {
        group: Some(row.message()),
        members_added: moved.added,
        members_removed: moved.removed,
        members_kept: moved.kept,
        committed_at: None,
    });
    let written = directory.write(call, &organization, header.write, edit).await?;
    let shown = Shown::new(None)?.written(schemas::seen(directory, &organization));
    let (committed_at, answer) = (written.committed_at, written.answer);
    Ok(StreamReplaceGroupResponse { group: answer.group.map(|group| shown.finish(call, group)), committed_at, ..answer })
}

/// The edit of a request that makes the group's members these, and its document this one if there is one.
fn whole(
    call: &Call,
    id: String,
    source: Option<Group>,
    members: Roster,
    condition: Option<Precondition>,
) -> Result<impl FnMut(&mut Work) -> Edit<Changed> + Send + use<>> {
    let (connection, members) = (call.connection().to_owned(), Arc::new(members));
    modification(call, id, condition, move |group: &mut Group, _: &Schemas| {
        if let Some(source) = &source {
            replace::replace_group(group, source.clone(), &context(&connection));
        }
        Ok(vec![Step::Whole(Arc::clone(&members))])
    })
}

/// The edit that makes the group's document this one, and its members these.
pub(in crate::directory) fn replacement(
    call: &Call,
    id: &str,
    group: Option<Group>,
    members: Vec<Named>,
    condition: Option<Precondition>,
    standing: Standing,
) -> Result<impl FnMut(&mut Work) -> Edit<Changed> + Send + use<>> {
    let id = required(id, "group_id")?;
    let source = given(call, group)?;
    let connection = call.connection().to_owned();
    let steps = stand(vec![Step::Replace(members)], standing)?;
    modification(call, id, condition, move |group: &mut Group, _: &Schemas| {
        replace::replace_group(group, source.clone(), &context(&connection));
        Ok(steps.clone())
    })
}

pub(super) async fn modify_members(
    directory: &Directory,
    call: &Call,
    request: ModifyGroupMembersRequest,
) -> Result<ModifyGroupMembersResponse> {
    let edit = moving(call, &request.group_id, request.deltas, request.on_redundant, request.precondition)?;
    let edit = answering(edit, |(row, moved): Changed| ModifyGroupMembersResponse {
        members_added: moved.added,
        members_removed: moved.removed,
        redundant: moved.kept,
        etag: row.etag(),
        committed_at: None,
    });
    let written = directory.write(call, &request.organization_id, request.write, edit).await?;
    Ok(ModifyGroupMembersResponse { committed_at: written.committed_at, ..written.answer })
}

/// The edit that adds and removes members.
pub(in crate::directory) fn moving(
    call: &Call,
    id: &str,
    changes: Vec<MemberDelta>,
    on_redundant: i32,
    condition: Option<Precondition>,
) -> Result<impl FnMut(&mut Work) -> Edit<Changed> + Send + use<>> {
    actions::require(&call.caller, AllowedAction::WriteGroups)?;
    let id = required(id, "group_id")?;
    if changes.is_empty() {
        return Err(Error::missing("deltas"));
    }
    if changes.len() > limits::MEMBERS_PER_REQUEST {
        return Err(Error::too_large("deltas", limits::MEMBERS_PER_REQUEST, "deltas"));
    }
    let steps = deltas(changes)?;
    let fail = match RedundantChange::try_from(on_redundant) {
        Ok(RedundantChange::Fail) => true,
        Ok(RedundantChange::Unspecified | RedundantChange::Ignore) => false,
        Err(_) => return Err(Error::value("on_redundant", "on_redundant is none of its values.")),
    };
    precondition::check_form(condition.as_ref())?;
    let sight = Sight::of(call);
    Ok(move |work: &mut Work| -> Edit<Changed> {
        let row = work.group(&id)?.ok_or_else(|| Error::not_found("group"))?;
        sight.check(&row.group, "group")?;
        precondition::check(condition.as_ref(), work, &row.group.id, row.version)?;
        let moved = take(work, &sight, &id, &steps)?;
        if let Some(member) = moved.redundant.as_ref().filter(|_| fail) {
            let detail = "A member to add is in already, or one to remove is not.";
            return Err(Error::new(ErrorReason::RedundantChange, detail).with("member", member).into());
        }
        Ok((settle(work, row, &moved)?, moved))
    })
}
