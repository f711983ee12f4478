//! How often connections made use of tolerances: totals by day, written beside the lane, since they are no change of the
//! directory.

use super::{Counters, Fault, Reader, RecordKind, Store, Text};
use crate::clock::Micros;
use std::collections::BTreeSet;

/// Uses of one tolerance by one connection on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// The organization.
    pub organization: String,
    /// The connection.
    pub connection: String,
    /// Days since 1970.
    pub day: i64,
    /// The tolerance's name.
    pub tolerance: String,
    /// How many there were.
    pub uses: i64,
    /// When the first of them was.
    pub first_at: Micros,
    /// When the last of them was.
    pub last_at: Micros,
}

/// A connection that is gone is not counted any more.
const ADD: Text = Text::same(
    "INSERT INTO deviations (organization_id, connection_id, day, tolerance, uses, first_at, last_at) \
     SELECT organization_id, id, CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT) \
     FROM records WHERE organization_id = $1 AND id = $2 AND kind = $8 \
     ON CONFLICT (organization_id, connection_id, day, tolerance) \
     DO UPDATE SET uses = deviations.uses + excluded.uses, last_at = excluded.last_at",
);
const FORGET: Text = Text::same("DELETE FROM deviations WHERE organization_id = $1 AND connection_id = $2 AND day < $3");
const SUMS: Text = Text::same(
    "SELECT tolerance, CAST(SUM(uses) AS BIGINT), MIN(first_at), MAX(last_at) FROM deviations \
     WHERE organization_id = $1 AND connection_id = $2 AND day >= $3 GROUP BY tolerance ORDER BY tolerance",
);

impl Store {
    /// Adds uses to what is there, and drops what these connections did before `oldest` (days since 1970), in one commit.
    /// Not counted by [`Counters`], since it comes at a time of its own.
    ///
    /// # Errors
    /// When the store cannot answer; then nothing was added.
    pub async fn add_deviations(&self, rows: Vec<Uses>, oldest: i64) -> Result<(), Fault> {
        let uncounted = Counters::default();
        let mut tx = self.inner.begin_write().await?;
        let mut connections = BTreeSet::new();
        for row in rows {
            connections.insert((row.organization.clone(), row.connection.clone()));
            let mut on = tx.on(&uncounted);
            let add = on.statement(ADD).bind(row.organization).bind(row.connection).bind(row.day).bind(row.tolerance);
            add.bind(row.uses).bind(row.first_at).bind(row.last_at).bind(RecordKind::Connection as i64).execute().await?;
        }
        // Last, so that no row is locked before the organization is: a lane locks in the same order.
        for (organization, connection) in connections {
            tx.on(&uncounted).statement(FORGET).bind(organization).bind(connection).bind(oldest).execute().await?;
        }
        tx.commit().await
    }
}

impl Reader {
    /// Tolerance, uses, first and last time of what a connection did from a day on (days since 1970), by name.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn deviations(&mut self, connection: &str, since: i64) -> Result<Vec<(String, i64, Micros, Micros)>, Fault> {
        let organization = self.organization().to_owned();
        self.connection().statement(SUMS).bind(organization).bind(connection.to_owned()).bind(since).all().await
    }
}
