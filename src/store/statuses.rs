//! How connections have fared: one row each, written beside the lane, since it is no change of the directory.

use super::{Counters, Fault, Reader, RecordKind, Store, Text};

/// Makes the row if it is not there, and answers it locked: two nodes never lose each other's notes. A connection that is gone
/// has none.
const HOLD: Text = Text::twin(
    "INSERT INTO connection_statuses (organization_id, connection_id, body) \
     SELECT organization_id, id, x'' FROM records WHERE organization_id = $1 AND id = $2 AND kind = $3 \
     ON CONFLICT (organization_id, connection_id) DO UPDATE SET body = connection_statuses.body RETURNING body",
    "INSERT INTO connection_statuses (organization_id, connection_id, body) \
     SELECT organization_id, id, ''::BYTEA FROM records WHERE organization_id = $1 AND id = $2 AND kind = $3 \
     ON CONFLICT (organization_id, connection_id) DO UPDATE SET body = connection_statuses.body RETURNING body",
);
const SET: Text = Text::same("UPDATE connection_statuses SET body = $3 WHERE organization_id = $1 AND connection_id = $2");
const READ: Text = Text::twin(
    "SELECT connection_id, body FROM connection_statuses WHERE organization_id = $1 AND connection_id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT connection_id, body FROM connection_statuses WHERE organization_id = $1 AND connection_id = ANY($2)",
);
const EVERYWHERE: Text = Text::same(
    "SELECT records.id, records.body, connection_statuses.body FROM records LEFT JOIN connection_statuses \
     ON connection_statuses.organization_id = records.organization_id AND connection_statuses.connection_id = records.id \
     WHERE records.kind = $1 AND records.id > $2 ORDER BY records.id LIMIT $3",
);

impl Store {
    /// Merges what was noted of an organization's connections into their rows, in one commit. `merge` gets a connection's place
    /// in the list and its row as it is, empty if it is new. Not counted by [`Counters`], since it comes at a time of its own.
    ///
    /// # Errors
    /// When the store cannot answer; then nothing was merged.
    pub async fn merge_statuses(
        &self,
        organization: &str,
        connections: &[&str],
        merge: impl Fn(usize, &[u8]) -> Vec<u8> + Send,
    ) -> Result<(), Fault> {
        let uncounted = Counters::default();
        let mut tx = self.inner.begin_write().await?;
        for (at, connection) in connections.iter().enumerate() {
            let (organization, connection) = (organization.to_owned(), (*connection).to_owned());
            let mut on = tx.on(&uncounted);
            let lock = on.statement(HOLD).bind(organization.clone()).bind(connection.clone()).bind(RecordKind::Connection as i64);
            let there: Option<(Vec<u8>,)> = lock.optional().await?;
            if let Some((body,)) = there {
                let merged = merge(at, &body);
                tx.on(&uncounted).statement(SET).bind(organization).bind(connection).bind(merged).execute().await?;
            }
        }
        tx.commit().await
    }

    /// Connections of all organizations after this id, in order of id: id, record, and status if there is one.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn connections_everywhere(&self, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>, Option<Vec<u8>>)>, Fault> {
        let uncounted = Counters::default();
        let mut pooled = self.inner.reader().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut on = pooled.on(&uncounted);
        on.statement(EVERYWHERE).bind(RecordKind::Connection as i64).bind(after.to_owned()).bind(limit).all().await
    }
}

impl Reader {
    /// How these connections have fared; one that never was used is left out.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn statuses(&mut self, ids: Vec<String>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let organization = self.organization().to_owned();
        super::users::by_keys(&mut self.connection(), READ, organization, ids).await
    }
}
