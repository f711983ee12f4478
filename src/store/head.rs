//! Locking an organization, and what stands in its head.

use super::{Fault, Text, Work, open::Inner, open::Tx};

/// What every commit begins with.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct Head {
    /// The latest revision.
    revision: i64,
    /// The last that changed what is registered.
    schemas_revision: i64,
    /// The last that changed which groups are in which groups.
    nesting_revision: i64,
    /// The last that changed roles.
    roles_revision: i64,
    /// Whether groups that are in themselves are refused.
    refuse_cycles: i64,
}

const LOCK: Text = Text::same(
    "UPDATE heads SET revision = revision WHERE organization_id = $1 \
     RETURNING revision, schemas_revision, nesting_revision, roles_revision, refuse_cycles",
);

impl Inner {
    /// Locks the organization for the transaction; `None` when there is no such organization. `alone`: no edit is beside the
    /// first one.
    pub(super) async fn lock(&self, tx: &mut Tx, organization: &str, alone: bool) -> Result<Option<Work>, Fault> {
        let head: Option<Head> = tx.on(&self.counters).statement(LOCK).bind(organization.to_owned()).optional().await?;
        let Some(head) = head else { return Ok(None) };
        let schemas = self.schemas.at(&mut tx.on(&self.counters), organization, head.schemas_revision).await?;
        let mut work = Work::new(organization.to_owned(), self.life, head.revision, schemas, alone);
        work.nested.begin(head.nesting_revision, head.refuse_cycles != 0);
        work.grants.begin(self.books.known(organization, head.roles_revision), head.roles_revision);
        Ok(Some(work))
    }

    /// Keeps in memory what a batch has read and, if it was committed, what it has changed.
    pub(super) fn remember(&self, work: &Work, committed: bool) {
        self.books.note_read(work);
        if committed {
            self.books.note_changed(work);
            if !work.erased.is_empty() {
                self.erased.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            if let Some(at) = work.schemas_changed() {
                self.schemas.note(work.organization(), at, work.schemas());
            }
        }
    }
}
