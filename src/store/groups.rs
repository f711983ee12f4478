//! Groups as the store keeps them, and reading them.

use super::{
    Fault, KEY_GROUP_EXTERNAL_ID, KEY_GROUP_LINKED, KEY_GROUP_UNLINKED, Life, Reader, Text, external_key,
    users::{by_keys, link_keys, meta},
};
use crate::{api::v1::Group, attributes::fold, clock::Micros};
use prost::Message as _;

/// A group, the keys it is found by, and what its membership changes.
#[derive(Debug, Clone)]
pub struct GroupRow {
    /// The attributes; `meta` and `direct_member_count` are filled in by [`GroupRow::message`].
    pub group: Group,
    /// The folded display name; not unique.
    pub name_key: String,
    /// Kind and key of every other way to find it.
    pub keys: Vec<(i64, String)>,
    /// Direct members.
    pub member_count: i64,
    /// The revision of the last change, of its membership too.
    pub version: i64,
    /// The revision that last deleted a member softly: who comes back with it, unless the membership was set since.
    pub(super) left_at: i64,
    /// The revision that last set the membership whole after that.
    pub set_at: i64,
    pub(super) created_at: Micros,
    pub(super) updated_at: Micros,
    pub(super) life: Life,
}

/// The columns of a group: id, member count, created, updated, version, left at, set at, body.
pub(super) type Columns = (String, i64, i64, i64, i64, i64, i64, Vec<u8>);

impl GroupRow {
    pub(super) fn new(mut group: Group, member_count: i64, (created_at, updated_at): (Micros, Micros), version: i64, life: Life) -> Self {
        group.meta = None;
        group.direct_member_count = 0;
        let name_key = fold::caseless(&group.display_name);
        let mut keys: Vec<(i64, String)> = GroupRow::external_keys(&group).into_iter().map(|key| (KEY_GROUP_EXTERNAL_ID, key)).collect();
        keys.extend(link_keys(&group.links, KEY_GROUP_LINKED, KEY_GROUP_UNLINKED));
        keys.sort();
        keys.dedup();
        GroupRow { group, name_key, keys, member_count, version, left_at: 0, set_at: 0, created_at, updated_at, life }
    }

    /// The keys of a group's externalIds.
    pub fn external_keys(group: &Group) -> Vec<String> {
        group.external_ids.iter().map(|e| external_key(&e.connection_id, &e.value)).collect()
    }

    pub(super) fn decode(
        (_, member_count, created_at, updated_at, version, left_at, set_at, body): Columns,
        life: Life,
    ) -> Result<Self, Fault> {
        let row = GroupRow::new(Group::decode(body.as_slice())?, member_count, (created_at, updated_at), version, life);
        Ok(GroupRow { left_at, set_at, ..row })
    }

    /// Whether somebody who was deleted softly may come back into it.
    pub fn awaits_somebody(&self) -> bool {
        self.left_at > self.set_at
    }

    /// The etag of its version.
    pub fn etag(&self) -> String {
        self.life.etag(self.version)
    }

    /// The whole message, as callers see it.
    pub fn message(&self) -> Group {
        Group {
            meta: Some(meta(self.created_at, self.updated_at, self.version, self.life)),
            direct_member_count: self.member_count,
            ..self.group.clone()
        }
    }
}

pub(super) const BY_IDS: Text = Text::twin(
    "SELECT id, member_count, created_at, updated_at, version, left_at, set_at, body FROM groups WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT g.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, member_count, created_at, updated_at, version, left_at, set_at, body FROM groups \
     WHERE organization_id = $1 AND id = k.id LIMIT 1) g",
);
// Few have one name where names are to be unique; of many some stay whatever a batch does.
pub(super) const BY_NAMES: Text = Text::twin(
    "SELECT g.name_key, g.id FROM json_each($2) e CROSS JOIN groups g ON g.organization_id = $1 AND g.name_key = e.value->>0",
    "SELECT g.* FROM unnest($2::text[]) AS k(name), LATERAL (SELECT name_key, id FROM groups \
     WHERE organization_id = $1 AND name_key = k.name LIMIT 2048) g",
);
// Two are enough to know that a name is ambiguous; some of them may not be there for the caller.
const SOME_BY_NAMES: Text = Text::twin(
    "SELECT g.name_key, g.id FROM json_each($2) e CROSS JOIN groups g ON g.organization_id = $1 AND g.name_key = e.value->>0 \
     AND g.id IN (SELECT id FROM groups WHERE organization_id = $1 AND name_key = e.value->>0 ORDER BY id LIMIT 64)",
    "SELECT g.* FROM unnest($2::text[]) AS k(name), LATERAL (SELECT name_key, id FROM groups \
     WHERE organization_id = $1 AND name_key = k.name ORDER BY id LIMIT 64) g",
);

impl Reader {
    /// These groups; unknown ids are left out.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn groups(&mut self, ids: Vec<String>) -> Result<Vec<Group>, Fault> {
        let organization = self.organization().to_owned();
        let rows: Vec<Columns> = by_keys(&mut self.connection(), BY_IDS, organization, ids).await?;
        let life = self.life();
        rows.into_iter().map(|row| GroupRow::decode(row, life).map(|g| g.message())).collect()
    }

    /// Folded display name and id of the groups that have one of these names; 64 of a name at most.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn groups_named(&mut self, keys: Vec<String>) -> Result<Vec<(String, String)>, Fault> {
        let organization = self.organization().to_owned();
        by_keys(&mut self.connection(), SOME_BY_NAMES, organization, keys).await
    }
}
