//! What an edit sees and does: one organization under its lock, as the edits before it left it.
//!
//! Asking for what was not read yet is a [`Miss`]: the lane reads everything missed, by one statement per table, and
//! runs the edits again. Edits are pure, so running one again is free of effects. An edit asks for all it needs before
//! it stops, so that few rounds are needed.

#![allow(clippy::missing_errors_doc, reason = "every question answers `Miss` until what it asks for was read")]

use super::{
    GroupRow, Life, Record, RecordKind, Terms, Tombstone, UserRow, cells::Cells, grants::Grants, nesting::Nested, planted::Planted,
    requests, seats::Seats, takings::Takings, whole::Whole,
};
use crate::{attributes::Schemas, clock::Micros};
use std::{collections::BTreeSet, sync::Arc};

/// Something was asked for that has not been read yet; the edit runs again when it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss;

/// One change as the feed keeps it.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub revision: i64,
    pub index: i64,
    pub kind: i64,
    pub action: i64,
    pub resource_id: String,
    pub body: Vec<u8>,
}

/// One organization under its lock.
#[derive(Debug)]
pub struct Work {
    pub(super) organization: String,
    pub(super) life: Life,
    pub(super) head: i64,
    pub(super) made: i64,
    now: Micros,
    /// Whether the edit leaves what it may not change, and how often it did.
    pub(super) leaves_owned: bool,
    pub(super) left: u32,
    pub(super) users: Cells<String, Option<Arc<UserRow>>>,
    pub(super) names: Cells<String, Option<String>>,
    pub(super) holders: Cells<(i64, String), BTreeSet<String>>,
    pub(super) groups: Cells<String, Option<Arc<GroupRow>>>,
    pub(super) kinds: Cells<String, Option<i64>>,
    /// (group, member) → member kind.
    pub(super) edges: Cells<(String, String), Option<i64>>,
    /// The same by member: (member, group), to walk a member's groups.
    pub(super) by_member: Cells<(String, String), Option<i64>>,
    /// Groups whose whole roster was read; members all of whose groups were.
    pub(super) rosters: Cells<String, ()>,
    pub(super) memberships: Cells<String, ()>,
    pub(super) records: Cells<(i64, String), Option<Arc<Record>>>,
    pub(super) record_keys: Cells<(i64, String), Option<String>>,
    pub(super) tombstones: Cells<String, Option<Arc<Tombstone>>>,
    pub(super) grants: Grants,
    pub(super) requests: requests::Requests,
    /// Whether any resource has a key of this kind and text; whether this one has it.
    pub(super) any: Cells<(i64, String), bool>,
    pub(super) held: Cells<(i64, String, String), bool>,
    pub(super) seats: Seats,
    pub(super) planted: Planted,
    pub(super) takings: Takings,
    /// One cell: what the organization has registered.
    schemas: Cells<(), Schemas>,
    pub(super) group_names: Cells<String, BTreeSet<String>>,
    pub(super) nested: Nested,
    pub(super) new_heads: Vec<String>,
    pub(super) erased: Vec<String>,
    pub(super) changes: Vec<Change>,
    pub(super) commits: Vec<(i64, Micros, Vec<u8>)>,
    pub(super) whole: Whole,
    /// Whether no edit is beside the one that runs, and whether that matters to it.
    pub(super) alone: bool,
    pub(super) wants_alone: bool,
    marked: (usize, usize, usize),
}

impl Work {
    pub(super) fn new(organization: String, life: Life, head: i64, registered: Schemas, alone: bool) -> Self {
        let mut schemas = Cells::new();
        schemas.load((), registered);
        Work {
            organization,
            life,
            head,
            made: head,
            now: 0,
            leaves_owned: false,
            left: 0,
            users: Cells::new(),
            names: Cells::new(),
            holders: Cells::new(),
            groups: Cells::new(),
            kinds: Cells::new(),
            edges: Cells::new(),
            by_member: Cells::new(),
            rosters: Cells::new(),
            memberships: Cells::new(),
            records: Cells::new(),
            record_keys: Cells::new(),
            tombstones: Cells::new(),
            grants: Grants::default(),
            requests: requests::Requests::new(),
            any: Cells::new(),
            held: Cells::new(),
            seats: Seats::new(),
            planted: Planted::new(),
            takings: Takings::new(),
            schemas,
            group_names: Cells::new(),
            nested: Nested::new(),
            new_heads: Vec::new(),
            erased: Vec::new(),
            changes: Vec::new(),
            commits: Vec::new(),
            whole: Whole::default(),
            alone,
            wants_alone: false,
            marked: (0, 0, 0),
        }
    }

    /// The organization worked on.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// When the edit was asked for, in microseconds since 1970.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The revision this edit makes, if it changes something.
    pub fn revision(&self) -> i64 {
        self.made + 1
    }

    /// The revision before this edit.
    pub fn before(&self) -> i64 {
        self.made
    }

    /// An administrative resource by id.
    pub fn record(&mut self, kind: RecordKind, id: &str) -> Result<Option<Arc<Record>>, Miss> {
        self.records.get(&(kind as i64, id.to_owned()))
    }

    /// The id of the administrative resource with this key.
    pub fn record_keyed(&mut self, kind: RecordKind, key: &str) -> Result<Option<String>, Miss> {
        self.record_keys.get(&(kind as i64, key.to_owned()))
    }

