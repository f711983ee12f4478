//! One PATCH operation on a list of a registered schema: as a whole, or on the elements that a filter chooses.

use super::admit::is_of;
use super::patch::{edit, join, position, takes_away};
use super::{Definition, fit};
use crate::api::v1::{AttributeMap, AttributeValue, attribute_map::Entry, attribute_value::Kind, patch_operation::Op};
use crate::attributes::error::{AttributeError, Result};
use crate::attributes::filter::{Node, Operand, Operator};
use crate::attributes::fold;
use crate::attributes::parse::{Leniency, Tolerated};
use crate::attributes::patch::Aim;
use crate::attributes::patch_open::join_maps;
use crate::attributes::path::Tail;
use crate::attributes::row::{Fold, Kind as Type};
use crate::attributes::take;
use crate::attributes::value::{says_nothing, unassigns};
use crate::limits;

pub(super) struct List<'a, 'v, 'c> {
    pub values: &'a mut Vec<AttributeValue>,
    pub definition: &'a Definition,
    pub aim: &'a Aim<'v, 'c>,
}

impl List<'_, '_, '_> {
    fn given(&self) -> Vec<AttributeValue> {
        let Some(value) = self.aim.value.filter(|v| !unassigns(Some(v))) else { return Vec::new() };
        match fit(value.clone(), self.definition, false, Leniency::patch(), &mut Tolerated::default()).kind {
            Some(Kind::ListValue(list)) => list.values.into_iter().filter(|v| !unassigns(Some(v))).collect(),
            kind => vec![AttributeValue { kind }],
        }
    }

    pub fn whole(&mut self) -> Result<()> {
        let empty = |v: &AttributeValue| unassigns(Some(v)) || matches!(&v.kind, Some(Kind::ComplexValue(map)) if map.entries.is_empty());
        let is_empty = match self.aim.value.map(|v| &v.kind) {
            Some(Some(Kind::ListValue(list))) => list.values.iter().any(empty),
            Some(Some(Kind::ComplexValue(map))) => map.entries.is_empty(),
            Some(Some(Kind::StringValue(text))) => text.is_empty() && self.aim.op == Op::Remove,
            _ => false,
        };
        if is_empty {
            return Err(AttributeError::empty(self.aim.path));
        }
        let (given, before) = (self.given(), self.values.len());
        if before + given.len() > limits::OPEN_VALUES {
            return Err(AttributeError::bound(self.aim.path, limits::OPEN_VALUES, "values"));
        }
        match (self.aim.op, self.aim.value) {
            (Op::Remove, value) if value.is_none_or(|v| matches!(v.kind, Some(Kind::NullValue(_)))) => self.values.clear(),
            // The values name what goes; an empty list names nothing.
            (Op::Remove, _) if given.iter().any(says_nothing) => return Err(AttributeError::says_nothing(self.aim.path)),
            (Op::Remove, _) if !given.iter().all(|value| is_of(value, self.definition)) => return Err(take::no_value(self.aim.path)),
            (Op::Remove, _) => self.values.retain(|there| !given.iter().any(|g| covers(there, g, self.definition))),
            (op, _) => {
                if op == Op::Replace {
                    self.values.clear();
                }
                let mut touched = Vec::new();
                for value in given {
                    if self.values.iter().any(|there| covers(there, &value, self.definition)) {
                        continue;
                    }
                    let same = self.values.iter().position(|there| op == Op::Add && names_same(there, &value, self.definition));
                    if let Some(at) = same {
                        join_value(self.values.get_mut(at), value, self.aim.path)?;
                        touched.push(at);
                    } else {
                        self.values.push(value);
                        touched.push(self.values.len() - 1);
                    }
                }
                self.one_primary(&touched);
            }
        }
        Ok(())
    }

    /// The elements that the filter chooses, or all of them; or one part of each.
    pub fn elements(&mut self, filter: Option<&Node>, part: Option<&Definition>) -> Result<()> {
        let chosen = |value: &AttributeValue| match &value.kind {
            Some(Kind::ComplexValue(map)) => filter.is_none_or(|f| f.matches(map, &self.aim.cx, &|_| false)),
            _ => false,
        };
        let mut hits: Vec<usize> = self.values.iter().enumerate().filter(|(_, v)| chosen(v)).map(|(k, _)| k).collect();
        if hits.is_empty() {
            let nothing_matches = || AttributeError::no_target(self.aim.path, "The filter of the path matches no value.");
            match self.aim.op {
                Op::Replace if filter.is_some() => return Err(nothing_matches()),
                _ if takes_away(self.aim) => return Ok(()),
                _ if part.is_none() && self.aim.value.is_some_and(says_nothing) => return Err(AttributeError::empty(self.aim.path)),
                _ => {}
            }
            let mut made = AttributeMap::default();
            // A filter that contradicts itself makes an element it does not choose.
            if !filter.is_none_or(|f| assign(f, &mut made) && f.matches(&made, &self.aim.cx, &|_| false)) {
                return Err(nothing_matches());
            }
            self.values.push(Kind::ComplexValue(made).into());
            hits.push(self.values.len() - 1);
        }
        let named = take::named(self.aim.value).filter(|_| self.aim.op == Op::Remove);
        let named = named.map(|value| fit(value.clone(), self.definition, true, Leniency::patch(), &mut Tolerated::default()));
        let mut gone = Vec::new();
        for k in &hits {
            let Some(AttributeValue { kind: Some(Kind::ComplexValue(map)) }) = self.values.get_mut(*k) else { continue };
            let before = map.clone();
            match (part, &named) {
                (Some(part), _) => edit(map, part, None, None, self.aim)?,
                (None, Some(named)) => {
                    if take::is_element(named, self.aim.path, |given| has(map, given, self.definition))? {
                        map.entries.clear();
                    }
                }
                (None, None) if takes_away(self.aim) => map.entries.clear(),
                (None, None) => join(map, self.definition, self.aim)?,
            }
            if hollow(map) && *map != before && (takes_away(self.aim) || !hollow(&before)) {
                gone.push(*k);
            }
        }
        if !takes_away(self.aim) {
            self.one_primary(&hits);
        }
        for k in gone.into_iter().rev() {
            self.values.remove(k);
        }
        Ok(())
    }

    /// An element that has become primary takes that from the others (RFC 7644 section 3.5.2); two of them are the border's.
    fn one_primary(&mut self, touched: &[usize]) {
        let Some(part) = self.definition.part("primary").filter(|p| p.kind == Type::Boolean) else { return };
        let is = |v: &AttributeValue| matches!(&v.kind, Some(Kind::ComplexValue(map)) if map.entries.iter().any(|e| e.name == part.name && e.value == Some(Kind::BoolValue(true).into())));
        if !touched.iter().any(|k| self.values.get(*k).is_some_and(is)) {
            return;
        }
        for (_, value) in self.values.iter_mut().enumerate().filter(|(k, _)| !touched.contains(k)) {
            if is(value)
                && let Some(Kind::ComplexValue(map)) = &mut value.kind
            {
                map.entries.iter_mut().filter(|e| e.name == part.name).for_each(|e| e.value = Some(Kind::BoolValue(false).into()));
            }
        }
    }
}

