//! The border for extensions that a registered schema describes: what may be stored.

use super::{Definition, Extension, Schemas, fit};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_map::Entry, attribute_value::Kind};
use crate::attributes::ResourceType;
use crate::attributes::canon::{is_base64, settle_map};
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::moment;
use crate::attributes::parse::{Leniency, Tolerated};
use crate::attributes::row::{Extensions, Kind as Type, Mutability};
use crate::attributes::value::unassigns;
use crate::limits;

impl Schemas {
    /// Brings a resource's extensions into their schemas' form and checks them. `before` is what is stored: read-only
    /// values stay what they were, immutable ones are written once. Extensions that no schema describes are left alone.
    ///
    /// # Errors
    /// `INVALID_VALUE` naming the attribute: another type, a required one without a value, too many values;
    /// `MUTABILITY` for another value of an immutable attribute.
    pub fn admit(&self, kind: ResourceType, extensions: &mut Extensions, before: Option<&Extensions>) -> Result<()> {
        for extension in self.of(kind) {
            let given = extensions.keys().find(|urn| urn.eq_ignore_ascii_case(&extension.urn)).cloned();
            let mut map = given.and_then(|urn| extensions.remove(&urn)).unwrap_or_default();
            extension.fit(&mut map, Leniency::strict());
            let stored = before.and_then(|b| b.iter().find(|(urn, _)| urn.eq_ignore_ascii_case(&extension.urn)).map(|(_, map)| map));
            let is_left_out = settle_map(&mut map.clone());
            keep(extension, &mut map, stored)?;
            if is_left_out && !map.entries.is_empty() {
                keep_required(extension, &mut map, stored);
            }
            if settle_map(&mut map) {
                if extension.extends(kind) == Some(true) {
                    let missing =
                        extension.attributes.iter().find(|a| a.required).map_or_else(|| extension.urn.clone(), |a| path(extension, a));
                    return Err(AttributeError::required(&missing));
                }
                continue;
            }
            object(&extension.attributes, &map, &format!("{}:", extension.urn))?;
            extensions.insert(extension.urn.clone(), map);
        }
        Ok(())
    }

    /// Refuses what is of another shape, as long as what is empty is still there: `{}` is no number, and `[null]` no text.
    ///
    /// # Errors
    /// `INVALID_VALUE` naming the attribute.
    pub fn check_shapes(&self, kind: ResourceType, extensions: &Extensions) -> Result<()> {
        extensions.iter().filter_map(|(urn, map)| Some((self.extension(kind, urn)?, map))).try_for_each(|(extension, map)| {
            let above = format!("{}:", extension.urn);
            shapes(&extension.attributes, map, &above)
        })
    }

    /// The same form without the check, as forgiving as is said: for documents on their way to the border.
    pub fn fit(&self, kind: ResourceType, extensions: &mut Extensions, leniency: Leniency) -> Tolerated {
        let mut used = Tolerated::default();
        for extension in self.of(kind) {
            for (_, map) in extensions.iter_mut().filter(|(urn, _)| urn.eq_ignore_ascii_case(&extension.urn)) {
                fit::names(map, &extension.attributes, leniency, &mut used);
            }
        }
        used
    }

    /// The name of something in the extensions that no schema knows, if there is any.
    pub fn unknown(&self, kind: ResourceType, extensions: &Extensions) -> Option<String> {
        extensions.iter().find_map(|(urn, map)| match self.extension(kind, urn) {
            None => Some(urn.clone()),
            Some(extension) => {
                let unknown = |map: &AttributeMap, all: &[_]| {
                    map.entries.iter().find(|e| super::find(all, &e.name).is_none()).map(|e| e.name.clone())
                };
                let name = unknown(map, &extension.attributes).or_else(|| {
                    map.entries.iter().find_map(|entry| {
                        let definition = extension.attribute(&entry.name).filter(|d| d.kind == Type::Complex)?;
                        let name = elements(entry.value.as_ref()).into_iter().find_map(|v| match &v.kind {
                            Some(Kind::ComplexValue(map)) => unknown(map, &definition.sub),
                            _ => None,
                        })?;
                        Some(format!("{}.{name}", definition.name))
                    })
                })?;
                Some(format!("{}:{name}", extension.urn))
            }
        })
    }

    /// The name of a registered attribute whose value is, or holds, an empty text.
    pub fn empty_text(&self, kind: ResourceType, extensions: &Extensions) -> Option<String> {
        extensions.iter().find_map(|(urn, map)| {
            let extension = self.extension(kind, urn)?;
            let known = |e: &&Entry| extension.attribute(&e.name).is_some_and(|d| d.writable());
            let entry = map.entries.iter().filter(known).find(|e| e.value.as_ref().is_some_and(is_empty_text))?;
            Some(format!("{}:{}", extension.urn, entry.name))
        })
    }

