//! One value into one slot. Lists grow at their end; whoever wants them replaced empties them first.

use super::access::{Items, Slot};
use super::error::AttributeError;
use super::path::Step;
use super::read::{Document, State};
use super::row::Attribute;
use crate::api::v1::ExternalId;
use crate::limits;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{any::Any, fmt};

pub(super) struct Value<'a, 'c> {
    pub attribute: &'static Attribute,
    pub slot: Slot<'a>,
    pub state: &'a mut State<'c>,
    /// Whether it stands in a list where one value was expected already.
    pub in_list: bool,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        if matches!(self.slot, Slot::Fixed) {
            return d.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of {}", self.attribute.name)
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        self.visit_string(v.to_owned())
    }
    fn visit_string<E: de::Error>(self, v: String) -> Result<(), E> {
        let Value { attribute, slot, state, in_list } = self;
        if v.is_empty() {
            if in_list || !state.leniency.empty_is_absent {
                return Err(state.wrong_type(attribute, "an empty text"));
            }
            state.tolerated.empty_is_absent += 1;
            clear(slot, state.cx.connection);
            return Ok(());
        }
        match slot {
            Slot::Text(s) => *s = v,
            Slot::OptText(s) => *s = Some(v),
            Slot::ExternalId(ids) => set_external_id(ids, state.cx.connection, v),
            Slot::OptBool(b) => match boolean(&v).filter(|_| state.leniency.text_booleans) {
                Some(value) => {
                    state.tolerated.text_booleans += 1;
                    *b = Some(value);
                }
                None => return Err(state.wrong_type(attribute, "a text")),
            },
            Slot::One(one) => return set_value(attribute, one.make(), state, v),
            Slot::Many(items) => {
                state.tolerated.one_for_many += 1;
                return Item { attribute, items, state }.visit_string(v);
            }
            Slot::Fixed => {}
        }
        Ok(())
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<(), E> {
        match self.slot {
            Slot::OptBool(b) => *b = Some(v),
            _ => return Err(self.state.wrong_type(self.attribute, "a boolean")),
        }
        Ok(())
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        if self.in_list {
            // A list of one stands for its value: this one has none.
            return Err(self.state.wrong_type(self.attribute, "a list of nothing"));
        }
        clear(self.slot, self.state.cx.connection);
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, a: A) -> Result<(), A::Error> {
        let Value { attribute, slot, state, .. } = self;
        match (slot, attribute.sub) {
            (Slot::One(one), Some(table)) => {
                state.enter(attribute);
                Document { table, object: one.make(), state, root: false }.visit_map(a)?;
                state.leave();
                Ok(())
            }
            (Slot::Many(items), Some(_)) if state.leniency.one_for_many => {
                state.tolerated.one_for_many += 1;
                Item { attribute, items, state }.visit_map(a)
            }
            _ => Err(state.wrong_type(attribute, "an object")),
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<(), A::Error> {
        let Value { attribute, slot, state, in_list } = self;
        if let Slot::Many(items) = slot {
            while a.next_element_seed(Item { attribute, items, state })?.is_some() {}
            return Ok(());
        }
        if in_list || !state.leniency.one_for_many {
            return Err(state.wrong_type(attribute, "a list"));
        }
        // A list of one stands for its value, an empty one for none.
        state.tolerated.one_for_many += 1;
        let mut slot = slot;
        let first = Value { attribute, slot: slot.again(), state: &mut *state, in_list: true };
        if a.next_element_seed(first)?.is_none() {
            clear(slot, state.cx.connection);
            return Ok(());
        }
        if a.next_element::<IgnoredAny>()?.is_some() {
            return Err(state.wrong_type(attribute, "a list of several"));
        }
        Ok(())
    }
}

/// One element of a list.
struct Item<'a, 'c> {
    attribute: &'static Attribute,
    items: &'a mut (dyn Items + 'static),
    state: &'a mut State<'c>,
}

impl Item<'_, '_> {
    fn room<E: de::Error>(&mut self) -> Result<(), E> {
        if self.items.len() < self.state.values_max {
            return Ok(());
        }
        let path = self.state.path(Some(self.attribute.name));
        Err(self.state.refuse(AttributeError::bound(path, limits::VALUES_PER_ATTRIBUTE, "values")))
    }

    /// An element that is no value.
    fn nothing<E: de::Error>(self) -> Result<(), E> {
        if !self.state.demanding {
            return Ok(());
        }
        let path = self.state.path(Some(self.attribute.name));
        Err(self.state.refuse(AttributeError::empty(path)))
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an element of {}", self.attribute.name)
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        self.visit_string(v.to_owned())
    }
    fn visit_string<E: de::Error>(mut self, v: String) -> Result<(), E> {
        if v.is_empty() {
            if !self.state.leniency.empty_is_absent {
                return Err(self.state.wrong_type(self.attribute, "a list with an empty text"));
            }
            self.state.tolerated.empty_is_absent += 1;
            return self.nothing();
        }
        self.room()?;
        set_value(self.attribute, self.items.push(), self.state, v)
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.nothing()
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a boolean"))
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Err(self.state.wrong_type(self.attribute, "a number"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.state.wrong_type(self.attribute, "a list of lists"))
    }
    fn visit_map<A: MapAccess<'de>>(mut self, a: A) -> Result<(), A::Error> {
        self.room()?;
        let Item { attribute, items, state } = self;
        let Some(table) = attribute.sub else { return Err(state.wrong_type(attribute, "an object")) };
        state.enter(attribute);
        Document { table, object: items.push(), state, root: false }.visit_map(a)?;
        state.leave();
        Ok(())
    }
}

/// A text that stands for an object: its `value`.
fn set_value<E: de::Error>(attribute: &'static Attribute, object: &mut dyn Any, state: &mut State<'_>, v: String) -> Result<(), E> {
    let value = attribute.sub.and_then(|sub| Step::find(sub, "value")).filter(|_| state.leniency.text_for_value);
    match value.map(|step| step.table.slot(step.row, object)) {
        Some(Slot::OptText(slot)) => {
            state.tolerated.text_for_value += 1;
            *slot = Some(v);
            Ok(())
        }
        _ => Err(state.wrong_type(attribute, "a text")),
    }
}

/// true and false as some clients spell them.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        t if t.eq_ignore_ascii_case("true") => Some(true),
        t if t.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn set_external_id(ids: &mut Vec<ExternalId>, connection: &str, value: String) {
    match ids.iter_mut().find(|e| e.connection_id == connection) {
        Some(id) => id.value = value,
        None => ids.push(ExternalId { connection_id: connection.to_owned(), value }),
    }
}

/// Takes a value away.
pub(super) fn clear(slot: Slot<'_>, connection: &str) {
    match slot {
        Slot::Fixed => {}
        Slot::Text(s) => s.clear(),
        Slot::OptText(s) => *s = None,
        Slot::OptBool(b) => *b = None,
        Slot::ExternalId(ids) => ids.retain(|e| e.connection_id != connection),
        Slot::One(one) => one.clear(),
        Slot::Many(items) => items.clear(),
    }
}

/// `schemas`: kept as sent, for the caller to judge.
pub(super) struct Schemas<'a, 'c>(pub &'a mut State<'c>);

impl<'de> DeserializeSeed<'de> for Schemas<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        let urns: Vec<String> = de::Deserialize::deserialize(d)?;
        self.0.schemas = urns;
        Ok(())
    }
}

/// `password`: lifted out.
pub(super) struct Password<'a, 'c> {
    pub attribute: &'static Attribute,
    pub state: &'a mut State<'c>,
}

impl<'de> DeserializeSeed<'de> for Password<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        let mut password = None;
        Value { attribute: self.attribute, slot: Slot::OptText(&mut password), state: self.state, in_list: false }.deserialize(d)?;
        self.state.password = password;
        Ok(())
    }
}
