//! The parts that operations share: parameters, headers, refusals, the credential.

use super::super::respond::SCIM_JSON;
use crate::limits;
use serde_json::{Map, Value, json};

/// What a request may be refused with: its status and when.
pub const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request cannot be understood; `scimType` and `detail` say what is wrong."),
    ("401", "The credential is missing or not accepted."),
    ("403", "The credential does not admit to this, or the query is forbidden here."),
    ("404", "There is no such resource, or no such organization for this credential."),
    ("409", "Another resource holds a value that is unique."),
    ("412", "The resource has changed: the version given is not the current one."),
    ("413", "The request is larger than the bound that the detail names."),
    ("414", "The request's address is longer than the server reads."),
    ("415", "The body's media type is neither application/scim+json nor application/json."),
    ("429", "Too many requests; Retry-After says when to come back."),
    ("431", "The request's header fields are more or longer than the server reads."),
    ("500", "A fault of the server."),
    ("503", "The directory is out of reach or busy; Retry-After says when to send the same request again."),
];

/// What any request with a credential may be refused with.
pub const OF_CALLERS: &[&str] = &["401", "403", "404", "414", "429", "431", "500", "503"];
/// What a request without one may be refused with.
pub const OF_ANYBODY: &[&str] = &["403", "414", "431", "500"];
/// What is refused before a request is one of SCIM's: it has no body.
const BEFORE: &[&str] = &["414"];

/// The parameters, by the names that the operations use.
pub fn parameters() -> Map<String, Value> {
    let query = |name: &str, about: &str, schema: Value| {
        (name.to_owned(), json!({ "name": name, "in": "query", "description": about, "schema": schema }))
    };
    let header = |key: &str, name: &str, about: &str| {
        (key.to_owned(), json!({ "name": name, "in": "header", "description": about, "schema": { "type": "string" } }))
    };
    Map::from_iter([
        query(
            "filter",
            "Which resources (RFC 7644 section 3.4.2.2).",
            json!({ "type": "string", "minLength": 1, "maxLength": limits::FILTER_BYTES }),
        ),
        query("sortBy", "The attribute to order by; without it the order is the server's.", json!({ "type": "string" })),
        query(
            "sortOrder",
            "The order of `sortBy`.",
            json!({ "type": "string", "enum": ["ascending", "descending"], "default": "ascending" }),
        ),
        query("startIndex", "The first resource wanted, counted from 1; less than 1 is 1.", json!({ "type": "integer", "default": 1 })),
        query(
            "count",
            "Resources wanted at most; more than the server's maximum is the maximum, less than 0 is 0.",
            json!({ "type": "integer", "default": limits::PAGE_DEFAULT, "examples": [limits::SCIM_PAGE_MAX] }),
        ),
        query(
            "cursor",
            "Where a page begins (RFC 9865): empty for the first, then nextCursor of the page before. Not beside startIndex.",
            json!({ "type": "string", "maxLength": limits::CURSOR_BYTES, "pattern": "^[A-Za-z0-9._~-]*$" }),
        ),
        query("attributes", "The attributes to return instead of the default ones, separated by commas.", json!({ "type": "string" })),
        query(
            "excludedAttributes",
            "Default attributes not to return, separated by commas; `attributes` wins.",
            json!({ "type": "string" }),
        ),
        header("ifMatch", "If-Match", "Only if the resource has one of these versions, separated by commas; * is any."),
        header("ifNoneMatch", "If-None-Match", "Only if the resource has none of these versions; a read then answers 304."),
    ])
}

/// A parameter that is a part of the path.
pub fn path_parameter(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

/// A body of a request: both media types are taken.
pub fn request_body(schema: &str) -> Value {
    let mut content = content(schema);
    for media in content.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let (Some(media), Some(example)) = (media.as_object_mut(), super::messages::example(schema)) {
            media.insert("example".into(), example);
        }
    }
    json!({ "required": true, "content": content })
}

/// An answer of success.
pub fn response(status: &str, schema: Option<&str>) -> Value {
    let about = match status {
        "201" => "Created.",
        "204" => "Done; there is nothing to show.",
        "304" => "Unchanged: the version given is the current one.",
        _ => "Done.",
    };
    let mut out = json!({ "description": about });
    let Some(members) = out.as_object_mut() else { return out };
    if let Some(schema) = schema {
        members.insert("content".into(), content(schema));
    }
    let mut headers = Map::new();
    if matches!(schema, Some("User" | "Group")) || status == "304" {
        headers.insert("ETag".into(), json!({ "$ref": "#/components/headers/ETag" }));
    }
    if status == "304" {
        headers.insert("Content-Location".into(), json!({ "$ref": "#/components/headers/Location" }));
    }
    if status == "201" {
        headers.insert("Location".into(), json!({ "$ref": "#/components/headers/Location" }));
        if let Some(kind @ ("User" | "Group")) = schema {
            let link = |verb: &str| {
                (verb.to_owned(), json!({ "operationId": format!("{verb}{kind}"), "parameters": { "id": "$response.body#/id" } }))
            };
            members.insert("links".into(), Value::Object(["get", "replace", "patch", "delete"].map(link).into_iter().collect()));
        }
    }
    if !headers.is_empty() {
        members.insert("headers".into(), Value::Object(headers));
    }
    out
}

/// `components`.
pub fn all() -> Value {
    let mut schemas = super::resources::schemas();
    schemas.append(&mut super::messages::schemas());
    let header = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    json!({
        "schemas": schemas,
        "parameters": parameters(),
        "headers": {
            "ETag": header("The version of the resource."),
            "Location": { "description": "Where the new resource is.", "required": true, "schema": { "type": "string", "format": "uri" } }
        },
        "responses": REFUSALS.iter().map(|(status, about)| ((*status).to_owned(), refusal(status, about))).collect::<Map<_, _>>(),
        "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "description": "The token of a provisioning connection." } }
    })
}

fn refusal(status: &str, about: &str) -> Value {
    if BEFORE.contains(&status) {
        return json!({ "description": about });
    }
    let mut out = json!({ "description": about, "content": content("Error") });
    let header = match status {
        "401" => Some(("WWW-Authenticate", "The scheme to authenticate with.")),
        "429" | "503" => Some(("Retry-After", "Seconds.")),
        _ => None,
    };
    if let (Some((name, about)), Some(members)) = (header, out.as_object_mut()) {
        members.insert("headers".into(), json!({ name: { "description": about, "required": true, "schema": { "type": "string" } } }));
    }
    out
}

/// A document in SCIM's media type, or in plain JSON's for who accepts or sends nothing else.
fn content(schema: &str) -> Value {
    let document = json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } });
    json!({ SCIM_JSON: document, "application/json": document })
}
