//! What a batch does to one row.

use super::{Grant, GroupRow, Record, Tombstone, UserRow};
use std::sync::Arc;

/// What happened to one row, by its value before and after.
pub(super) enum Fate<'a, T> {
    Put(&'a T),
    Drop,
    Same,
}

#[allow(clippy::ref_option, reason = "cells hand out references to what they hold: a row or its absence")]
pub(super) fn fate<'a, T: Stored>(before: Option<&Option<Arc<T>>>, after: &'a Option<Arc<T>>) -> Fate<'a, T> {
    match (before.and_then(Option::as_ref), after) {
        (None, None) => Fate::Same,
        (Some(_), None) => Fate::Drop,
        (Some(before), Some(after)) if before.same(after) => Fate::Same,
        (_, Some(after)) => Fate::Put(after),
    }
}

/// Whether a stored row would be as it is already.
pub(super) trait Stored {
    fn same(&self, other: &Self) -> bool;
}
impl Stored for Grant {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}
impl Stored for UserRow {
    fn same(&self, other: &Self) -> bool {
        self.version == other.version
    }
}
impl Stored for GroupRow {
    fn same(&self, other: &Self) -> bool {
        self.version == other.version
    }
}
impl Stored for Record {
    fn same(&self, other: &Self) -> bool {
        self.version == other.version
    }
}
impl Stored for Tombstone {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}
