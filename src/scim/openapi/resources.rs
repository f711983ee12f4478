//! Users, groups and extensions as JSON Schema, made from the attribute table: what is answered, and what may be sent.

use crate::{api::v1, attributes};
use serde_json::{Map, Value, json};

/// Which way a document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the client: without what is never returned. A projection may leave out all but `schemas` and `id`.
    Answered,
    /// From the client: without what it cannot write.
    Sent,
}

/// `User`, `UserInput`, `Group`, `GroupInput` and each extension in the same two forms.
pub fn schemas() -> Map<String, Value> {
    let all = attributes::schemas::schemas();
    let mut out = Map::new();
    for schema in &all {
        for (way, suffix) in [(Way::Answered, ""), (Way::Sent, "Input")] {
            let mut document = object(&schema.attributes, way);
            if schema.extends.is_empty() {
                complete(&mut document, schema, &all, way);
            }
            document.insert("description".into(), json!(schema.description));
            out.insert(format!("{}{suffix}", schema.display_name), Value::Object(document));
        }
    }
    out
}

/// Adds what every resource has (RFC 7643 section 3.1), and the extensions under their URNs.
fn complete(document: &mut Map<String, Value>, schema: &v1::Schema, all: &[v1::Schema], way: Way) {
    let mut required = vec![json!("schemas")];
    if way == Way::Answered {
        required.push(json!("id"));
    } else if let Some(Value::Array(own)) = document.remove("required") {
        required.extend(own);
    }
    document.insert("required".into(), Value::Array(required));
    let Some(Value::Object(properties)) = document.get_mut("properties") else { return };
    let schemas = json!({ "type": "array", "items": { "type": "string" }, "contains": { "const": schema.urn }, "description": "The URNs of the schemas." });
    properties.insert("schemas".into(), schemas);
    properties
        .insert("externalId".into(), json!({ "type": "string", "description": "The client's own identifier, unique in its connection." }));
    if way == Way::Answered {
        properties.insert("id".into(), json!({ "type": "string", "description": "The server's identifier; it never changes." }));
        properties.insert("meta".into(), json!({ "$ref": "#/components/schemas/Meta" }));
    }
    let suffix = if way == Way::Sent { "Input" } else { "" };
    for extension in all.iter().filter(|other| other.extends.contains_key(&schema.display_name)) {
        let reference = format!("#/components/schemas/{}{suffix}", extension.display_name);
        properties.insert(extension.urn.clone(), json!({ "$ref": reference }));
    }
}

fn object(attributes: &[v1::AttributeDefinition], way: Way) -> Map<String, Value> {
    let seen = |a: &&v1::AttributeDefinition| match way {
        Way::Answered => a.returned != "never",
        Way::Sent => a.mutability != "readOnly",
    };
    let properties: Map<String, Value> = attributes.iter().filter(seen).map(|a| (a.name.clone(), property(a, way))).collect();
    let mut out = Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), Value::Object(properties))]);
    let required: Vec<&str> = attributes.iter().filter(seen).filter(|a| a.required).map(|a| a.name.as_str()).collect();
    if way == Way::Sent && !required.is_empty() {
        out.insert("required".into(), json!(required));
    }
    out
}

fn property(attribute: &v1::AttributeDefinition, way: Way) -> Value {
    let mut one = match attribute.r#type.as_str() {
        "complex" => object(&attribute.sub_attributes, way),
        "boolean" => kind("boolean"),
        "integer" => kind("integer"),
        "decimal" => kind("number"),
        "dateTime" => Map::from_iter([("format".to_owned(), json!("date-time")), ("type".to_owned(), json!("string"))]),
        "binary" => Map::from_iter([("contentEncoding".to_owned(), json!("base64")), ("type".to_owned(), json!("string"))]),
        _ => kind("string"),
    };
    if !attribute.canonical_values.is_empty() {
        // Suggested, not the only ones (RFC 7643 section 7).
        one.insert("examples".into(), json!(attribute.canonical_values));
    }
    if way == Way::Sent && attribute.mutability == "writeOnly" {
        one.insert("writeOnly".into(), json!(true));
    }
    if attribute.multi_valued {
        one = Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), Value::Object(one))]);
    }
    one.insert("description".into(), json!(attribute.description));
    Value::Object(one)
}

fn kind(name: &str) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), json!(name))])
}
