//! How large stored users and groups are, without reading them: a batch or a chunk is filled as far as it fits.

use super::{Fault, Reader, Text, users::by_keys};

// Both engines know the length of a body without fetching it.
pub(super) const USERS: Text = Text::twin(
    "SELECT id, CAST(length(body) AS BIGINT) FROM users WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT u.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, CAST(length(body) AS BIGINT) FROM users \
     WHERE organization_id = $1 AND id = k.id LIMIT 1) u",
);
pub(super) const GROUPS: Text = Text::twin(
    "SELECT id, CAST(length(body) AS BIGINT) FROM groups WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT g.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, CAST(length(body) AS BIGINT) FROM groups \
     WHERE organization_id = $1 AND id = k.id LIMIT 1) g",
);

impl Reader {
    /// Those of these users (or groups) that are there, and the bytes of each as it is stored.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn sizes(&mut self, groups: bool, ids: Vec<String>) -> Result<Vec<(String, usize)>, Fault> {
        let organization = self.organization().to_owned();
        let text = if groups { GROUPS } else { USERS };
        let rows: Vec<(String, i64)> = by_keys(&mut self.connection(), text, organization, ids).await?;
        Ok(rows.into_iter().map(|(id, bytes)| (id, usize::try_from(bytes).unwrap_or(0))).collect())
    }
}
