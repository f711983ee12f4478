//! One PATCH operation on a list: as a whole, or on the elements that a filter chooses.

use super::access::{Items, Slot, View};
use super::error::{AttributeError, Result};
use super::filter::{Node, Operand, Operator};
use super::fold;
use super::patch::{Aim, read};
use super::path::Step;
use super::read::{Document, State};
use super::read_value::Value;
use super::row::{Attribute, Table};
use super::spoken::spoken;
use super::take;
use super::value::{In, says_nothing, unassigns};
use crate::api::v1::{AttributeValue, attribute_value::Kind, patch_operation::Op};
use serde::de::DeserializeSeed as _;
use std::{any::Any, collections::BTreeSet};

pub(super) struct List<'a, 'v, 'c> {
    pub aim: &'a Aim<'v, 'c>,
    pub items: &'a mut (dyn Items + 'static),
    pub sub: &'static dyn Table,
    pub attribute: &'static Attribute,
    pub state: &'a mut State<'c>,
}

impl List<'_, '_, '_> {
    /// The list itself is the target.
    pub fn whole(&mut self) -> Result<()> {
        let before = self.items.len();
        match (self.aim.op, self.aim.value) {
            (Op::Remove, None) => self.items.clear(),
            (Op::Remove, Some(value)) if matches!(value.kind, Some(Kind::NullValue(_))) => self.items.clear(),
            // The values name what goes; an empty list names nothing.
            (Op::Remove, Some(value)) => {
                if unassigns(Some(value)) && !matches!(value.kind, Some(Kind::ListValue(_))) {
                    return Err(AttributeError::says_nothing(self.aim.path));
                }
                self.append(value)?;
                if (before..self.items.len()).any(|given| self.says_nothing(given)) {
                    return Err(AttributeError::says_nothing(self.aim.path));
                }
                let goes = |k: &usize| (before..self.items.len()).any(|given| self.covers(*k, given));
                let gone: Vec<usize> = (0..before).filter(goes).chain(before..self.items.len()).collect();
                for k in gone.into_iter().rev() {
                    self.items.remove(k);
                }
            }
            (Op::Replace, value) => {
                self.items.clear();
                if let Some(value) = value.filter(|v| !unassigns(Some(v))) {
                    self.append(value)?;
                }
                // What is given is the list: only a value that is there twice is left out.
                for k in (0..self.items.len()).rev() {
                    if (0..k).any(|j| self.items.same(j, k)) {
                        self.items.remove(k);
                    }
                }
                let all: BTreeSet<usize> = (0..self.items.len()).collect();
                self.one_primary(&all)?;
            }
            (_, Some(value)) if !unassigns(Some(value)) => {
                self.append(value)?;
                let touched = self.join(before)?;
                self.one_primary(&touched)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The elements that the filter chooses, or all of them; or one sub-attribute of each.
    pub fn elements(&mut self, filter: Option<&Node>, sub: Option<&Step>) -> Result<()> {
        let chosen = |item: &dyn Any| filter.is_none_or(|f| f.matches(item, &self.aim.cx, &|_| false));
        let mut hits: BTreeSet<usize> = (0..self.items.len()).filter(|k| self.items.at(*k).is_some_and(chosen)).collect();
        let takes_away = self.aim.op == Op::Remove || unassigns(self.aim.value);
        if hits.is_empty() {
            let nothing_matches = || AttributeError::no_target(self.aim.path, "The filter of the path matches no value.");
            match (takes_away, self.aim.op) {
                (_, Op::Replace) if filter.is_some() => return Err(nothing_matches()),
                (true, _) => return Ok(()),
                _ if sub.is_none() && self.aim.value.is_some_and(says_nothing) => return Err(AttributeError::empty(self.aim.path)),
                _ => {}
            }
            let element = self.items.push();
            // A filter that contradicts itself makes an element it does not choose.
            if !filter.is_none_or(|f| assign(f, element) && f.matches(element, &self.aim.cx, &|_| false)) {
                return Err(nothing_matches());
            }
            hits.insert(self.items.len() - 1);
        }
        if takes_away {
            for k in hits.into_iter().rev() {
                if self.goes(k, sub)? {
                    self.take_away(k, sub);
                }
            }
            return Ok(());
        }
        let mut gone = Vec::new();
        for k in &hits {
            let was_hollow = self.is_hollow(*k);
            self.write(*k, sub)?;
            if !was_hollow && self.is_hollow(*k) {
                gone.push(*k);
            }
        }
        self.one_primary(&hits)?;
        for k in gone.into_iter().rev() {
            self.items.remove(k);
        }
        Ok(())
    }

    fn is_hollow(&self, k: usize) -> bool {
        self.items.at(k).is_some_and(|item| hollow(self.sub, item))
    }

    /// Whether a chosen element, or its part, is what a remove names; without a value all of them are.
    fn goes(&mut self, k: usize, sub: Option<&Step>) -> Result<bool> {
        let named = if self.aim.op == Op::Remove { take::named(self.aim.value) } else { None };
        let (Some(named), Some(item)) = (named, self.items.at_mut(k)) else { return Ok(true) };
        match sub {
            Some(step) => take::is_named(step.attribute, step.table.slot(step.row, item), named, self.aim.path, &self.aim.cx),
            None => take::is_element(named, self.aim.path, |given| take::has(self.sub, item, given)),
        }
    }

    fn take_away(&mut self, k: usize, sub: Option<&Step>) {
        if let (Some(step), Some(item)) = (sub, self.items.at_mut(k)) {
            step.table.clear(step.row, item);
            if !hollow(self.sub, item) {
                return;
            }
        }
        self.items.remove(k);
    }

    fn write(&mut self, k: usize, sub: Option<&Step>) -> Result<()> {
        let (Some(item), Some(value)) = (self.items.at_mut(k), self.aim.value) else { return Ok(()) };
        self.state.enter(self.attribute);
        match sub {
            Some(step) => self.aim.single(step.attribute, step.table.slot(step.row, item), self.state)?,
            None => element(self.sub, item, self.attribute, self.state, value)?,
        }
        self.state.leave();
        Ok(())
    }

    fn append(&mut self, value: &AttributeValue) -> Result<()> {
        read(Value { attribute: self.attribute, slot: Slot::Many(&mut *self.items), state: self.state, in_list: false }, value)
    }

    /// Joins the elements from `new` on with equal ones before them; answers with those that were added or joined into.
    fn join(&mut self, new: usize) -> Result<BTreeSet<usize>> {
        let (mut touched, mut k) = (BTreeSet::new(), new);
        while k < self.items.len() {
            if (0..k).any(|j| self.covers(j, k)) {
                self.items.remove(k);
            } else if let Some(j) = (0..k).find(|j| self.names_same(*j, k)) {
                if let (Some(given), Some(there)) = (self.items.remove(k), self.items.at_mut(j)) {
                    join_into(self.sub, &*given, there, self.attribute.name)?;
                }
                touched.insert(j);
            } else {
                touched.insert(k);
                k += 1;
            }
        }
        Ok(touched)
    }

    /// Whether an element has nothing at all.
    fn says_nothing(&self, k: usize) -> bool {
        let Some(item) = self.items.at(k) else { return true };
        let mut nothing = self.sub.rest(item).is_none_or(|rest| rest.entries.is_empty());
        self.sub.each(item, &mut |_, _, _| nothing = false);
        nothing
    }

    /// Whether element `there` has everything that element `given` has.
    fn covers(&self, there: usize, given: usize) -> bool {
        let (Some(there), Some(given)) = (self.items.at(there), self.items.at(given)) else { return false };
        let mut covers = self.sub.rest(given).is_none_or(|rest| self.sub.rest(there) == Some(rest));
        self.sub.each(given, &mut |row, _, view| covers = covers && same(&view, &self.sub.view(row, there)));
        covers
    }

    /// Whether two elements say the same thing for the same purpose: equal value, equal type.
    fn names_same(&self, one: usize, other: usize) -> bool {
        let (Some(one), Some(other)) = (self.items.at(one), self.items.at(other)) else { return false };
        let text = |name: &str, item| match Step::find(self.sub, name).map(|step| (step.attribute, step.view(item))) {
            Some((attribute, View::Text(text))) => Some(fold::apply(attribute.fold, text).into_owned()),
            _ => None,
        };
        let value = text("value", one);
        value.is_some() && value == text("value", other) && text("type", one) == text("type", other)
    }

    /// An element that has become primary takes that from the others (RFC 7644 section 3.5.2).
    fn one_primary(&mut self, touched: &BTreeSet<usize>) -> Result<()> {
        let Some(step) = Step::find(self.sub, "primary") else { return Ok(()) };
        let is_primary = |items: &dyn Items, k: usize| matches!(items.at(k).map(|item| step.view(item)), Some(View::Bool(true)));
        let new: Vec<usize> = touched.iter().copied().filter(|k| is_primary(self.items, *k)).collect();
        if new.len() > 1 {
            let detail = format!("Only one value of {} can be primary.", self.attribute.name);
            return Err(AttributeError::value(format!("{}.primary", self.attribute.name), detail));
        }
        let others: Vec<usize> = (0..self.items.len()).filter(|k| !new.contains(k) && is_primary(self.items, *k)).collect();
        for k in others.into_iter().filter(|_| !new.is_empty()) {
            if let Some(Slot::OptBool(primary)) = self.items.at_mut(k).map(|item| step.table.slot(step.row, item)) {
                *primary = Some(false);
            }
        }
        Ok(())
    }
}

/// An object's members into an element; a list of one stands for its object, a text for its value.
fn element(
    table: &'static dyn Table,
    item: &mut dyn Any,
    attribute: &'static Attribute,
    state: &mut State<'_>,
    value: &AttributeValue,
) -> Result<()> {
    let wrong = |detail: String| AttributeError::value(attribute.name, detail);
    match &value.kind {
        Some(Kind::ComplexValue(_)) => match (Document { table, object: item, state: &mut *state, root: false }).deserialize(In(value)) {
            Ok(()) => Ok(()),
            Err(error) => Err(state.refused().unwrap_or_else(|| wrong(format!("{}: {}.", attribute.name, spoken(&error))))),
        },
        Some(Kind::ListValue(list)) => match list.values.as_slice() {
            [only] if !matches!(only.kind, Some(Kind::ListValue(_))) => element(table, item, attribute, state, only),
            _ => Err(wrong(format!("The path names values of {} one by one: give one value.", attribute.name))),
        },
        _ => match Step::find(table, "value") {
            Some(step) => read(Value { attribute: step.attribute, slot: step.table.slot(step.row, item), state, in_list: false }, value),
            None => Err(wrong(format!("A value of {} is an object.", attribute.name))),
        },
    }
}

/// A filter of and-ed equalities also says how to make the element it looks for.
fn assign(filter: &Node, item: &mut dyn Any) -> bool {
    match filter {
        Node::And(all) => all.iter().all(|f| assign(f, item)),
        Node::Compare(path, Operator::Eq, to) => match path.steps.as_slice() {
            [step] => match (step.table.slot(step.row, item), to) {
                (Slot::OptText(slot), Operand::Text { raw, .. }) => {
                    *slot = Some(raw.clone());
                    true
                }
                (Slot::OptBool(slot), Operand::Bool(value)) => {
                    *slot = Some(*value);
                    true
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// Whether nothing is left of an element but what it was for.
fn hollow(table: &'static dyn Table, item: &dyn Any) -> bool {
    let mut hollow = table.rest(item).is_none_or(|rest| rest.entries.is_empty());
    table.each(item, &mut |_, attribute, view| {
        hollow = hollow && (matches!(attribute.name, "type" | "primary") || matches!(view, View::Text("")));
    });
    hollow
}

fn join_into(table: &'static dyn Table, given: &dyn Any, there: &mut dyn Any, path: &str) -> Result<()> {
    let mut rows = Vec::new();
    table.each(given, &mut |row, _, _| rows.push(row));
    for row in rows {
        table.copy(row, given, there);
    }
    if let (Some(given), Some(slot)) = (table.rest(given), table.rest_slot(there)) {
        super::patch_open::join_maps(slot.get_or_insert_default(), given, path)?;
    }
    Ok(())
}

fn same(one: &View<'_>, other: &View<'_>) -> bool {
    match (one, other) {
        (View::Text(one), View::Text(other)) => one == other,
        (View::Bool(one), View::Bool(other)) => one == other,
        _ => false,
    }
}
