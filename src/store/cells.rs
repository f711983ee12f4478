//! What a batch knows of one table: as the database has it, as the edits before left it, and what is still wanted.

use super::{Miss, work::Undo};
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
};

#[derive(Debug)]
pub(super) struct Cells<K, V> {
    loaded: BTreeMap<K, V>,
    now: BTreeMap<K, V>,
    wanted: BTreeSet<K>,
    undo: Vec<(K, Option<V>)>,
}

impl<K: Ord + Clone, V: Clone> Cells<K, V> {
    pub(super) fn new() -> Self {
        Cells { loaded: BTreeMap::new(), now: BTreeMap::new(), wanted: BTreeSet::new(), undo: Vec::new() }
    }

    /// The value as the edits before left it. What was never read is a miss: it is read before the edits run again.
    pub(super) fn get<Q>(&mut self, key: &Q) -> Result<V, Miss>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(value) = self.peek(key) {
            return Ok(value.clone());
        }
        self.wanted.insert(key.to_owned());
        Err(Miss)
    }

    pub(super) fn peek<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.now.get(key).or_else(|| self.loaded.get(key))
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        let before = self.now.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// Follows another table's change; what was never read stays unread.
    pub(super) fn follow(&mut self, key: K, change: impl FnOnce(V) -> V) {
        if let Some(value) = self.peek(&key) {
            let value = change(value.clone());
            self.set(key, value);
        }
    }

    /// From here on `rollback` comes back to this state.
    pub(super) fn mark(&mut self) {
        self.undo.clear();
    }

    pub(super) fn rollback(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.now.insert(key, value),
                None => self.now.remove(&key),
            };
        }
    }

    /// Forgets what the edits did; keeps what was read.
    pub(super) fn reset(&mut self) {
        self.now.clear();
        self.undo.clear();
    }

    pub(super) fn take_wanted(&mut self) -> Vec<K> {
        std::mem::take(&mut self.wanted).into_iter().collect()
    }

    pub(super) fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    pub(super) fn load(&mut self, key: K, value: V) {
        self.loaded.insert(key, value);
    }

    pub(super) fn was(&self, key: &K) -> Option<&V> {
        self.loaded.get(key)
    }

    /// What the running edit wrote, each key once: its value before, and as it is now.
    pub(super) fn touched(&self) -> impl Iterator<Item = (&K, Option<&V>, &V)> {
        let mut seen = BTreeSet::new();
        self.undo
            .iter()
            .filter(move |(key, _)| seen.insert(key))
            .filter_map(|(key, before)| Some((key, before.as_ref().or_else(|| self.loaded.get(key)), self.now.get(key)?)))
    }

    /// What the edits wrote: key and value.
    pub(super) fn written(&self) -> impl Iterator<Item = (&K, &V)> {
        self.now.iter()
    }

    /// Every known value in a range of keys, in key order, as the edits left it.
    pub(super) fn range<'a>(&'a self, from: &'a K) -> impl Iterator<Item = (&'a K, &'a V)> {
        let keys: BTreeSet<&K> = self.loaded.range(from..).chain(self.now.range(from..)).map(|(k, _)| k).collect();
        keys.into_iter().filter_map(|k| self.now.get(k).or_else(|| self.loaded.get(k)).map(|v| (k, v)))
    }
}

impl<K: Ord + Clone, V: Clone> Undo for Cells<K, V> {
    fn mark(&mut self) {
        Cells::mark(self);
    }

    fn rollback(&mut self) {
        Cells::rollback(self);
    }

    fn reset(&mut self) {
        Cells::reset(self);
    }
}
