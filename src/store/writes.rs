//! The texts by which a batch is written. A set of rows enters by column and never joins freely (see [`super::rows`]).

use super::{Text, requests};

pub(super) const DROP_USERS: Text = Text::twin(
    "DELETE FROM users WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM users WHERE organization_id = $1 AND id = ANY($2)",
);
// Names that move between users in one commit would meet on the way: they are let go first. No folded name begins with a space.
pub(super) const FREE_NAMES: Text = Text::twin(
    "UPDATE users SET user_name_key = ' ' || id WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "UPDATE users SET user_name_key = ' ' || id WHERE organization_id = $1 AND id = ANY($2)",
);
pub(super) const PUT_USERS: Text = Text::twin(
    "INSERT INTO users (organization_id, id, user_name_key, display, active, created_at, updated_at, version, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, substr($3, value->>7, value->>8) FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, id) DO UPDATE SET user_name_key = excluded.user_name_key, display = excluded.display, active = excluded.active, \
     updated_at = excluded.updated_at, version = excluded.version, body = excluded.body",
    "INSERT INTO users (organization_id, id, user_name_key, display, active, created_at, updated_at, version, body) \
     SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[]) AS r \
     ON CONFLICT (organization_id, id) DO UPDATE SET user_name_key = excluded.user_name_key, display = excluded.display, active = excluded.active, \
     updated_at = excluded.updated_at, version = excluded.version, body = excluded.body",
);
pub(super) const DROP_GROUPS: Text = Text::twin(
    "DELETE FROM groups WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM groups WHERE organization_id = $1 AND id = ANY($2)",
);
pub(super) const PUT_GROUPS: Text = Text::twin(
    "INSERT INTO groups (organization_id, id, name_key, display, member_count, created_at, updated_at, version, left_at, set_at, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, \
     substr($3, value->>9, value->>10) FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, id) DO UPDATE SET name_key = excluded.name_key, display = excluded.display, member_count = excluded.member_count, \
     updated_at = excluded.updated_at, version = excluded.version, left_at = excluded.left_at, \
     set_at = excluded.set_at, body = excluded.body",
    "INSERT INTO groups (organization_id, id, name_key, display, member_count, created_at, updated_at, version, left_at, set_at, body) \
     SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], \
     $10::bigint[], $11::bytea[]) AS r \
     ON CONFLICT (organization_id, id) DO UPDATE SET name_key = excluded.name_key, display = excluded.display, member_count = excluded.member_count, \
     updated_at = excluded.updated_at, version = excluded.version, left_at = excluded.left_at, \
     set_at = excluded.set_at, body = excluded.body",
);
pub(super) const DROP_KEYS: Text = Text::twin(
    "DELETE FROM resource_keys WHERE organization_id = $1 AND (kind, key, resource_id) IN (SELECT value->>0, value->>1, value->>2 FROM json_each($2))",
    "DELETE FROM resource_keys WHERE ctid = ANY(ARRAY(SELECT k.ctid FROM unnest($2::bigint[], $3::text[], $4::text[]) AS r(kind, key, id), \
     LATERAL (SELECT ctid FROM resource_keys WHERE organization_id = $1 AND kind = r.kind AND key = r.key AND resource_id = r.id LIMIT 1) k))",
);
pub(super) const PUT_KEYS: Text = Text::twin(
    "INSERT INTO resource_keys (organization_id, kind, key, resource_id) SELECT $1, value->>0, value->>1, value->>2 FROM json_each($2)",
    "INSERT INTO resource_keys (organization_id, kind, key, resource_id) SELECT $1, r.* FROM unnest($2::bigint[], $3::text[], $4::text[]) AS r",
);
pub(super) const DROP_EDGES: Text = Text::twin(
    "DELETE FROM members WHERE organization_id = $1 AND (group_id, member_id) IN (SELECT value->>0, value->>1 FROM json_each($2))",
    "DELETE FROM members WHERE ctid = ANY(ARRAY(SELECT m.ctid FROM unnest($2::text[], $3::text[]) AS r(g, m), \
     LATERAL (SELECT ctid FROM members WHERE organization_id = $1 AND group_id = r.g AND member_id = r.m LIMIT 1) m))",
);
pub(super) const PUT_EDGES: Text = Text::twin(
    "INSERT INTO members (organization_id, group_id, member_id, member_kind, planted) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3 FROM json_each($2)",
    "INSERT INTO members (organization_id, group_id, member_id, member_kind, planted) \
     SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS r",
);
pub(super) const DROP_RECORDS: Text = Text::twin(
    "DELETE FROM records WHERE organization_id = $1 AND (kind, id) IN (SELECT value->>0, value->>1 FROM json_each($2))",
    "DELETE FROM records WHERE ctid = ANY(ARRAY(SELECT x.ctid FROM unnest($2::bigint[], $3::text[]) AS r(kind, id), \
     LATERAL (SELECT ctid FROM records WHERE organization_id = $1 AND kind = r.kind AND id = r.id LIMIT 1) x))",
);
pub(super) const PUT_RECORDS: Text = Text::twin(
    "INSERT INTO records (organization_id, kind, id, key, secret, version, body) \
     SELECT $1, value->>0, value->>1, value->>2, substr($3, value->>3, value->>4), value->>5, substr($3, value->>6, value->>7) FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, kind, id) DO UPDATE SET key = excluded.key, secret = excluded.secret, version = excluded.version, body = excluded.body",
    "INSERT INTO records (organization_id, kind, id, key, secret, version, body) \
     SELECT $1, r.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::bytea[]) AS r \
     ON CONFLICT (organization_id, kind, id) DO UPDATE SET key = excluded.key, secret = excluded.secret, version = excluded.version, body = excluded.body",
);
pub(super) const DROP_DEVIATIONS: Text = Text::twin(
    "DELETE FROM deviations WHERE organization_id = $1 AND connection_id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM deviations WHERE organization_id = $1 AND connection_id = ANY($2)",
);
pub(super) const DROP_STATUSES: Text = Text::twin(
    "DELETE FROM connection_statuses WHERE organization_id = $1 AND connection_id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM connection_statuses WHERE organization_id = $1 AND connection_id = ANY($2)",
);
pub(super) const DROP_TOMBSTONES: Text = Text::twin(
    "DELETE FROM tombstones WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM tombstones WHERE organization_id = $1 AND id = ANY($2)",
);
pub(super) const PUT_TOMBSTONES: Text = Text::twin(
    "INSERT INTO tombstones (organization_id, id, kind, deleted_at, purge_at, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, substr($3, value->>4, value->>5) FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, id) DO UPDATE SET deleted_at = excluded.deleted_at, purge_at = excluded.purge_at, body = excluded.body",
    "INSERT INTO tombstones (organization_id, id, kind, deleted_at, purge_at, body) \
     SELECT $1, r.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[]) AS r \
     ON CONFLICT (organization_id, id) DO UPDATE SET deleted_at = excluded.deleted_at, purge_at = excluded.purge_at, body = excluded.body",
);
pub(super) const DROP_GRANTS: Text = Text::twin(
    "DELETE FROM role_assignments WHERE organization_id = $1 AND id IN (SELECT value->>0 FROM json_each($2))",
    "DELETE FROM role_assignments WHERE organization_id = $1 AND id = ANY($2)",
);
// Of a grant that is there only its end changes.
pub(super) const PUT_GRANTS: Text = Text::twin(
    "INSERT INTO role_assignments (organization_id, id, role_id, principal_id, principal_kind, scope, expires_at, created_at) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, id) DO UPDATE SET expires_at = excluded.expires_at",
    "INSERT INTO role_assignments (organization_id, id, role_id, principal_id, principal_kind, scope, expires_at, created_at) \
     SELECT $1, r.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[]) AS r \
     ON CONFLICT (organization_id, id) DO UPDATE SET expires_at = excluded.expires_at",
);
pub(super) const PUT_COMMITS: Text = Text::twin(
    "INSERT INTO commits (organization_id, revision, committed_at, actor) \
     SELECT $1, value->>0, value->>1, substr($3, value->>2, value->>3) FROM json_each($2)",
    "INSERT INTO commits (organization_id, revision, committed_at, actor) SELECT $1, r.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS r",
);
pub(super) const PUT_CHANGES: Text = Text::twin(
    "INSERT INTO changes (organization_id, revision, idx, kind, action, resource_id, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, substr($3, value->>5, value->>6) FROM json_each($2)",
    "INSERT INTO changes (organization_id, revision, idx, kind, action, resource_id, body) \
     SELECT $1, r.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[]) AS r",
);
// Their order alone would lead SQLite through the organization's whole feed.
pub(super) const CHANGES_OF: Text = Text::twin(
    "SELECT revision, idx, kind, action, resource_id, body FROM changes INDEXED BY changes_by_resource \
     WHERE organization_id = $1 AND resource_id = $2 ORDER BY revision, idx",
    "SELECT revision, idx, kind, action, resource_id, body FROM changes WHERE organization_id = $1 AND resource_id = $2 ORDER BY revision, idx",
);
pub(super) const REWRITE_CHANGES: Text = Text::twin(
    "INSERT INTO changes (organization_id, revision, idx, kind, action, resource_id, body) \
     SELECT $1, value->>0, value->>1, value->>2, value->>3, value->>4, substr($3, value->>5, value->>6) FROM json_each($2) WHERE true \
     ON CONFLICT (organization_id, revision, idx) DO UPDATE SET body = excluded.body",
    "INSERT INTO changes (organization_id, revision, idx, kind, action, resource_id, body) \
     SELECT $1, r.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[]) AS r \
     ON CONFLICT (organization_id, revision, idx) DO UPDATE SET body = excluded.body",
);
pub(super) const NEW_HEADS: Text = Text::twin(
    "INSERT INTO heads (organization_id, revision, nesting_revision, schemas_revision, roles_revision, refuse_cycles, user_count, group_count) \
     SELECT value->>0, 0, 0, 0, 0, 0, 0, 0 FROM json_each($1)",
    "INSERT INTO heads (organization_id, revision, nesting_revision, schemas_revision, roles_revision, refuse_cycles, user_count, group_count) \
     SELECT r, 0, 0, 0, 0, 0, 0, 0 FROM unnest($1::text[]) AS r",
);
pub(super) const SET_HEAD: Text = Text::same(
    "UPDATE heads SET revision = $2, user_count = user_count + $3, group_count = group_count + $4, nesting_revision = COALESCE($5, nesting_revision), \
     schemas_revision = COALESCE($6, schemas_revision), roles_revision = COALESCE($7, roles_revision) WHERE organization_id = $1",
);

/// The statements that find rows to change for a lane, for the test that reads their plans.
pub(super) const LANE_WRITES: &[(&str, Text)] = &[
    ("drop users", DROP_USERS),
    ("free names", FREE_NAMES),
    ("drop groups", DROP_GROUPS),
    ("drop keys", DROP_KEYS),
    ("drop edges", DROP_EDGES),
    ("drop records", DROP_RECORDS),
    ("drop deviations", DROP_DEVIATIONS),
    ("drop statuses", DROP_STATUSES),
    ("drop tombstones", DROP_TOMBSTONES),
    ("drop grants", DROP_GRANTS),
    ("empty answers", requests::EMPTY),
    ("changes of a resource", CHANGES_OF),
];
