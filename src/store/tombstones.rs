//! What remembers users and groups that were deleted softly: out of every list and index of them, with keys of its own.

use super::{
    Fault, KEY_GONE_EMAIL, KEY_GONE_EXTERNAL_ID, KEY_GONE_GROUP_EXTERNAL_ID, KEY_GONE_GROUP_NAME, KEY_GONE_USER_NAME, MEMBER_GROUP,
    MEMBER_USER, Reader, Store, Text, Work, external_key, load::TOMBSTONES, users::by_keys,
};
use crate::{
    api::v1::{
        ExternalId, Group, Link, ResourceMeta, RoleAssignment, User,
        link::{Reason, State},
    },
    attributes::fold,
    clock::{Micros, timestamp},
    limits,
};
use prost::Message;
use std::sync::Arc;

/// What remembers a softly deleted user or group.
#[derive(Debug, Clone, PartialEq)]
pub struct Tombstone {
    /// The user as it was; empty for a group.
    pub user: User,
    /// The group as it was, without its members.
    pub group: Option<Group>,
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
    #[prost(message, optional, tag = "6")]
    group: Option<Group>,
}

/// The columns of a tombstone: id, kind, deleted, purged, body.
pub(super) type Columns = (String, i64, Micros, Micros, Vec<u8>);

impl Tombstone {
    /// As members of groups have it.
    pub fn kind(&self) -> i64 {
        if self.group.is_some() { MEMBER_GROUP } else { MEMBER_USER }
    }

    /// The id of what it remembers.
    pub fn id(&self) -> &str {
        self.group.as_ref().map_or(&self.user.id, |group| &group.id)
    }

    /// The user, its `meta` saying when it was deleted and will be erased.
    pub fn shown_user(&self) -> User {
        User { meta: self.shown_meta(self.user.meta.as_ref()), ..self.user.clone() }
    }

    /// The same of a group.
    pub fn shown_group(&self) -> Option<Group> {
        let group = self.group.as_ref()?;
        Some(Group { meta: self.shown_meta(group.meta.as_ref()), direct_member_count: 0, ..group.clone() })
    }

    #[allow(clippy::unnecessary_wraps, reason = "it goes into message fields, which are optional")]
    fn shown_meta(&self, meta: Option<&ResourceMeta>) -> Option<ResourceMeta> {
        let (deleted, purged) = (timestamp(self.deleted_at), timestamp(self.purge_at));
        Some(ResourceMeta { delete_time: Some(deleted), purge_time: Some(purged), ..meta.cloned().unwrap_or_default() })
    }

    fn links(&self) -> &[Link] {
        self.group.as_ref().map_or(&self.user.links, |group| &group.links)
    }

    fn external_ids(&self) -> &[ExternalId] {
        self.group.as_ref().map_or(&self.user.external_ids, |group| &group.external_ids)
    }

    /// Whether this connection may bring it back: it deleted it, or it had managed it and let it go before another one deleted it.
    pub fn is_of(&self, connection: &str) -> bool {
        let let_go = |l: &Link| l.connection_id == connection && l.state() == State::Unlinked && l.reason() != Reason::Unspecified;
        !self.deleted_by.is_empty() && (self.deleted_by == connection || self.links().iter().any(let_go))
    }

    /// Whether this connection called it anything.
    pub fn calls(&self, connection: &str) -> bool {
        self.external_ids().iter().any(|e| e.connection_id == connection)
            || self.links().iter().any(|link| link.connection_id == connection && link.external_id.is_some())
    }

