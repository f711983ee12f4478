//! What decides about roles in an organization: its definitions, the mappings of its connections, and the grants of "admin".
//! Few, kept in memory under the revision that last changed them; an organization without any costs nothing: its head says so.

use super::{
    Connection, Fault, Grant, RecordKind, Rows, Text, Work,
    grants::{self, OF_ROLES},
    records,
};
use crate::{
    api::v1::{Connection as Provider, Role, RoleMapping},
    limits,
};
use prost::Message as _;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

/// Id and key of the role that is the server's own.
pub const ADMIN: &str = "admin";

pub(super) const OF_KIND: Text =
    Text::same("SELECT kind, id, key, secret, version, body FROM records WHERE organization_id = $1 AND kind = $2");

/// A role as it is stored, and the revision of its last change.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleRow {
    /// The definition; what of its meta follows from the version is not filled in.
    pub role: Role,
    /// The revision of the last change; 0 for the server's own.
    pub version: i64,
}

/// A role mapping and the connection it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// The connection.
    pub connection_id: String,
    /// What of its data grants which role.
    pub mapping: RoleMapping,
}

/// All that decides about roles, but for grants of roles that do not make an administrator.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// By id, the server's own among them.
    roles: BTreeMap<String, Arc<RoleRow>>,
    /// By connection.
    mappings: BTreeMap<String, Vec<Arc<Mapped>>>,
    /// Grants of "admin" and of roles that include it, by id; also those whose time is over.
    admin: BTreeMap<String, Arc<Grant>>,
}

impl Default for Book {
    fn default() -> Self {
        let admin = Role {
            id: ADMIN.to_owned(),
            key: ADMIN.to_owned(),
            display_name: "Administrator".to_owned(),
            description: Some("Administers the organization.".to_owned()),
            built_in: true,
            ..Role::default()
        };
        let roles = BTreeMap::from([(ADMIN.to_owned(), Arc::new(RoleRow { role: admin, version: 0 }))]);
        Book { roles, mappings: BTreeMap::new(), admin: BTreeMap::new() }
    }
}

impl Book {
    /// A role by id.
    pub fn role(&self, id: &str) -> Option<&Arc<RoleRow>> {
        self.roles.get(id)
    }

    /// A role by key.
    pub fn role_keyed(&self, key: &str) -> Option<&Arc<RoleRow>> {
        self.roles.values().find(|row| row.role.key == key)
    }

