//! Grants of roles: rows of their own, found by principal and by role.

#![allow(clippy::missing_errors_doc, reason = "every question of an edit answers `Miss` until what it asks for was read")]

use super::{
    Book, Connection, Fault, Miss, Rows, Text, Work, book,
    cells::Cells,
    fate::{Fate, fate},
    flush::set,
    users::by_keys,
    work::Undo,
    writes::{DROP_GRANTS, PUT_GRANTS},
};
use crate::{clock::Micros, limits};
use std::{collections::BTreeSet, sync::Arc};

/// The kind of a service account as a holder; users and groups have those of members.
pub const GRANTEE_ACCOUNT: i64 = 3;
/// When a grant ends that does not end by itself.
pub const NEVER: Micros = i64::MAX;

/// A grant of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The role's id.
    pub role_id: String,
    /// Who holds it.
    pub principal_id: String,
    /// [`super::MEMBER_USER`], [`super::MEMBER_GROUP`] or [`GRANTEE_ACCOUNT`].
    pub principal_kind: i64,
    /// Where it holds; empty = the whole organization.
    pub scope: String,
    /// When it ends, in microseconds since 1970, or [`NEVER`].
    pub expires_at: Micros,
    /// When it was made, in microseconds since 1970.
    pub created_at: Micros,
}

/// The columns of a grant, in the order of its fields.
pub(super) type Columns = (String, String, String, i64, String, Micros, Micros);

impl From<Columns> for Grant {
    fn from((id, role_id, principal_id, principal_kind, scope, expires_at, created_at): Columns) -> Self {
        Grant { id, role_id, principal_id, principal_kind, scope, expires_at, created_at }
    }
}

pub(super) const BY_IDS: Text = Text::twin(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT a.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at \
     FROM role_assignments WHERE organization_id = $1 AND id = k.id LIMIT 1) a",
);
pub(super) const BY_PRINCIPALS: Text = Text::twin(
    "SELECT a.id, a.role_id, a.principal_id, a.principal_kind, a.scope, a.expires_at, a.created_at FROM json_each($2) e \
     CROSS JOIN role_assignments a INDEXED BY role_assignments_by_principal ON a.organization_id = $1 AND a.principal_id = e.value->>0",
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND principal_id = ANY($2)",
);
// One role at a time, and one more than may be ended in one commit.
pub(super) const BY_ROLE: Text = Text::same(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND role_id = $2 LIMIT 10001",
);
pub(super) const OF_ROLES: Text = Text::twin(
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND role_id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT id, role_id, principal_id, principal_kind, scope, expires_at, created_at FROM role_assignments \
     WHERE organization_id = $1 AND role_id = ANY($2)",
);
/// What a batch knows of grants and of roles.
#[derive(Debug)]
pub(super) struct Grants {
    rows: Cells<String, Option<Arc<Grant>>>,
    of_principal: Cells<String, BTreeSet<String>>,
    of_role: Cells<String, BTreeSet<String>>,
    /// One cell.
    book: Cells<(), Arc<Book>>,
    /// Whether the organization never had a grant: then nothing needs to be read to know so.
    none: bool,
    /// The revision of the head that last changed the book.
    revision: i64,
}

impl Default for Grants {
    fn default() -> Self {
        Grants { rows: Cells::new(), of_principal: Cells::new(), of_role: Cells::new(), book: Cells::new(), none: false, revision: 0 }
    }
}

impl Grants {
    pub(super) fn begin(&mut self, known: Option<Arc<Book>>, revision: i64) {
        (self.none, self.revision) = (revision == 0, revision);
        if let Some(book) = known {
            self.book.load((), book);
        }
    }

    pub(super) fn each(&mut self, f: &mut dyn FnMut(&mut dyn Undo)) {
        f(&mut self.rows);
        f(&mut self.of_principal);
        f(&mut self.of_role);
        f(&mut self.book);
    }

    /// Whether there ever was a grant, a role or a mapping, this batch included.
    pub(super) fn some(&self) -> bool {
        !self.none || self.book.written().next().is_some()
    }

    /// What decided about roles before the running edit, if it changed that.
    pub(super) fn book_before(&self) -> Option<Arc<Book>> {
        self.book.touched().next().and_then(|((), before, _)| before.cloned())
    }

    pub(super) fn wants(&self) -> bool {
        self.rows.wants() || self.of_principal.wants() || self.of_role.wants() || self.book.wants()
    }

    fn read(&mut self, grant: Grant) -> String {
        let id = grant.id.clone();
        self.rows.load(id.clone(), Some(Arc::new(grant)));
        id
    }

    fn all(&mut self, ids: &BTreeSet<String>) -> Vec<Arc<Grant>> {
        ids.iter().filter_map(|id| self.rows.peek(id).cloned().flatten()).collect()
    }
}

impl Work {
    /// What decides about roles.
    pub fn book(&mut self) -> Result<Arc<Book>, Miss> {
        self.grants.book.get(&())
    }

    /// Makes this what decides about roles. The records it is made from are stored by themselves.
    pub fn set_book(&mut self, book: Book) {
        self.grants.book.set((), Arc::new(book));
    }

