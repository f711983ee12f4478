//! JSON text into a byte buffer.

use super::moment;
use super::number::Number;
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_types::Timestamp;

/// Begins a member: a comma unless it is the first, the name, a colon. The name is escaped.
pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    comma(out);
    text(out, name);
    out.push(b':');
}

/// A comma, unless an object or a list has just begun.
pub(super) fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

/// A string.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut plain = text.as_bytes();
    while let Some(at) = plain.iter().position(|b| *b < 0x20 || matches!(b, b'"' | b'\\')) {
        let (before, from) = plain.split_at(at);
        out.extend_from_slice(before);
        let Some((byte, after)) = from.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            control => {
                out.extend(b"\\u00");
                out.extend([control >> 4, control & 15].iter().filter_map(|n| HEX.get(usize::from(*n))));
            }
        }
        plain = after;
    }
    out.extend_from_slice(plain);
    out.push(b'"');
}

/// true or false.
pub(super) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// An instant; null outside the years 0 to 9999, which no clock of ours makes.
pub(super) fn time(out: &mut Vec<u8>, at: &Timestamp) {
    let start = out.len();
    out.push(b'"');
    if moment::write(out, at) {
        out.push(b'"');
    } else {
        out.truncate(start);
        out.extend(b"null");
    }
}

/// A value of an open map. Its depth was bounded where it was written.
pub(super) fn value(out: &mut Vec<u8>, from: &AttributeValue) {
    match from.kind.as_ref() {
        None | Some(Kind::NullValue(_)) => out.extend(b"null"),
        Some(Kind::BoolValue(v)) => boolean(out, *v),
        Some(Kind::IntegerValue(v)) => out.extend_from_slice(v.to_string().as_bytes()),
        Some(Kind::DecimalValue(v)) if Number::parse(v).is_some() => out.extend_from_slice(v.as_bytes()),
        Some(Kind::StringValue(v) | Kind::DateTimeValue(v) | Kind::ReferenceValue(v) | Kind::DecimalValue(v)) => text(out, v),
        Some(Kind::BinaryValue(v)) => text(out, &STANDARD.encode(v)),
        Some(Kind::ComplexValue(v)) => {
            out.push(b'{');
            entries(out, v, |_| true);
            out.push(b'}');
        }
        Some(Kind::ListValue(v)) => {
            out.push(b'[');
            for v in &v.values {
                comma(out);
                value(out, v);
            }
            out.push(b']');
        }
    }
}

/// The members of an open map that are to be shown.
pub(super) fn entries(out: &mut Vec<u8>, map: &AttributeMap, show: impl Fn(&str) -> bool) {
    for entry in map.entries.iter().filter(|e| show(&e.name)) {
        if let Some(v) = &entry.value {
            key(out, &entry.name);
            value(out, v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_reads_back(original in any::<String>()) {
            let mut out = Vec::new();
            text(&mut out, &original);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), original);
        }
    }
}
