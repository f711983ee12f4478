//! Values of a PATCH that say nothing and do not look like it: `{}`, `[null]`, `[""]`, and an object where a text belongs.
//! Whether nothing was meant or all, nobody can tell. They are refused before a list of one is unwrapped and before what is
//! empty goes, by the same walk for the server's own attributes and for registered ones.

use super::custom::{Custom, Definition};
use super::error::{AttributeError, Result};
use super::path::{Tail, Target};
use super::row::{Attribute, Kind as Type};
use super::value::{says_nothing, unassigns};
use crate::api::v1::{AttributeList, AttributeValue, attribute_value::Kind, patch_operation::Op};
use std::sync::Arc;

impl Target {
    /// Judges a value that is about to be read for this target. `empty_texts` says whether `""` means no value. What no
    /// schema describes, and what nobody writes, is not judged here.
    ///
    /// # Errors
    /// `INVALID_VALUE`.
    pub fn admits(&self, op: Op, value: &AttributeValue, path: &str, empty_texts: bool) -> Result<()> {
        // By null a remove names nobody, as it does without a value; by an empty list it names somebody else.
        let is_null = matches!(value.kind, None | Some(Kind::NullValue(_)));
        if self.members.is_some() && unassigns(Some(value)) && !(op == Op::Remove && is_null) {
            return Err(AttributeError::value(path, "The path names a member: a value beside it is that member, or is not given."));
        }
        if self.path.steps.iter().chain(&self.sub).any(|step| !step.attribute.writable()) {
            return Ok(());
        }
        let walk = Walk { empty_texts };
        let element = self.has_filter() && self.sub.is_none() && self.part.is_none();
        let fits = match (self.definition(), self.attribute(), &self.path.tail) {
            (Some(own), ..) if !own.writable() => true,
            (Some(own), ..) => walk.fits(Facts::Registered(own), value, element),
            (None, Some(core), _) => walk.fits(Facts::Core(core), value, element),
            (None, None, Some(Tail::Custom(Custom { extension: Some(extension), .. }))) => match &value.kind {
                Some(Kind::ComplexValue(map)) => {
                    !map.entries.is_empty()
                        && map.entries.iter().all(|entry| match (extension.attribute(&entry.name), &entry.value) {
                            (Some(own), Some(value)) if own.writable() => walk.fits(Facts::Registered(own), value, false),
                            _ => true,
                        })
                }
                _ => true,
            },
            _ => true,
        };
        if fits { Ok(()) } else { Err(AttributeError::empty(path)) }
    }
}

/// What a value is held against.
#[derive(Clone, Copy)]
enum Facts<'a> {
    Core(&'static Attribute),
    Registered(&'a Arc<Definition>),
}

impl<'a> Facts<'a> {
    fn is_list(self) -> bool {
        match self {
            Facts::Core(attribute) => attribute.multi_valued,
            Facts::Registered(definition) => definition.multi_valued,
        }
    }

    fn is_object(self) -> bool {
        match self {
            Facts::Core(attribute) => attribute.kind == Type::Complex,
            Facts::Registered(definition) => definition.kind == Type::Complex,
        }
    }

    fn is_writable(self) -> bool {
        match self {
            Facts::Core(attribute) => attribute.writable(),
            Facts::Registered(definition) => definition.writable(),
        }
    }

    fn part(self, name: &str) -> Option<Facts<'a>> {
        match self {
            Facts::Core(attribute) => attribute.sub.and_then(|sub| sub.find(name, 0)).map(|(_, part)| Facts::Core(part)),
            Facts::Registered(definition) => definition.part(name).map(Facts::Registered),
        }
    }
}

#[derive(Clone, Copy)]
struct Walk {
    empty_texts: bool,
}

impl Walk {
    fn fits(self, facts: Facts<'_>, value: &AttributeValue, element: bool) -> bool {
        let is_list = facts.is_list() && !element;
        match &value.kind {
            Some(Kind::ListValue(list)) => self.list(facts, list, is_list),
            Some(Kind::ComplexValue(_)) if is_list && says_nothing(value) => false,
            _ => self.one(facts, value),
        }
    }

    /// An empty list says that there is no value; its elements are values.
    fn list(self, facts: Facts<'_>, list: &AttributeList, is_list: bool) -> bool {
        // What the border refuses by its type has to reach it: a list of objects without values would not.
        let one_too_many = !is_list && list.values.len() > 1 && matches!(facts, Facts::Registered(_));
        let is_value = |value: &AttributeValue| !(unassigns(Some(value)) || is_list && says_nothing(value)) && self.one(facts, value);
        !one_too_many && list.values.iter().all(is_value)
    }

    fn one(self, facts: Facts<'_>, value: &AttributeValue) -> bool {
        match &value.kind {
            Some(Kind::StringValue(text)) => self.empty_texts || !text.is_empty(),
            Some(Kind::ListValue(_)) => false,
            Some(Kind::ComplexValue(map)) => {
                facts.is_object()
                    && !map.entries.is_empty()
                    && map.entries.iter().all(|entry| match (facts.part(&entry.name), &entry.value) {
                        (Some(part), Some(value)) if part.is_writable() => self.fits(part, value, false),
                        _ => true,
                    })
            }
            _ => true,
        }
    }
}
