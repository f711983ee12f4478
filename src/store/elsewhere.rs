//! Ids that another organization holds. An import brings ids of its own; every other id is a new one.

use super::{Counters, Fault, Rows, Store, Text};
use std::collections::BTreeSet;

// Organizations times ids look-ups, each by the whole key: an import pays for it, and no create pays for an index.
const ELSEWHERE: Text = Text::twin(
    "SELECT u.id FROM heads h CROSS JOIN json_each($2) e CROSS JOIN users u ON u.organization_id = h.organization_id AND u.id = e.value->>0 \
     WHERE h.organization_id <> $1 UNION ALL \
     SELECT g.id FROM heads h CROSS JOIN json_each($2) e CROSS JOIN groups g ON g.organization_id = h.organization_id AND g.id = e.value->>0 \
     WHERE h.organization_id <> $1 UNION ALL \
     SELECT t.id FROM heads h CROSS JOIN json_each($2) e CROSS JOIN tombstones t ON t.organization_id = h.organization_id AND t.id = e.value->>0 \
     WHERE h.organization_id <> $1 UNION ALL \
     SELECT a.id FROM heads h CROSS JOIN json_each($2) e CROSS JOIN role_assignments a \
     ON a.organization_id = h.organization_id AND a.id = e.value->>0 WHERE h.organization_id <> $1 UNION ALL \
     SELECT r.id FROM json_each($2) e CROSS JOIN records r ON r.kind IN (4, 7, 11) AND r.id = e.value->>0 WHERE r.organization_id <> $1",
    "SELECT x.id FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM users \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x WHERE h.organization_id <> $1 UNION ALL \
     SELECT x.id FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM groups \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x WHERE h.organization_id <> $1 UNION ALL \
     SELECT x.id FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM tombstones \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x WHERE h.organization_id <> $1 UNION ALL \
     SELECT x.id FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM role_assignments \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x WHERE h.organization_id <> $1 UNION ALL \
     SELECT x.id FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, organization_id FROM records \
     WHERE kind = ANY(ARRAY[4, 7, 11]::bigint[]) AND id = k.id) x WHERE x.organization_id <> $1",
);

impl Store {
    /// Those of these ids that name a user, a group, a role, a connection, a service account or a grant of another organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn held_elsewhere(&self, organization: &str, ids: Vec<String>) -> Result<BTreeSet<String>, Fault> {
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let uncounted = Counters::default();
        let mut pooled = self.inner.reader().await?;
        let mut on = pooled.on(&uncounted);
        let rows: Vec<(String,)> = on.statement(ELSEWHERE).bind(organization.to_owned()).rows(Rows::new().text(ids)).all().await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}
