//! Records as they travel: without what is the server's own.

use crate::{
    api::v1::{Connection, Group, Link, ResourceMeta, Role, ServiceAccount, User},
    store::Book,
};
use std::collections::BTreeSet;

/// Of the bookkeeping the times alone: versions and revisions are those of one store.
fn times(meta: &mut Option<ResourceMeta>) {
    if let Some(meta) = meta {
        *meta = ResourceMeta { create_time: meta.create_time, update_time: meta.update_time, ..ResourceMeta::default() };
    }
}

/// Revisions are those of one store.
fn unrevised(links: &mut [Link]) {
    for link in links {
        link.revision = 0;
    }
}

/// What travels as a record of its own.
pub(super) trait Travels: Clone + PartialEq {
    /// Leaves what is the server's own behind.
    fn bare(&mut self);

    /// Its bookkeeping.
    fn meta(&mut self) -> &mut Option<ResourceMeta>;

    /// Whether another says the same, whatever its times.
    fn says_the_same(&self, other: &Self) -> bool {
        let plain = |one: &Self| {
            let mut one = one.clone();
            one.bare();
            *one.meta() = None;
            one
        };
        plain(self) == plain(other)
    }
}

impl Travels for User {
    fn bare(&mut self) {
        self.organization_id.clear();
        times(&mut self.meta);
        unrevised(&mut self.links);
        (self.groups, self.groups_truncated, self.groups_version) = (Vec::new(), false, 0);
    }

    fn meta(&mut self) -> &mut Option<ResourceMeta> {
        &mut self.meta
    }
}

impl Travels for Group {
    fn bare(&mut self) {
        self.organization_id.clear();
        times(&mut self.meta);
        unrevised(&mut self.links);
        self.direct_member_count = 0;
    }

    fn meta(&mut self) -> &mut Option<ResourceMeta> {
        &mut self.meta
    }
}

impl Travels for Role {
    fn bare(&mut self) {
        self.organization_id.clear();
        times(&mut self.meta);
        self.built_in = false;
    }

    fn meta(&mut self) -> &mut Option<ResourceMeta> {
        &mut self.meta
    }
}

impl Travels for Connection {
    fn bare(&mut self) {
        self.organization_id.clear();
        times(&mut self.meta);
        self.scim_base_url.clear();
        self.status = None;
    }

    fn meta(&mut self) -> &mut Option<ResourceMeta> {
        &mut self.meta
    }
}

impl Travels for ServiceAccount {
    fn bare(&mut self) {
        self.organization_id.clear();
        times(&mut self.meta);
    }

    fn meta(&mut self) -> &mut Option<ResourceMeta> {
        &mut self.meta
    }
}

/// The organization's own roles, each behind those it includes; else by id.
pub(super) fn roles(book: &Book) -> Vec<Role> {
    let mut left: Vec<&Role> = book.roles().map(|row| &row.role).filter(|role| !role.built_in).collect();
    left.sort_by(|a, b| a.id.cmp(&b.id));
    let waiting: BTreeSet<String> = left.iter().map(|role| role.id.clone()).collect();
    let (mut told, mut ordered) = (BTreeSet::new(), Vec::new());
    while !left.is_empty() {
        let before = ordered.len();
        left.retain(|role| {
            let ready = role.included_role_ids.iter().all(|id| !waiting.contains(id) || told.contains(id));
            if ready {
                told.insert(role.id.clone());
                ordered.push((*role).clone());
            }
            !ready
        });
        if ordered.len() == before {
            // Roles never include themselves; if some did, they would be told all the same.
            ordered.extend(left.drain(..).cloned());
        }
    }
    ordered.iter_mut().for_each(Travels::bare);
    ordered
}
