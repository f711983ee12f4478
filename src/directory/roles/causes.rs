//! Why somebody holds a role.

use crate::{
    api::v1::Derivation,
    clock::Micros,
    store::{Book, Mapped},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Where a role comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A grant, by its id.
    Grant(String),
    /// A connection's mapping.
    Mapping(Arc<Mapped>),
}

/// One grant or mapping that reaches a principal.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) role_id: String,
    pub(super) scope: String,
    pub(super) expires_at: Micros,
    pub(super) origin: Origin,
    /// The groups between it and the principal, outermost first.
    pub(super) groups: Vec<String>,
    /// Whether the caller may be told of it; it counts either way.
    pub(super) told: bool,
}

impl Cause {
    /// Whether it holds in a scope: there, or in the whole organization.
    pub(super) fn holds_in(&self, scope: &str) -> bool {
        self.scope.is_empty() || self.scope == scope
    }

    /// The same as the contract says it, if the caller may be told; `roles` lead from the cause's own to the one asked for.
    pub(super) fn derivation(&self, roles: Vec<String>) -> Option<Derivation> {
        if !self.told {
            return None;
        }
        let derivation = Derivation { group_path: self.groups.clone(), role_path: roles, ..Derivation::default() };
        Some(match &self.origin {
            Origin::Grant(id) => Derivation { assignment_id: id.clone(), ..derivation },
            Origin::Mapping(mapped) => {
                Derivation { connection_id: mapped.connection_id.clone(), mapping: Some(mapped.mapping.clone()), ..derivation }
            }
        })
    }
}

/// What roles include, each looked up once.
#[derive(Debug)]
pub(super) struct Included<'b> {
    book: &'b Book,
    known: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl<'b> Included<'b> {
    pub(super) fn new(book: &'b Book) -> Self {
        Included { book, known: BTreeMap::new() }
    }

    /// A role and all it includes, each with the way to it.
    pub(super) fn of(&mut self, role: &str) -> &BTreeMap<String, Vec<String>> {
        let book = self.book;
        self.known.entry(role.to_owned()).or_insert_with(|| book.included(role))
    }

    /// The shortest way from a role to one of these.
    pub(super) fn way(&mut self, role: &str, to: &BTreeSet<String>) -> Option<Vec<String>> {
        self.of(role).iter().filter(|(id, _)| to.contains(*id)).map(|(_, way)| way).min_by_key(|way| way.len()).cloned()
    }
}
