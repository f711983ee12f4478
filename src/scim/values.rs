//! Values fitted to the attribute they are for: the tolerated spellings of a value become the one the schema has.
//! What fits no tolerance is left as it is; the engine refuses it.

use super::{document::clip, error::Refusal, operations::Rules, profiles::Tolerance as T};
use crate::{
    api::v1::{
        AttributeList, AttributeMap, AttributeValue, NullMarker, attribute_map::Entry, attribute_value::Kind, connection::UnknownAttributes,
    },
    attributes::row::{Attribute, Kind as Type, Place, Table},
};

/// Fits a value to an attribute; `element` says that the target is one element of its list.
///
/// # Errors
/// `invalidValue` for a shape that the engine forgives and the profile does not; `mutability` for what no client writes, and
/// `invalidSyntax` for what no schema knows, where the connection rejects that.
pub fn fit(rules: &Rules<'_>, value: AttributeValue, attribute: &Attribute, element: bool) -> Result<AttributeValue, Refusal> {
    let leeway = rules.leeway;
    let many = attribute.multi_valued && !element;
    let one_for_many = leeway.has(T::OneForMany);
    match (many, value.kind) {
        (true, Some(Kind::ListValue(list))) => {
            let values = list.values.into_iter().map(|value| fit_one(rules, value, attribute)).collect::<Result<_, _>>()?;
            Ok(Kind::ListValue(AttributeList { values }).into())
        }
        (true, Some(Kind::ComplexValue(map))) if one_for_many && !map.entries.is_empty() => {
            leeway.note(T::OneForMany, 1);
            let value = fit_one(rules, Kind::ComplexValue(map).into(), attribute)?;
            Ok(Kind::ListValue(AttributeList { values: vec![value] }).into())
        }
        (true, Some(Kind::StringValue(text))) if !text.is_empty() || !leeway.has(T::EmptyIsAbsent) => {
            if !text.is_empty() && one_for_many && leeway.takes(T::BareValue) {
                leeway.note(T::OneForMany, 1);
                return Ok(Kind::StringValue(text).into());
            }
            Err(wrong(attribute, "a text"))
        }
        (true, Some(Kind::ComplexValue(_))) if !one_for_many => Err(wrong(attribute, "an object")),
        (true, kind) => Ok(AttributeValue { kind }),
        (false, Some(Kind::ListValue(_))) if !one_for_many => Err(wrong(attribute, "a list")),
        (false, Some(Kind::ListValue(mut list))) if list.values.len() < 2 => {
            leeway.note(T::OneForMany, 1);
            match list.values.pop() {
                Some(value) => fit_one(rules, value, attribute),
                None => Ok(null()),
            }
        }
        (false, kind) => fit_one(rules, AttributeValue { kind }, attribute),
    }
}

/// Whether a value holds nothing: null, `""`, `[]` or `{}`.
pub fn is_nothing(value: &AttributeValue) -> bool {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => true,
        Some(Kind::StringValue(text)) => text.is_empty(),
        Some(Kind::ListValue(list)) => list.values.is_empty(),
        Some(Kind::ComplexValue(map)) => map.entries.is_empty(),
        Some(_) => false,
    }
}

fn fit_one(rules: &Rules<'_>, value: AttributeValue, attribute: &Attribute) -> Result<AttributeValue, Refusal> {
    let leeway = rules.leeway;
    match (attribute.kind, attribute.sub, value.kind) {
        (Type::Boolean, _, Some(Kind::StringValue(text))) if leeway.has(T::TextBooleans) => match boolean(&text) {
            Some(value) => {
                leeway.note(T::TextBooleans, 1);
                Ok(Kind::BoolValue(value).into())
            }
            None => Ok(Kind::StringValue(text).into()),
        },
        (Type::Complex, Some(table), Some(Kind::ComplexValue(map))) => {
            Ok(Kind::ComplexValue(fit_map(rules, map, attribute, table)?).into())
        }
        (Type::Complex, Some(table), Some(Kind::StringValue(text))) if !text.is_empty() && table.find("value", 0).is_some() => {
            if !leeway.takes(T::BareValue) {
                return Err(wrong(attribute, "a text"));
            }
            let entry = Entry { name: "value".to_owned(), value: Some(Kind::StringValue(text).into()) };
            Ok(Kind::ComplexValue(AttributeMap { entries: vec![entry] }).into())
        }
        (Type::Complex, _, Some(Kind::StringValue(text))) if text.is_empty() && !leeway.has(T::EmptyIsAbsent) => {
            Err(wrong(attribute, "a text"))
        }
        (_, _, kind) => Ok(AttributeValue { kind }),
    }
}

fn fit_map(rules: &Rules<'_>, map: AttributeMap, of: &Attribute, table: &'static dyn Table) -> Result<AttributeMap, Refusal> {
    let mut entries = Vec::with_capacity(map.entries.len());
    for Entry { name, value } in map.entries {
        let value = match (value, table.find(&name, 0)) {
            (value, Some((_, part))) if of.place != Place::Members && !part.writable() => {
                if value.as_ref().is_some_and(|v| !is_nothing(v)) && !rules.leeway.takes(T::ReadOnlyKeys) {
                    return Err(read_only(part.name));
                }
                continue;
            }
            (Some(value), Some((_, attribute))) => {
                let was_nothing = is_nothing(&value);
                let value = fit(rules, value, attribute, false)?;
                // All of it was ignored.
                if !was_nothing && matches!(&value.kind, Some(Kind::ComplexValue(map)) if map.entries.is_empty()) {
                    continue;
                }
                // Inside an object an empty text unsets, as null and an empty list do anyway.
                let empty = matches!(value.kind, Some(Kind::StringValue(_))) && is_nothing(&value);
                if empty && rules.leeway.takes(T::EmptyIsAbsent) { Some(null()) } else { Some(value) }
            }
            (_, None) if rules.unknown == UnknownAttributes::Reject => {
                return Err(unknown(&format!("{}.{name}", of.name)));
            }
            (_, None) if of.place != Place::Members && !keeps(rules.unknown, of) => continue,
            (value, _) => value,
        };
        entries.push(Entry { name, value });
    }
    Ok(AttributeMap { entries })
}

/// Whether what no schema knows is kept in an object: unless the connection says more, in containers named by a URN.
fn keeps(unknown: UnknownAttributes, of: &Attribute) -> bool {
    match unknown {
        UnknownAttributes::Keep => true,
        UnknownAttributes::Unspecified => of.name.starts_with("urn:"),
        UnknownAttributes::Ignore | UnknownAttributes::Reject => false,
    }
}

/// The refusal of what no schema knows, as documents get it.
pub fn unknown(name: &str) -> Refusal {
    Refusal::syntax(format!("No attribute is called {}.", clip(name)))
}

/// The refusal of what no client writes.
pub fn read_only(name: &str) -> Refusal {
    Refusal::bad("mutability", format!("{} is read-only.", clip(name)))
}

fn wrong(attribute: &Attribute, what: &str) -> Refusal {
    let list = if attribute.multi_valued { "a list of values" } else { "one value" };
    Refusal::value(format!("{} is {list}, not {what}.", attribute.name))
}

/// `true` or `false` in any letter case.
pub fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn null() -> AttributeValue {
    Kind::NullValue(NullMarker::Null as i32).into()
}