    /// A grant by id.
    pub fn grant(&mut self, id: &str) -> Result<Option<Arc<Grant>>, Miss> {
        self.grants.rows.get(id)
    }

    /// The grants to a principal itself, by id.
    pub fn grants_of(&mut self, principal: &str) -> Result<Vec<Arc<Grant>>, Miss> {
        if self.grants.none && self.grants.of_principal.peek(principal).is_none() {
            self.grants.of_principal.load(principal.to_owned(), BTreeSet::new());
        }
        let ids = self.grants.of_principal.get(principal)?;
        Ok(self.grants.all(&ids))
    }

    /// The grants of a role, by id; of more than [`limits::GRANTS_PER_DELETED_ROLE`] some, and more than that.
    pub fn grants_to(&mut self, role: &str) -> Result<Vec<Arc<Grant>>, Miss> {
        let ids = self.grants.of_role.get(role)?;
        Ok(self.grants.all(&ids))
    }

    /// Stores a grant: a new one, or one with another end. Ask for the principal's grants first.
    pub fn put_grant(&mut self, grant: Grant) {
        let id = grant.id.clone();
        let with = |mut ids: BTreeSet<String>| {
            ids.insert(id.clone());
            ids
        };
        self.grants.of_principal.follow(grant.principal_id.clone(), with);
        self.grants.of_role.follow(grant.role_id.clone(), with);
        self.grants.rows.set(id, Some(Arc::new(grant)));
    }

    /// Removes a grant.
    pub fn drop_grant(&mut self, grant: &Grant) {
        let without = |mut ids: BTreeSet<String>| {
            ids.remove(&grant.id);
            ids
        };
        self.grants.of_principal.follow(grant.principal_id.clone(), without);
        self.grants.of_role.follow(grant.role_id.clone(), without);
        self.grants.rows.set(grant.id.clone(), None);
    }

    /// The revision that changes what decides about roles, if this batch does, and what it is since.
    pub(super) fn roles_changed(&self) -> Option<(i64, Arc<Book>)> {
        let (was, book) = (self.grants.book.was(&()), self.grants.book.peek(&())?);
        // Mostly it is the very same.
        was.is_none_or(|was| !Arc::ptr_eq(was, book) && was != book).then(|| (self.made, book.clone()))
    }

    /// What decides about roles as the database has it, and since when, if this batch has read it.
    pub(super) fn roles_read(&self) -> Option<(i64, Arc<Book>)> {
        self.grants.book.was(&()).filter(|_| !self.grants.none).map(|book| (self.grants.revision, book.clone()))
    }

    pub(super) async fn load_grants(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let organization = self.organization.clone();
        if !self.grants.book.take_wanted().is_empty() {
            self.grants.book.load((), Arc::new(book::read(on, &organization).await?));
        }
        let wanted = self.grants.rows.take_wanted();
        let rows: Vec<Columns> = by_keys(on, BY_IDS, organization.clone(), wanted.clone()).await?;
        for id in wanted {
            self.grants.rows.load(id, None);
        }
        for row in rows {
            self.grants.read(row.into());
        }
        let wanted = self.grants.of_principal.take_wanted();
        let rows: Vec<Columns> = by_keys(on, BY_PRINCIPALS, organization.clone(), wanted.clone()).await?;
        let mut found: std::collections::BTreeMap<String, BTreeSet<String>> = wanted.into_iter().map(|p| (p, BTreeSet::new())).collect();
        for row in rows {
            let principal = row.2.clone();
            let id = self.grants.read(row.into());
            found.entry(principal).or_default().insert(id);
        }
        for (principal, ids) in found {
            self.grants.of_principal.load(principal, ids);
        }
        for role in self.grants.of_role.take_wanted() {
            let rows: Vec<Columns> = on.statement(BY_ROLE).bind(organization.clone()).bind(role.clone()).all().await?;
            let ids = rows.into_iter().map(|row| self.grants.read(row.into())).collect();
            self.grants.of_role.load(role, ids);
        }
        Ok(())
    }

    pub(super) async fn flush_grants(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let (mut put, mut dropped) = (Vec::new(), Vec::new());
        for (id, after) in self.grants.rows.written() {
            match fate(self.grants.rows.was(id), after) {
                Fate::Same => {}
                Fate::Drop => dropped.push(id.clone()),
                Fate::Put(grant) => put.push(grant),
            }
        }
        set(on, DROP_GRANTS, &self.organization, dropped.len(), || Rows::new().text(dropped)).await?;
        set(on, PUT_GRANTS, &self.organization, put.len(), || {
            Rows::new()
                .text(put.iter().map(|g| g.id.as_str()))
                .text(put.iter().map(|g| g.role_id.as_str()))
                .text(put.iter().map(|g| g.principal_id.as_str()))
                .integer(put.iter().map(|g| g.principal_kind))
                .text(put.iter().map(|g| g.scope.as_str()))
                .integer(put.iter().map(|g| g.expires_at))
                .integer(put.iter().map(|g| g.created_at))
        })
        .await
    }
}

const _: () = assert!(limits::GRANTS_PER_DELETED_ROLE == 10_000, "BY_ROLE reads one more");
