//! The way from a message to one of its fields: how it is read, how it is written.

use super::row::Place;
use crate::api::v1::{AttributeMap, ExternalId};
use prost_types::Timestamp;
use std::{any::Any, marker::PhantomData};

/// A field as it is read.
pub enum View<'a> {
    /// No value.
    Absent,
    /// Text, as the client wrote it.
    Text(&'a str),
    /// A boolean.
    Bool(bool),
    /// An instant.
    Time(&'a Timestamp),
    /// Base URL, endpoint, id.
    Location(&'static str, &'a str),
    /// The stored version and what derived parts add to it.
    Version(&'a str, u64),
    /// One per connection: the walk picks the caller's.
    ExternalId(&'a [ExternalId]),
    /// Several texts.
    Texts(Vec<&'a str>),
    /// A sub-object.
    One(&'a dyn Any),
    /// Sub-objects.
    Many(&'a (dyn Items + 'static)),
}

/// A field as it is written.
pub enum Slot<'a> {
    /// Not a field, or one that clients never write.
    Fixed,
    /// Text that is empty when absent.
    Text(&'a mut String),
    /// Text.
    OptText(&'a mut Option<String>),
    /// A boolean.
    OptBool(&'a mut Option<bool>),
    /// One per connection.
    ExternalId(&'a mut Vec<ExternalId>),
    /// A sub-object.
    One(&'a mut (dyn Maybe + 'static)),
    /// Sub-objects.
    Many(&'a mut (dyn Items + 'static)),
}

impl Slot<'_> {
    /// The same slot for a shorter while.
    pub fn again(&mut self) -> Slot<'_> {
        match self {
            Slot::Fixed => Slot::Fixed,
            Slot::Text(s) => Slot::Text(s),
            Slot::OptText(s) => Slot::OptText(s),
            Slot::OptBool(b) => Slot::OptBool(b),
            Slot::ExternalId(ids) => Slot::ExternalId(ids),
            Slot::One(one) => Slot::One(&mut **one),
            Slot::Many(items) => Slot::Many(&mut **items),
        }
    }
}

/// A type that a field of a message may have.
pub trait Field {
    /// Reads it.
    fn view(&self) -> View<'_>;
    /// Writes it.
    fn slot(&mut self) -> Slot<'_>;
}

/// A message that is a sub-object of another.
pub trait Node: Any + Default + Clone + PartialEq + Send + Sync {}

/// A sub-object that may be absent.
pub trait Maybe {
    /// The object; made if absent.
    fn make(&mut self) -> &mut dyn Any;
    /// The object, if there is one.
    fn get(&mut self) -> Option<&mut dyn Any>;
    /// Takes it away.
    fn clear(&mut self);
    /// Takes it away if nothing is in it.
    fn drop_empty(&mut self);
}

/// A list of sub-objects.
#[allow(clippy::len_without_is_empty, reason = "walked by index; nobody asks")]
pub trait Items {
    /// Their number.
    fn len(&self) -> usize;
    /// One of them.
    fn at(&self, index: usize) -> Option<&dyn Any>;
    /// One of them, to be written.
    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Any>;
    /// A new one at the end.
    fn push(&mut self) -> &mut dyn Any;
    /// Takes one out; `None` beyond the end.
    fn remove(&mut self, index: usize) -> Option<Box<dyn Any>>;
    /// Takes all away.
    fn clear(&mut self);
    /// Whether two of them are equal in everything.
    fn same(&self, one: usize, other: usize) -> bool;
    /// Keeps only what is not empty.
    fn drop_empty(&mut self);
}

impl Field for String {
    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::Text(self) }
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::Text(self)
    }
}
impl Field for Option<String> {
    fn view(&self) -> View<'_> {
        // Empty is absent (RFC 7643 section 2.5), whichever face it came through.
        self.as_deref().filter(|text| !text.is_empty()).map_or(View::Absent, View::Text)
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::OptText(self)
    }
}
impl Field for Option<bool> {
    fn view(&self) -> View<'_> {
        self.map_or(View::Absent, View::Bool)
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::OptBool(self)
    }
}
impl Field for Vec<ExternalId> {
    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::ExternalId(self) }
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::ExternalId(self)
    }
}
impl<M: Node> Field for Option<M> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, |m| View::One(m))
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::One(self)
    }
}
impl<M: Node> Field for Vec<M> {
    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::Many(self) }
    }
    fn slot(&mut self) -> Slot<'_> {
        Slot::Many(self)
    }
}

