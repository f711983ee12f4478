//! `POST /Bulk` (RFC 7644 section 3.7): many writes in one request, each by itself.
//!
//! It stands on `ApplyMutations`: the directory orders the writes by what they name, does each in a commit of its own and
//! counts the errors. An operation that cannot be understood is sent along as a write that is refused, so that errors are
//! counted in order and whoever names it is refused too.

mod answer;
mod envelope;
mod operation;
mod references;

use super::{Facade, body, error::Refusal, respond::Outcome, session::Session};
use crate::{
    api::v1::{ApplyMutationsRequest, DeleteGroupRequest, DeleteUserRequest, Mutation, apply_mutations_request::Mode, mutation::Write},
    attributes::ResourceType,
    limits,
};
use axum::{
    body::Body,
    http::{StatusCode, request::Parts},
};
use operation::Operation;
use references::Names;

/// Does a bulk request.
///
/// # Errors
/// 400 for what is no bulk request or names two operations alike, 413 for one that is too large, and what the directory
/// answers to the whole. What is wrong with one operation is said in its place in the answer.
pub async fn run(facade: &Facade, session: &Session, parts: &Parts, body: &mut Body) -> Outcome {
    let bytes = body::read(&parts.headers, body, limits::SCIM_BULK_BYTES).await.map_err(name_bound)?;
    let job = envelope::read(&bytes)?;
    let names = Names::of(&job.operations)?;
    let operations: Vec<Operation> = job.operations.iter().map(|given| Operation::read(session, given, &names)).collect();
    // A stand-in asks for no scope that the other writes do not need.
    let stand_in = operations.iter().find(|o| o.write.is_ok()).and_then(|o| o.kind).unwrap_or(ResourceType::User);
    let mutation = |(index, operation): (usize, &Operation)| Mutation {
        temp_id: references::temp_id(index),
        write: Some(operation.write.clone().unwrap_or_else(|_| refused(operation.kind.unwrap_or(stand_in)))),
    };
    let request = ApplyMutationsRequest {
        organization_id: session.organization.clone(),
        mode: Mode::BestEffort as i32,
        mutations: operations.iter().enumerate().map(mutation).collect(),
        max_errors: job.fail_on_errors,
        write: session.write(),
    };
    let done = facade.directory.apply_mutations(session.call(request)).await?.into_inner();
    Ok(answer::write(session, operations, done.results))
}

/// A write that names nothing: it is refused before anything is read.
fn refused(kind: ResourceType) -> Write {
    match kind {
        ResourceType::User => Write::DeleteUser(DeleteUserRequest::default()),
        ResourceType::Group => Write::DeleteGroup(DeleteGroupRequest::default()),
    }
}

fn name_bound(refusal: Refusal) -> Refusal {
    if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::too_large("The bulk request, by maxPayloadSize,", limits::SCIM_BULK_BYTES, "bytes");
    }
    refusal
}
