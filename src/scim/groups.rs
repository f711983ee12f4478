//! `/Groups`: one function per method of the endpoint. Members are edges: they are read beside the group and streamed into
//! the answer, never gathered when there are many.

use super::{
    Facade, body, conditions,
    document::Shown,
    error::Refusal,
    intake::{self, Given},
    list::List,
    members, patch,
    profiles::Tolerance,
    query::Query,
    respond::{Answer, Outcome},
    session::Session,
    upload, writes,
};
use crate::{api::v1, attributes::ResourceType, limits};
use axum::{
    body::Body,
    http::{StatusCode, request::Parts},
    response::Response,
};
use tonic::Status;

const KIND: ResourceType = ResourceType::Group;

/// `GET /Groups/{id}` (RFC 7644 section 3.4.1). Without `members` nothing of them is read.
///
/// # Errors
/// What the directory answers, or a query that cannot be read.
pub async fn get(facade: &Facade, session: &Session, parts: &Parts, id: &str) -> Outcome {
    let query = Query::of(parts)?;
    let shown = Shown::new(KIND, &query, session)?;
    let mut document = if shown.has("members") {
        members::open(facade, session, id).await?
    } else {
        let (group, revision) = fetch(facade, session, &query, id).await?;
        members::Document::without(group, revision)
    };
    let tag = tag(&document.group);
    if conditions::is_unchanged(&parts.headers, &tag)? {
        let unchanged = Answer::empty(StatusCode::NOT_MODIFIED).version(&tag);
        let url = session.url(KIND.endpoint(), &document.group.id);
        return Ok(unchanged.content_location(&url).revision(document.revision.as_ref()).into());
    }
    document.gather().await?;
    Ok(whole(&shown, session, document, StatusCode::OK))
}

/// `GET /Groups` (RFC 7644 section 3.4.2).
///
/// # Errors
/// What the directory answers, or a query that contradicts itself.
pub async fn list(facade: &Facade, session: &Session, query: &Query) -> Outcome {
    let shown = Shown::new(KIND, query, session)?;
    let page = fitting_page(facade, session, query, &shown, query.list_options()).await?;
    let revision = page.read_at.clone();
    let mut list = List::new(query);
    list.go_on_at(page.next_page_token.clone());
    let body = members::page(facade, session, &shown, list, page).await?;
    Ok(Answer::document(StatusCode::OK, body).revision(revision.as_ref()).into())
}

/// A page of groups, their members not among them.
///
/// # Errors
/// What the directory answers.
pub async fn page(facade: &Facade, session: &Session, query: &Query, list: v1::ListOptions) -> Result<v1::ListGroupsResponse, Status> {
    let request = v1::ListGroupsRequest {
        organization_id: session.organization.clone(),
        filter: patch::filter(&session.rules(KIND), query),
        list: Some(list),
        selection: Some(query.selection(KIND)),
        consistency: session.consistency(),
    };
    Ok(facade.groups.list_groups(session.call(request)).await?.into_inner())
}

/// A page of groups that is shown whole. By index a page is closed early when its members are too many; with cursors that
/// is known before, because the next page begins behind the last group that the directory gave.
///
/// # Errors
/// What the directory answers.
pub async fn fitting_page(
    facade: &Facade,
    session: &Session,
    query: &Query,
    shown: &Shown,
    list: v1::ListOptions,
) -> Result<v1::ListGroupsResponse, Status> {
    let given = page(facade, session, query, list.clone()).await?;
    let fit = members::fitting(&given.groups).len();
    if query.cursor.is_none() || fit == given.groups.len() || !shown.has("members") {
        return Ok(given);
    }
    page(facade, session, query, v1::ListOptions { page_size: i32::try_from(fit).unwrap_or(i32::MAX), ..list }).await
}

/// `POST /Groups` (RFC 7644 section 3.3).
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn create(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body) -> Outcome {
    let shown = Shown::new(KIND, &Query::of(parts)?, session)?;
    // There is no way to create a group by a stream: it is created first, and PUT then sets its members.
    let Given { group, members } = intake::group(&parts.headers, body, session, limits::MEMBERS_PER_REQUEST).await?;
    let (any, members) = (!members.is_empty(), members.references(0, members.len()));
    let request = v1::CreateGroupRequest { organization_id: session.organization.clone(), group: Some(group), members, write: None };
    let created = facade.groups.create_group(session.call(request)).await?.into_inner();
    let group = created.group.unwrap_or_default();
    written(facade, session, &shown, group, created.committed_at, any, StatusCode::CREATED).await
}