/// Whether a value that is there has everything that the given one has.
pub(super) fn covers(there: &AttributeValue, given: &AttributeValue, definition: &Definition) -> bool {
    match (&there.kind, &given.kind) {
        (Some(Kind::ComplexValue(there)), Some(Kind::ComplexValue(given))) => {
            let value =
                |map: &AttributeMap, name: &str| position(map, name).and_then(|at| map.entries.get(at)).and_then(|e| e.value.clone());
            given.entries.iter().all(|e| value(there, &e.name) == e.value)
        }
        (Some(Kind::StringValue(there)), Some(Kind::StringValue(given))) if definition.fold == Fold::Caseless => {
            fold::caseless(there) == fold::caseless(given)
        }
        (there, given) => there == given,
    }
}

/// Whether a value that is there is what is named: an object if it has all that is given.
pub(super) fn is_named(there: &AttributeValue, named: &AttributeValue, definition: &Definition) -> bool {
    match (&there.kind, &named.kind) {
        (Some(Kind::ComplexValue(there)), Some(Kind::ComplexValue(given))) => has(there, given, definition),
        _ => covers(there, named, definition),
    }
}

/// Whether an object has all that is given, each part compared as its schema says.
fn has(there: &AttributeMap, given: &AttributeMap, definition: &Definition) -> bool {
    given.entries.iter().all(|entry| {
        let there = position(there, &entry.name).and_then(|at| there.entries.get(at)).and_then(|e| take::named(e.value.as_ref()));
        match (there, take::named(entry.value.as_ref())) {
            (Some(there), Some(given)) => definition.part(&entry.name).map_or(there == given, |part| covers(there, given, part)),
            (there, given) => there.is_none() && given.is_none(),
        }
    })
}

/// Whether nothing is left of an element but what it was for.
fn hollow(map: &AttributeMap) -> bool {
    map.entries.iter().all(|e| matches!(e.name.as_str(), "type" | "primary") || e.value.as_ref().is_none_or(|v| unassigns(Some(v))))
}

/// Whether two elements say the same thing for the same purpose: equal value, equal type.
fn names_same(one: &AttributeValue, other: &AttributeValue, definition: &Definition) -> bool {
    let (Some(Kind::ComplexValue(one)), Some(Kind::ComplexValue(other))) = (&one.kind, &other.kind) else { return false };
    let part = |map: &AttributeMap, name: &str| position(map, name).and_then(|at| map.entries.get(at)).and_then(|e| e.value.clone());
    let same = |name: &str| match (part(one, name), part(other, name)) {
        (Some(one), Some(other)) => definition.part(name).is_some_and(|part| covers(&one, &other, part)),
        (one, other) => one.is_none() && other.is_none(),
    };
    part(one, "value").is_some() && same("value") && same("type")
}

fn join_value(there: Option<&mut AttributeValue>, given: AttributeValue, path: &str) -> Result<()> {
    match (there.map(|v| &mut v.kind), given.kind) {
        (Some(Some(Kind::ComplexValue(there))), Some(Kind::ComplexValue(given))) => join_maps(there, &given, path),
        _ => Ok(()),
    }
}

/// A filter of and-ed equalities also says how to make the element it looks for.
fn assign(filter: &Node, map: &mut AttributeMap) -> bool {
    match filter {
        Node::And(all) => all.iter().all(|f| assign(f, map)),
        Node::Compare(path, Operator::Eq, to) => {
            let Some(Tail::Custom(custom)) = &path.tail else { return false };
            let ([part], value) = (
                custom.steps.as_slice(),
                match to {
                    Operand::Text { raw, .. } => Kind::StringValue(raw.clone()),
                    Operand::Bool(value) => Kind::BoolValue(*value),
                    Operand::Number(_) | Operand::Time(_) | Operand::Null => return false,
                },
            ) else {
                return false;
            };
            let value = fit(value.into(), part, false, Leniency::strict(), &mut Tolerated::default());
            map.entries.push(Entry { name: part.name.clone(), value: Some(value) });
            true
        }
        _ => false,
    }
}
