//! A snapshot of one organization.

use super::{Book, Connection, Fault, Life, Store, Text, open::Tx};
use crate::attributes::Schemas;
use std::sync::Arc;

const HEAD: Text = Text::same(
    "SELECT revision, nesting_revision, schemas_revision, roles_revision, user_count, group_count, compacted_revision FROM heads WHERE organization_id = $1",
);

/// What stands in a head.
type Head = (i64, i64, i64, i64, i64, i64, i64);

/// Reads that belong together: one snapshot, its revision known. Keep it no longer than a page takes.
pub struct Reader {
    tx: Tx,
    inner: Arc<super::open::Inner>,
    organization: String,
    revision: i64,
    nesting_revision: i64,
    schemas_revision: i64,
    roles_revision: i64,
    user_count: i64,
    group_count: i64,
    pub(super) compacted_revision: i64,
}

impl Store {
    /// A snapshot of an organization; `None` when there is no such organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn read(&self, organization: &str) -> Result<Option<Reader>, Fault> {
        let mut tx = self.inner.begin_read().await?;
        let head: Option<Head> = tx.on(&self.inner.counters).statement(HEAD).bind(organization.to_owned()).optional().await?;
        Ok(head.map(|head| {
            let (revision, nesting_revision, schemas_revision, roles_revision, user_count, group_count, compacted_revision) = head;
            Reader {
                tx,
                inner: self.inner.clone(),
                organization: organization.to_owned(),
                revision,
                nesting_revision,
                schemas_revision,
                roles_revision,
                user_count,
                group_count,
                compacted_revision,
            }
        }))
    }
}

impl Reader {
    /// The organization read.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The life of the store, which etags are of.
    pub fn life(&self) -> Life {
        self.inner.life
    }

    /// The revision the snapshot was taken at.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// The last revision that changed which groups are in which groups.
    pub fn nesting_revision(&self) -> i64 {
        self.nesting_revision
    }

    /// What the organization has registered, as the snapshot has it. Read again only when it has changed since.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn schemas(&mut self) -> Result<Schemas, Fault> {
        let (organization, at) = (self.organization.clone(), self.schemas_revision);
        self.inner.schemas.at(&mut self.tx.on(&self.inner.counters), &organization, at).await
    }

    /// What decides about roles, as the snapshot has it. Read again only when it has changed since.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn book(&mut self) -> Result<Arc<Book>, Fault> {
        let (organization, at) = (self.organization.clone(), self.roles_revision);
        self.inner.books.at(&mut self.tx.on(&self.inner.counters), &organization, at).await
    }

    /// Whether the organization never had a grant nor a role of its own.
    pub(super) fn no_roles(&self) -> bool {
        self.roles_revision == 0
    }

    /// Users of the organization.
    pub fn user_count(&self) -> i64 {
        self.user_count
    }

    /// Groups of the organization.
    pub fn group_count(&self) -> i64 {
        self.group_count
    }

    pub(super) fn connection(&mut self) -> Connection<'_> {
        self.tx.on(&self.inner.counters)
    }
}
