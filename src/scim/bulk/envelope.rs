//! A bulk request as it is sent: its keys in any letter case, each of them once; what an operation holds is left as text.

use super::super::{elements::AtMost, error::Refusal};
use crate::{attributes::spoken::spoken, limits};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The schema of a bulk request.
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// A bulk request.
#[derive(Debug, Default)]
pub(super) struct Job<'a> {
    /// After this many errors it ends; 0 = never.
    pub(super) fail_on_errors: i32,
    /// At least one, at most [`limits::MUTATIONS`].
    pub(super) operations: Vec<Given<'a>>,
}

/// One operation; null is the same as absent.
#[derive(Debug, Default)]
pub(super) struct Given<'a> {
    pub(super) method: Option<&'a RawValue>,
    pub(super) bulk_id: Option<&'a RawValue>,
    pub(super) path: Option<&'a RawValue>,
    pub(super) version: Option<&'a RawValue>,
    pub(super) data: Option<&'a RawValue>,
}

/// Reads a bulk request.
///
/// # Errors
/// 400 for what is none, 413 for too many operations.
pub(super) fn read(bytes: &[u8]) -> Result<Job<'_>, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = Envelope.deserialize(&mut json).and_then(|document| json.end().map(|()| document));
    let document = document.map_err(|error| Refusal::syntax(format!("The body is no bulk request: {}.", spoken(&error))))?;
    let schemas: Option<Vec<String>> = document.schemas.and_then(|raw| serde_json::from_str(raw.get()).ok());
    if !schemas.is_some_and(|schemas| schemas.iter().any(|urn| urn.eq_ignore_ascii_case(BULK))) {
        return Err(Refusal::syntax(format!("schemas does not name {BULK}.")));
    }
    let operations = document.operations.unwrap_or_default();
    if operations.is_empty() {
        return Err(Refusal::syntax("Operations is required, with at least one operation."));
    }
    if operations.len() > limits::MUTATIONS {
        return Err(Refusal::too_large("Operations, by maxOperations,", limits::MUTATIONS, "operations"));
    }
    let fail_on_errors = document.fail_on_errors.map_or(Ok(0), at_least_one)?;
    Ok(Job { fail_on_errors, operations })
}

/// None would be "at the first" to one reader and "never" to another, so it is refused.
fn at_least_one(raw: &RawValue) -> Result<i32, Refusal> {
    match serde_json::from_str::<i64>(raw.get()) {
        Ok(number) if number > 0 => Ok(i32::try_from(number).unwrap_or(i32::MAX)),
        _ => Err(Refusal::value("failOnErrors is not an integer greater than 0.")),
    }
}

#[derive(Default)]
struct Document<'a> {
    schemas: Option<&'a RawValue>,
    fail_on_errors: Option<&'a RawValue>,
    operations: Option<Vec<Given<'a>>>,
}

struct Envelope;

impl<'de> DeserializeSeed<'de> for Envelope {
    type Value = Document<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Document<'de>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope {
    type Value = Document<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Operations")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<'de>, A::Error> {
        let mut document = Document::default();
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.to_ascii_lowercase().as_str() {
                "schemas" => put(&mut document.schemas, &mut map)?,
                "failonerrors" => put(&mut document.fail_on_errors, &mut map)?,
                "operations" => {
                    document.operations.replace(map.next_value_seed(AtMost { most: limits::MUTATIONS, each: Operation })?).is_some()
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

/// Takes a value as text; says whether there was one already.
fn put<'de, A: MapAccess<'de>>(slot: &mut Option<&'de RawValue>, map: &mut A) -> Result<bool, A::Error> {
    let value = map.next_value::<&'de RawValue>()?;
    let was_given = slot.is_some();
    if value.get() != "null" {
        *slot = Some(value);
    }
    Ok(was_given)
}

#[derive(Clone, Copy)]
struct Operation;

impl<'de> DeserializeSeed<'de> for Operation {
    type Value = Given<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Given<'de>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Operation {
    type Value = Given<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given<'de>, A::Error> {
        let mut given = Given::default();
        while let Some(key) = map.next_key::<String>()? {
            let slot = match key.to_ascii_lowercase().as_str() {
                "method" => &mut given.method,
                "bulkid" => &mut given.bulk_id,
                "path" => &mut given.path,
                "version" => &mut given.version,
                "data" => &mut given.data,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if put(slot, &mut map)? {
                return Err(A::Error::custom("a key is given twice"));
            }
        }
        Ok(given)
    }
}
