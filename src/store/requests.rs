//! What writes with a `request_id` were answered: kept by the commit that made it, forgotten when its day is over.

use super::{Connection, Counters, Fault, Miss, Reader, Rows, Store, Text, Work, cells::Cells, flush::set, work::Undo};
use crate::clock::Micros;
use std::sync::Arc;

/// Whose request (a connection or a service account), its id, and which of its commits, counted from 0.
pub type RequestKey = (String, String, i64);

/// What a write was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Of what was asked.
    pub digest: Vec<u8>,
    /// When it was asked, in microseconds since 1970.
    pub kept_at: Micros,
    /// The user that the answer tells of; empty = nobody.
    pub resource_id: String,
    /// The answer; empty when that user was erased since.
    pub body: Vec<u8>,
}

/// The columns of an answer: caller, request, part, digest, time, resource, body.
type Columns = (String, String, i64, Vec<u8>, Micros, String, Vec<u8>);

pub(super) const BY_KEYS: Text = Text::twin(
    "SELECT r.caller, r.request_id, r.part, r.digest, r.kept_at, r.resource_id, r.body FROM json_each($2) e CROSS JOIN requests r \
     ON r.organization_id = $1 AND r.caller = e.value->>0 AND r.request_id = e.value->>1 AND r.part = e.value->>2",
    "SELECT r.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS e(caller, request_id, part), \
     LATERAL (SELECT caller, request_id, part, digest, kept_at, resource_id, body FROM requests \
     WHERE organization_id = $1 AND caller = e.caller AND request_id = e.request_id AND part = e.part LIMIT 1) r",
);
// One whose day is over may still be there.
const PUT: Text = Text::twin(
    "INSERT INTO requests (organization_id, caller, request_id, part, kept_at, resource_id, digest, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, substr($3, value->>5, value->>6), substr($3, value->>7, value->>8) \
     FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, caller, request_id, part) DO UPDATE SET kept_at = excluded.kept_at, resource_id = excluded.resource_id, \
     digest = excluded.digest, body = excluded.body",
    "INSERT INTO requests (organization_id, caller, request_id, part, kept_at, resource_id, digest, body) \
     SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[]) AS r \
     ON CONFLICT (organization_id, caller, request_id, part) DO UPDATE SET kept_at = excluded.kept_at, resource_id = excluded.resource_id, \
     digest = excluded.digest, body = excluded.body",
);
pub(super) const EMPTY: Text = Text::twin(
    "UPDATE requests SET body = x'' WHERE organization_id = $1 AND resource_id IN (SELECT value->>0 FROM json_each($2))",
    "UPDATE requests SET body = ''::bytea WHERE organization_id = $1 AND resource_id = ANY($2)",
);
const FIRST: Text = Text::same(
    "SELECT digest FROM requests WHERE organization_id = $1 AND caller = $2 AND request_id = $3 AND kept_at > $4 ORDER BY part LIMIT 1",
);
const FORGET: Text = Text::twin(
    "DELETE FROM requests WHERE rowid IN (SELECT rowid FROM requests WHERE kept_at <= $1 ORDER BY kept_at LIMIT $2)",
    "DELETE FROM requests WHERE ctid = ANY(ARRAY(SELECT ctid FROM requests WHERE kept_at <= $1 ORDER BY kept_at LIMIT $2))",
);

/// The answers a batch knows of, and the one that the running edit wants kept.
#[derive(Debug)]
pub(super) struct Requests {
    rows: Cells<RequestKey, Option<Arc<RequestRow>>>,
    noted: Vec<(RequestKey, RequestRow)>,
}

impl Requests {
    pub(super) fn new() -> Self {
        Requests { rows: Cells::new(), noted: Vec::new() }
    }

    pub(super) fn wants(&self) -> bool {
        self.rows.wants()
    }

    /// Whether there is something to write.
    pub(super) fn kept(&self) -> bool {
        self.rows.written().next().is_some()
    }

    pub(super) async fn load(&mut self, on: &mut Connection<'_>, organization: &str) -> Result<(), Fault> {
        let wanted = self.rows.take_wanted();
        if wanted.is_empty() {
            return Ok(());
        }
        let keys = Rows::new().text(wanted.iter().map(|k| k.0.as_str())).text(wanted.iter().map(|k| k.1.as_str()));
        let keys = keys.integer(wanted.iter().map(|k| k.2));
        let found: Vec<Columns> = on.statement(BY_KEYS).bind(organization.to_owned()).rows(keys).all().await?;
        for key in wanted {
            self.rows.load(key, None);
        }
        for (caller, request_id, part, digest, kept_at, resource_id, body) in found {
            let row = RequestRow { digest, kept_at, resource_id, body };
            self.rows.load((caller, request_id, part), Some(Arc::new(row)));
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self, on: &mut Connection<'_>, organization: &str) -> Result<(), Fault> {
        let put: Vec<_> = self.rows.written().filter_map(|(key, row)| Some((key, row.as_deref()?))).collect();
        set(on, PUT, organization, put.len(), || {
            Rows::new()
                .text(put.iter().map(|(key, _)| key.0.as_str()))
                .text(put.iter().map(|(key, _)| key.1.as_str()))
                .integer(put.iter().map(|(key, _)| key.2))
                .integer(put.iter().map(|(_, row)| row.kept_at))
                .text(put.iter().map(|(_, row)| row.resource_id.as_str()))
                .blob(put.iter().map(|(_, row)| Some(row.digest.clone())))
                .blob(put.iter().map(|(_, row)| Some(row.body.clone())))
        })
        .await
    }
}

impl Undo for Requests {
    fn mark(&mut self) {
        self.noted.clear();
        self.rows.mark();
    }

    fn rollback(&mut self) {
        self.rows.rollback();
    }

    fn reset(&mut self) {
        self.noted.clear();
        self.rows.reset();
    }
}

impl Work {
    /// What a request was answered, if it was.
    ///
    /// # Errors
    /// [`Miss`] until it was read.
    pub fn request(&mut self, key: &RequestKey) -> Result<Option<Arc<RequestRow>>, Miss> {
        self.requests.rows.get(key)
    }

    /// Keeps what the running edit answers, also if it changed nothing. The last that an edit does.
    pub fn keep_request(&mut self, key: RequestKey, row: RequestRow) {
        self.requests.noted.push((key, row));
    }

    /// The edit has its verdict: what it wanted kept is.
    pub(super) fn keep_noted(&mut self) {
        for (key, row) in std::mem::take(&mut self.requests.noted) {
            self.requests.rows.set(key, Some(Arc::new(row)));
        }
    }

    /// Writes the answers of a batch that changed nothing.
    pub(super) async fn flush_requests(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        self.requests.flush(on, &self.organization).await
    }
}

impl Reader {
    /// The digest of what was asked under this id after `since`, if anything of it was done.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn asked(&mut self, caller: &str, request_id: &str, since: Micros) -> Result<Option<Vec<u8>>, Fault> {
        let organization = self.organization().to_owned();
        let mut connection = self.connection();
        let first = connection.statement(FIRST).bind(organization).bind(caller.to_owned()).bind(request_id.to_owned());
        Ok(first.bind(since).optional::<(Vec<u8>,)>().await?.map(|(digest,)| digest))
    }
}

impl Store {
    /// Forgets some of the answers kept at `until` or before, the oldest first; answers how many.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn forget_requests(&self, until: Micros, limit: usize) -> Result<u64, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let uncounted = Counters::default();
        let mut tx = self.inner.begin_write().await?;
        let forgotten = tx.on(&uncounted).statement(FORGET).bind(until).bind(limit).execute().await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
