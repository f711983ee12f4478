//! The messages of the protocol and of discovery as JSON Schema (RFC 7644 section 3, RFC 7643 sections 5 to 7).

use crate::limits;
use serde_json::{Map, Value, json};

/// Each message by its name.
pub fn schemas() -> Map<String, Value> {
    let all = [
        ("Meta", meta()),
        ("UserList", list(&json!({ "$ref": "#/components/schemas/User" }))),
        ("GroupList", list(&json!({ "$ref": "#/components/schemas/Group" }))),
        ("ResourceList", list(&json!({ "anyOf": [{ "$ref": "#/components/schemas/User" }, { "$ref": "#/components/schemas/Group" }] }))),
        ("ResourceTypeList", list(&json!({ "$ref": "#/components/schemas/ResourceType" }))),
        ("SchemaList", list(&json!({ "$ref": "#/components/schemas/Schema" }))),
        ("SearchRequest", search()),
        ("PatchOp", patch()),
        ("BulkRequest", bulk_request()),
        ("BulkResponse", bulk_response()),
        ("Error", error()),
        ("ServiceProviderConfig", service_provider_config()),
        ("ResourceType", resource_type()),
        ("Schema", schema()),
        ("AttributeDefinition", attribute_definition()),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A message that is taken as it stands, if a schema has one.
pub fn example(schema: &str) -> Option<Value> {
    Some(match schema {
        "UserInput" => json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ada@example.com",
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
            "active": true
        }),
        "GroupInput" => json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Engineers" }),
        "PatchOp" => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "displayName", "value": "Analysts" }]
        }),
        "SearchRequest" => json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "displayName sw \"A\"",
            "count": 10
        }),
        _ => return None,
    })
}

/// `schemas` with the URN of a message in it.
fn named(urn: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "contains": { "const": urn } })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "maxItems": limits::VALUES_PER_ATTRIBUTE })
}

fn meta() -> Value {
    json!({
        "type": "object",
        "description": "What the server says of a resource (RFC 7643 section 3.1).",
        "properties": {
            "resourceType": { "type": "string" },
            "created": { "type": "string", "format": "date-time" },
            "lastModified": { "type": "string", "format": "date-time" },
            "location": { "type": "string", "format": "uri" },
            "version": { "type": "string", "description": "The same as the header ETag." }
        }
    })
}

fn list(resource: &Value) -> Value {
    json!({
        "type": "object",
        "description": "A page of resources (RFC 7644 section 3.4.2).",
        "required": ["schemas", "totalResults", "Resources"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:ListResponse"),
            "totalResults": { "type": "integer", "minimum": 0 },
            "startIndex": { "type": "integer", "minimum": 1 },
            "itemsPerPage": { "type": "integer", "minimum": 0 },
            "nextCursor": { "type": "string", "description": "With cursors: where the next page begins; absent on the last." },
            "Resources": { "type": "array", "items": resource }
        }
    })
}

fn search() -> Value {
    json!({
        "type": "object",
        "description": "A query in a body (RFC 7644 section 3.4.3).",
        "required": ["schemas"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:SearchRequest"),
            "filter": { "type": "string", "minLength": 1, "maxLength": limits::FILTER_BYTES },
            "sortBy": { "type": "string" },
            "sortOrder": { "type": "string", "enum": ["ascending", "descending"] },
            "startIndex": { "type": "integer" },
            "count": { "type": "integer" },
            "cursor": { "type": "string", "maxLength": limits::CURSOR_BYTES },
            "attributes": texts(),
            "excludedAttributes": texts()
        }
    })
}

fn patch() -> Value {
    json!({
        "type": "object",
        "description": "Changes, applied in order, all or none (RFC 7644 section 3.5.2).",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:PatchOp"),
            "Operations": { "type": "array", "minItems": 1, "maxItems": limits::PATCH_OPERATIONS, "items": {
                "type": "object",
                "required": ["op"],
                "properties": {
                    "op": { "type": "string", "enum": ["add", "remove", "replace"] },
                    "path": { "type": "string", "maxLength": limits::PATH_BYTES, "description": "An attribute, or a part of one." },
                    "value": { "description": "Whatever the path takes; without a path an object." }
                }
            } }
        }
    })
}

fn bulk_request() -> Value {
    json!({
        "type": "object",
        "description": "Writes, done in order as far as they do not name each other (RFC 7644 section 3.7).",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:BulkRequest"),
            "failOnErrors": { "type": "integer", "minimum": 1, "description": "Errors after which nothing more is done." },
            "Operations": { "type": "array", "minItems": 1, "maxItems": limits::MUTATIONS, "items": {
                "type": "object",
                "required": ["method", "path"],
                "properties": {
                    "method": { "type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"] },
                    "bulkId": { "type": "string", "description": "A name for what a POST makes; others say bulkId: and the name." },
                    "path": { "type": "string", "description": "Below the base URL: an endpoint for a POST, otherwise a resource." },
                    "version": { "type": "string", "description": "Only if the resource has this version." },
                    "data": { "description": "The body of the same request by itself." }
                }
            } }
        }
    })
}

