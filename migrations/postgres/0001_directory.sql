-- The directory's first shape. Text is folded in Rust only and compared bytewise; time is microseconds since 1970.
-- The organization leads every primary key, unique index and foreign key.

-- One row: the life of this store. The epoch changes when a backup is restored, so that old tokens are refused, never misread.
CREATE TABLE store (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch BIGINT NOT NULL,
  seal_key BYTEA NOT NULL
);

-- The head of each organization: what every commit locks first and sets last. nesting_revision is the last commit that changed
-- which groups are in which groups, roles_revision the last that changed a role, a mapping to one, or a grant of "admin" (0 = there
-- never was any, and no grant at all). refuse_cycles is a setting of the organization, here for its lane to see. Of the feed
-- nothing is kept up to compacted_revision.
CREATE TABLE heads (
  organization_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  nesting_revision BIGINT NOT NULL,
  schemas_revision BIGINT NOT NULL,
  roles_revision BIGINT NOT NULL,
  refuse_cycles BIGINT NOT NULL,
  user_count BIGINT NOT NULL,
  group_count BIGINT NOT NULL,
  compacted_revision BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE users (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  id TEXT COLLATE "C" NOT NULL,
  user_name_key TEXT COLLATE "C" NOT NULL,
  display TEXT COLLATE "C" NOT NULL,
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX users_by_name ON users (organization_id, user_name_key);

-- The body holds a group's attributes; its version, times and size are columns, because membership changes them alone.
-- left_at is the last commit that deleted a member softly, set_at the last that set the membership whole after that: whoever was
-- deleted before it does not come back into the group.
CREATE TABLE groups (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  id TEXT COLLATE "C" NOT NULL,
  name_key TEXT COLLATE "C" NOT NULL,
  display TEXT COLLATE "C" NOT NULL,
  member_count BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  left_at BIGINT NOT NULL,
  set_at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX groups_by_name ON groups (organization_id, name_key, id);

-- What a user or group is found by besides its id and user name: kind 1 = a user's externalId, 2 = a user's e-mail, 3 = a group's externalId,
-- 4 and 5 = the connections that manage a user, and that let it go; 6 and 7 = the same of a group; 8 = what a connection called a user it let go,
-- 10 and 11 = a value of a user's roles and entitlements, 9, 12 and 13 = user name, externalId and e-mail of a user that a connection deleted softly,
-- 14 and 15 = externalId and display name of such a group.
CREATE TABLE resource_keys (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  kind BIGINT NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (organization_id, kind, key, resource_id)
);

-- Membership is edges. member_kind: 1 = user, 2 = group. planted: 1 = written by somebody else than the connection that made the group.
CREATE TABLE members (
  organization_id TEXT COLLATE "C" NOT NULL,
  group_id TEXT COLLATE "C" NOT NULL,
  member_id TEXT COLLATE "C" NOT NULL,
  member_kind BIGINT NOT NULL,
  planted BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (organization_id, group_id, member_id),
  FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id)
);
CREATE INDEX members_by_member ON members (organization_id, member_id, group_id);
-- Groups within groups: few, read whole.
CREATE INDEX members_nested ON members (organization_id, group_id, member_id) WHERE member_kind = 2;
-- Few, and asked for by group.
CREATE INDEX members_planted ON members (organization_id, group_id, member_id) WHERE planted = 1;

-- Users (kind 1) and groups (2) that were deleted softly: out of every list and index of them, their own memberships remembered in
-- the body, a group's members not.
CREATE TABLE tombstones (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  id TEXT COLLATE "C" NOT NULL,
  kind BIGINT NOT NULL,
  deleted_at BIGINT NOT NULL,
  purge_at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, id)
);
-- Whose time is over is asked for all organizations at once.
CREATE INDEX tombstones_due ON tombstones (purge_at, organization_id, id);

-- Administrative resources: few, small, read whole. kind is the contract's ResourceKind.
CREATE TABLE records (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  kind BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C",
  secret BYTEA,
  version BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, kind, id)
);
CREATE UNIQUE INDEX records_by_key ON records (organization_id, kind, key);
-- A credential is looked up before its organization is known.
CREATE UNIQUE INDEX records_by_id ON records (kind, id);

-- Grants of roles. principal_kind: 1 = user, 2 = group, 3 = service account. expires_at in microseconds; the greatest number = never.
CREATE TABLE role_assignments (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  id TEXT COLLATE "C" NOT NULL,
  role_id TEXT COLLATE "C" NOT NULL,
  principal_id TEXT COLLATE "C" NOT NULL,
  principal_kind BIGINT NOT NULL,
  scope TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (organization_id, id)
);
CREATE UNIQUE INDEX role_assignments_by_principal ON role_assignments (organization_id, principal_id, role_id, scope);
CREATE INDEX role_assignments_by_role ON role_assignments (organization_id, role_id, id);
CREATE INDEX role_assignments_by_holder ON role_assignments (organization_id, role_id, principal_id);
-- Groups that were granted a role: few, read whole.
CREATE INDEX role_assignments_to_groups ON role_assignments (organization_id, role_id, principal_id) WHERE principal_kind = 2;

-- When a token was last used, to the minute; written beside the lane, since it is no change of the directory.
CREATE TABLE token_uses (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  token_id TEXT COLLATE "C" NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (organization_id, token_id)
);

-- How often a connection's requests made use of a tolerance, day by day (days since 1970); written beside the lane, too.
CREATE TABLE deviations (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  connection_id TEXT COLLATE "C" NOT NULL,
  day BIGINT NOT NULL,
  tolerance TEXT COLLATE "C" NOT NULL,
  uses BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (organization_id, connection_id, day, tolerance)
);

-- How a connection has fared, as a message; written beside the lane, too.
CREATE TABLE connection_statuses (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  connection_id TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, connection_id)
);

-- What a write with a request_id was answered, for a day; empty when it told of a user (resource_id) who was erased since. caller is
-- a connection or a service account; part counts the commits of one request; digest is of the request without secrets.
CREATE TABLE requests (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  caller TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  part BIGINT NOT NULL,
  digest BYTEA NOT NULL,
  kept_at BIGINT NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, caller, request_id, part)
);
CREATE INDEX requests_by_resource ON requests (organization_id, resource_id);
-- Whose day is over is asked for all organizations at once.
CREATE INDEX requests_by_age ON requests (kept_at);

-- The feed: one row per commit, one row per change; (organization, revision, index) is a change's identity.
CREATE TABLE commits (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  revision BIGINT NOT NULL,
  committed_at BIGINT NOT NULL,
  actor BYTEA NOT NULL,
  PRIMARY KEY (organization_id, revision)
);

CREATE TABLE changes (
  organization_id TEXT COLLATE "C" NOT NULL REFERENCES heads (organization_id),
  revision BIGINT NOT NULL,
  idx BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  action BIGINT NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (organization_id, revision, idx)
);
-- What a resource went through; an erasure finds its events by it.
CREATE INDEX changes_by_resource ON changes (organization_id, resource_id, revision);
