//! What remembers users that were deleted softly: out of every list and index of users, with keys of its own.

use super::{Fault, KEY_GONE_EMAIL, KEY_GONE_EXTERNAL_ID, KEY_GONE_USER_NAME, MEMBER_USER, Store, Text, Work, external_key};
use crate::{
    api::v1::{
        Link, RoleAssignment, User,
        link::{Reason, State},
    },
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
    /// The groups it was a direct member of, by id, and that did not end it since.
    pub groups: Vec<String>,
    /// The revision that deleted it.
    pub revision: i64,
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
    #[prost(int64, tag = "5")]
    revision: i64,
}

/// The columns of a tombstone: id, kind, deleted, purged, body.
pub(super) type Columns = (String, i64, Micros, Micros, Vec<u8>);

impl Tombstone {
    pub(super) const KIND: i64 = MEMBER_USER;

    /// Whether this connection may bring it back: it deleted it, or it had managed it and let it go before another one deleted it.
    pub fn is_of(&self, connection: &str) -> bool {
        let let_go = |l: &Link| l.connection_id == connection && l.state() == State::Unlinked && l.reason() != Reason::Unspecified;
        !self.deleted_by.is_empty() && (self.deleted_by == connection || self.user.links.iter().any(let_go))
    }

    /// Kind and key of every way in which a connection that may bring it back may name it again.
    pub(super) fn keys(&self) -> Vec<(i64, String)> {
        let others = self.user.links.iter().map(|link| link.connection_id.as_str()).filter(|id| self.is_of(id));
        let connections = others.chain([self.deleted_by.as_str()].into_iter().filter(|id| !id.is_empty()));
        let mut keys: Vec<_> = connections.flat_map(|connection| self.keys_of(connection)).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn keys_of(&self, connection: &str) -> Vec<(i64, String)> {
        let key = |kind, text: &str| (kind, external_key(connection, text));
        let name = fold::user_name(&self.user.user_name).ok().map(|name| key(KEY_GONE_USER_NAME, &name));
        let own = self.user.external_ids.iter().filter(|e| e.connection_id == connection).map(|e| e.value.as_str());
        let former = self.user.links.iter().filter(|link| link.connection_id == connection).filter_map(|link| link.external_id.as_deref());
        let emails = self.user.emails.iter().filter_map(|e| e.value.as_deref()).filter(|v| !v.is_empty());
        let mut keys: Vec<_> = own.chain(former).map(|called| key(KEY_GONE_EXTERNAL_ID, called)).chain(name).collect();
        keys.extend(emails.map(|address| key(KEY_GONE_EMAIL, &fold::email(address))));
        keys
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let (user, groups, deleted_by) = (Some(self.user.clone()), self.groups.clone(), self.deleted_by.clone());
        Remembered { user, groups, deleted_by, grants: self.grants.clone(), revision: self.revision }.encode_to_vec()
    }

    pub(super) fn decode((_, _, deleted_at, purge_at, body): Columns) -> Result<Self, Fault> {
        let Remembered { user, groups, deleted_by, grants, revision } = Remembered::decode(body.as_slice())?;
        Ok(Tombstone { user: user.unwrap_or_default(), groups, deleted_by, grants, revision, deleted_at, purge_at })
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
