//! What makes administrators of an organization: grants and mappings of "admin", and of roles that include it, in the whole
//! organization.

use super::super::{core::Edit, links, roles};
use crate::{
    api::v1::{Group, User},
    clock::Micros,
    store::{ADMIN, Book, Grant, MEMBER_GROUP, MEMBER_USER, Mapped, NEVER, Work},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The grants and mappings that make administrators.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Posts {
    /// Those of them that are grants, by id: with another end one is another.
    grants: Arc<BTreeMap<String, Arc<Grant>>>,
    users: Arc<BTreeSet<String>>,
    groups: Arc<BTreeSet<String>>,
    mappings: Vec<Arc<Mapped>>,
}

impl Posts {
    /// As they are in the work.
    pub(super) fn of(work: &mut Work) -> Edit<Posts> {
        Ok(Posts::read(work.book()?.as_ref(), work.now()))
    }

    pub(super) fn read(book: &Book, now: Micros) -> Posts {
        let makes = |g: &&Arc<Grant>| matches!(g.principal_kind, MEMBER_USER | MEMBER_GROUP) && g.scope.is_empty() && g.expires_at > now;
        let grants = book.admin_grants().filter(makes).map(|g| (g.id.clone(), Arc::clone(g))).collect();
        let mut mappings = Vec::new();
        if book.mappings().next().is_some() {
            let giving = book.giving(ADMIN);
            let gives = |m: &&Arc<Mapped>| m.mapping.scope.is_empty() && giving.contains(&m.mapping.role_id);
            mappings = book.mappings().filter(gives).cloned().collect();
        }
        Posts::new(grants, mappings)
    }

    fn new(grants: BTreeMap<String, Arc<Grant>>, mappings: Vec<Arc<Mapped>>) -> Posts {
        let held = |kind: i64| {
            let grants = grants.values().filter(|g| g.principal_kind == kind);
            Arc::new(grants.map(|g| g.principal_id.clone()).collect())
        };
        Posts { users: held(MEMBER_USER), groups: held(MEMBER_GROUP), grants: Arc::new(grants), mappings }
    }

    /// Those that do not end by themselves.
    pub(super) fn lasting(&self) -> Posts {
        if self.grants.values().all(|g| g.expires_at == NEVER) {
            return self.clone();
        }
        let grants = self.grants.iter().filter(|(_, g)| g.expires_at == NEVER).map(|(id, g)| (id.clone(), Arc::clone(g))).collect();
        Posts::new(grants, self.mappings.clone())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty() && self.mappings.is_empty()
    }

    /// Whether the user was granted it itself.
    pub(super) fn granted(&self, user: &str) -> bool {
        self.users.contains(user)
    }

    /// Those that are not this connection's own to make: all but what its mappings give.
    pub(super) fn of_others(&self, connection: &str) -> Posts {
        let mappings = self.mappings.iter().filter(|m| m.connection_id != connection).cloned().collect();
        Posts { mappings, ..self.clone() }
    }

    /// What this connection's mappings give.
    pub(super) fn of_its_own(&self, connection: &str) -> Posts {
        let mappings = self.mappings.iter().filter(|m| m.connection_id == connection).cloned().collect();
        Posts { mappings, ..Posts::default() }
    }

    /// Whether a mapping names a value of the user.
    pub(super) fn values(&self, user: &User) -> bool {
        self.mappings.iter().any(|m| roles::holds_value(user, m) && links::is_linked(user, &m.connection_id))
    }

    /// Whether a mapping names the group.
    pub(super) fn names(&self, group: &Group) -> bool {
        self.mappings.iter().any(|m| roles::names_group(group, m))
    }

    /// Whether a mapping of this connection names groups.
    pub(super) fn maps_groups_of(&self, connection: &str) -> bool {
        let of_groups = |m: &Mapped| roles::name_key(m).is_some() || roles::external_id_key(m).is_some();
        self.mappings.iter().any(|m| m.connection_id == connection && of_groups(m))
    }

    /// The groups that hold it themselves.
    fn tops(&self, work: &mut Work) -> Edit<BTreeSet<String>> {
        let mut tops = BTreeSet::clone(&self.groups);
        let names: BTreeSet<String> = self.mappings.iter().filter_map(|m| roles::name_key(m)).collect();
        let keys: Vec<_> = self.mappings.iter().filter_map(|m| roles::external_id_key(m)).collect();
        let called = if names.is_empty() { Ok(Vec::new()) } else { work.groups_called(&names) };
        let held: Vec<_> = keys.iter().map(|(kind, key)| work.holders(*kind, key)).collect();
        let held = held.into_iter().collect::<std::result::Result<Vec<_>, _>>();
        let mut candidates = called?;
        let rows: Vec<_> = held?.into_iter().flatten().map(|id| work.group(&id)).collect();
        candidates.extend(rows.into_iter().collect::<std::result::Result<Vec<_>, _>>()?.into_iter().flatten());
        let meant = candidates.iter().filter(|row| self.names(&row.group));
        tops.extend(meant.map(|row| row.group.id.clone()));
        Ok(tops)
    }

    /// The same with all groups inside them: whose members hold it.
    pub(super) fn groups(&self, work: &mut Work) -> Edit<BTreeSet<String>> {
        let tops = self.tops(work)?;
        if tops.is_empty() { Ok(tops) } else { Ok(work.groups_below(tops)?) }
    }

    /// Whether an active user holds it.
    pub(super) fn somebody(&self, work: &mut Work) -> Edit<bool> {
        let users: Vec<String> = self.users.iter().cloned().collect();
        let granted = work.some_active(&users);
        if granted == Ok(true) {
            return Ok(true);
        }
        let mut answers = vec![granted];
        for mapped in &self.mappings {
            if let Some((kind, value)) = roles::value_key(mapped) {
                let linked = |user: &User| user.active.unwrap_or(false) && links::is_linked(user, &mapped.connection_id);
                answers.push(work.some_valued(kind, value, |row| linked(&row.user)));
            }
        }
        for group in self.groups(work)? {
            answers.push(work.seats_somebody(&group));
        }
        // One answer is enough; else all must have been given.
        if answers.contains(&Ok(true)) {
            return Ok(true);
        }
        Ok(answers.into_iter().collect::<std::result::Result<Vec<_>, _>>().map(|_| false)?)
    }
}
