//! One PATCH operation inside an extension that a registered schema describes. Types are the border's to judge.

use super::admit::is_of;
use super::list::{List, is_named};
use super::{Custom, Definition, fit};
use crate::api::v1::{AttributeList, AttributeMap, AttributeValue, attribute_value::Kind, patch_operation::Op};
use crate::attributes::ResourceType;
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::filter::Node;
use crate::attributes::parse::{Leniency, Tolerated};
use crate::attributes::patch::Aim;
use crate::attributes::patch_open::join_maps;
use crate::attributes::path::{Target, unknown};
use crate::attributes::row::{Kind as Type, Mutability};
use crate::attributes::take;
use crate::attributes::value::{self, says_nothing, unassigns};
use std::any::Any;

/// Finds the extension and edits it.
pub(in crate::attributes) fn apply(
    kind: ResourceType,
    object: &mut dyn Any,
    custom: &Custom,
    target: &Target,
    aim: &Aim<'_, '_>,
) -> Result<()> {
    let (Some(extension), Some(extensions)) = (&custom.extension, kind.table().extensions_slot(object)) else {
        return Err(unknown(aim.path));
    };
    let stored = extensions.keys().find(|urn| urn.eq_ignore_ascii_case(&extension.urn)).cloned();
    let map = extensions.entry(stored.unwrap_or_else(|| extension.urn.clone())).or_default();
    match (custom.steps.split_first(), aim.value.and_then(|v| v.kind.as_ref())) {
        (Some((attribute, below)), _) => {
            edit(map, attribute, target.filter.as_ref(), target.part.as_ref().or(below.first()).map(AsRef::as_ref), aim)
        }
        _ if aim.op == Op::Remove && take::named(aim.value).is_some() => Err(take::no_value(aim.path)),
        _ if aim.op == Op::Remove || unassigns(aim.value) => {
            if let Some(fixed) = extension.attributes.iter().find(|a| is_fixed(a) && position(map, &a.name).is_some()) {
                return Err(fixed_error(aim.path, fixed));
            }
            map.entries.clear();
            Ok(())
        }
        (None, Some(Kind::ComplexValue(given))) if given.entries.is_empty() => Err(AttributeError::empty(aim.path)),
        (None, Some(Kind::ComplexValue(given))) => given.entries.iter().try_for_each(|entry| match extension.attribute(&entry.name) {
            // Clients send back what they were given.
            Some(attribute) if !attribute.writable() => Ok(()),
            Some(attribute) => {
                let given = entry.value.clone().unwrap_or_default();
                edit(map, attribute, None, None, &Aim { op: aim.op, value: Some(&given), path: aim.path, cx: aim.cx })
            }
            None => join_maps(map, &AttributeMap { entries: vec![entry.clone()] }, aim.path),
        }),
        _ => Err(AttributeError::value(aim.path, format!("{} is an extension: an object.", extension.urn))),
    }
}

fn is_fixed(definition: &Definition) -> bool {
    matches!(definition.mutability, Mutability::ReadOnly | Mutability::Immutable)
}

fn fixed_error(path: &str, definition: &Definition) -> AttributeError {
    let what = if definition.writable() { "immutable: it has a value already" } else { "read-only" };
    AttributeError::mutability(path, format!("{} is {what}.", definition.name))
}

pub(super) fn position(map: &AttributeMap, name: &str) -> Option<usize> {
    map.entries.iter().position(|e| e.name.eq_ignore_ascii_case(name))
}

pub(super) fn takes_away(aim: &Aim<'_, '_>) -> bool {
    aim.op == Op::Remove || unassigns(aim.value)
}

pub(super) fn edit(
    map: &mut AttributeMap,
    definition: &Definition,
    filter: Option<&Node>,
    part: Option<&Definition>,
    aim: &Aim<'_, '_>,
) -> Result<()> {
    let at = position(map, &definition.name);
    if !definition.writable() || (is_fixed(definition) && takes_away(aim) && at.is_some()) {
        return Err(fixed_error(aim.path, definition));
    }
    if definition.multi_valued {
        let old = at.and_then(|at| map.entries.get_mut(at)).and_then(|e| e.value.take()).and_then(|v| v.kind);
        let mut values = match old {
            Some(Kind::ListValue(list)) => list.values,
            Some(kind) => vec![kind.into()],
            None => Vec::new(),
        };
        let mut list = List { values: &mut values, definition, aim };
        match (filter, part) {
            (None, None) => list.whole()?,
            _ => list.elements(filter, part)?,
        }
        return set(map, definition, Kind::ListValue(AttributeList { values }).into(), aim);
    }
    if definition.kind == Type::Complex && !(part.is_none() && takes_away(aim)) {
        let mut inner = match at.and_then(|at| map.entries.get_mut(at)).and_then(|e| e.value.take()).and_then(|v| v.kind) {
            Some(Kind::ComplexValue(inner)) => inner,
            _ => AttributeMap::default(),
        };
        match part {
            Some(part) => edit(&mut inner, part, None, None, aim)?,
            None => join(&mut inner, definition, aim)?,
        }
        return set(map, definition, Kind::ComplexValue(inner).into(), aim);
    }
    match aim.value {
        _ if takes_away(aim) => {
            if definition.required {
                return Err(if aim.op == Op::Remove {
                    AttributeError::mutability(aim.path, format!("{} is required: it cannot be removed.", definition.name))
                } else {
                    AttributeError::required(&definition.name)
                });
            }
            let named = take::named(aim.value).filter(|_| aim.op == Op::Remove);
            let named = named.map(|v| fit(v.clone(), definition, false, Leniency::patch(), &mut Tolerated::default()));
            // An object is named by its `value`.
            let is_value = |v: &AttributeValue| {
                !says_nothing(v) && is_of(v, definition) && (definition.kind != Type::Complex || definition.part("value").is_some())
            };
            if named.as_ref().is_some_and(|v| !is_value(v)) {
                return Err(take::no_value(aim.path));
            }
            let there = at.and_then(|at| map.entries.get(at)).and_then(|e| e.value.as_ref());
            if named.is_none_or(|named| there.is_some_and(|there| is_named(there, &named, definition))) {
                at.map(|at| map.entries.remove(at));
            }
            Ok(())
        }
        Some(given) => set(map, definition, fit(given.clone(), definition, false, Leniency::patch(), &mut Tolerated::default()), aim),
        None => Ok(()),
    }
}

fn set(map: &mut AttributeMap, definition: &Definition, value: AttributeValue, aim: &Aim<'_, '_>) -> Result<()> {
    value::set(map, definition.name.clone(), value).map_err(|e| AttributeError { path: aim.path.to_owned(), ..e })
}

/// An object's members, one by one, into an object.
pub(super) fn join(map: &mut AttributeMap, definition: &Definition, aim: &Aim<'_, '_>) -> Result<()> {
    let given = fit(aim.value.cloned().unwrap_or_default(), definition, true, Leniency::patch(), &mut Tolerated::default());
    match given.kind {
        Some(Kind::ComplexValue(given)) if given.entries.is_empty() => Err(AttributeError::empty(aim.path)),
        Some(Kind::ComplexValue(given)) => join_maps(map, &given, aim.path),
        _ => Err(AttributeError::value(aim.path, format!("{} is of type complex: an object.", definition.name))),
    }
}