    /// Stores an administrative resource; its version is this edit's revision.
    pub fn put_record(&mut self, kind: RecordKind, mut record: Record) {
        record.version = self.revision();
        let at = (kind as i64, record.id.clone());
        let old = self.records.peek(&at).cloned().flatten().and_then(|r| r.key.clone());
        if let Some(old) = old.filter(|o| record.key.as_ref() != Some(o)) {
            self.record_keys.follow((kind as i64, old), |_| None);
        }
        if let Some(key) = &record.key {
            self.record_keys.follow((kind as i64, key.clone()), |_| Some(record.id.clone()));
        }
        self.records.set(at, Some(Arc::new(record)));
    }

    /// Removes an administrative resource.
    pub fn drop_record(&mut self, kind: RecordKind, id: &str) {
        let at = (kind as i64, id.to_owned());
        if let Some(key) = self.records.peek(&at).cloned().flatten().and_then(|r| r.key.clone()) {
            self.record_keys.follow((kind as i64, key), |_| None);
        }
        self.records.set(at, None);
    }

    /// What the organization has registered, as the edits before this one left it.
    pub fn schemas(&self) -> Schemas {
        self.schemas.peek(&()).cloned().unwrap_or_default()
    }

    /// Registers this and nothing else.
    pub fn set_schemas(&mut self, schemas: Schemas) {
        self.schemas.set((), schemas);
    }

    /// The revision that changes what is registered, if this batch does.
    pub(super) fn schemas_changed(&self) -> Option<i64> {
        (self.schemas.was(&()) != self.schemas.peek(&())).then_some(self.made)
    }

    /// Makes room for a new organization; only in the organization `system`.
    pub fn add_head(&mut self, organization: &str) {
        self.new_heads.push(organization.to_owned());
    }

    /// Takes what earlier changes tell of a user out of the feed; that they happened stays.
    pub fn erase(&mut self, id: &str) {
        self.erased.push(id.to_owned());
    }

    /// Appends a change to the feed. An edit that logs nothing has changed nothing, and what it wrote is dropped.
    /// `kind` and `action` are the contract's numbers; `body` is the encoded `ChangeEvent`.
    pub fn log(&mut self, kind: i32, action: i32, resource_id: &str, body: Vec<u8>) {
        let index = i64::from(self.next_index());
        let (kind, action) = (i64::from(kind), i64::from(action));
        self.changes.push(Change { revision: self.revision(), index, kind, action, resource_id: resource_id.to_owned(), body });
    }

    /// Kind and action of every change that the running edit has told so far, but for a membership set whole.
    pub fn logged(&self) -> impl Iterator<Item = (i32, i32)> {
        let number = |number| i32::try_from(number).unwrap_or_default();
        self.changes.iter().skip(self.marked.0).map(move |change| (number(change.kind), number(change.action)))
    }

    /// How many memberships end where the running edit sets a membership whole.
    pub fn whole_removed(&self) -> usize {
        self.whole.removals()
    }

    /// The index of the next change within this edit's commit.
    pub fn next_index(&self) -> u32 {
        u32::try_from(self.changes.len() - self.marked.0 + self.whole.changes()).unwrap_or(u32::MAX)
    }

    /// Whether the running edit has changed something so far.
    pub fn changed(&self) -> bool {
        self.changes.len() > self.marked.0 || self.whole.changes() > 0
    }

    /// An edit begins.
    pub(super) fn begin(&mut self, terms: &Terms) {
        self.now = terms.at;
        (self.leaves_owned, self.left) = (terms.leave_owned, 0);
        self.planted.begin(terms);
        self.marked = (self.changes.len(), self.new_heads.len(), self.erased.len());
        self.each(&mut |c| c.mark());
    }

    /// The edit is refused, was a dry run, or changed nothing.
    pub(super) fn undo(&mut self) {
        self.changes.truncate(self.marked.0);
        self.new_heads.truncate(self.marked.1);
        self.erased.truncate(self.marked.2);
        self.whole.undo();
        self.each(&mut |c| c.rollback());
    }

    /// The edit stands: it gets the next revision.
    pub(super) fn keep(&mut self, actor: Vec<u8>) {
        self.made += 1;
        self.commits.push((self.made, self.now, actor));
    }

    /// Before a new round: what was read stays, what the edits did goes.
    pub(super) fn reset(&mut self) {
        self.made = self.head;
        self.changes.clear();
        self.commits.clear();
        self.new_heads.clear();
        self.erased.clear();
        self.whole.undo();
        self.each(&mut |c| c.reset());
    }

    fn each(&mut self, f: &mut dyn FnMut(&mut dyn Undo)) {
        f(&mut self.users);
        f(&mut self.names);
        f(&mut self.holders);
        f(&mut self.groups);
        f(&mut self.group_names);
        self.nested.each(f);
        f(&mut self.kinds);
        f(&mut self.edges);
        f(&mut self.by_member);
        f(&mut self.planted);
        f(&mut self.records);
        f(&mut self.record_keys);
        f(&mut self.tombstones);
        self.grants.each(f);
        f(&mut self.requests);
        f(&mut self.any);
        f(&mut self.held);
        f(&mut self.schemas);
    }
}

/// Cells of any type, for marking and going back.
pub(super) trait Undo {
    fn mark(&mut self);
    fn rollback(&mut self);
    fn reset(&mut self);
}
