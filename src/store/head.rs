//! The head of an organization, as a lane locks it.

use super::{Connection, Fault, Text};

/// What every commit begins with.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Head {
    /// The latest revision.
    pub(super) revision: i64,
    /// The last that changed what is registered.
    pub(super) schemas_revision: i64,
    /// The last that changed roles.
    pub(super) roles_revision: i64,
    /// Whether groups that are in themselves are refused.
    pub(super) refuse_cycles: i64,
}

const LOCK: Text = Text::same(
    "UPDATE heads SET revision = revision WHERE organization_id = $1 RETURNING revision, schemas_revision, roles_revision, refuse_cycles",
);

/// Locks an organization until the transaction ends; `None` when there is no such organization.
pub(super) async fn lock(on: &mut Connection<'_>, organization: &str) -> Result<Option<Head>, Fault> {
    on.statement(LOCK).bind(organization.to_owned()).optional().await
}
