//! Administrative resources: organizations, connections, service accounts, tokens. Few, small, read whole.

use super::{Counters, Fault, Reader, Store, Text};
use crate::clock::Micros;

/// Which administrative resource; the numbers are the contract's `ResourceKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub enum RecordKind {
    /// A role's definition.
    Role = 4,
    /// A provisioning connection.
    Connection = 7,
    /// A credential.
    Token = 8,
    /// An organization; only in the organization `system`.
    Organization = 9,
    /// What an organization has registered: one record, named by the organization's id.
    Schemas = 10,
    /// A service account.
    ServiceAccount = 11,
    /// A takeover that waits or was decided, by connection and user.
    Takeover = 12,
    /// What a connection ended lately, by the connection's id; no resource of the contract's.
    Alarm = 100,
}

/// One administrative resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// A name that is unique among its kind in its organization, if it has one.
    pub key: Option<String>,
    /// A digest that never leaves the server: a token's.
    pub secret: Option<Vec<u8>>,
    /// The revision of the last change.
    pub version: i64,
    /// The encoded message.
    pub body: Vec<u8>,
}

/// The columns of a record: kind, id, key, secret, version, body.
pub(super) type Columns = (i64, String, Option<String>, Option<Vec<u8>>, i64, Vec<u8>);

impl From<Columns> for Record {
    fn from((_, id, key, secret, version, body): Columns) -> Self {
        Record { id, key, secret, version, body }
    }
}

const ONE: Text =
    Text::same("SELECT kind, id, key, secret, version, body FROM records WHERE organization_id = $1 AND kind = $2 AND id = $3");
const BY_KEY: Text =
    Text::same("SELECT kind, id, key, secret, version, body FROM records WHERE organization_id = $1 AND kind = $2 AND key = $3");
const PAGE: Text = Text::same(
    "SELECT kind, id, key, secret, version, body FROM records WHERE organization_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4",
);
const COUNT: Text = Text::same("SELECT COUNT(*) FROM records WHERE organization_id = $1 AND kind = $2");
const ANYWHERE: Text = Text::same("SELECT organization_id, secret, body FROM records WHERE kind = $1 AND id = $2");
const EVERYWHERE: Text = Text::same("SELECT id, organization_id, body FROM records WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3");
const USED: Text = Text::same(
    "INSERT INTO token_uses (organization_id, token_id, used_at) VALUES ($1, $2, $3) \
     ON CONFLICT (organization_id, token_id) DO UPDATE SET used_at = excluded.used_at WHERE token_uses.used_at < excluded.used_at",
);
const USES: Text = Text::twin(
    "SELECT token_id, used_at FROM token_uses WHERE organization_id = $1 AND token_id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT token_id, used_at FROM token_uses WHERE organization_id = $1 AND token_id = ANY($2)",
);

impl Reader {
    /// One record.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn record(&mut self, kind: RecordKind, id: &str) -> Result<Option<Record>, Fault> {
        let organization = self.organization().to_owned();
        let row: Option<Columns> =
            self.connection().statement(ONE).bind(organization).bind(kind as i64).bind(id.to_owned()).optional().await?;
        Ok(row.map(Record::from))
    }

    /// The record with this key.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn record_by_key(&mut self, kind: RecordKind, key: &str) -> Result<Option<Record>, Fault> {
        let organization = self.organization().to_owned();
        let row: Option<Columns> =
            self.connection().statement(BY_KEY).bind(organization).bind(kind as i64).bind(key.to_owned()).optional().await?;
        Ok(row.map(Record::from))
    }

    /// A page of records after this id (empty = from the start), in id order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn records(&mut self, kind: RecordKind, after: &str, limit: usize) -> Result<Vec<Record>, Fault> {
        let organization = self.organization().to_owned();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Columns> =
            self.connection().statement(PAGE).bind(organization).bind(kind as i64).bind(after.to_owned()).bind(limit).all().await?;
        Ok(rows.into_iter().map(Record::from).collect())
    }

    /// How many there are of a kind.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn count_records(&mut self, kind: RecordKind) -> Result<i64, Fault> {
        let organization = self.organization().to_owned();
        let row: Option<(i64,)> = self.connection().statement(COUNT).bind(organization).bind(kind as i64).optional().await?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// When these tokens were last used; a token that never was is left out.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn token_uses(&mut self, ids: Vec<String>) -> Result<Vec<(String, Micros)>, Fault> {
        let organization = self.organization().to_owned();
        super::users::by_keys(&mut self.connection(), USES, organization, ids).await
    }
}

impl Store {
    /// A record wherever it is: organization, secret and body. Only for credentials, which name no organization yet;
    /// their ids are unique over all organizations.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn find_token(&self, id: &str) -> Result<Option<(String, Option<Vec<u8>>, Vec<u8>)>, Fault> {
        let mut pooled = self.inner.reader().await?;
        pooled.on(&self.inner.counters).statement(ANYWHERE).bind(RecordKind::Token as i64).bind(id.to_owned()).optional().await
    }

    /// Tokens of all organizations after this id, in order of id: id, organization and body.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn tokens_everywhere(&self, after: &str, limit: usize) -> Result<Vec<(String, String, Vec<u8>)>, Fault> {
        let uncounted = Counters::default();
        let mut pooled = self.inner.reader().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut on = pooled.on(&uncounted);
        on.statement(EVERYWHERE).bind(RecordKind::Token as i64).bind(after.to_owned()).bind(limit).all().await
    }

    /// Notes when tokens were used: (organization, token, time). Beside the lane, since it is no change of the directory,
    /// and not counted, since it comes at a time of its own.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn note_uses(&self, uses: Vec<(String, String, Micros)>) -> Result<(), Fault> {
        let uncounted = Counters::default();
        let mut tx = self.inner.begin_write().await?;
        for (organization, token, at) in uses {
            tx.on(&uncounted).statement(USED).bind(organization).bind(token).bind(at).execute().await?;
        }
        tx.commit().await
    }
}
