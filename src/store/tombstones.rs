//! What remembers users that were deleted softly: out of every list and index of users, with keys of its own.

use super::{Fault, KEY_GONE_EMAIL, KEY_GONE_EXTERNAL_ID, KEY_GONE_USER_NAME, MEMBER_USER, Store, Text, Work, external_key};
use crate::{
    api::v1::{RoleAssignment, User},
    attributes::fold,
    clock::Micros,
};
use prost::Message;
use std::sync::Arc;

/// What remembers a softly deleted user.
#[derive(Debug, Clone, PartialEq)]
pub struct Tombstone {
    /// The user as it was.
    pub user: User,
    /// The groups it was a direct member of, by id.
    pub groups: Vec<String>,
    /// The connection that deleted it, and by whose create it comes back; empty for other callers.
    pub deleted_by: String,
    /// The roles it was granted itself.
    pub grants: Vec<RoleAssignment>,
    /// When it was deleted, in microseconds since 1970.
    pub deleted_at: Micros,
    /// When it may be erased, in microseconds since 1970.
    pub purge_at: Micros,
}

/// A tombstone's body.
#[derive(Clone, PartialEq, Message)]
struct Remembered {
    #[prost(message, optional, tag = "1")]
    user: Option<User>,
    #[prost(string, repeated, tag = "2")]
    groups: Vec<String>,
    #[prost(string, tag = "3")]
    deleted_by: String,
    #[prost(message, repeated, tag = "4")]
    grants: Vec<RoleAssignment>,
}

/// The columns of a tombstone: id, kind, deleted, purged, body.
pub(super) type Columns = (String, i64, Micros, Micros, Vec<u8>);

impl Tombstone {
    pub(super) const KIND: i64 = MEMBER_USER;

    /// Kind and key of every way in which the connection that deleted it may name it again.
    pub(super) fn keys(&self) -> Vec<(i64, String)> {
        if self.deleted_by.is_empty() {
            return Vec::new();
        }
        let key = |kind, text: &str| (kind, external_key(&self.deleted_by, text));
        let name = fold::user_name(&self.user.user_name).ok().map(|name| key(KEY_GONE_USER_NAME, &name));
        let own = self.user.external_ids.iter().filter(|e| e.connection_id == self.deleted_by);
        let emails = self.user.emails.iter().filter_map(|e| e.value.as_deref()).filter(|v| !v.is_empty());
        let mut keys: Vec<_> = own.map(|e| key(KEY_GONE_EXTERNAL_ID, &e.value)).chain(name).collect();
        keys.extend(emails.map(|address| key(KEY_GONE_EMAIL, &fold::email(address))));
        keys.sort();
        keys.dedup();
        keys
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let (user, groups, deleted_by) = (Some(self.user.clone()), self.groups.clone(), self.deleted_by.clone());
        Remembered { user, groups, deleted_by, grants: self.grants.clone() }.encode_to_vec()
    }

    pub(super) fn decode((_, _, deleted_at, purge_at, body): Columns) -> Result<Self, Fault> {
        let Remembered { user, groups, deleted_by, grants } = Remembered::decode(body.as_slice())?;
        Ok(Tombstone { user: user.unwrap_or_default(), groups, deleted_by, grants, deleted_at, purge_at })
    }
}

impl Work {
    /// What remembers a softly deleted user.
    ///
    /// # Errors
    /// [`super::Miss`] until it was read.
    pub fn tombstone(&mut self, id: &str) -> Result<Option<Arc<Tombstone>>, super::Miss> {
        self.tombstones.get(id)
    }

    /// Remembers (or forgets) a softly deleted user. Ask for it first, unless the user lives.
    pub fn set_tombstone(&mut self, id: &str, tombstone: Option<Tombstone>) {
        let old = self.tombstones.peek(id).cloned().flatten().map(|t| t.keys()).unwrap_or_default();
        let new = tombstone.as_ref().map(Tombstone::keys).unwrap_or_default();
        self.follow_keys(id, &old, &new);
        self.tombstones.set(id.to_owned(), tombstone.map(Arc::new));
    }
}

// The index of due tombstones begins with the time: this is asked for all organizations at once.
const DUE: Text = Text::same("SELECT organization_id, id FROM tombstones WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2");

impl Store {
    /// Organization and id of some softly deleted users whose time is over, the longest first.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn due_tombstones(&self, now: Micros, limit: usize) -> Result<Vec<(String, String)>, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let uncounted = super::Counters::default();
        let mut pooled = self.inner.reader().await?;
        pooled.on(&uncounted).statement(DUE).bind(now).bind(limit).all().await
    }
}
