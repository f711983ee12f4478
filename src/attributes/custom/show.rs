//! What of a registered extension is shown: its schema says when an attribute is returned, the reader which.

use super::{Definition, Extension};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_value::Kind};
use crate::attributes::row::Returned;

/// What a reader named, caselessly: URNs, `URN:attribute`, `URN:attribute.part`.
#[derive(Debug, Clone, Copy)]
pub(in crate::attributes) struct Named<'a> {
    /// All that is shown, or what is not.
    pub list: &'a [String],
    /// Whether it is all.
    pub only: bool,
    /// What is shown besides.
    pub besides: &'a [String],
    /// Whether what is returned on request was asked for.
    pub requested: bool,
}

enum Shown {
    Nothing,
    Whole,
    /// These parts, or all but these.
    Parts(Vec<String>, bool),
}

/// The extension as the reader sees it; empty if nothing is left.
pub(in crate::attributes) fn cut(extension: &Extension, map: &AttributeMap, names: Named<'_>) -> AttributeMap {
    let urn = extension.urn.to_lowercase();
    let mut entries = Vec::with_capacity(map.entries.len());
    for entry in &map.entries {
        let full = format!("{urn}:{}", entry.name.to_lowercase());
        let shown = match extension.attribute(&entry.name) {
            Some(definition) => of(definition, &urn, &full, names),
            None => undefined(&urn, &full, names),
        };
        let mut entry = entry.clone();
        match shown {
            Shown::Nothing => continue,
            Shown::Whole => {}
            Shown::Parts(parts, only) => {
                if let Some(value) = &mut entry.value
                    && keep_parts(value, &parts, only)
                {
                    continue;
                }
            }
        }
        entries.push(entry);
    }
    AttributeMap { entries }
}

fn of(definition: &Definition, urn: &str, full: &str, names: Named<'_>) -> Shown {
    let has = |all: &[String], name: &str| all.iter().any(|n| n == name);
    let parts =
        |all: &[String]| -> Vec<String> { all.iter().filter_map(|n| n.strip_prefix(full)?.strip_prefix('.').map(str::to_owned)).collect() };
    let besides = names.requested || has(names.besides, full) || !parts(names.besides).is_empty();
    match (definition.returned, names.only) {
        (Returned::Never, _) => Shown::Nothing,
        (Returned::Always, _) => Shown::Whole,
        (Returned::Request, false) => {
            if besides {
                Shown::Whole
            } else {
                Shown::Nothing
            }
        }
        (Returned::Request | Returned::Default, true) => {
            let whole = has(names.list, full) || (definition.returned == Returned::Default && has(names.list, urn));
            let parts = parts(names.list);
            if whole {
                Shown::Whole
            } else if parts.is_empty() {
                Shown::Nothing
            } else {
                Shown::Parts(parts, true)
            }
        }
        (Returned::Default, false) if has(names.list, urn) || has(names.list, full) => Shown::Nothing,
        (Returned::Default, false) => match parts(names.list) {
            parts if parts.is_empty() => Shown::Whole,
            parts => Shown::Parts(parts, false),
        },
    }
}

/// An attribute that the schema does not define goes with its extension.
fn undefined(urn: &str, full: &str, names: Named<'_>) -> Shown {
    let is_there = names.list.iter().any(|n| n == urn || n == full);
    if is_there == names.only { Shown::Whole } else { Shown::Nothing }
}

/// Whether nothing is left.
fn keep_parts(value: &mut AttributeValue, parts: &[String], only: bool) -> bool {
    match &mut value.kind {
        Some(Kind::ComplexValue(map)) => {
            map.entries.retain(|e| parts.iter().any(|p| p.eq_ignore_ascii_case(&e.name)) == only);
            map.entries.is_empty()
        }
        Some(Kind::ListValue(list)) => {
            list.values.retain_mut(|v| !keep_parts(v, parts, only));
            list.values.is_empty()
        }
        // No object: it has no parts.
        _ => only,
    }
}
