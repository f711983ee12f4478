//! One PATCH operation inside an extension that no schema describes.

use super::ResourceType;
use super::access::Slot;
use super::error::{AttributeError, Result};
use super::patch::Aim;
use super::path::{Path, Tail, strip, unknown};
use super::take;
use super::value::{self, unassigns};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_map::Entry, attribute_value::Kind, patch_operation::Op};
use crate::limits;
use std::any::Any;

/// Finds the map that the path means and edits it there.
pub(super) fn apply(kind: ResourceType, object: &mut dyn Any, path: &Path, tail: &Tail, aim: &Aim<'_, '_>) -> Result<()> {
    match tail {
        Tail::Extension(text) => {
            let Some(extensions) = kind.table().extensions_slot(object) else { return Err(unknown(aim.path)) };
            let (urn, names) = split(kind, text, extensions.keys().map(String::as_str), aim.value);
            if names.is_empty() {
                return match aim.value.and_then(|v| v.kind.as_ref()) {
                    _ if aim.op == Op::Remove && take::named(aim.value).is_some() => Err(take::no_value(aim.path)),
                    _ if aim.op == Op::Remove || unassigns(aim.value) => {
                        extensions.remove(&urn);
                        Ok(())
                    }
                    Some(Kind::ComplexValue(map)) if map.entries.is_empty() => Err(AttributeError::empty(urn)),
                    Some(Kind::ComplexValue(map)) => join_maps(extensions.entry(urn).or_default(), map, aim.path),
                    _ => Err(AttributeError::value(aim.path, format!("{urn} is an extension: an object."))),
                };
            }
            if aim.op == Op::Remove && !extensions.contains_key(&urn) {
                return Ok(());
            }
            edit(extensions.entry(urn).or_default(), &names, aim)
        }
        // Those have an editor of their own.
        Tail::Custom(_) => Err(unknown(aim.path)),
        Tail::Rest(names) => {
            let (Some(step), true) = (path.steps.first(), path.steps.len() == 1) else { return Err(unknown(aim.path)) };
            let (Slot::One(one), Some(sub)) = (step.table.slot(step.row, object), step.attribute.sub) else {
                return Err(unknown(aim.path));
            };
            let Some(rest) = sub.rest_slot(one.make()) else { return Err(unknown(aim.path)) };
            edit(rest.get_or_insert_default(), names, aim)
        }
    }
}

/// Where the URN ends: where a stored extension's does; for a new one, at the end if it names the resource type or
/// gets an object, else at the last colon.
fn split<'k>(kind: ResourceType, text: &str, keys: impl Iterator<Item = &'k str>, value: Option<&AttributeValue>) -> (String, Vec<String>) {
    let names = |below: &str| below.split('.').map(str::to_owned).collect();
    let known = keys.filter_map(|urn| Some((urn, strip(text, urn)?))).filter(|(_, below)| below.is_empty() || below.starts_with(':'));
    if let Some((urn, below)) = known.max_by_key(|(urn, _)| urn.len()) {
        return (urn.to_owned(), below.strip_prefix(':').map_or_else(Vec::new, names));
    }
    let is_object = matches!(value.and_then(|v| v.kind.as_ref()), Some(Kind::ComplexValue(_)));
    match text.rsplit_once(':') {
        Some((urn, below)) if !is_object && !below.eq_ignore_ascii_case(kind.name()) => (urn.to_owned(), names(below)),
        _ => (text.to_owned(), Vec::new()),
    }
}

fn edit(map: &mut AttributeMap, names: &[String], aim: &Aim<'_, '_>) -> Result<()> {
    let Some((name, below)) = names.split_first() else { return Ok(()) };
    let at = map.entries.iter().position(|e| e.name.eq_ignore_ascii_case(name));
    let takes_away = aim.op == Op::Remove || unassigns(aim.value);
    if below.is_empty() {
        match (at.and_then(|at| map.entries.get_mut(at)), aim.value) {
            (Some(entry), Some(_)) if aim.op == Op::Remove && take::named(aim.value).is_some() => {
                take_named(entry, aim.value);
            }
            (entry, value) if takes_away => {
                // Adding an empty list to a list adds nothing.
                let kept = aim.op == Op::Add && entry.is_some_and(|e| is_list(e.value.as_ref())) && is_list(value);
                if let Some(at) = at.filter(|_| !kept) {
                    map.entries.remove(at);
                }
            }
            (Some(entry), Some(value)) => put(entry.value.get_or_insert_default(), value, aim)?,
            (None, Some(value)) => {
                value::set(map, name.clone(), value.clone()).map_err(|e| AttributeError { path: aim.path.to_owned(), ..e })?;
            }
            (_, None) => {}
        }
        return Ok(());
    }
    let at = match at {
        None if takes_away => return Ok(()),
        None => {
            map.entries.push(Entry { name: name.clone(), value: Some(Kind::ComplexValue(AttributeMap::default()).into()) });
            map.entries.len() - 1
        }
        Some(at) => at,
    };
    match map.entries.get_mut(at).and_then(|e| e.value.as_mut()).and_then(|v| v.kind.as_mut()) {
        Some(Kind::ComplexValue(inner)) => edit(inner, below, aim),
        _ => Err(AttributeError::path(aim.path, format!("{name} has no sub-attributes."))),
    }
}

/// Takes out of a list what is named, or what is there if it is that; an empty list goes when the map is settled.
fn take_named(entry: &mut Entry, named: Option<&AttributeValue>) {
    let Some(named) = named else { return };
    if entry.value.as_ref() == Some(named) {
        entry.value = None;
        return;
    }
    match (entry.value.as_mut().and_then(|v| v.kind.as_mut()), &named.kind) {
        (Some(Kind::ListValue(there)), Some(Kind::ListValue(given))) => there.values.retain(|v| !given.values.contains(v)),
        (Some(Kind::ListValue(there)), _) => there.values.retain(|v| v != named),
        _ => {}
    }
}

fn is_list(value: Option<&AttributeValue>) -> bool {
    matches!(value.and_then(|v| v.kind.as_ref()), Some(Kind::ListValue(_)))
}

/// Objects are joined, lists grow by what they lack when added to, all else is set.
fn put(there: &mut AttributeValue, given: &AttributeValue, aim: &Aim<'_, '_>) -> Result<()> {
    match (there.kind.as_mut(), given.kind.as_ref()) {
        (Some(Kind::ComplexValue(there)), Some(Kind::ComplexValue(given))) => join_maps(there, given, aim.path)?,
        (Some(Kind::ListValue(there)), given_kind) if aim.op == Op::Add => {
            let many = if let Some(Kind::ListValue(list)) = given_kind { list.values.as_slice() } else { std::slice::from_ref(given) };
            if there.values.len() + many.len() > limits::OPEN_VALUES {
                return Err(AttributeError::bound(aim.path, limits::OPEN_VALUES, "values"));
            }
            for value in many {
                if !there.values.contains(value) {
                    there.values.push(value.clone());
                }
            }
        }
        _ => there.clone_from(given),
    }
    Ok(())
}

/// Sets what is given, one by one; null takes away when the map is settled.
pub(super) fn join_maps(there: &mut AttributeMap, given: &AttributeMap, path: &str) -> Result<()> {
    given.entries.iter().try_for_each(|entry| {
        let value = entry.value.clone().unwrap_or_default();
        value::set(there, entry.name.clone(), value).map_err(|e| AttributeError { path: path.to_owned(), ..e })
    })
}