    /// Every role, by id.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<RoleRow>> {
        self.roles.values()
    }

    /// Every mapping.
    pub fn mappings(&self) -> impl Iterator<Item = &Arc<Mapped>> {
        self.mappings.values().flatten()
    }

    /// Grants of "admin" and of roles that include it.
    pub fn admin_grants(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.admin.values()
    }

    /// A role and all it includes: for each the way to it from that role, by id.
    pub fn included(&self, id: &str) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        let mut next = VecDeque::from([(id.to_owned(), Vec::new())]);
        while let Some((id, path)) = next.pop_front() {
            let Some(row) = self.roles.get(&id).filter(|_| !found.contains_key(&id)) else { continue };
            for included in &row.role.included_role_ids {
                let path = path.iter().chain([included]).cloned().collect();
                next.push_back((included.clone(), path));
            }
            found.insert(id, path);
        }
        found
    }

    /// A role and all that include it.
    pub fn giving(&self, id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([id.to_owned()]);
        // Each round follows one more step; a role that is found is not looked at again.
        loop {
            let reaches = |row: &&Arc<RoleRow>| row.role.included_role_ids.iter().any(|included| found.contains(included));
            let more: Vec<String> =
                self.roles.values().filter(|row| !found.contains(&row.role.id)).filter(reaches).map(|row| row.role.id.clone()).collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// Encoded bytes of all roles.
    pub fn bytes(&self) -> usize {
        self.roles.values().map(|row| row.role.encoded_len()).sum()
    }

    /// Stores a role, new or changed.
    pub fn put_role(&mut self, row: RoleRow) {
        self.roles.insert(row.role.id.clone(), Arc::new(row));
    }

    /// Removes a role.
    pub fn drop_role(&mut self, id: &str) {
        self.roles.remove(id);
    }

    /// Makes these the mappings of a connection.
    pub fn set_mappings(&mut self, connection_id: &str, mappings: &[RoleMapping]) {
        let mapped = |mapping: &RoleMapping| Arc::new(Mapped { connection_id: connection_id.to_owned(), mapping: mapping.clone() });
        if mappings.is_empty() {
            self.mappings.remove(connection_id);
        } else {
            self.mappings.insert(connection_id.to_owned(), mappings.iter().map(mapped).collect());
        }
    }

    /// Makes these the grants of "admin" and of roles that include it.
    pub fn set_admin(&mut self, grants: impl IntoIterator<Item = Arc<Grant>>) {
        self.admin = grants.into_iter().map(|grant| (grant.id.clone(), grant)).collect();
    }
}

/// The books of the organizations asked about lately, each with the revision it was read for.
#[derive(Debug, Default)]
pub(super) struct Books(Mutex<HashMap<String, (i64, Arc<Book>)>>);

impl Books {
    /// The book at a revision of the head, if that asks for no statement.
    pub(super) fn known(&self, organization: &str, revision: i64) -> Option<Arc<Book>> {
        if revision == 0 {
            return Some(Arc::default());
        }
        self.locked().get(organization).filter(|(at, _)| *at == revision).map(|(_, book)| book.clone())
    }

    /// The book at a revision of the head.
    pub(super) async fn at(&self, on: &mut Connection<'_>, organization: &str, revision: i64) -> Result<Arc<Book>, Fault> {
        if let Some(book) = self.known(organization, revision) {
            return Ok(book);
        }
        let book = Arc::new(read(on, organization).await?);
        self.note(organization, revision, book.clone());
        Ok(book)
    }

    /// The book since a revision. An older snapshot does not put an older book back.
    fn note(&self, organization: &str, revision: i64, book: Arc<Book>) {
        let mut known = self.locked();
        if known.len() >= limits::ROLE_BOOKS && !known.contains_key(organization) {
            // Any will do: what is asked for again is read again.
            let some: Vec<String> = known.keys().take(limits::ROLE_BOOKS / 2).cloned().collect();
            for organization in some {
                known.remove(&organization);
            }
        }
        let entry = known.entry(organization.to_owned()).or_insert_with(|| (revision, book.clone()));
        if entry.0 < revision {
            *entry = (revision, book);
        }
    }

    /// What a batch has read.
    pub(super) fn note_read(&self, work: &Work) {
        work.roles_read().into_iter().for_each(|(at, book)| self.note(work.organization(), at, book));
    }

    /// What a batch has committed.
    pub(super) fn note_changed(&self, work: &Work) {
        work.roles_changed().into_iter().for_each(|(at, book)| self.note(work.organization(), at, book));
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, Arc<Book>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a book.
pub(super) async fn read(on: &mut Connection<'_>, organization: &str) -> Result<Book, Fault> {
    let mut book = Book::default();
    let rows: Vec<records::Columns> = on.statement(OF_KIND).bind(organization.to_owned()).bind(RecordKind::Role as i64).all().await?;
    for (_, _, _, _, version, body) in rows {
        book.put_role(RoleRow { role: Role::decode(body.as_slice())?, version });
    }
    let rows: Vec<records::Columns> = on.statement(OF_KIND).bind(organization.to_owned()).bind(RecordKind::Connection as i64).all().await?;
    for (_, id, _, _, _, body) in rows {
        book.set_mappings(&id, &Provider::decode(body.as_slice())?.role_mappings);
    }
    let roles = Rows::new().text(book.giving(ADMIN));
    let rows: Vec<grants::Columns> = on.statement(OF_ROLES).bind(organization.to_owned()).rows(roles).all().await?;
    book.set_admin(rows.into_iter().map(|row| Arc::new(Grant::from(row))));
    Ok(book)
}
