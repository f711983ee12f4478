//! Values fitted to the attribute they are for: the tolerated spellings of a value become the one the schema has.
//! What fits no tolerance is left as it is; the engine refuses it.

use super::{
    error::Refusal,
    profiles::{Leeway, Tolerance as T},
};
use crate::{
    api::v1::{AttributeList, AttributeMap, AttributeValue, NullMarker, attribute_map::Entry, attribute_value::Kind},
    attributes::row::{Attribute, Kind as Type, Table},
};

/// Fits a value to an attribute; `element` says that the target is one element of its list.
///
/// # Errors
/// `invalidValue` for a shape that the engine forgives and the profile does not.
pub fn fit(value: AttributeValue, attribute: &Attribute, element: bool, leeway: Leeway<'_>) -> Result<AttributeValue, Refusal> {
    let many = attribute.multi_valued && !element;
    let one_for_many = leeway.has(T::OneForMany);
    match (many, value.kind) {
        (true, Some(Kind::ListValue(list))) => {
            let values = list.values.into_iter().map(|value| fit_one(value, attribute, leeway)).collect::<Result<_, _>>()?;
            Ok(Kind::ListValue(AttributeList { values }).into())
        }
        (true, Some(Kind::ComplexValue(map))) if one_for_many && !map.entries.is_empty() => {
            leeway.note(T::OneForMany, 1);
            let value = fit_one(Kind::ComplexValue(map).into(), attribute, leeway)?;
            Ok(Kind::ListValue(AttributeList { values: vec![value] }).into())
        }
        (true, Some(Kind::StringValue(text))) if !text.is_empty() => {
            if one_for_many && leeway.takes(T::BareValue) {
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
                Some(value) => fit_one(value, attribute, leeway),
                None => Ok(null()),
            }
        }
        (false, kind) => fit_one(AttributeValue { kind }, attribute, leeway),
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

fn fit_one(value: AttributeValue, attribute: &Attribute, leeway: Leeway<'_>) -> Result<AttributeValue, Refusal> {
    match (attribute.kind, attribute.sub, value.kind) {
        (Type::Boolean, _, Some(Kind::StringValue(text))) if leeway.has(T::TextBooleans) => match boolean(&text) {
            Some(value) => {
                leeway.note(T::TextBooleans, 1);
                Ok(Kind::BoolValue(value).into())
            }
            None => Ok(Kind::StringValue(text).into()),
        },
        (Type::Complex, Some(table), Some(Kind::ComplexValue(map))) => Ok(Kind::ComplexValue(fit_map(map, table, leeway)?).into()),
        (Type::Complex, Some(table), Some(Kind::StringValue(text))) if !text.is_empty() && table.find("value", 0).is_some() => {
            if !leeway.takes(T::BareValue) {
                return Err(wrong(attribute, "a text"));
            }
            let entry = Entry { name: "value".to_owned(), value: Some(Kind::StringValue(text).into()) };
            Ok(Kind::ComplexValue(AttributeMap { entries: vec![entry] }).into())
        }
        (_, _, kind) => Ok(AttributeValue { kind }),
    }
}

fn fit_map(map: AttributeMap, table: &'static dyn Table, leeway: Leeway<'_>) -> Result<AttributeMap, Refusal> {
    let fit_entry = |Entry { name, value }| {
        let value = match (value, table.find(&name, 0)) {
            (Some(value), Some((_, attribute))) => {
                let value = fit(value, attribute, false, leeway)?;
                // Inside an object an empty text unsets, as null and an empty list do anyway.
                let empty = matches!(value.kind, Some(Kind::StringValue(_) | Kind::ComplexValue(_))) && is_nothing(&value);
                if empty && leeway.takes(T::EmptyIsAbsent) { Some(null()) } else { Some(value) }
            }
            (value, _) => value,
        };
        Ok(Entry { name, value })
    };
    Ok(AttributeMap { entries: map.entries.into_iter().map(fit_entry).collect::<Result<_, Refusal>>()? })
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