fn bulk_response() -> Value {
    json!({
        "type": "object",
        "description": "What came of each write that was tried (RFC 7644 section 3.7.3).",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:BulkResponse"),
            "Operations": { "type": "array", "items": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "method": { "type": "string" },
                    "bulkId": { "type": "string" },
                    "version": { "type": "string" },
                    "location": { "type": "string" },
                    "status": { "type": "string", "pattern": "^[2-5][0-9][0-9]$" },
                    "response": { "$ref": "#/components/schemas/Error" }
                }
            } }
        }
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "A refusal (RFC 7644 section 3.12).",
        "required": ["schemas", "status", "detail"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:api:messages:2.0:Error"),
            "status": { "type": "string", "pattern": "^[45][0-9][0-9]$" },
            "scimType": { "type": "string", "enum": [
                "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
                "invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount"
            ] },
            "detail": { "type": "string" }
        }
    })
}

fn service_provider_config() -> Value {
    let feature = json!({ "type": "object", "required": ["supported"], "properties": { "supported": { "type": "boolean" } } });
    json!({
        "type": "object",
        "description": "What the server can do (RFC 7643 section 5).",
        "required": ["schemas", "patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"),
            "documentationUri": { "type": "string", "format": "uri" },
            "patch": feature,
            "bulk": {
                "type": "object",
                "required": ["supported", "maxOperations", "maxPayloadSize"],
                "properties": {
                    "supported": { "type": "boolean" },
                    "maxOperations": { "type": "integer", "minimum": 0 },
                    "maxPayloadSize": { "type": "integer", "minimum": 0, "description": "Bytes." }
                }
            },
            "filter": {
                "type": "object",
                "required": ["supported", "maxResults"],
                "properties": { "supported": { "type": "boolean" }, "maxResults": { "type": "integer", "minimum": 0 } }
            },
            "changePassword": feature,
            "sort": feature,
            "etag": feature,
            "pagination": {
                "type": "object",
                "required": ["cursor", "index"],
                "properties": {
                    "cursor": { "type": "boolean" },
                    "index": { "type": "boolean" },
                    "defaultPaginationMethod": { "type": "string", "enum": ["cursor", "index"] },
                    "defaultPageSize": { "type": "integer", "minimum": 1 },
                    "maxPageSize": { "type": "integer", "minimum": 1 },
                    "cursorTimeout": { "type": "integer", "minimum": 1, "description": "Seconds." }
                }
            },
            "authenticationSchemes": { "type": "array", "items": {
                "type": "object",
                "required": ["type", "name", "description"],
                "properties": { "type": { "type": "string" }, "name": { "type": "string" }, "description": { "type": "string" } }
            } },
            "meta": { "$ref": "#/components/schemas/Meta" }
        }
    })
}

fn resource_type() -> Value {
    json!({
        "type": "object",
        "description": "A type of resources (RFC 7643 section 6).",
        "required": ["schemas", "name", "endpoint", "schema"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:schemas:core:2.0:ResourceType"),
            "id": { "type": "string" },
            "name": { "type": "string" },
            "description": { "type": "string" },
            "endpoint": { "type": "string" },
            "schema": { "type": "string" },
            "schemaExtensions": { "type": "array", "items": {
                "type": "object",
                "required": ["schema", "required"],
                "properties": { "schema": { "type": "string" }, "required": { "type": "boolean" } }
            } },
            "meta": { "$ref": "#/components/schemas/Meta" }
        }
    })
}

fn schema() -> Value {
    json!({
        "type": "object",
        "description": "A schema (RFC 7643 section 7).",
        "required": ["schemas", "id", "attributes"],
        "properties": {
            "schemas": named("urn:ietf:params:scim:schemas:core:2.0:Schema"),
            "id": { "type": "string" },
            "name": { "type": "string" },
            "description": { "type": "string" },
            "attributes": { "type": "array", "items": { "$ref": "#/components/schemas/AttributeDefinition" } },
            "meta": { "$ref": "#/components/schemas/Meta" }
        }
    })
}

fn attribute_definition() -> Value {
    json!({
        "type": "object",
        "description": "An attribute and its characteristics (RFC 7643 section 7).",
        "required": ["name", "type", "multiValued", "required", "mutability", "returned"],
        "properties": {
            "name": { "type": "string" },
            "type": { "type": "string", "enum": ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"] },
            "multiValued": { "type": "boolean" },
            "description": { "type": "string" },
            "required": { "type": "boolean" },
            "caseExact": { "type": "boolean" },
            "mutability": { "type": "string", "enum": ["readOnly", "readWrite", "immutable", "writeOnly"] },
            "returned": { "type": "string", "enum": ["always", "never", "default", "request"] },
            "uniqueness": { "type": "string", "enum": ["none", "server", "global"] },
            "canonicalValues": { "type": "array", "items": { "type": "string" } },
            "referenceTypes": { "type": "array", "items": { "type": "string" } },
            "subAttributes": { "type": "array", "items": { "$ref": "#/components/schemas/AttributeDefinition" } }
        }
    })
}