    /// Takes out of the extensions what no schema knows.
    pub fn drop_unknown(&self, kind: ResourceType, extensions: &mut Extensions) {
        extensions.retain(|urn, map| {
            let Some(extension) = self.extension(kind, urn) else { return false };
            map.entries.retain_mut(|entry| {
                let Some(definition) = extension.attribute(&entry.name) else { return false };
                if let (Type::Complex, Some(value)) = (definition.kind, &mut entry.value) {
                    drop_parts(value, definition);
                }
                true
            });
            !map.entries.is_empty()
        });
    }
}

fn is_empty_text(value: &AttributeValue) -> bool {
    match &value.kind {
        Some(Kind::StringValue(text) | Kind::DateTimeValue(text) | Kind::ReferenceValue(text)) => text.is_empty(),
        Some(Kind::ListValue(list)) => list.values.iter().any(is_empty_text),
        Some(Kind::ComplexValue(map)) => map.entries.iter().any(|e| e.value.as_ref().is_some_and(is_empty_text)),
        _ => false,
    }
}

fn drop_parts(value: &mut AttributeValue, definition: &Definition) {
    match &mut value.kind {
        Some(Kind::ComplexValue(map)) => map.entries.retain(|e| definition.part(&e.name).is_some()),
        Some(Kind::ListValue(list)) => list.values.iter_mut().for_each(|v| drop_parts(v, definition)),
        _ => {}
    }
}

fn elements(value: Option<&AttributeValue>) -> Vec<&AttributeValue> {
    match value.map(|v| (v, &v.kind)) {
        Some((_, Some(Kind::ListValue(list)))) => list.values.iter().collect(),
        Some((value, _)) => vec![value],
        None => Vec::new(),
    }
}

fn path(extension: &Extension, definition: &Definition) -> String {
    format!("{}:{}", extension.urn, definition.name)
}

/// Holds what is given against what is stored: read-only values are the stored ones, immutable ones do not change.
fn keep(extension: &Extension, map: &mut AttributeMap, stored: Option<&AttributeMap>) -> Result<()> {
    for definition in extension.attributes.iter().filter(|d| matches!(d.mutability, Mutability::ReadOnly | Mutability::Immutable)) {
        let is = |entry: &&Entry| entry.name.eq_ignore_ascii_case(&definition.name);
        let old = stored.and_then(|s| s.entries.iter().find(is)).cloned();
        let at = map.entries.iter().position(|e| is(&e));
        let Some(mut old) = old else {
            if let (Some(at), Mutability::ReadOnly) = (at, definition.mutability) {
                map.entries.remove(at);
            }
            continue;
        };
        let given = at.map(|at| map.entries.remove(at));
        // It may have been stored before the schema was.
        old.name.clone_from(&definition.name);
        old.value = old.value.take().map(|value| super::fit(value, definition, false, Leniency::strict(), &mut Tolerated::default()));
        let differs = |given: Entry| {
            given.value != old.value
                && given
                    .value
                    .is_some_and(|v| !settle_map(&mut AttributeMap { entries: vec![Entry { name: String::new(), value: Some(v) }] }))
        };
        if definition.mutability == Mutability::Immutable && given.is_some_and(differs) {
            let path = path(extension, definition);
            return Err(AttributeError::mutability(path.clone(), format!("{path} is immutable: it has a value already.")));
        }
        // In its place, so that a document that was read and sent back is the same.
        map.entries.insert(at.unwrap_or(map.entries.len()), old);
    }
    Ok(())
}

/// An extension that was left out and has to stay, for what cannot be written any more, stays with what it requires.
fn keep_required(extension: &Extension, map: &mut AttributeMap, stored: Option<&AttributeMap>) {
    for definition in extension.attributes.iter().filter(|d| d.required) {
        let is = |entry: &&Entry| entry.name.eq_ignore_ascii_case(&definition.name);
        let old = stored.and_then(|s| s.entries.iter().find(is));
        if let Some(old) = old.filter(|_| !map.entries.iter().any(|e| is(&e))) {
            let value = old.value.clone().map(|value| super::fit(value, definition, false, Leniency::strict(), &mut Tolerated::default()));
            map.entries.push(Entry { name: definition.name.clone(), value });
        }
    }
}

pub(super) fn shapes(definitions: &[std::sync::Arc<Definition>], map: &AttributeMap, above: &str) -> Result<()> {
    for entry in &map.entries {
        let (Some(definition), Some(value)) = (super::find(definitions, &entry.name).filter(|d| d.writable()), &entry.value) else {
            continue;
        };
        shape_of(value, definition, false, &format!("{above}{}", definition.name))?;
    }
    Ok(())
}

/// `element` says that the value is for one element of the attribute's list.
pub(super) fn shape_of(value: &AttributeValue, definition: &Definition, element: bool, path: &str) -> Result<()> {
    let is_list = definition.multi_valued && !element;
    match &value.kind {
        Some(Kind::ListValue(list)) if is_list => list.values.iter().try_for_each(|v| shape(v, definition, path)),
        Some(Kind::ListValue(list)) if list.values.is_empty() => Ok(()),
        _ if is_list && !unassigns(Some(value)) => Err(wrong(value, definition, path)),
        _ => shape(value, definition, path),
    }
}

