//! Users as the store keeps them, and reading them.

use super::{
    Connection, Fault, KEY_USER_EMAIL, KEY_USER_ENTITLEMENT, KEY_USER_EXTERNAL_ID, KEY_USER_FORMER_EXTERNAL_ID, KEY_USER_LINKED,
    KEY_USER_ROLE, KEY_USER_UNLINKED, Life, Reader, Rows, Store, Text, external_key,
};
use crate::{
    api::v1::{Link, MultiValue, ResourceMeta, Revision, User, link::State},
    attributes::{Schemas, fold},
    clock::{Micros, micros, timestamp},
    limits,
};
use prost::Message as _;

/// A user and the keys it is found by.
#[derive(Debug, Clone)]
pub struct UserRow {
    /// The message, its `meta` filled in.
    pub user: User,
    /// The folded user name.
    pub name_key: String,
    /// Kind and key of every other way to find it.
    pub keys: Vec<(i64, String)>,
    /// The revision of the last change.
    pub version: i64,
    pub(super) created_at: Micros,
    pub(super) updated_at: Micros,
}

/// How a member list names a user.
pub(super) fn display_of(user: &User) -> String {
    match user.display_name.as_deref() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => user.user_name.clone(),
    }
}

/// The keys that say which connections manage a resource, and which let it go.
pub(super) fn link_keys(links: &[Link], linked: i64, unlinked: i64) -> impl Iterator<Item = (i64, String)> {
    links.iter().filter_map(move |link| match link.state() {
        State::Linked => Some((linked, link.connection_id.clone())),
        State::Unlinked => Some((unlinked, link.connection_id.clone())),
        State::Unspecified => None,
    })
}

/// The bookkeeping of a resource.
pub(super) fn meta(created_at: Micros, updated_at: Micros, version: i64, life: Life) -> ResourceMeta {
    ResourceMeta {
        create_time: Some(timestamp(created_at)),
        update_time: Some(timestamp(updated_at)),
        etag: life.etag(version),
        last_revision: Some(Revision { number: u64::try_from(version).unwrap_or(0), token: String::new() }),
        ..ResourceMeta::default()
    }
}

impl UserRow {
    /// A user as it will be stored. `name_key` is the folded user name.
    pub(super) fn new(mut user: User, name_key: String, (created_at, updated_at): (Micros, Micros), version: i64, life: Life) -> Self {
        user.meta = Some(meta(created_at, updated_at, version, life));
        let mut keys: Vec<(i64, String)> = UserRow::external_keys(&user).into_iter().map(|key| (KEY_USER_EXTERNAL_ID, key)).collect();
        keys.extend(
            user.emails.iter().filter_map(|e| e.value.as_deref()).filter(|v| !v.is_empty()).map(|v| (KEY_USER_EMAIL, fold::email(v))),
        );
        keys.extend(link_keys(&user.links, KEY_USER_LINKED, KEY_USER_UNLINKED));
        let former = user.links.iter().filter_map(|l| Some(external_key(&l.connection_id, l.external_id.as_deref()?)));
        keys.extend(former.map(|key| (KEY_USER_FORMER_EXTERNAL_ID, key)));
        // What no role mapping can name is not looked for.
        let values = |of: &[MultiValue], kind| {
            let values = of.iter().filter_map(|v| v.value.as_deref()).filter(|v| !v.is_empty() && v.len() <= limits::KEY_BYTES);
            values.map(|v| (kind, v.to_owned())).collect::<Vec<_>>()
        };
        keys.extend(values(&user.roles, KEY_USER_ROLE));
        keys.extend(values(&user.entitlements, KEY_USER_ENTITLEMENT));
        keys.sort();
        keys.dedup();
        UserRow { user, name_key, keys, version, created_at, updated_at }
    }

    /// The etag of its version.
    pub fn etag(&self) -> String {
        self.user.meta.as_ref().map_or_else(String::new, |meta| meta.etag.clone())
    }

    /// The keys of a user's externalIds.
    pub fn external_keys(user: &User) -> Vec<String> {
        user.external_ids.iter().map(|e| external_key(&e.connection_id, &e.value)).collect()
    }

    pub(super) fn decode(name_key: String, version: i64, body: &[u8], life: Life) -> Result<Self, Fault> {
        let user = User::decode(body)?;
        let times = user.meta.clone().unwrap_or_default();
        let at = |t: &Option<prost_types::Timestamp>| t.as_ref().map_or(0, micros);
        Ok(UserRow::new(user, name_key, (at(&times.create_time), at(&times.update_time)), version, life))
    }
}

const ONE: Text = Text::same(
    "SELECT h.revision, h.schemas_revision, u.body FROM heads h LEFT JOIN users u ON u.organization_id = h.organization_id AND u.id = $2 WHERE h.organization_id = $1",
);
pub(super) const BY_IDS: Text = Text::twin(
    "SELECT id, user_name_key, version, body FROM users WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT u.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, user_name_key, version, body FROM users \
     WHERE organization_id = $1 AND id = k.id LIMIT 1) u",
);
pub(super) const BY_NAMES: Text = Text::twin(
    "SELECT user_name_key, id FROM users WHERE organization_id = $1 AND user_name_key IN (SELECT value->>0 FROM json_each($2))",
    "SELECT u.* FROM unnest($2::text[]) AS k(name), LATERAL (SELECT user_name_key, id FROM users \
     WHERE organization_id = $1 AND user_name_key = k.name LIMIT 1) u",
);

impl Store {
    /// A user's encoded message, the revision it was read at and what the organization has registered; one statement, and
    /// another when that has changed. The outer `None`: no such organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn find_user(&self, organization: &str, id: &str) -> Result<Option<(i64, Schemas, Option<Vec<u8>>)>, Fault> {
        let mut pooled = self.inner.reader().await?;
        let mut on = pooled.on(&self.inner.counters);
        let found: Option<(i64, i64, Option<Vec<u8>>)> =
            on.statement(ONE).bind(organization.to_owned()).bind(id.to_owned()).optional().await?;
        let Some((revision, schemas_revision, body)) = found else { return Ok(None) };
        let schemas = self.inner.schemas.at(&mut on, organization, schemas_revision).await?;
        Ok(Some((revision, schemas, body)))
    }
}

impl Reader {
    /// The encoded messages of these users, with their ids; unknown ids are left out.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn users(&mut self, ids: Vec<String>) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<(String, String, i64, Vec<u8>)> = by_keys(&mut self.connection(), BY_IDS, organization, ids).await?;
        Ok(rows.into_iter().map(|(id, _, _, body)| (id, body)).collect())
    }

    /// Folded user name and id of the users that have one of these names.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn users_named(&mut self, keys: Vec<String>) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        by_keys(&mut self.connection(), BY_NAMES, organization, keys).await
    }
}

impl Reader {
    /// Kind, key and id of the resources that hold these keys.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn holders(&mut self, keys: Vec<(i64, String)>) -> Result<Vec<(i64, String, String)>, Fault> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let organization = self.organization().to_owned();
        let rows = Rows::new().integer(keys.iter().map(|k| k.0)).text(keys.iter().map(|k| k.1.as_str()));
        self.connection().statement(super::load::HOLDERS).bind(organization).rows(rows).all().await
    }
}

/// A statement over one organization and one column of keys.
pub(super) async fn by_keys<T: super::statement::Row>(
    connection: &mut Connection<'_>,
    text: Text,
    organization: String,
    keys: Vec<String>,
) -> Result<Vec<T>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    connection.statement(text).bind(organization).rows(Rows::new().text(keys)).all().await
}
