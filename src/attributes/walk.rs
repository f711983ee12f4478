//! What every walk walks: the rows of one object type, with the type erased.

use super::access::{Slot, View};
use super::row::{Attribute, Row};
use crate::api::v1::AttributeMap;
use std::{any::Any, collections::BTreeMap};

/// Reader and writer of the field that keeps what no row knows.
pub type Rest<M> = (fn(&M) -> &Option<AttributeMap>, fn(&mut M) -> &mut Option<AttributeMap>);
/// Extensions by URN.
pub type Extensions = BTreeMap<String, AttributeMap>;
/// Reader and writer of a resource's extensions.
pub type Open<M> = (fn(&M) -> &Extensions, fn(&mut M) -> &mut Extensions);

/// The rows of one object type.
pub struct Rows<M: 'static> {
    /// In the order they are rendered; at most 64, so that a set of them is one word.
    pub rows: &'static [Row<M>],
    /// Where sub-attributes that no row knows are kept.
    pub rest: Option<Rest<M>>,
    /// Where extensions that no row knows are kept.
    pub open: Option<Open<M>>,
}

/// `Rows<M>` without the `M`. A table given an object of another type finds nothing; `one` and `many` keep that from happening.
#[allow(clippy::len_without_is_empty, reason = "no table is empty")]
pub trait Table: Sync {
    /// The number of rows.
    fn len(&self) -> usize;
    /// The facts of a row.
    fn attribute(&self, row: usize) -> Option<&'static Attribute>;
    /// Reads one row of an object.
    fn view<'a>(&self, row: usize, object: &'a dyn Any) -> View<'a>;
    /// Reads every row that has a value, in order.
    fn each<'a>(&self, object: &'a dyn Any, visit: &mut dyn FnMut(usize, &'static Attribute, View<'a>));
    /// Opens one row of an object for writing.
    fn slot<'a>(&self, row: usize, object: &'a mut dyn Any) -> Slot<'a>;
    /// Makes one row of `to` what it is in `from`.
    fn copy(&self, row: usize, from: &dyn Any, to: &mut dyn Any);
    /// Takes the value of one row away, whoever may write it.
    fn clear(&self, row: usize, object: &mut dyn Any);
    /// The sub-attributes that no row knows.
    fn rest<'a>(&self, object: &'a dyn Any) -> Option<&'a AttributeMap>;
    /// Where to put them; `None` if this table keeps none.
    fn rest_slot<'a>(&self, object: &'a mut dyn Any) -> Option<&'a mut Option<AttributeMap>>;
    /// The extensions that no row knows.
    fn extensions<'a>(&self, object: &'a dyn Any) -> Option<&'a Extensions>;
    /// Where to put them; `None` below the resource itself.
    fn extensions_slot<'a>(&self, object: &'a mut dyn Any) -> Option<&'a mut Extensions>;
    /// By name, case-insensitive; documents mostly come in table order, so the search starts at the hint.
    fn find(&self, name: &str, hint: usize) -> Option<(usize, &'static Attribute)>;
}

impl<M: Any> Table for Rows<M> {
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn attribute(&self, row: usize) -> Option<&'static Attribute> {
        self.rows.get(row).map(|r| &r.attribute)
    }
    fn view<'a>(&self, row: usize, object: &'a dyn Any) -> View<'a> {
        match (self.rows.get(row), object.downcast_ref::<M>()) {
            (Some(row), Some(object)) => (row.to.get)(object),
            _ => View::Absent,
        }
    }
    fn each<'a>(&self, object: &'a dyn Any, visit: &mut dyn FnMut(usize, &'static Attribute, View<'a>)) {
        let Some(object) = object.downcast_ref::<M>() else { return };
        for (i, row) in self.rows.iter().enumerate() {
            match (row.to.get)(object) {
                View::Absent => {}
                view => visit(i, &row.attribute, view),
            }
        }
    }
    fn slot<'a>(&self, row: usize, object: &'a mut dyn Any) -> Slot<'a> {
        match (self.rows.get(row), object.downcast_mut::<M>()) {
            (Some(row), Some(object)) => (row.to.slot)(object),
            _ => Slot::Fixed,
        }
    }
    fn copy(&self, row: usize, from: &dyn Any, to: &mut dyn Any) {
        if let (Some(row), Some(from), Some(to)) = (self.rows.get(row), from.downcast_ref::<M>(), to.downcast_mut::<M>()) {
            (row.to.copy)(from, to);
        }
    }
    fn clear(&self, row: usize, object: &mut dyn Any) {
        if let (Some(row), Some(object)) = (self.rows.get(row), object.downcast_mut::<M>()) {
            (row.to.clear)(object);
        }
    }
    fn rest<'a>(&self, object: &'a dyn Any) -> Option<&'a AttributeMap> {
        self.rest.zip(object.downcast_ref::<M>()).and_then(|((get, _), object)| get(object).as_ref())
    }
    fn rest_slot<'a>(&self, object: &'a mut dyn Any) -> Option<&'a mut Option<AttributeMap>> {
        self.rest.zip(object.downcast_mut::<M>()).map(|((_, slot), object)| slot(object))
    }
    fn extensions<'a>(&self, object: &'a dyn Any) -> Option<&'a Extensions> {
        self.open.zip(object.downcast_ref::<M>()).map(|((get, _), object)| get(object))
    }
    fn extensions_slot<'a>(&self, object: &'a mut dyn Any) -> Option<&'a mut Extensions> {
        self.open.zip(object.downcast_mut::<M>()).map(|((_, slot), object)| slot(object))
    }
    fn find(&self, name: &str, hint: usize) -> Option<(usize, &'static Attribute)> {
        let from = hint.min(self.rows.len());
        let (before, after) = self.rows.split_at(from);
        let rows = after.iter().enumerate().map(|(i, r)| (i + from, r)).chain(before.iter().enumerate());
        rows.map(|(i, r)| (i, &r.attribute)).find(|(_, a)| a.name.eq_ignore_ascii_case(name))
    }
}