impl<M: Node> Maybe for Option<M> {
    fn make(&mut self) -> &mut dyn Any {
        self.get_or_insert_with(M::default)
    }
    fn get(&mut self) -> Option<&mut dyn Any> {
        self.as_mut().map(|m| m as &mut dyn Any)
    }
    fn drop_empty(&mut self) {
        if *self == Some(M::default()) {
            *self = None;
        }
    }
    fn clear(&mut self) {
        *self = None;
    }
}
impl<M: Node> Items for Vec<M> {
    fn len(&self) -> usize {
        Vec::len(self)
    }
    fn at(&self, index: usize) -> Option<&dyn Any> {
        self.get(index).map(|m| m as &dyn Any)
    }
    fn at_mut(&mut self, index: usize) -> Option<&mut dyn Any> {
        self.get_mut(index).map(|m| m as &mut dyn Any)
    }
    fn push(&mut self) -> &mut dyn Any {
        self.push_mut(M::default())
    }
    fn remove(&mut self, index: usize) -> Option<Box<dyn Any>> {
        (index < self.len()).then(|| Box::new(Vec::remove(self, index)) as Box<dyn Any>)
    }
    fn clear(&mut self) {
        Vec::clear(self);
    }
    fn same(&self, one: usize, other: usize) -> bool {
        self.get(one).is_some_and(|one| self.get(other) == Some(one))
    }
    fn drop_empty(&mut self) {
        let empty = M::default();
        self.retain(|m| *m != empty);
    }
}

/// The way from a message `M` to a field of type `F`. Made by `at!`; `F` exists for the compiler only.
pub struct Access<M: 'static, F: ?Sized = ()> {
    pub(super) fields: &'static [&'static str],
    pub(super) place: Place,
    pub(super) get: for<'a> fn(&'a M) -> View<'a>,
    pub(super) slot: for<'a> fn(&'a mut M) -> Slot<'a>,
    pub(super) copy: fn(&M, &mut M),
    pub(super) clear: fn(&mut M),
    field: PhantomData<fn() -> Box<F>>,
}

impl<M, F> Access<M, F> {
    /// To a field. The witness pins its type.
    pub const fn new(
        fields: &'static [&'static str],
        _witness: for<'a> fn(&'a M) -> &'a F,
        get: for<'a> fn(&'a M) -> View<'a>,
        slot: for<'a> fn(&'a mut M) -> Slot<'a>,
        copy: fn(&M, &mut M),
        clear: fn(&mut M),
    ) -> Self {
        Access { fields, place: Place::Field, get, slot, copy, clear, field: PhantomData }
    }
}

impl<M, F: ?Sized> Access<M, F> {
    /// To something made of several fields: read only.
    pub const fn computed(fields: &'static [&'static str], get: for<'a> fn(&'a M) -> View<'a>) -> Self {
        Access { fields, place: Place::Computed, get, slot: |_| Slot::Fixed, copy: |_, _| {}, clear: |_| {}, field: PhantomData }
    }

    /// To something that is no part of the message.
    pub const fn elsewhere(place: Place) -> Self {
        Access { fields: &[], place, get: |_| View::Absent, slot: |_| Slot::Fixed, copy: |_, _| {}, clear: |_| {}, field: PhantomData }
    }

    pub(super) const fn untyped(self) -> Access<M> {
        let Access { fields, place, get, slot, copy, clear, .. } = self;
        Access { fields, place, get, slot, copy, clear, field: PhantomData }
    }
}

/// The way to a field: `at!(User.user_name)`.
macro_rules! at {
    ($message:ident . $field:ident) => {
        $crate::attributes::access::Access::new(
            &[stringify!($field)],
            |m: &$message| &m.$field,
            |m| $crate::attributes::access::Field::view(&m.$field),
            |m| $crate::attributes::access::Field::slot(&mut m.$field),
            |from, to| to.$field.clone_from(&from.$field),
            |m| m.$field = Default::default(),
        )
    };
}
pub(super) use at;

/// An open map that holds nothing.
pub fn is_empty(map: Option<&AttributeMap>) -> bool {
    map.is_none_or(|m| m.entries.is_empty())
}
