//! Creating and changing groups and their membership.

use super::{
    super::{
        Error, Result,
        core::{Call, Directory, Edit},
        precondition,
    },
    membership::{self, Moved},
    read::Shown,
    refer::{self, Named},
    upload,
};
use crate::{
    api::v1::{
        CreateGroupRequest, CreateGroupResponse, ErrorReason, Group, MemberDelta, ModifyGroupMembersRequest, ModifyGroupMembersResponse,
        PatchGroupRequest, PatchGroupResponse, Precondition, RedundantChange, ReplaceGroupRequest, ReplaceGroupResponse,
        StreamReplaceGroupRequest, StreamReplaceGroupResponse, UpdateGroupRequest, UpdateGroupResponse, WriteOptions, change_event::Action,
        member_delta,
    },
    attributes::{
        Context, check, mask,
        patch::{self, MemberEdit},
        replace,
    },
    feed::append,
    limits,
    store::{GroupRow, KEY_GROUP_EXTERNAL_ID, Work, Written, etag},
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
        if fail && moved.kept > 0 {
            return Err(Error::new(ErrorReason::RedundantChange, "A member to add is in already, or one to remove is not.").into());
        }
        Ok((settle(work, row, moved)?, moved))
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

/// One thing to do to a group's edges.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<Named>),
    Remove(Vec<String>),
    Replace(Vec<Named>),
}

fn step(edit: MemberEdit) -> Result<Step> {
    Ok(match edit {
        MemberEdit::Add(members) => Step::Add(refer::principals(members, "members")?),
        MemberEdit::Remove(ids) => Step::Remove(ids),
        MemberEdit::Clear => Step::Replace(Vec::new()),
        MemberEdit::Replace(members) => Step::Replace(refer::principals(members, "members")?),
    })
}

/// Neighbouring deltas of one direction become one step.
fn deltas(deltas: Vec<MemberDelta>) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for delta in deltas {
        let action = delta.action();
        let member = refer::principal(delta.member.ok_or_else(|| Error::missing("deltas.member"))?, "deltas.member")?;
        match (action, steps.last_mut()) {
            (member_delta::Action::Add, Some(Step::Add(members))) => members.push(member),
            (member_delta::Action::Add, _) => steps.push(Step::Add(vec![member])),
            (member_delta::Action::Remove, Some(Step::Remove(ids))) => ids.push(member.id),
            (member_delta::Action::Remove, _) => steps.push(Step::Remove(vec![member.id])),
            (member_delta::Action::Unspecified, _) => return Err(Error::value("deltas.action", "deltas.action is none of its values.")),
        }
    }
    Ok(steps)
}

fn take(work: &mut Work, group: &str, steps: &[Step]) -> Edit<Moved> {
    let mut moved = Moved::default();
    for step in steps {
        let one = match step {
            Step::Add(members) => membership::add(work, group, members)?,
            Step::Remove(ids) => membership::remove(work, group, ids)?,
            Step::Replace(members) => membership::replace(work, group, members)?,
        };
        moved = Moved { added: moved.added + one.added, removed: moved.removed + one.removed, kept: moved.kept + one.kept };
    }
    Ok(moved)
}

/// The group's version follows its membership.
fn settle(work: &mut Work, row: Arc<GroupRow>, moved: Moved) -> Edit<Arc<GroupRow>> {
    if moved.added == 0 && moved.removed == 0 {
        return Ok(row);
    }
    let row = membership::touch(work, &row, moved.added - moved.removed);
    membership::check_size(&row)?;
    Ok(row)
}

/// Changes a group's attributes and edges in one edit. What comes to nothing makes no revision.
async fn modify(
    directory: &Directory,
    call: &Call,
    organization: &str,
    id: String,
    condition: Option<Precondition>,
    options: Option<WriteOptions>,
    change: impl Fn(&mut Group) -> Result<Vec<Step>> + Send + 'static,
) -> Result<Written<(Arc<GroupRow>, Moved)>> {
    precondition::check_form(condition.as_ref())?;
    let edit = move |work: &mut Work| -> Edit<(Arc<GroupRow>, Moved)> {
        let before = work.group(&id)?.ok_or_else(|| Error::not_found("group"))?;
        precondition::check(condition.as_ref(), before.version)?;
        let mut group = before.group.clone();
        let steps = change(&mut group)?;
        check::check_group(&mut group).map_err(Error::from)?;
        let unique = check_unique(work, &group, Some(&before));
        let moved = take(work, &id, &steps);
        unique?;
        let moved = moved?;
        if group == before.group {
            return Ok((settle(work, before, moved)?, moved));
        }
        let after = work.put_group(group, moved.added - moved.removed);
        membership::check_size(&after)?;
        append::group(work, Action::Updated, Some(&before.message()), Some(&after.message()), changed(&before.group, &after.group));
        Ok((after, moved))
    };
    directory.write(call, organization, options, edit).await
}

/// Within a connection an externalId names one group. Display names may repeat (RFC 7643 section 4.2).
fn check_unique(work: &mut Work, group: &Group, before: Option<&GroupRow>) -> Edit<()> {
    let external: Vec<_> = GroupRow::external_keys(group)
        .into_iter()
        .filter(|key| !before.is_some_and(|b| b.keys.contains(&(KEY_GROUP_EXTERNAL_ID, key.clone()))))
        .map(|key| work.holders(KEY_GROUP_EXTERNAL_ID, &key))
        .collect();
    for holders in external {
        if holders?.iter().any(|holder| *holder != group.id) {
            return Err(Error::taken("externalId").into());
        }
    }
    Ok(())
}

fn changed(before: &Group, after: &Group) -> Vec<String> {
    append::changed(append::GROUP_FIELDS, before, after)
}