/// `PUT /Groups/{id}` (RFC 7644 section 3.5.1): the document and the whole membership; without `members` it is emptied.
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn replace(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body, id: &str) -> Outcome {
    let shown = Shown::new(KIND, &Query::of(parts)?, session)?;
    let precondition = conditions::of_write(&parts.headers)?;
    let Given { group, members } = intake::group(&parts.headers, body, session, limits::STREAMED_MEMBERS).await?;
    let request = v1::ReplaceGroupRequest {
        organization_id: session.organization.clone(),
        group_id: id.to_owned(),
        group: Some(group),
        members: Vec::new(),
        precondition,
        write: None,
    };
    let any = !members.is_empty();
    let (group, revision) = if members.len() > limits::MEMBERS_PER_REQUEST {
        let replaced = upload::replace(facade, session, request, members).await?;
        (replaced.group, replaced.committed_at)
    } else {
        let request = v1::ReplaceGroupRequest { members: members.references(0, members.len()), ..request };
        let replaced = facade.groups.replace_group(session.call(request)).await?.into_inner();
        (replaced.group, replaced.committed_at)
    };
    written(facade, session, &shown, group.unwrap_or_default(), revision, any, StatusCode::OK).await
}

/// `PATCH /Groups/{id}` (RFC 7644 section 3.5.2): answered with the group while it is small, or when attributes are asked for;
/// otherwise with 204, so that adding one member costs one member.
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn patch(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body, id: &str) -> Outcome {
    let query = Query::of(parts)?;
    let shown = Shown::new(KIND, &query, session)?;
    let precondition = conditions::of_write(&parts.headers)?;
    let bytes = body::read(&parts.headers, body, limits::SCIM_BODY_BYTES).await?;
    let request = writes::patch_group(session, id, &bytes)?;
    let asked = !query.attributes.is_empty() || !query.excluded.is_empty();
    let silent = !asked && session.leeway().takes(Tolerance::SilentGroupPatch);
    let (group, revision) = if request.operations.is_empty() {
        let (group, revision) = fetch(facade, session, &query, id).await?;
        conditions::check_match(&parts.headers, group.meta.as_ref().map_or("", |meta| &meta.etag))?;
        (group, revision)
    } else {
        let request = v1::PatchGroupRequest { precondition, ..request };
        let patched = facade.groups.patch_group(session.call(request)).await?.into_inner();
        (patched.group.unwrap_or_default(), patched.committed_at)
    };
    let count = usize::try_from(group.direct_member_count).unwrap_or(0);
    if silent || (!asked && count > limits::SCIM_ANSWER_MEMBERS) {
        return Ok(Answer::empty(StatusCode::NO_CONTENT).version(&tag(&group)).revision(revision.as_ref()).into());
    }
    written(facade, session, &shown, group, revision, count > 0, StatusCode::OK).await
}

/// `DELETE /Groups/{id}` (RFC 7644 section 3.6).
///
/// # Errors
/// What the directory answers.
pub async fn delete(facade: &Facade, session: &Session, parts: &Parts, id: &str) -> Outcome {
    let request = v1::DeleteGroupRequest { precondition: conditions::of_write(&parts.headers)?, ..writes::delete_group(session, id) };
    let deleted = facade.groups.delete_group(session.call(request)).await?.into_inner();
    Ok(Answer::empty(StatusCode::NO_CONTENT).revision(deleted.committed_at.as_ref()).into())
}

async fn fetch(facade: &Facade, session: &Session, query: &Query, id: &str) -> Result<(v1::Group, Option<v1::Revision>), Refusal> {
    let request = v1::GetGroupRequest {
        organization_id: session.organization.clone(),
        group: Some(v1::GroupRef { r#ref: Some(v1::group_ref::Ref::Id(id.to_owned())) }),
        selection: Some(query.selection(KIND)),
        consistency: session.consistency(),
    };
    let read = facade.groups.get_group(session.call(request)).await?.into_inner();
    Ok((read.group.unwrap_or_default(), read.read_at))
}

/// The answer to a write. Where members are shown, group and members are read together, so that the document is of one revision.
async fn written(
    facade: &Facade,
    session: &Session,
    shown: &Shown,
    group: v1::Group,
    revision: Option<v1::Revision>,
    any_members: bool,
    status: StatusCode,
) -> Outcome {
    let document = if any_members && shown.has("members") {
        let mut document = members::open(facade, session, &group.id).await?;
        document.gather().await?;
        document
    } else {
        members::Document::without(group, revision)
    };
    Ok(whole(shown, session, document, status))
}

fn whole(shown: &Shown, session: &Session, document: members::Document, status: StatusCode) -> Response {
    let url = session.url(KIND.endpoint(), &document.group.id);
    let (tag, revision) = (tag(&document.group), document.revision.clone());
    let answer = Answer::document(status, document.into_body(shown)).version(&tag).revision(revision.as_ref());
    if status == StatusCode::CREATED { answer.location(&url).into() } else { answer.content_location(&url).into() }
}

fn tag(group: &v1::Group) -> String {
    group.meta.as_ref().map_or_else(String::new, |meta| meta.etag.clone())
}
