//! What of an organization's resources a caller sees.

use super::{
    Error, Result,
    core::{Call, Edit},
    links,
    links::Linked,
};
use crate::{
    access::Caller,
    api::v1::connection::{Deprovision, Visibility},
    store::{Reader, Tombstone, View, Work},
};
use std::collections::BTreeSet;

/// Whose eyes look at resources. Callers without a connection see everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// The caller's connection; empty without one.
    connection: String,
    /// Whether it sees only what it manages.
    linked: bool,
    /// Whether whom it let go stays in the groups that it sets: it leaves them as they are.
    leaves: bool,
}

impl Sight {
    pub(super) fn of(call: &Call) -> Self {
        Sight::of_caller(&call.caller)
    }

    pub(super) fn of_caller(caller: &Caller) -> Self {
        let connection = caller.connection.as_deref();
        let linked = connection.is_some_and(|c| c.visibility() == Visibility::Linked);
        let leaves = connection.is_some_and(|c| c.on_delete() == Deprovision::Unlink);
        Sight { connection: caller.connection_id().to_owned(), linked, leaves }
    }

    /// The caller's connection; empty without one.
    pub(super) fn connection(&self) -> &str {
        &self.connection
    }

    /// Whether the caller sees only what its connection manages.
    pub(super) fn is_narrow(&self) -> bool {
        self.linked
    }

    /// Whether another connection than its own, and what belongs to that, is there for the caller.
    pub(super) fn sees_connection(&self, id: &str) -> bool {
        !self.linked || self.connection == id
    }

    /// Refuses another connection that is not there for the caller, as one that is not there at all.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(super) fn check_connection(&self, id: &str) -> Result<()> {
        self.check_owner(id, "connection")
    }

    /// Refuses what belongs to another connection (or to none) that is not there for the caller, as what is not there at all.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(super) fn check_owner(&self, connection: &str, name: &'static str) -> Result<()> {
        if self.sees_connection(connection) { Ok(()) } else { Err(Error::not_found(name)) }
    }

    /// Whether the resource is there for the caller.
    pub(super) fn sees(&self, resource: &impl Linked) -> bool {
        match (self.connection.is_empty(), self.linked) {
            (true, _) => true,
            (false, true) => links::is_linked(resource, &self.connection),
            (false, false) => !links::is_unlinked(resource, &self.connection),
        }
    }

    /// Whether the caller may know of what was deleted: a connection, of what it could bring back itself.
    pub(super) fn remembers(&self, tombstone: &Tombstone) -> bool {
        self.connection.is_empty() || tombstone.is_of(&self.connection)
    }

    /// Refuses what is not there for the caller, as what is not there at all.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(super) fn check(&self, resource: &impl Linked, name: &'static str) -> Result<()> {
        if self.sees(resource) { Ok(()) } else { Err(Error::not_found(name)) }
    }

    /// The same, as the store is asked for it. A connection that has let nothing go pays a probe of an index.
    pub(super) async fn view(&self, reader: &mut Reader) -> Result<View> {
        Ok(match (self.connection.is_empty(), self.linked) {
            (true, _) => View::All,
            (false, true) => View::Only(self.connection.clone()),
            (false, false) => reader.view_except(&self.connection).await?,
        })
    }

    /// The same inside an edit.
    pub(super) fn view_in(&self, work: &mut Work) -> Edit<View> {
        Ok(match (self.connection.is_empty(), self.linked) {
            (true, _) => View::All,
            (false, true) => View::Only(self.connection.clone()),
            (false, false) => work.view_except(&self.connection)?,
        })
    }

    /// Which of these users and groups are there, inside an edit.
    pub(super) fn seen_in(&self, work: &mut Work, ids: &[String]) -> Edit<BTreeSet<String>> {
        let view = self.view_in(work)?;
        Ok(work.seen(&view, ids)?)
    }

    /// Whose deletes count where a membership is set: the caller's connection, unless it leaves whom it lets go as they are.
    pub(super) fn ends(&self) -> Option<&str> {
        (!self.connection.is_empty() && !self.leaves).then_some(self.connection.as_str())
    }

    /// Whose memberships the caller's word ends, inside an edit: of these who are there for it, and whom its connection deleted
    /// itself and no other one manages. It cannot name those any more, and yet means them by all whom it does not name.
    pub(super) fn ended_in(&self, work: &mut Work, ids: &[String]) -> Edit<BTreeSet<String>> {
        let mut ended = self.seen_in(work, ids)?;
        let hidden: Vec<String> = ids.iter().filter(|id| !ended.contains(*id)).cloned().collect();
        let Some(connection) = self.ends().filter(|_| !hidden.is_empty()) else { return Ok(ended) };
        let view = work.view_except(connection)?;
        let foreign = work.seen(&view, &hidden)?;
        let let_go: Vec<_> = hidden.iter().filter(|id| !foreign.contains(*id)).map(|id| work.user(id)).collect();
        let let_go = let_go.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        let shared: Vec<_> = let_go.iter().flatten().map(|row| links::managed_by_others(work, &row.user, connection)).collect();
        for (row, shared) in let_go.iter().flatten().zip(shared) {
            if !shared? {
                ended.insert(row.user.id.clone());
            }
        }
        Ok(ended)
    }

    /// Takes away what only others are to see: a connection's link and externalId are its own affair.
    pub(super) fn hide_foreign(&self, resource: &mut impl Linked) {
        if !self.connection.is_empty() {
            let (links, external_ids) = resource.parts();
            links.retain(|link| link.connection_id == self.connection);
            external_ids.retain(|e| e.connection_id == self.connection);
        }
    }
}
