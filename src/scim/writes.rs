//! A write as the contract's request, from what a client sent: the same for a request of its own and for one inside Bulk.
//! Preconditions and what to answer with are the caller's to add.

use super::{document, error::Refusal, patch, session::Session};
use crate::{api::v1, attributes::ResourceType, limits};

/// `POST /Users`.
///
/// # Errors
/// 400 for a document that cannot be read.
pub fn create_user(session: &Session, bytes: &[u8]) -> Result<v1::CreateUserRequest, Refusal> {
    let given = document::read_user(bytes, session)?;
    Ok(v1::CreateUserRequest {
        organization_id: session.organization.clone(),
        user: Some(given.resource),
        write: session.write(),
        password: given.password,
    })
}

/// `PUT /Users/{id}`. The path alone says who is meant; an id in the document is ignored.
///
/// # Errors
/// 400 for a document that cannot be read.
pub fn replace_user(session: &Session, id: &str, bytes: &[u8]) -> Result<v1::ReplaceUserRequest, Refusal> {
    let given = document::read_user(bytes, session)?;
    Ok(v1::ReplaceUserRequest {
        organization_id: session.organization.clone(),
        user: Some(v1::User { id: id.to_owned(), ..given.resource }),
        write: session.write(),
        password: given.password,
        ..v1::ReplaceUserRequest::default()
    })
}

/// `PATCH /Users/{id}`. Without operations it changes nothing, and the directory would not take it.
///
/// # Errors
/// 400 for what is no PATCH.
pub fn patch_user(session: &Session, id: &str, bytes: &[u8]) -> Result<v1::PatchUserRequest, Refusal> {
    Ok(v1::PatchUserRequest {
        organization_id: session.organization.clone(),
        user_id: id.to_owned(),
        operations: patch::read(&session.rules(ResourceType::User), bytes)?,
        write: session.write(),
        ..v1::PatchUserRequest::default()
    })
}

/// `DELETE /Users/{id}`.
pub fn delete_user(session: &Session, id: &str) -> v1::DeleteUserRequest {
    v1::DeleteUserRequest { organization_id: session.organization.clone(), user_id: id.to_owned(), ..v1::DeleteUserRequest::default() }
}

/// `POST /Groups`.
///
/// # Errors
/// 400 for a document that cannot be read, 413 for too many members: there is no way to create a group by a stream; it is
/// created first, and PUT then sets its members.
pub fn create_group(session: &Session, bytes: &[u8]) -> Result<v1::CreateGroupRequest, Refusal> {
    let given = document::read_group(bytes, session)?;
    let members = given.members.unwrap_or_default();
    if members.len() > limits::MEMBERS_PER_REQUEST {
        return Err(Refusal::too_large("The list of members", limits::MEMBERS_PER_REQUEST, "members"));
    }
    Ok(v1::CreateGroupRequest { organization_id: session.organization.clone(), group: Some(given.resource), members, write: None })
}

/// `PUT /Groups/{id}`; without `members` the group is emptied.
///
/// # Errors
/// 400 for a document that cannot be read.
pub fn replace_group(session: &Session, id: &str, bytes: &[u8]) -> Result<v1::ReplaceGroupRequest, Refusal> {
    let given = document::read_group(bytes, session)?;
    Ok(v1::ReplaceGroupRequest {
        organization_id: session.organization.clone(),
        group_id: id.to_owned(),
        group: Some(given.resource),
        members: given.members.unwrap_or_default(),
        ..v1::ReplaceGroupRequest::default()
    })
}

/// `PATCH /Groups/{id}`. Without operations it changes nothing, and the directory would not take it.
///
/// # Errors
/// 400 for what is no PATCH.
pub fn patch_group(session: &Session, id: &str, bytes: &[u8]) -> Result<v1::PatchGroupRequest, Refusal> {
    Ok(v1::PatchGroupRequest {
        organization_id: session.organization.clone(),
        group_id: id.to_owned(),
        operations: patch::read(&session.rules(ResourceType::Group), bytes)?,
        ..v1::PatchGroupRequest::default()
    })
}

/// `DELETE /Groups/{id}`.
pub fn delete_group(session: &Session, id: &str) -> v1::DeleteGroupRequest {
    v1::DeleteGroupRequest { organization_id: session.organization.clone(), group_id: id.to_owned(), ..v1::DeleteGroupRequest::default() }
}
