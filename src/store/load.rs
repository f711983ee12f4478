//! Reading what the edits of a batch missed: one statement per table, whatever the number of edits.

use super::{
    Connection, Fault, GroupRow, Record, Rows, Text, UserRow, Work, book, grants, groups, members,
    open::Inner,
    planted, records, requests, seats, sizes, takings,
    tombstones::{self, Tombstone},
    users, view, whole,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(super) const HOLDERS: Text = Text::twin(
    "SELECT k.kind, k.key, k.resource_id FROM json_each($2) e CROSS JOIN resource_keys k \
     ON k.organization_id = $1 AND k.kind = e.value->>0 AND k.key = e.value->>1",
    "SELECT k.* FROM unnest($2::bigint[], $3::text[]) AS e(kind, key), LATERAL (SELECT kind, key, resource_id FROM resource_keys \
     WHERE organization_id = $1 AND kind = e.kind AND key = e.key LIMIT 64) k",
);
const EDGES: Text = Text::twin(
    "SELECT m.group_id, m.member_id, m.member_kind FROM json_each($2) e CROSS JOIN members m \
     ON m.organization_id = $1 AND m.group_id = e.value->>0 AND m.member_id = e.value->>1",
    "SELECT m.* FROM unnest($2::text[], $3::text[]) AS e(g, m), LATERAL (SELECT group_id, member_id, member_kind FROM members \
     WHERE organization_id = $1 AND group_id = e.g AND member_id = e.m LIMIT 1) m",
);
const ROSTERS: Text = Text::twin(
    "SELECT m.group_id, m.member_id, m.member_kind FROM json_each($2) e CROSS JOIN members m ON m.organization_id = $1 AND m.group_id = e.value->>0",
    "SELECT group_id, member_id, member_kind FROM members WHERE organization_id = $1 AND group_id = ANY($2)",
);
pub(super) const MEMBERSHIPS: Text = Text::twin(
    "SELECT m.group_id, m.member_id, m.member_kind FROM json_each($2) e CROSS JOIN members m INDEXED BY members_by_member \
     ON m.organization_id = $1 AND m.member_id = e.value->>0",
    "SELECT group_id, member_id, member_kind FROM members WHERE organization_id = $1 AND member_id = ANY($2)",
);
pub(super) const RECORDS: Text = Text::twin(
    "SELECT r.kind, r.id, r.key, r.secret, r.version, r.body FROM json_each($2) e CROSS JOIN records r \
     ON r.organization_id = $1 AND r.kind = e.value->>0 AND r.id = e.value->>1",
    "SELECT r.* FROM unnest($2::bigint[], $3::text[]) AS e(kind, id), LATERAL (SELECT kind, id, key, secret, version, body FROM records \
     WHERE organization_id = $1 AND kind = e.kind AND id = e.id LIMIT 1) r",
);
const RECORD_KEYS: Text = Text::twin(
    "SELECT r.kind, r.key, r.id FROM json_each($2) e CROSS JOIN records r ON r.organization_id = $1 AND r.kind = e.value->>0 AND r.key = e.value->>1",
    "SELECT r.* FROM unnest($2::bigint[], $3::text[]) AS e(kind, key), LATERAL (SELECT kind, key, id FROM records \
     WHERE organization_id = $1 AND kind = e.kind AND key = e.key LIMIT 1) r",
);
pub(super) const TOMBSTONES: Text = Text::twin(
    "SELECT id, kind, deleted_at, purge_at, body FROM tombstones WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "SELECT t.* FROM unnest($2::text[]) AS k(id), LATERAL (SELECT id, kind, deleted_at, purge_at, body FROM tombstones \
     WHERE organization_id = $1 AND id = k.id LIMIT 1) t",
);

/// The statements that read for a lane, for the test that reads their plans.
pub(super) const LANE_READS: &[(&str, Text)] = &[
    ("users by id", users::BY_IDS),
    ("users by name", users::BY_NAMES),
    ("groups by id", groups::BY_IDS),
    ("sizes of users", sizes::USERS),
    ("sizes of groups", sizes::GROUPS),
    ("groups by name", groups::BY_NAMES),
    ("groups in groups", members::NESTED),
    ("kinds of principals", members::PRINCIPAL_KINDS),
    ("holders of keys", HOLDERS),
    ("edges", EDGES),
    ("rosters", ROSTERS),
    ("memberships", MEMBERSHIPS),
    ("records", RECORDS),
    ("records by key", RECORD_KEYS),
    ("tombstones", TOMBSTONES),
    ("grants by id", grants::BY_IDS),
    ("grants by principal", grants::BY_PRINCIPALS),
    ("grants by role", grants::BY_ROLE),
    ("any with a key", view::ANY),
    ("held keys", view::HELD),
    ("answers by request", requests::BY_KEYS),
    ("groups of a mapping", seats::NAMED),
    ("who sits in a group", seats::SITTING),
    ("who has a value", seats::VALUED),
    ("whom others put there", planted::PLANTED),
    ("roles and connections", book::OF_KIND),
    ("grants of roles", grants::OF_ROLES),
    ("takeovers of a user", takings::TAKINGS),
    ("edges in order", whole::EDGES_AFTER),
];

impl Work {
    /// Whether some edit of this round asked for what was not read.
    pub(super) fn missed(&self) -> bool {
        self.users.wants()
            || self.names.wants()
            || self.holders.wants()
            || self.groups.wants()
            || self.kinds.wants()
            || self.group_names.wants()
            || self.nested.wants()
            || self.edges.wants()
            || self.rosters.wants()
            || self.memberships.wants()
            || self.records.wants()
            || self.record_keys.wants()
            || self.tombstones.wants()
            || self.any.wants()
            || self.held.wants()
            || self.whole.wants()
            || self.grants.wants()
            || self.requests.wants()
            || self.seats.wants()
            || self.planted.wants()
            || self.takings.wants()
    }

    /// Reads all that was missed.
    pub(super) async fn load(&mut self, on: &mut Connection<'_>, inner: &Inner) -> Result<(), Fault> {
        self.load_users(on).await?;
        self.load_groups(on).await?;
        self.load_edges(on).await?;
        self.load_whole(on).await?;
        self.load_grants(on).await?;
        self.load_view(on).await?;
        self.requests.load(on, &self.organization).await?;
        self.load_seats(on).await?;
        self.load_planted(on).await?;
        self.takings.load(on, &self.organization).await?;
        self.nested.load(on, &self.organization, &inner.nests).await?;
        self.load_records(on).await
    }

    async fn load_users(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let wanted = self.users.take_wanted();
        let rows: Vec<(String, String, i64, Vec<u8>)> =
            users::by_keys(on, users::BY_IDS, self.organization.clone(), wanted.clone()).await?;
        for id in wanted {
            self.users.load(id, None);
        }
        for (id, name_key, version, body) in rows {
            self.users.load(id, Some(Arc::new(UserRow::decode(name_key, version, &body, self.life())?)));
        }
        let wanted = self.names.take_wanted();
        let rows: Vec<(String, String)> = users::by_keys(on, users::BY_NAMES, self.organization.clone(), wanted.clone()).await?;
        for name in wanted {
            self.names.load(name, None);
        }
        for (name, id) in rows {
            self.names.load(name, Some(id));
        }
        let wanted = self.holders.take_wanted();
        if !wanted.is_empty() {
            let keys = Rows::new().integer(wanted.iter().map(|k| k.0)).text(wanted.iter().map(|k| k.1.as_str()));
            let rows: Vec<(i64, String, String)> = on.statement(HOLDERS).bind(self.organization.clone()).rows(keys).all().await?;
            let mut found: BTreeMap<(i64, String), BTreeSet<String>> = wanted.into_iter().map(|k| (k, BTreeSet::new())).collect();
            for (kind, key, id) in rows {
                found.entry((kind, key)).or_default().insert(id);
            }
            for (key, ids) in found {
                self.holders.load(key, ids);
            }
        }
        let wanted = self.tombstones.take_wanted();
        let rows: Vec<tombstones::Columns> = users::by_keys(on, TOMBSTONES, self.organization.clone(), wanted.clone()).await?;
        for id in wanted {
            self.tombstones.load(id, None);
        }
        for row in rows {
            self.tombstones.load(row.0.clone(), Some(Arc::new(Tombstone::decode(row)?)));
        }
        Ok(())
    }

    async fn load_groups(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let wanted = self.groups.take_wanted();
        let rows: Vec<groups::Columns> = users::by_keys(on, groups::BY_IDS, self.organization.clone(), wanted.clone()).await?;
        for id in wanted {
            self.groups.load(id, None);
        }
        for row in rows {
            self.groups.load(row.0.clone(), Some(Arc::new(GroupRow::decode(row, self.life())?)));
        }
        let wanted = self.group_names.take_wanted();
        let rows: Vec<(String, String)> = users::by_keys(on, groups::BY_NAMES, self.organization.clone(), wanted.clone()).await?;
        let mut found: BTreeMap<String, BTreeSet<String>> = wanted.into_iter().map(|name| (name, BTreeSet::new())).collect();
        for (name, id) in rows {
            found.entry(name).or_default().insert(id);
        }
        for (name, ids) in found {
            self.group_names.load(name, ids);
        }
        let wanted = self.kinds.take_wanted();
        if !wanted.is_empty() {
            // SQLite shares one text between both halves, PostgreSQL one array.
            let rows: Vec<(String, i64)> = users::by_keys(on, members::PRINCIPAL_KINDS, self.organization.clone(), wanted.clone()).await?;
            for id in wanted {
                self.kinds.load(id, None);
            }
            for (id, kind) in rows {
                self.kinds.load(id, Some(kind));
            }
        }
        Ok(())
    }

    async fn load_edges(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let wanted = self.edges.take_wanted();
        if !wanted.is_empty() {
            let pairs = Rows::new().text(wanted.iter().map(|k| k.0.as_str())).text(wanted.iter().map(|k| k.1.as_str()));
            let rows: Vec<(String, String, i64)> = on.statement(EDGES).bind(self.organization.clone()).rows(pairs).all().await?;
            for key in wanted {
                self.edges.load(key, None);
            }
            self.edges_read(rows);
        }
        let wanted = self.rosters.take_wanted();
        let rows: Vec<(String, String, i64)> = users::by_keys(on, ROSTERS, self.organization.clone(), wanted.clone()).await?;
        self.edges_read(rows);
        for group in wanted {
            self.rosters.load(group, ());
        }
        let wanted = self.memberships.take_wanted();
        let rows: Vec<(String, String, i64)> = users::by_keys(on, MEMBERSHIPS, self.organization.clone(), wanted.clone()).await?;
        self.edges_read(rows);
        for member in wanted {
            self.memberships.load(member, ());
        }
        Ok(())
    }

    fn edges_read(&mut self, rows: Vec<(String, String, i64)>) {
        for (group, member, kind) in rows {
            self.by_member.load((member.clone(), group.clone()), Some(kind));
            self.edges.load((group, member), Some(kind));
        }
    }

    async fn load_records(&mut self, on: &mut Connection<'_>) -> Result<(), Fault> {
        let wanted = self.records.take_wanted();
        if !wanted.is_empty() {
            let keys = Rows::new().integer(wanted.iter().map(|k| k.0)).text(wanted.iter().map(|k| k.1.as_str()));
            let rows: Vec<records::Columns> = on.statement(RECORDS).bind(self.organization.clone()).rows(keys).all().await?;
            for key in wanted {
                self.records.load(key, None);
            }
            for row in rows {
                self.records.load((row.0, row.1.clone()), Some(Arc::new(Record::from(row))));
            }
        }
        let wanted = self.record_keys.take_wanted();
        if !wanted.is_empty() {
            let keys = Rows::new().integer(wanted.iter().map(|k| k.0)).text(wanted.iter().map(|k| k.1.as_str()));
            let rows: Vec<(i64, String, String)> = on.statement(RECORD_KEYS).bind(self.organization.clone()).rows(keys).all().await?;
            for key in wanted {
                self.record_keys.load(key, None);
            }
            for (kind, key, id) in rows {
                self.record_keys.load((kind, key), Some(id));
            }
        }
        Ok(())
    }
}
