//! `sortBy`: an attribute and a direction.

use super::access::View;
use super::custom::{Definition, Schemas};
use super::error::{AttributeError, Result};
use super::fold;
use super::moment;
use super::number::Number;
use super::path::{Path, Step, Tail};
use super::row::{Attribute, Index, Kind as Type, Mutability, Place};
use super::{Context, ResourceType};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use std::{any::Any, sync::Arc};

/// A sort order (RFC 7644 section 3.4.2.3). Ties are the caller's to break, by id.
#[derive(Debug, Clone)]
pub struct Order {
    path: Path,
    descending: bool,
}

impl Order {
    /// Reads `userName`, `meta.lastModified desc`, `emails asc`.
    ///
    /// # Errors
    /// `INVALID_PATH` when the attribute is unknown or has no order: the server orders neither by membership nor by
    /// secrets nor by what no schema describes.
    pub fn parse(kind: ResourceType, text: &str) -> Result<Order> {
        Self::parse_in(kind, &Schemas::none(), text)
    }

    /// The same where an organization may have registered schemas.
    ///
    /// # Errors
    /// As [`Order::parse`].
    pub fn parse_in(kind: ResourceType, schemas: &Schemas, text: &str) -> Result<Order> {
        let mut words = text.split_ascii_whitespace();
        let (name, direction) = (words.next().unwrap_or_default(), words.next());
        let descending = match direction.map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc" | "ascending") => false,
            Some("desc" | "descending") => true,
            Some(_) => return Err(AttributeError::path(text, "The direction is asc or desc.")),
        };
        if words.next().is_some() {
            return Err(AttributeError::path(text, "An order is one attribute and a direction."));
        }
        let mut path = Path::parse_in(kind, schemas, name)?;
        let has_no_order = || AttributeError::path(text, format!("Resources cannot be ordered by {name}."));
        if let Some(Tail::Custom(custom)) = &mut path.tail {
            if let Some(definition) = custom.definition().filter(|d| d.kind == Type::Complex).cloned() {
                custom.steps.extend(definition.part("value").cloned());
            }
            let secret = custom.steps.iter().any(|d| d.mutability == Mutability::WriteOnly);
            let ordered = custom.definition().is_some_and(|d| !matches!(d.kind, Type::Complex | Type::Binary));
            return if ordered && !secret { Ok(Order { path, descending }) } else { Err(has_no_order()) };
        }
        if let Some(sub) = path.attribute().and_then(|a| a.sub) {
            path.steps.push(Step::find(sub, "value").ok_or_else(has_no_order)?);
        }
        let ordered = |a: &Attribute| matches!(a.place, Place::Field | Place::Computed) && a.name != "schemas";
        if path.tail.is_some() || !path.steps.iter().all(|s| ordered(s.attribute)) {
            return Err(has_no_order());
        }
        Ok(Order { path, descending })
    }

    /// Whether the greatest come first.
    pub fn descending(&self) -> bool {
        self.descending
    }

    /// Whether it is by `id`, which no two resources share.
    pub fn is_by_id(&self) -> bool {
        self.path.attribute().is_some_and(|a| a.index == Some(Index::Id))
    }

    /// The bytes by which an object sorts; `None` without a value: such objects come last ascending, first descending.
    /// Of a list the primary element counts, else the first. Caseless unless the attribute is `caseExact`.
    pub fn key(&self, object: &dyn Any, cx: &Context<'_>) -> Option<Vec<u8>> {
        let (Some(Tail::Custom(custom)), Some(kind)) = (&self.path.tail, self.path.kind) else { return key(&self.path.steps, object, cx) };
        let urn = &custom.extension.as_ref()?.urn;
        let map = kind.table().extensions(object)?.iter().find(|(key, _)| key.eq_ignore_ascii_case(urn))?.1;
        typed_key(map, &custom.steps)
    }
}

/// The same below a registered extension.
fn typed_key(map: &AttributeMap, steps: &[Arc<Definition>]) -> Option<Vec<u8>> {
    let (definition, below) = steps.split_first()?;
    let value = map.entries.iter().find(|e| e.name.eq_ignore_ascii_case(&definition.name))?.value.as_ref()?;
    let value = match &value.kind {
        Some(Kind::ListValue(list)) => list.values.iter().find(|v| is_primary(v)).or_else(|| list.values.first())?,
        _ => value,
    };
    match (definition.kind, value.kind.as_ref()?) {
        (_, Kind::ComplexValue(map)) => typed_key(map, below),
        (Type::DateTime, Kind::DateTimeValue(text) | Kind::StringValue(text)) => moment::parse(text).map(instant),
        (Type::String | Type::Reference, Kind::StringValue(text) | Kind::ReferenceValue(text)) => {
            Some(fold::apply(definition.fold, text).into_owned().into_bytes())
        }
        (Type::Boolean, Kind::BoolValue(value)) => Some(vec![u8::from(*value)]),
        (Type::Integer | Type::Decimal, Kind::IntegerValue(value)) => Some(Number::from(*value).key()),
        (Type::Integer | Type::Decimal, Kind::DecimalValue(text)) => Some(Number::parse(text)?.key()),
        _ => None,
    }
}

fn is_primary(value: &AttributeValue) -> bool {
    let Some(Kind::ComplexValue(map)) = &value.kind else { return false };
    map.entries.iter().any(|e| e.name.eq_ignore_ascii_case("primary") && e.value == Some(Kind::BoolValue(true).into()))
}

/// With the sign bit flipped, bytes sort as numbers do.
fn instant((seconds, nanos): moment::Instant) -> Vec<u8> {
    let mut bytes = (seconds ^ i64::MIN).to_be_bytes().to_vec();
    bytes.extend(nanos.to_be_bytes());
    bytes
}

fn key(steps: &[Step], object: &dyn Any, cx: &Context<'_>) -> Option<Vec<u8>> {
    let (step, below) = steps.split_first()?;
    match step.view(object) {
        View::Absent | View::Texts(_) => None,
        View::Text(text) => Some(fold::apply(step.attribute.fold, text).into_owned().into_bytes()),
        View::Bool(value) => Some(vec![u8::from(value)]),
        View::Time(t) => Some(instant((t.seconds, t.nanos))),
        View::Location(endpoint, id) => Some(format!("{}/{endpoint}/{id}", cx.base).into_bytes()),
        View::Version(etag, _) => Some(etag.as_bytes().to_vec()),
        View::ExternalId(ids) => ids.iter().find(|e| e.connection_id == cx.connection).map(|e| e.value.clone().into_bytes()),
        View::One(object) => key(below, object, cx),
        View::Many(items) => {
            let primary = step.attribute.sub.and_then(|sub| Step::find(sub, "primary"));
            let is_primary = |k: &usize| items.at(*k).zip(primary).is_some_and(|(item, p)| matches!(p.view(item), View::Bool(true)));
            let first = (0..items.len()).find(is_primary).unwrap_or(0);
            key(below, items.at(first)?, cx)
        }
    }
}
