//! `/Users`: one function per method of the endpoint.

use super::{
    Facade, body, conditions,
    document::Shown,
    error::Refusal,
    list::List,
    patch,
    query::Query,
    respond::{Answer, Outcome},
    session::Session,
    writes,
};
use crate::{
    api::v1::{self, ErrorReason},
    attributes::ResourceType,
    limits,
};
use axum::{
    body::Body,
    http::{StatusCode, request::Parts},
};
use tonic::Status;

const KIND: ResourceType = ResourceType::User;

/// `GET /Users/{id}` (RFC 7644 section 3.4.1).
///
/// # Errors
/// What the directory answers, or a query that cannot be read.
pub async fn get(facade: &Facade, session: &Session, parts: &Parts, id: &str) -> Outcome {
    let query = Query::of(parts)?;
    let shown = Shown::new(KIND, &query, session)?;
    let (user, revision) = fetch(facade, session, &query, id).await?;
    let tag = conditions::user_tag(&user);
    let answer = if conditions::is_unchanged(&parts.headers, &tag)? {
        Answer::empty(StatusCode::NOT_MODIFIED).version(&tag)
    } else {
        whole(&shown, &user, StatusCode::OK)
    };
    Ok(answer.content_location(&location(session, &user)).revision(revision.as_ref()).into())
}

/// `GET /Users` (RFC 7644 section 3.4.2).
///
/// # Errors
/// What the directory answers, or a query that contradicts itself.
pub async fn list(facade: &Facade, session: &Session, query: &Query) -> Outcome {
    let page = page(facade, session, query, query.list_options()).await?;
    let mut list = List::new(query);
    list.go_on_at(page.next_page_token.clone());
    list.add_users(&Shown::new(KIND, query, session)?, &page);
    Ok(Answer::document(StatusCode::OK, list.end(page.total_size)).revision(page.read_at.as_ref()).into())
}

/// A page of users.
///
/// # Errors
/// What the directory answers.
pub async fn page(facade: &Facade, session: &Session, query: &Query, list: v1::ListOptions) -> Result<v1::ListUsersResponse, Status> {
    let request = v1::ListUsersRequest {
        organization_id: session.organization.clone(),
        filter: patch::filter(&session.rules(KIND), query),
        list: Some(list),
        selection: Some(query.selection(KIND)),
        consistency: session.consistency(),
    };
    Ok(facade.users.list_users(session.call(request)).await?.into_inner())
}

/// `POST /Users` (RFC 7644 section 3.3).
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn create(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body) -> Outcome {
    let shown = Shown::new(KIND, &Query::of(parts)?, session)?;
    let bytes = body::read(&parts.headers, body, limits::SCIM_BODY_BYTES).await?;
    let request = writes::create_user(session, &bytes)?;
    let created = facade.users.create_user(session.call(request)).await?.into_inner();
    if created.outcome() == v1::create_user_response::Outcome::PendingApproval {
        let detail = "The user is there, and managed by others; taking it over waits for an administrator's approval.";
        return Err(Refusal::because(ErrorReason::Uniqueness, detail));
    }
    let user = created.user.unwrap_or_default();
    let answer = whole(&shown, &user, StatusCode::CREATED).location(&location(session, &user));
    Ok(answer.revision(created.committed_at.as_ref()).into())
}

/// `PUT /Users/{id}` (RFC 7644 section 3.5.1).
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn replace(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body, id: &str) -> Outcome {
    let query = Query::of(parts)?;
    let shown = Shown::new(KIND, &query, session)?;
    let precondition = conditions::of_write(&parts.headers)?;
    let bytes = body::read(&parts.headers, body, limits::SCIM_BODY_BYTES).await?;
    let request =
        v1::ReplaceUserRequest { precondition, selection: Some(query.selection(KIND)), ..writes::replace_user(session, id, &bytes)? };
    let replaced = facade.users.replace_user(session.call(request)).await?.into_inner();
    Ok(written(&shown, session, replaced.user, replaced.committed_at.as_ref()))
}

/// `PATCH /Users/{id}` (RFC 7644 section 3.5.2); always answered with the user.
///
/// # Errors
/// What the directory answers, or a document that cannot be read.
pub async fn patch(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body, id: &str) -> Outcome {
    let query = Query::of(parts)?;
    let shown = Shown::new(KIND, &query, session)?;
    let precondition = conditions::of_write(&parts.headers)?;
    let bytes = body::read(&parts.headers, body, limits::SCIM_BODY_BYTES).await?;
    let request = writes::patch_user(session, id, &bytes)?;
    if request.operations.is_empty() {
        let (user, revision) = fetch(facade, session, &query, id).await?;
        conditions::check_match(&parts.headers, user.meta.as_ref().map_or("", |meta| &meta.etag))?;
        return Ok(written(&shown, session, Some(user), revision.as_ref()));
    }
    let request = v1::PatchUserRequest { precondition, selection: Some(query.selection(KIND)), ..request };
    let patched = facade.users.patch_user(session.call(request)).await?.into_inner();
    Ok(written(&shown, session, patched.user, patched.committed_at.as_ref()))
}

/// `DELETE /Users/{id}` (RFC 7644 section 3.6): 204 whatever the connection's policy made of it.
///
/// # Errors
/// What the directory answers.
pub async fn delete(facade: &Facade, session: &Session, parts: &Parts, id: &str) -> Outcome {
    let request = v1::DeleteUserRequest { precondition: conditions::of_write(&parts.headers)?, ..writes::delete_user(session, id) };
    let deleted = facade.users.delete_user(session.call(request)).await?.into_inner();
    Ok(Answer::empty(StatusCode::NO_CONTENT).revision(deleted.committed_at.as_ref()).into())
}

async fn fetch(facade: &Facade, session: &Session, query: &Query, id: &str) -> Result<(v1::User, Option<v1::Revision>), Refusal> {
    let request = v1::GetUserRequest {
        organization_id: session.organization.clone(),
        user: Some(v1::UserRef { r#ref: Some(v1::user_ref::Ref::Id(id.to_owned())) }),
        selection: Some(query.selection(KIND)),
        consistency: session.consistency(),
    };
    let read = facade.users.get_user(session.call(request)).await?.into_inner();
    Ok((read.user.unwrap_or_default(), read.read_at))
}

fn written(shown: &Shown, session: &Session, user: Option<v1::User>, revision: Option<&v1::Revision>) -> axum::response::Response {
    let user = user.unwrap_or_default();
    whole(shown, &user, StatusCode::OK).content_location(&location(session, &user)).revision(revision).into()
}

fn whole(shown: &Shown, user: &v1::User, status: StatusCode) -> Answer {
    let mut out = Vec::with_capacity(2048);
    shown.user(&mut out, user);
    Answer::document(status, out).version(&conditions::user_tag(user))
}

fn location(session: &Session, user: &v1::User) -> String {
    session.url(KIND.endpoint(), &user.id)
}
