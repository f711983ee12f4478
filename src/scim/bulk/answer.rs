//! What a bulk request came to (RFC 7644 section 3.7.3): of each operation that was tried, its status and the way to its
//! resource. Nothing of what was sent is sent back.

use super::{
    super::{error::Refusal, respond::Answer, session::Session},
    operation::{Method, Operation},
};
use crate::api::{rpc, v1::apply_mutations_response::Result as Done};
use axum::{http::StatusCode, response::Response};
use prost::Message as _;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The schema of the answer.
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// Writes the answer. An operation that was not tried any more is not in it.
pub(super) fn write(session: &Session, operations: Vec<Operation>, results: Vec<Done>) -> Response {
    let revision = results.iter().filter_map(|done| done.committed_at.clone()).max_by_key(|revision| revision.number);
    let made = made(&operations, &results);
    let tried = operations.into_iter().zip(results).filter(|(_, done)| !done.skipped);
    let outcomes: Vec<Value> = tried.map(|(operation, done)| outcome(session, operation, done, &made)).collect();
    let body = json!({ "schemas": [BULK], "Operations": outcomes });
    Answer::document(StatusCode::OK, body.to_string()).revision(revision.as_ref()).into()
}

/// The ids of what the request itself made, by type and `bulkId`: also a write of it that failed says where it is.
fn made(operations: &[Operation], results: &[Done]) -> HashMap<(&'static str, String), String> {
    let of = |(operation, done): (&Operation, &Done)| {
        let (kind, name) = (operation.kind?, operation.bulk_id.clone()?);
        (operation.what == Some(Method::Post) && done.error.is_none() && !done.resource_id.is_empty())
            .then(|| ((kind.name(), name), done.resource_id.clone()))
    };
    operations.iter().zip(results).filter_map(of).collect()
}

fn outcome(session: &Session, operation: Operation, done: Done, made: &HashMap<(&'static str, String), String>) -> Value {
    let Operation { method, bulk_id, what, kind, id, named, write } = operation;
    let refusal = write.err().or_else(|| done.error.map(refusal));
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.and_then(|value| out.insert(name.to_owned(), value));
    put("method", method.map(Value::from));
    put("bulkId", bulk_id.map(Value::from));
    put("version", Some(done.etag).filter(|etag| !etag.is_empty()).map(Value::from));
    let named = kind.zip(named).and_then(|(kind, name)| made.get(&(kind.name(), name)).cloned());
    let id = Some(done.resource_id).filter(|id| !id.is_empty()).or(id).or(named);
    put("location", kind.zip(id).map(|(kind, id)| session.url(kind.endpoint(), &id).into()));
    match refusal {
        Some(refusal) => {
            put("status", Some(refusal.status().as_str().into()));
            put("response", Some(refusal.document()));
        }
        None => {
            put("status", Some(what.map_or("200", Method::success).into()));
        }
    }
    Value::Object(out)
}

fn refusal(error: rpc::Status) -> Refusal {
    let details = error.encode_to_vec().into();
    let status = Status::with_details(Code::from_i32(error.code), error.message, details);
    // What the request itself was to make is not there: the RFC's own status for it (section 3.7.1).
    if status.get_error_details().error_info().is_some_and(|info| info.metadata.contains_key("unresolved")) {
        return Refusal::new(StatusCode::CONFLICT, "The operation names, by bulkId, what could not be made.");
    }
    Refusal::from(status)
}
