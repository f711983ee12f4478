//! The one form in which values are stored: what means "no value" is absent (RFC 7643 section 2.5).

use super::access::Slot;
use super::row::{Place, Table};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use std::any::Any;

/// Takes out of an object what is empty, from the inside out. Values themselves are left as they were sent.
pub(super) fn settle(table: &'static dyn Table, object: &mut dyn Any) {
    for row in 0..table.len() {
        let Some(attribute) = table.attribute(row).filter(|a| a.place == Place::Field) else { continue };
        match (table.slot(row, object), attribute.sub) {
            (Slot::OptText(text), _) if text.as_deref() == Some("") => *text = None,
            (Slot::ExternalId(ids), _) => {
                ids.retain(|e| !e.value.is_empty());
                ids.sort_by(|a, b| a.connection_id.cmp(&b.connection_id));
            }
            (Slot::One(one), Some(sub)) => {
                if let Some(object) = one.get() {
                    settle(sub, object);
                }
                one.drop_empty();
            }
            (Slot::Many(items), Some(sub)) => {
                for k in 0..items.len() {
                    if let Some(item) = items.at_mut(k) {
                        settle(sub, item);
                    }
                }
                items.drop_empty();
            }
            _ => {}
        }
    }
    if let Some(rest) = table.rest_slot(object)
        && rest.as_mut().is_some_and(settle_map)
    {
        *rest = None;
    }
    if let Some(extensions) = table.extensions_slot(object) {
        extensions.retain(|_, map| !settle_map(map));
    }
}

/// Whether nothing is left.
pub(super) fn settle_map(map: &mut AttributeMap) -> bool {
    map.entries.retain_mut(|e| e.value.as_mut().is_some_and(|v| !settle_value(v)));
    map.entries.is_empty()
}

/// Whether nothing is left. Messages reach this decoded, so their depth is the decoder's.
fn settle_value(value: &mut AttributeValue) -> bool {
    match &mut value.kind {
        None | Some(Kind::NullValue(_)) => true,
        Some(Kind::StringValue(text) | Kind::DateTimeValue(text) | Kind::ReferenceValue(text)) => text.is_empty(),
        Some(Kind::ComplexValue(map)) => settle_map(map),
        Some(Kind::ListValue(list)) => {
            list.values.retain_mut(|v| !settle_value(v));
            list.values.is_empty()
        }
        Some(_) => false,
    }
}

/// Either alphabet, padded or not, in lines or not.
pub(super) fn is_base64(value: &str) -> bool {
    let data = value.trim_end_matches(['=', '\r', '\n', ' ']);
    data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'\r' | b'\n' | b' '))
}