fn shape(value: &AttributeValue, definition: &Definition, path: &str) -> Result<()> {
    match (definition.kind, &value.kind) {
        (Type::Complex, Some(Kind::ComplexValue(map))) => shapes(&definition.sub, map, &format!("{path}.")),
        (Type::Complex, Some(_)) if !unassigns(Some(value)) => Err(wrong(value, definition, path)),
        (_, Some(Kind::ComplexValue(_) | Kind::ListValue(_))) => Err(wrong(value, definition, path)),
        _ => Ok(()),
    }
}

/// Whether a value, or an element, is of its attribute's type; of an object the parts are not looked at.
pub(super) fn is_of(value: &AttributeValue, definition: &Definition) -> bool {
    match definition.kind {
        Type::Complex => matches!(value.kind, Some(Kind::ComplexValue(_))),
        _ => one(value, definition, "").is_ok(),
    }
}

fn object(definitions: &[std::sync::Arc<Definition>], map: &AttributeMap, above: &str) -> Result<()> {
    for definition in definitions {
        let path = format!("{above}{}", definition.name);
        match map.entries.iter().find(|e| e.name == definition.name).and_then(|e| e.value.as_ref()) {
            None if definition.required => return Err(AttributeError::required(&path)),
            None => {}
            Some(value) => attribute(value, definition, &path)?,
        }
    }
    Ok(())
}

fn attribute(value: &AttributeValue, definition: &Definition, path: &str) -> Result<()> {
    let Some(Kind::ListValue(list)) = value.kind.as_ref().filter(|_| definition.multi_valued) else {
        return if definition.multi_valued { Err(wrong(value, definition, path)) } else { one(value, definition, path) };
    };
    if list.values.len() > limits::VALUES_PER_ATTRIBUTE {
        return Err(AttributeError::bound(path, limits::VALUES_PER_ATTRIBUTE, "values"));
    }
    list.values.iter().try_for_each(|value| one(value, definition, path))?;
    let primary = |v: &&AttributeValue| matches!(&v.kind, Some(Kind::ComplexValue(map)) if map.entries.iter().any(|e| e.name == "primary" && e.value == Some(Kind::BoolValue(true).into())));
    if definition.part("primary").is_some_and(|p| p.kind == Type::Boolean) && list.values.iter().filter(primary).count() > 1 {
        return Err(AttributeError::value(format!("{path}.primary"), format!("Only one value of {path} can be primary.")));
    }
    Ok(())
}

fn one(value: &AttributeValue, definition: &Definition, path: &str) -> Result<()> {
    match (definition.kind, &value.kind) {
        (Type::String, Some(Kind::StringValue(_)))
        | (Type::Reference, Some(Kind::ReferenceValue(_)))
        | (Type::Boolean, Some(Kind::BoolValue(_)))
        | (Type::Integer | Type::Decimal, Some(Kind::IntegerValue(_)))
        | (Type::Decimal, Some(Kind::DecimalValue(_)))
        | (Type::Binary, Some(Kind::BinaryValue(_))) => Ok(()),
        (Type::DateTime, Some(Kind::DateTimeValue(text))) if moment::parse(text).is_some() => Ok(()),
        (Type::DateTime, Some(Kind::DateTimeValue(_))) => {
            Err(AttributeError::value(path, format!("{path} is an instant, such as 2026-01-31T08:00:00Z.")))
        }
        (Type::Binary, Some(Kind::StringValue(text))) if is_base64(text) => Ok(()),
        (Type::Binary, Some(Kind::StringValue(_))) => Err(AttributeError::value(path, format!("{path} is binary: base64 text."))),
        (Type::Complex, Some(Kind::ComplexValue(map))) => object(&definition.sub, map, &format!("{path}.")),
        _ => Err(wrong(value, definition, path)),
    }
}

fn wrong(value: &AttributeValue, definition: &Definition, path: &str) -> AttributeError {
    let found = match &value.kind {
        Some(Kind::StringValue(_) | Kind::DateTimeValue(_) | Kind::ReferenceValue(_)) => "a text",
        Some(Kind::BoolValue(_)) => "a boolean",
        Some(Kind::IntegerValue(_)) => "a number",
        Some(Kind::DecimalValue(_)) => "a decimal",
        Some(Kind::BinaryValue(_)) => "bytes",
        Some(Kind::ComplexValue(_)) => "an object",
        Some(Kind::ListValue(_)) => "a list",
        None | Some(Kind::NullValue(_)) => "nothing",
    };
    let list = if definition.multi_valued { "a list of values" } else { "one value" };
    let kind = crate::attributes::schemas::kind(definition.kind);
    AttributeError::value(path, format!("{path} is {list} of type {kind}, not {found}."))
}
