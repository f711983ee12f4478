//! What has an id, in whichever organization and of whatever kind. An import brings ids of its own; every other id is a new one.

use super::{Counters, Fault, Rows, Store, Text, open::Engine, open::Tx};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::OwnedMutexGuard;

// Organizations times ids look-ups, each by the whole key: an import pays for it, and no create pays for an index.
const BEARERS: Text = Text::twin(
    "SELECT u.id, 1, h.organization_id <> $1 FROM heads h CROSS JOIN json_each($2) e CROSS JOIN users u \
     ON u.organization_id = h.organization_id AND u.id = e.value->>0 UNION ALL \
     SELECT g.id, 2, h.organization_id <> $1 FROM heads h CROSS JOIN json_each($2) e CROSS JOIN groups g \
     ON g.organization_id = h.organization_id AND g.id = e.value->>0 UNION ALL \
     SELECT t.id, t.kind, h.organization_id <> $1 FROM heads h CROSS JOIN json_each($2) e CROSS JOIN tombstones t \
     ON t.organization_id = h.organization_id AND t.id = e.value->>0 UNION ALL \
     SELECT a.id, 5, h.organization_id <> $1 FROM heads h CROSS JOIN json_each($2) e CROSS JOIN role_assignments a \
     ON a.organization_id = h.organization_id AND a.id = e.value->>0 UNION ALL \
     SELECT r.id, r.kind, r.organization_id <> $1 FROM json_each($2) e CROSS JOIN records r \
     ON r.kind IN (4, 7, 9, 11) AND r.id = e.value->>0 UNION ALL \
     SELECT e.value->>0, 0, 0 FROM json_each($2) e WHERE (SELECT c.action FROM changes c INDEXED BY changes_by_resource \
     WHERE c.organization_id = $1 AND c.resource_id = e.value->>0 ORDER BY c.revision DESC, c.idx DESC LIMIT 1) = 9",
    "SELECT x.id, 1::bigint, (h.organization_id <> $1)::int::bigint FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM users \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x UNION ALL \
     SELECT x.id, 2::bigint, (h.organization_id <> $1)::int::bigint FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id FROM groups \
     WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x UNION ALL \
     SELECT x.id, x.kind, (h.organization_id <> $1)::int::bigint FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id, kind \
     FROM tombstones WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x UNION ALL \
     SELECT x.id, 5::bigint, (h.organization_id <> $1)::int::bigint FROM heads h, unnest($2::text[]) AS k(id), LATERAL (SELECT id \
     FROM role_assignments WHERE organization_id = h.organization_id AND id = k.id LIMIT 1) x UNION ALL \
     SELECT x.id, x.kind, (x.organization_id <> $1)::int::bigint FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, kind, organization_id \
     FROM records WHERE kind = ANY(ARRAY[4, 7, 9, 11]::bigint[]) AND id = k.id) x UNION ALL \
     SELECT k.id, 0::bigint, 0::bigint FROM unnest($2::text[]) AS k(id), LATERAL (SELECT action FROM changes \
     WHERE organization_id = $1 AND resource_id = k.id ORDER BY revision DESC, idx DESC LIMIT 1) x WHERE x.action = 9",
);

/// The kind of what was erased.
pub const ERASED: i64 = 0;

/// One that has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// What it is, in the contract's numbers of kinds of resources, or [`ERASED`]. One that was deleted softly is of the kind
    /// it was.
    pub kind: i64,
    /// Whether another organization has it.
    pub elsewhere: bool,
}

/// The right to bring ids in. Nobody else does, in any organization of the store and on any node, for as long as it is held.
#[derive(Debug)]
pub struct Claim {
    // Fields are dropped in their order: the engine's lock goes before the next of this process takes its turn.
    _lock: Option<Tx>,
    _turn: OwnedMutexGuard<()>,
}

impl Store {
    /// Waits until nobody else brings ids in. The look-up of ids and the commit that brings them are to be done under it; it is to
    /// live in the edit, so that it is held until the commit stands even if its caller goes away.
    ///
    /// # Errors
    /// When the store cannot answer, or another node holds it for too long.
    pub async fn claim(&self) -> Result<Claim, Fault> {
        // One of a process waits for other nodes, and the others for that one without a connection.
        let turn = Arc::clone(&self.inner.claims).lock_owned().await;
        let lock = match &self.inner.engine {
            // A file is one process's own.
            Engine::Sqlite(_) => None,
            Engine::Postgres(store) => Some(Tx::Postgres(store.begin_claim().await?)),
        };
        Ok(Claim { _lock: lock, _turn: turn })
    }

    /// Who has these ids: users, groups, those of them that were deleted softly, grants, roles, connections and service accounts
    /// of every organization, and the organizations themselves; and what of this organization was erased, as far as the feed
    /// still tells of it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn bearers(&self, organization: &str, ids: Vec<String>) -> Result<BTreeMap<String, Vec<Bearer>>, Fault> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let uncounted = Counters::default();
        let mut pooled = self.inner.reader().await?;
        let mut on = pooled.on(&uncounted);
        let rows: Vec<(String, i64, i64)> = on.statement(BEARERS).bind(organization.to_owned()).rows(Rows::new().text(ids)).all().await?;
        let mut found: BTreeMap<String, Vec<Bearer>> = BTreeMap::new();
        for (id, kind, elsewhere) in rows {
            found.entry(id).or_default().push(Bearer { kind, elsewhere: elsewhere != 0 });
        }
        Ok(found)
    }
}
