//! One write of a request as an edit: the same edits as the single calls run.

use super::super::{
    Error, Result,
    core::{Call, Edit},
    groups::{self, Standing},
    users,
};
use crate::{
    api::{
        Method, method,
        v1::{DeleteOutcome, mutation::Write},
    },
    store::Work,
};
use prost::Message;

/// An edit of any kind.
pub(super) type Any = Box<dyn FnMut(&mut Work) -> Edit<Outcome> + Send>;

/// What came of a write.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Outcome {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    /// Empty when the resource is gone.
    #[prost(string, tag = "2")]
    pub(super) etag: String,
    /// The write is noted, and not done until a person agrees.
    #[prost(bool, tag = "3")]
    pub(super) waits: bool,
}

/// The method a write stands for; its scope is what the caller needs.
pub(super) fn method_of(write: &Write) -> Method {
    match write {
        Write::CreateUser(_) => method::user_service::CREATE_USER,
        Write::ReplaceUser(_) => method::user_service::REPLACE_USER,
        Write::PatchUser(_) => method::user_service::PATCH_USER,
        Write::DeleteUser(_) => method::user_service::DELETE_USER,
        Write::CreateGroup(_) => method::group_service::CREATE_GROUP,
        Write::ReplaceGroup(_) => method::group_service::REPLACE_GROUP,
        Write::PatchGroup(_) => method::group_service::PATCH_GROUP,
        Write::DeleteGroup(_) => method::group_service::DELETE_GROUP,
        Write::ModifyGroupMembers(_) => method::group_service::MODIFY_GROUP_MEMBERS,
    }
}

/// The organization a write names; it may be left empty.
pub(super) fn organization_of(write: &Write) -> &str {
    match write {
        Write::CreateUser(r) => &r.organization_id,
        Write::ReplaceUser(r) => &r.organization_id,
        Write::PatchUser(r) => &r.organization_id,
        Write::DeleteUser(r) => &r.organization_id,
        Write::CreateGroup(r) => &r.organization_id,
        Write::ReplaceGroup(r) => &r.organization_id,
        Write::PatchGroup(r) => &r.organization_id,
        Write::DeleteGroup(r) => &r.organization_id,
        Write::ModifyGroupMembers(r) => &r.organization_id,
    }
}

/// The id of the resource a write is about; `None` for one it makes.
pub(super) fn target_of(write: &Write) -> Option<&str> {
    match write {
        Write::CreateUser(_) | Write::CreateGroup(_) => None,
        Write::ReplaceUser(r) => r.user.as_ref().map(|u| u.id.as_str()).or(Some("")),
        Write::PatchUser(r) => Some(&r.user_id),
        Write::DeleteUser(r) => Some(&r.user_id),
        Write::ReplaceGroup(r) => Some(&r.group_id),
        Write::PatchGroup(r) => Some(&r.group_id),
        Write::DeleteGroup(r) => Some(&r.group_id),
        Write::ModifyGroupMembers(r) => Some(&r.group_id),
    }
}

/// The write's edit; a resource it makes gets this id.
///
/// # Errors
/// What is wrong with the write before anything is read.
pub(super) fn prepare(call: &Call, organization: &str, write: Write, new_id: String, standing: Standing) -> Result<Any> {
    Ok(match write {
        Write::CreateUser(r) => then(users::creation(call, organization, new_id, r.user)?, |made| {
            made.row.map_or_else(|| Outcome { waits: true, ..Outcome::default() }, |row| of(&row.user.id, row.etag()))
        }),
        Write::ReplaceUser(r) => then(users::replacement(call, r.user, r.precondition)?, |row| of(&row.user.id, row.etag())),
        Write::PatchUser(r) => then(users::patching(call, &r.user_id, r.operations, r.precondition)?, |row| of(&row.user.id, row.etag())),
        Write::DeleteUser(r) => then(users::deletion(call, &r.user_id, r.precondition, r.allow_missing)?, gone(r.user_id)),
        Write::CreateGroup(r) => {
            then(groups::creation(call, organization, new_id, r.group, r.members)?, |row| of(&row.group.id, row.etag()))
        }
        Write::ReplaceGroup(r) => {
            let members = groups::principals(r.members, "members")?;
            then(groups::replacement(call, &r.group_id, r.group, members, r.precondition, standing)?, |(row, _)| {
                of(&row.group.id, row.etag())
            })
        }
        Write::PatchGroup(r) => {
            then(groups::patching(call, &r.group_id, r.operations, r.precondition, standing)?, |(row, _)| of(&row.group.id, row.etag()))
        }
        Write::DeleteGroup(r) => then(groups::deletion(call, &r.group_id, r.precondition, r.allow_missing, standing)?, gone(r.group_id)),
        Write::ModifyGroupMembers(r) => {
            then(groups::moving(call, &r.group_id, r.deltas, r.on_redundant, r.precondition)?, |(row, _)| of(&row.group.id, row.etag()))
        }
    })
}

/// A delete comes to the same whatever the policy made of it.
fn gone(id: String) -> impl Fn(DeleteOutcome) -> Outcome + Send {
    move |_| Outcome { id: id.clone(), ..Outcome::default() }
}

fn of(id: &str, etag: String) -> Outcome {
    Outcome { id: id.to_owned(), etag, waits: false }
}

fn then<T>(mut edit: impl FnMut(&mut Work) -> Edit<T> + Send + 'static, outcome: impl Fn(T) -> Outcome + Send + 'static) -> Any {
    Box::new(move |work| edit(work).map(&outcome))
}

/// The name of a write's field, and of its own field for the resource.
pub(super) fn place_of(write: &Write) -> (&'static str, &'static str) {
    match write {
        Write::CreateUser(_) => ("create_user", "user"),
        Write::ReplaceUser(_) => ("replace_user", "user"),
        Write::PatchUser(_) => ("patch_user", ""),
        Write::DeleteUser(_) => ("delete_user", ""),
        Write::CreateGroup(_) => ("create_group", "group"),
        Write::ReplaceGroup(_) => ("replace_group", "group"),
        Write::PatchGroup(_) => ("patch_group", ""),
        Write::DeleteGroup(_) => ("delete_group", ""),
        Write::ModifyGroupMembers(_) => ("modify_group_members", ""),
    }
}

/// Says where in the request that stands which is wrong with a write.
pub(super) fn placed(index: usize, (name, resource): (&str, &str), error: Error) -> Error {
    let error = if resource.is_empty() { error.because_of("operations") } else { error.inside(resource) };
    if error.field.is_empty() {
        return error;
    }
    let field = format!("mutations[{index}].{name}.{}", error.field);
    error.at(field)
}

/// A write that names another organization than the request's.
pub(super) fn foreign() -> Error {
    Error::value("mutations.organization_id", "A write names another organization than the request.")
}
