//! A remove with a value (RFC 7644 section 3.5.2.2 gives it none): what is there goes if it is what the value says. What is
//! not there is gone already.

use super::Context;
use super::access::{Slot, View};
use super::error::{AttributeError, Result};
use super::fold;
use super::row::{Attribute, Fold, Table};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use std::any::Any;

/// The value that a remove names; `None` where it names none.
pub(super) fn named(value: Option<&AttributeValue>) -> Option<&AttributeValue> {
    value.filter(|v| !matches!(v.kind, None | Some(Kind::NullValue(_))))
}

/// Whether one value that is not in a list is what is named. An object is named by its `value`.
///
/// # Errors
/// `INVALID_VALUE` for a value of another type, and for objects that have no `value`.
pub(super) fn is_named(attribute: &Attribute, slot: Slot<'_>, named: &AttributeValue, path: &str, cx: &Context<'_>) -> Result<bool> {
    let text = |there: Option<&str>| match &named.kind {
        Some(Kind::StringValue(given)) => Some(there.is_some_and(|there| equal(attribute.fold, there, given))),
        _ => None,
    };
    let is = match slot {
        Slot::Text(there) => text(Some(there.as_str())),
        Slot::OptText(there) => text(there.as_deref()),
        Slot::ExternalId(ids) => text(ids.iter().find(|id| id.connection_id == cx.connection).map(|id| id.value.as_str())),
        Slot::OptBool(there) => match &named.kind {
            Some(Kind::BoolValue(given)) => Some(*there == Some(*given)),
            _ => None,
        },
        Slot::One(one) => match (&named.kind, attribute.sub.filter(|sub| sub.find("value", 0).is_some())) {
            (Some(Kind::ComplexValue(given)), Some(sub)) if !given.entries.is_empty() => {
                Some(one.get().is_some_and(|there| has(sub, there, given)))
            }
            _ => None,
        },
        Slot::Many(_) | Slot::Fixed => None,
    };
    is.ok_or_else(|| no_value(path))
}

/// Whether an object has all that is given.
pub(super) fn has(table: &'static dyn Table, there: &dyn Any, given: &AttributeMap) -> bool {
    given.entries.iter().all(|entry| {
        let Some((row, attribute)) = table.find(&entry.name, 0) else { return false };
        match (table.view(row, there), entry.value.as_ref().and_then(|v| v.kind.as_ref())) {
            (View::Text(there), Some(Kind::StringValue(given))) => equal(attribute.fold, there, given),
            (View::Bool(there), Some(Kind::BoolValue(given))) => there == *given,
            (View::Absent, None | Some(Kind::NullValue(_))) => true,
            _ => false,
        }
    })
}

/// Whether an element that a filter chose is what is named: an object, of which it `has` all.
///
/// # Errors
/// `INVALID_VALUE` for what is no object.
pub(super) fn is_element(named: &AttributeValue, path: &str, has: impl FnOnce(&AttributeMap) -> bool) -> Result<bool> {
    match &named.kind {
        Some(Kind::ComplexValue(given)) if !given.entries.is_empty() => Ok(has(given)),
        _ => Err(no_value(path)),
    }
}

/// `INVALID_VALUE`: a remove that nobody can tell what is to go by.
pub(super) fn no_value(path: &str) -> AttributeError {
    AttributeError::value(path, "A remove has no value here: name what goes by its path.")
}

fn equal(fold: Fold, there: &str, given: &str) -> bool {
    fold::apply(fold, there) == fold::apply(fold, given)
}