    /// Kind and key of every way in which a connection that may bring it back may name it again.
    pub(super) fn keys(&self) -> Vec<(i64, String)> {
        let others = self.links().iter().map(|link| link.connection_id.as_str()).filter(|id| self.is_of(id));
        let connections = others.chain([self.deleted_by.as_str()].into_iter().filter(|id| !id.is_empty()));
        let mut keys: Vec<_> = connections.flat_map(|connection| self.keys_of(connection)).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn keys_of(&self, connection: &str) -> Vec<(i64, String)> {
        let key = |kind, text: &str| (kind, external_key(connection, text));
        let own = self.external_ids().iter().filter(|e| e.connection_id == connection).map(|e| e.value.as_str());
        let former = self.links().iter().filter(|link| link.connection_id == connection).filter_map(|link| link.external_id.as_deref());
        let called = own.chain(former);
        if let Some(group) = &self.group {
            let name = key(KEY_GONE_GROUP_NAME, &fold::caseless(&group.display_name));
            return called.map(|called| key(KEY_GONE_GROUP_EXTERNAL_ID, called)).chain([name]).collect();
        }
        let name = fold::user_name(&self.user.user_name).ok().map(|name| key(KEY_GONE_USER_NAME, &name));
        let emails = self.user.emails.iter().filter_map(|e| e.value.as_deref()).filter(|v| !v.is_empty());
        let mut keys: Vec<_> = called.map(|called| key(KEY_GONE_EXTERNAL_ID, called)).chain(name).collect();
        keys.extend(emails.map(|address| key(KEY_GONE_EMAIL, &fold::email(address))));
        keys
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let user = self.group.is_none().then(|| self.user.clone());
        let (groups, deleted_by, grants) = (self.groups.clone(), self.deleted_by.clone(), self.grants.clone());
        Remembered { user, groups, deleted_by, grants, revision: self.revision, group: self.group.clone() }.encode_to_vec()
    }

    pub(super) fn decode((_, _, deleted_at, purge_at, body): Columns) -> Result<Self, Fault> {
        let Remembered { user, groups, deleted_by, grants, revision, group } = Remembered::decode(body.as_slice())?;
        Ok(Tombstone { user: user.unwrap_or_default(), group, groups, deleted_by, grants, revision, deleted_at, purge_at })
    }
}

impl Work {
    /// What remembers a softly deleted user or group.
    ///
    /// # Errors
    /// [`super::Miss`] until it was read.
    pub fn tombstone(&mut self, id: &str) -> Result<Option<Arc<Tombstone>>, super::Miss> {
        self.tombstones.get(id)
    }

    /// Remembers (or forgets) a softly deleted user or group. Ask for it first, unless the one it remembers lives.
    pub fn set_tombstone(&mut self, id: &str, tombstone: Option<Tombstone>) {
        let old = self.tombstones.peek(id).cloned().flatten().map(|t| t.keys()).unwrap_or_default();
        let new = tombstone.as_ref().map(Tombstone::keys).unwrap_or_default();
        self.follow_keys(id, &old, &new);
        self.tombstones.set(id.to_owned(), tombstone.map(Arc::new));
    }
}

// The index of due tombstones begins with the time: this is asked for all organizations at once.
const DUE: Text = Text::same("SELECT organization_id, id FROM tombstones WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2");

// Few wait at a time, and those of the other kind are passed over.
const PAGE: Text = Text::same(
    "SELECT id, kind, deleted_at, purge_at, body FROM tombstones WHERE organization_id = $1 AND id > $2 AND kind = $3 ORDER BY id LIMIT $4",
);
const PAGE_BACK: Text = Text::same(
    "SELECT id, kind, deleted_at, purge_at, body FROM tombstones WHERE organization_id = $1 AND id < $2 AND kind = $3 ORDER BY id DESC LIMIT $4",
);
/// Greater than every id.
const LAST: &str = "~";

impl Reader {
    /// The next softly deleted users (or groups) in id order, `backwards` the greatest first; and whether more may follow. Fewer than
    /// asked for where they are large.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn scan_tombstones(
        &mut self,
        groups: bool,
        backwards: bool,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<Tombstone>, bool), Fault> {
        let (text, from) = match (backwards, after) {
            (true, "") => (PAGE_BACK, LAST),
            (true, after) => (PAGE_BACK, after),
            (false, after) => (PAGE, after),
        };
        let organization = self.organization().to_owned();
        let kind = if groups { MEMBER_GROUP } else { MEMBER_USER };
        let mut on = self.connection();
        let page = on.statement(text).bind(organization).bind(from.to_owned()).bind(kind);
        let page = page.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let (rows, cut) = page.up_to(limits::SCAN_BYTES, |row: &Columns| row.4.len()).await?;
        let more = cut || rows.len() >= limit;
        Ok((rows.into_iter().map(Tombstone::decode).collect::<Result<_, _>>()?, more))
    }

    /// What remembers these softly deleted users and groups.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn tombstones(&mut self, ids: Vec<String>) -> Result<Vec<Tombstone>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<Columns> = by_keys(&mut self.connection(), TOMBSTONES, organization, ids).await?;
        rows.into_iter().map(Tombstone::decode).collect()
    }
}

impl Store {
    /// Organization and id of some softly deleted users and groups whose time is over, the longest first.
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
