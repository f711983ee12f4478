//! A PATCH document (RFC 7644 section 3.5.2) as it is sent: read with its keys in any letter case, each of them once.

use super::{
    elements::AtMost,
    error::Refusal,
    literals,
    operations::{self, Given, Rules},
    profiles::Tolerance,
    query::Query,
};
use crate::{
    api::v1::{self, AttributeValue, attribute_value::Kind},
    attributes::{spoken::spoken, value::AnyValue},
    limits,
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// The schema of a PATCH document.
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Reads a PATCH document into clean operations. None is left when it changes nothing.
///
/// # Errors
/// 400 for what is no such document or names what is not there; 413 for too many operations.
pub fn read(rules: &Rules<'_>, bytes: &[u8]) -> Result<Vec<v1::PatchOperation>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = Envelope.deserialize(&mut json).and_then(|document| json.end().map(|()| document));
    let document = document.map_err(|error| Refusal::syntax(format!("The body is no PATCH: {}.", spoken(&error))))?;
    let leeway = rules.leeway;
    match &document.schemas {
        Some(schemas) if names(schemas, PATCH) => {}
        None if leeway.takes(Tolerance::PatchWithoutSchemas) => {}
        _ => return Err(Refusal::syntax(format!("schemas does not name {PATCH}."))),
    }
    let given = document.operations.ok_or_else(|| Refusal::syntax("Operations is required."))?;
    if given.len() > limits::PATCH_OPERATIONS {
        return Err(Refusal::too_large("Operations", limits::PATCH_OPERATIONS, "operations"));
    }
    if given.is_empty() && !leeway.takes(Tolerance::NoOperations) {
        return Err(Refusal::syntax("Operations is empty."));
    }
    let clean = operations::clean(rules, given)?;
    if clean.len() > limits::PATCH_OPERATIONS {
        return Err(Refusal::too_large("Operations", limits::PATCH_OPERATIONS, "operations"));
    }
    Ok(clean)
}

/// A list's filter as the directory takes it.
pub fn filter(rules: &Rules<'_>, query: &Query) -> Option<v1::Filter> {
    let given = query.filter.as_deref()?;
    let (expression, times) = if rules.leeway.has(Tolerance::TextBooleans) {
        literals::unquote_booleans(|path| rules.is_boolean(path, query.spans_types), given)
    } else {
        (given.to_owned(), 0)
    };
    rules.leeway.note(Tolerance::TextBooleans, times);
    Some(v1::Filter { expression, spans_types: query.spans_types, ..v1::Filter::default() })
}

fn names(schemas: &AttributeValue, urn: &str) -> bool {
    let is_urn = |value: &AttributeValue| matches!(&value.kind, Some(Kind::StringValue(text)) if text.eq_ignore_ascii_case(urn));
    match &schemas.kind {
        Some(Kind::ListValue(list)) => list.values.iter().any(is_urn),
        _ => false,
    }
}

#[derive(Default)]
struct Document {
    schemas: Option<AttributeValue>,
    operations: Option<Vec<Given>>,
}

struct Envelope;

impl<'de> DeserializeSeed<'de> for Envelope {
    type Value = Document;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Document, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope {
    type Value = Document;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Operations")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.to_ascii_lowercase().as_str() {
                "schemas" => document.schemas.replace(map.next_value_seed(AnyValue::default())?).is_some(),
                "operations" => {
                    document.operations.replace(map.next_value_seed(AtMost { most: limits::PATCH_OPERATIONS, each: Operation })?).is_some()
                }
                _ => map.next_value::<IgnoredAny>().map(|_| false)?,
            };
            if twice {
                return Err(A::Error::custom("a key is given twice"));
            }
        }
        Ok(document)
    }
}

#[derive(Clone, Copy)]
struct Operation;

impl<'de> DeserializeSeed<'de> for Operation {
    type Value = Given;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Given, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Operation {
    type Value = Given;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut given = Given::default();
        while let Some(key) = map.next_key::<String>()? {
            let into = match key.to_ascii_lowercase().as_str() {
                "op" => &mut given.op,
                "path" => &mut given.path,
                "value" => &mut given.value,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if into.replace(map.next_value_seed(AnyValue::default())?).is_some() {
                return Err(A::Error::custom("a key is given twice"));
            }
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests;
