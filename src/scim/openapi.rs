//! The façade described in OpenAPI 3.1, at `/scim/openapi.json`: the same for everybody, so it needs no caller.
//!
//! Paths come from one table of [`operations`], which the tests hold against the router; resources come from the attribute
//! table, messages from [`messages`]. What an organization adds of its own is told by `/Schemas`.

mod components;
mod messages;
mod operations;
mod resources;

use crate::scim::Facade;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use operations::{OPERATIONS, Operation};
use serde_json::{Map, Value, json};

/// The answer to a GET.
pub fn answer(facade: &Facade) -> Response {
    let mut response = Response::new(Body::from(document(&facade.base(None)).to_string()));
    *response.status_mut() = StatusCode::OK;
    // OpenAPI has no registered media type; every reader takes this one.
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The document, for a base URL without an organization and without a slash at its end.
pub fn document(base: &str) -> Value {
    let mut paths = Map::new();
    for row in OPERATIONS {
        let item = paths.entry(row.path).or_insert_with(|| path_item(row.path));
        if let Some(item) = item.as_object_mut() {
            item.insert(row.method.to_owned(), operation(row, false));
            if row.method == "get" {
                item.insert("head".to_owned(), operation(row, true));
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Roster SCIM",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "SCIM 2.0 (RFC 7643, RFC 7644) in front of an identity directory.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [
            { "url": base, "description": "The organization that the token names." },
            {
                "url": format!("{base}/{{organization}}"),
                "description": "An organization by its key or id; it must be the one that the token names.",
                "variables": { "organization": { "default": "default" } }
            }
        ],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": components::all()
    })
}

/// A path with its parameters, those in braces.
fn path_item(path: &str) -> Value {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = names.map(components::path_parameter).collect();
    if parameters.is_empty() { json!({}) } else { json!({ "parameters": parameters }) }
}

/// HEAD answers as GET does, without a body.
fn operation(row: &Operation, head: bool) -> Value {
    let mut responses = Map::new();
    for (status, schema) in row.success {
        responses.insert((*status).to_owned(), components::response(status, schema.filter(|_| !head)));
    }
    let of_all = if row.has_caller { components::OF_CALLERS } else { components::OF_ANYBODY };
    for status in row.refusals.iter().chain(of_all) {
        responses.insert((*status).to_owned(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    let (id, summary) = if head {
        (format!("{}Head", row.id), format!("{} The headers alone.", row.summary))
    } else {
        (row.id.to_owned(), row.summary.to_owned())
    };
    let mut out = json!({ "operationId": id, "summary": summary, "responses": responses });
    let Some(members) = out.as_object_mut() else { return out };
    let reference = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
    if !row.parameters.is_empty() {
        members.insert("parameters".into(), row.parameters.iter().map(reference).collect());
    }
    if let Some(schema) = row.body {
        members.insert("requestBody".into(), components::request_body(schema));
    }
    if !row.has_caller {
        members.insert("security".into(), json!([]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::path::{Endpoint, Target};
    use std::collections::BTreeSet;

    /// Where an endpoint stands in the document. A new endpoint has to say it here.
    fn template(endpoint: &Endpoint) -> Option<&'static str> {
        Some(match endpoint {
            Endpoint::Users => "/Users",
            Endpoint::User(_) => "/Users/{id}",
            Endpoint::Groups => "/Groups",
            Endpoint::Group(_) => "/Groups/{id}",
            Endpoint::ServiceProviderConfig => "/ServiceProviderConfig",
            Endpoint::ResourceTypes => "/ResourceTypes",
            Endpoint::ResourceType(_) => "/ResourceTypes/{name}",
            Endpoint::Schemas => "/Schemas",
            Endpoint::Schema(_) => "/Schemas/{urn}",
            Endpoint::Search => "/.search",
            Endpoint::UserSearch => "/Users/.search",
            Endpoint::GroupSearch => "/Groups/.search",
            Endpoint::Root => "/",
            Endpoint::Bulk => "/Bulk",
            Endpoint::OpenApi | Endpoint::Unsupported(_) | Endpoint::Version | Endpoint::Nothing => return None,
        })
    }

    #[test]
    fn every_path_of_the_document_is_the_endpoint_it_is_said_to_be() {
        let paths: BTreeSet<&str> = OPERATIONS.iter().map(|row| row.path).collect();
        for path in &paths {
            let target = Target::of(&format!("/scim/v2/acme{path}").replace(['{', '}'], ""));
            assert_eq!(template(&target.endpoint), Some(*path));
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => members.iter().for_each(|(name, value)| match (name.as_str(), value.as_str()) {
                    ("$ref", Some(target)) => found.push(target),
                    _ => references(value, found),
                }),
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document("https://roster.example/scim/v2");
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100);
        for target in found {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
        }
        let names: BTreeSet<&str> = OPERATIONS.iter().map(|row| row.id).collect();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn what_is_sent_and_what_is_answered_follow_the_attribute_table() {
        let all = document("https://roster.example/scim/v2")["components"]["schemas"].clone();
        assert_eq!(all["UserInput"]["required"], json!(["schemas", "userName"]));
        assert_eq!(all["User"]["required"], json!(["schemas", "id"]));
        assert!(all["User"]["properties"].get("password").is_none() && all["UserInput"]["properties"].get("groups").is_none());
        assert_eq!(all["UserInput"]["properties"]["password"]["writeOnly"], json!(true));
        assert_eq!(all["Group"]["properties"]["members"]["items"]["properties"]["value"]["type"], json!("string"));
        let urn = crate::attributes::table::ENTERPRISE_URN;
        assert_eq!(all["User"]["properties"][urn]["$ref"], json!("#/components/schemas/EnterpriseUser"));
        assert_eq!(all["EnterpriseUserInput"]["properties"]["manager"]["properties"].get("displayName"), None);
    }
}
