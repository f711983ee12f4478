//! Every bound, with its unit and its reason. A refusal names the field and the bound.

mod feed;

pub use feed::*;

use std::{ops::RangeInclusive, time::Duration};

/// How long a mass-change alarm counts together unless it says otherwise, and at least and at most: shorter, a slow client is
/// never seen; longer, what is counted tells nothing.
pub const ALARM_WINDOW: Duration = Duration::from_hours(1);
/// See [`ALARM_WINDOW`].
pub const ALARM_WINDOW_MIN: Duration = Duration::from_mins(1);
/// See [`ALARM_WINDOW`].
pub const ALARM_WINDOW_MAX: Duration = Duration::from_hours(7 * 24);
/// Bytes of a `userName` (RFC 7643 section 4.1.1 sets none).
pub const USER_NAME_BYTES: usize = 256;
/// Bytes of any other single string value.
pub const STRING_BYTES: usize = 8 * 1024;
/// Values of one multi-valued attribute of a user.
pub const VALUES_PER_ATTRIBUTE: usize = 200;
/// Bytes of one encoded resource.
pub const RESOURCE_BYTES: usize = 256 * 1024;
/// Levels an attribute value may nest; prost refuses to decode about 30.
pub const VALUE_DEPTH: usize = 8;
/// Entries of one open map (an extension, or the unknown sub-attributes of a value).
pub const MAP_ENTRIES: usize = 512;
/// Values of one list inside an open map.
pub const OPEN_VALUES: usize = 1_000;
/// Bytes of a value the store keeps a key of, as sent and folded: one index entry of PostgreSQL holds about 2,700.
pub const KEY_BYTES: usize = 1_024;
/// Bytes of an attribute name in an open map, and of a schema URN.
pub const ATTRIBUTE_NAME_BYTES: usize = 255;

/// Bytes of an id in a list of members; ours have 36.
pub const ID_BYTES: usize = 64;
/// Schemas an organization may register: each is looked through by every write.
pub const SCHEMAS: usize = 16;
/// Encoded bytes of all of them: they are read and told whole.
pub const SCHEMAS_BYTES: usize = 1024 * 1024;
/// Attributes of one registered schema.
pub const SCHEMA_ATTRIBUTES: usize = 100;
/// Sub-attributes of one of them.
pub const SCHEMA_SUB_ATTRIBUTES: usize = 50;
/// Bytes of the name of an attribute in a registered schema.
pub const SCHEMA_NAME_BYTES: usize = 64;
/// Canonical values, and reference types, of one attribute in a registered schema.
pub const SCHEMA_SUGGESTIONS: usize = 100;
/// Organizations whose registered schemas are kept in memory.
pub const SCHEMA_SETS: usize = 1_000;

/// Bytes of a filter expression.
pub const FILTER_BYTES: usize = 8 * 1024;
/// Nodes of a filter's tree.
pub const FILTER_NODES: usize = 256;
/// Levels of parentheses, brackets and `not` in a filter. Counted before any tree exists: a stack overflow is an abort.
pub const FILTER_DEPTH: usize = 32;
/// Bytes of a PATCH path.
pub const PATH_BYTES: usize = 4 * 1024;
/// Networks that one connection may be used from: more than providers publish; each is compared in every request.
pub const ALLOWED_NETWORKS: usize = 100;
/// Attributes that one connection may own: more than a user has; each is compared in every write to a user of two connections.
pub const OWNED_ATTRIBUTES: usize = 64;
/// Users that one match rule of a takeover looks at. One too many would do to tell that it is ambiguous; some of them may not be
/// there for the connection.
pub const MATCHES: usize = 64;
/// Writes of one `ApplyMutations`.
pub const MUTATIONS: usize = 1_000;
/// Operations of one PATCH.
pub const PATCH_OPERATIONS: usize = 1_000;
/// Members named by one unary request.
pub const MEMBERS_PER_REQUEST: usize = 10_000;
/// Members one streamed replacement may bring.
pub const STREAMED_MEMBERS: usize = 200_000;
/// Direct members of one group.
pub const MEMBERS_PER_GROUP: usize = 2_000_000;
/// References of one batch read.
pub const BATCH_READS: usize = 1_000;

/// Organizations whose nesting graph is kept in memory.
pub const NESTING_GRAPHS: usize = 1_000;
/// Groups below one that a filter on membership is narrowed by; with more, candidates are judged one chunk after another.
pub const NARROWING_GROUPS: usize = 500;
/// Groups shown inside one user; more are cut and the answer says so.
pub const USER_GROUPS: usize = 200;

/// Resources of one page unless asked for otherwise (gRPC).
pub const PAGE_DEFAULT: usize = 100;
/// Resources of one page at most; more is cut (gRPC).
pub const PAGE_MAX: usize = 1_000;
/// Resources of one SCIM page at most (`filter.maxResults`).
pub const SCIM_PAGE_MAX: usize = 500;
/// Members of one page unless asked for otherwise.
pub const MEMBER_PAGE_DEFAULT: usize = 1_000;
/// Members of one page at most.
pub const MEMBER_PAGE_MAX: usize = 5_000;
/// Uses of one tolerance that one call may report; more count as that many. No request body holds more.
pub const DEVIATIONS_PER_CALL: u32 = 1_000_000;
/// Days for which the uses of tolerances are kept.
pub const DEVIATION_DAYS: i64 = 90;
/// How long uses of tolerances are collected before they are written together.
pub const DEVIATION_FLUSH: Duration = Duration::from_secs(10);

/// Encoded bytes after which a page is closed early, so that it fits a client's 4 MiB message.
pub const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a SCIM cursor at most; ours hold a sort key and little else.
pub const CURSOR_BYTES: usize = 4 * 1024;
/// Seconds a page token lives; also a SCIM cursor's `cursorTimeout`.
pub const PAGE_TOKEN_SECONDS: i64 = 24 * 3600;

/// Encoded bytes of users or groups that one statement reads at most, and one more: what is behind a page is not held in memory.
pub const SCAN_BYTES: usize = PAGE_BYTES;
/// Users whose groups are read at once: each has up to [`USER_GROUPS`] of them.
pub const READ_WITH_GROUPS: usize = 100;

/// Bytes of a gRPC message, in and out.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a SCIM request body.
pub const SCIM_BODY_BYTES: usize = 1024 * 1024;
/// Bytes of a SCIM Bulk request (`bulk.maxPayloadSize`); its operations are bounded by [`MUTATIONS`].
pub const SCIM_BULK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a SCIM group's PUT or POST body: it may name many members.
pub const SCIM_GROUP_BODY_BYTES: usize = 64 * 1024 * 1024;
/// Large group documents that one façade reads at once; more wait. Each keeps a thread and its members' ids.
pub const LARGE_DOCUMENTS: usize = 16;
/// How long such a document may take to arrive.
pub const UPLOAD_TIME: Duration = Duration::from_mins(10);
/// Bytes of a refused body that are read past, so that the client comes to hear why.
pub const DISCARDED_BYTES: usize = 8 * 1024 * 1024;
/// How long a refused body is read past.
pub const DISCARDING_TIME: Duration = Duration::from_secs(5);
/// Members up to which a group's PATCH is answered with the whole group, and an answer is built in memory.
pub const SCIM_ANSWER_MEMBERS: usize = 1_000;
/// Bytes after which a SCIM page of groups with their members is closed early; it is streamed, so this bounds time, not memory.
pub const SCIM_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// Levels of a JSON document.
pub const JSON_DEPTH: usize = 64;

/// Writes that one transaction of a lane takes together.
pub const LANE_BATCH: usize = 64;
/// Writes that may wait before a lane; more are refused as unavailable.
pub const LANE_QUEUE: usize = 4_096;

/// Seconds for which what a write with a `request_id` was answered is kept: longer than any client keeps on trying.
pub const REQUEST_SECONDS: i64 = 24 * 3600;
/// Answers forgotten in one commit when their time is over: writes that wait get their turn between them.
pub const REQUESTS_FORGOTTEN: usize = 1_000;

/// Days a token lives unless asked for otherwise, and at most unless the operator says otherwise.
pub const TOKEN_DAYS: i64 = 365;
/// Days the operator may let a token live at most: ten years, beyond which a date is a way to say never.
pub const TOKEN_DAYS_MOST: i64 = 3_650;
/// Characters of the token that the environment holds: a person made it up, so it is longer than any word; a header holds it.
pub const ENVIRONMENT_TOKEN_CHARS: RangeInclusive<usize> = 32..=1_024;
/// How often tokens that end soon are looked for, and connections counted by their state.
pub const ROUND: Duration = Duration::from_mins(5);
/// Answers the access layer remembers; beyond that each request asks the store.
pub const RESOLVER_CACHE_ENTRIES: usize = 10_000;
/// How long it remembers one: a revoked token works no longer than this.
pub const RESOLVER_CACHE_LIFE: Duration = Duration::from_secs(1);
/// Days a softly deleted user is kept unless its connection says otherwise.
pub const PURGE_DAYS: i64 = 30;
/// Seconds that a connection may have them kept at least: shorter is a purge.
pub const PURGE_AFTER_SHORTEST: i64 = 3_600;
/// Seconds that a connection may have them kept at most: 3,650 days, longer than any duty to keep that we know of.
pub const PURGE_AFTER_LONGEST: i64 = 3_650 * 86_400;
/// How often each node looks for softly deleted users whose time is over.
pub const PURGE_EVERY: Duration = Duration::from_mins(10);
/// Recorded takeovers forgotten in one commit when their connection is deleted: others get their turn between two.
pub const TAKEOVERS_FORGOTTEN: usize = 1_000;
/// Users erased before the next are looked for: writes that wait get their turn between them.
pub const PURGE_BATCH: usize = 100;

/// Connections one face holds at once.
pub const CONNECTIONS: usize = 20_000;
/// Connections one peer address holds at once on one face.
pub const CONNECTIONS_PER_ADDRESS: usize = 1_000;
/// A connection that has not said by then what it is (TLS handshake, HTTP version, request head) is closed.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// A request body that stands still this long ends its request; so does a streamed answer of which nothing is taken.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// A unary call that names no deadline gets this one.
pub const CALL_TIME: Duration = Duration::from_secs(30);
/// Bytes of an HTTP request's head: a filter of the largest size fits, percent-encoded. hyper's own bound is 400 KiB.
pub const HEAD_BYTES: u32 = 64 * 1024;
/// Header fields of a request.
pub const HEADERS: usize = 100;
/// How long a browser may remember that a page's origin may call: no browser does so for longer than a day, most for two hours.
pub const PREFLIGHT_LIFE: Duration = Duration::from_hours(1);
/// Bytes of a gRPC call's metadata.
pub const HEADER_LIST_BYTES: u32 = 16 * 1024;
/// Calls at once on one HTTP/2 connection.
pub const CONCURRENT_STREAMS: u32 = 256;
/// Bytes of one call's answer that may wait unread on the way from a remote directory. The connection may hold as many for
/// each of its calls, so that one slow reader never stops the others.
pub const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
/// How long a connection to a remote directory may take to be made.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How often an HTTP/2 peer is asked whether it is there.
pub const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
/// How long it may take to answer.
pub const KEEPALIVE_WAIT: Duration = Duration::from_secs(20);
/// Seconds that requests under way may take to finish after SIGTERM.
pub const DRAIN_SECONDS: u64 = 10;
/// How long the server goes on accepting after it has said that it stops, so that balancers see it first.
pub const DRAIN_NOTICE: Duration = Duration::from_secs(1);

/// Characters of an administrative resource's name or description.
pub const NAME_CHARS: usize = 255;
/// Characters of a description in a registered schema.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Characters of an organization's key: it is a part of URLs and may become one of host names.
pub const KEY_CHARS: usize = 63;
/// What no organization's key may be, since the segment of a path that could be either is an endpoint: the endpoints of SCIM,
/// in lower case as keys are.
pub const RESERVED_KEYS: [&str; 7] = ["users", "groups", "bulk", "me", "schemas", "resourcetypes", "serviceproviderconfig"];
/// Domains of an organization.
pub const DOMAINS: usize = 100;
/// Roles of an organization: they are kept in memory whole.
pub const ROLES: usize = 1_000;
/// Encoded bytes of all of them.
pub const ROLES_BYTES: usize = 4 * 1024 * 1024;
/// Organizations whose roles are kept in memory.
pub const ROLE_BOOKS: usize = 1_000;
/// Permissions of a role.
pub const ROLE_PERMISSIONS: usize = 1_000;
/// Bytes of a permission.
pub const PERMISSION_BYTES: usize = 255;
/// Roles that one role includes directly.
pub const INCLUDED_ROLES: usize = 100;
/// Characters of a role's key.
pub const ROLE_KEY_CHARS: usize = 128;
/// Characters of the scope of a grant.
pub const SCOPE_CHARS: usize = 512;
/// Grants that one call makes, and that it withdraws.
pub const ROLE_CHANGES: usize = 1_000;
/// Grants of one principal: all are read to answer what it holds, and end with it in one commit.
pub const GRANTS_PER_PRINCIPAL: usize = 1_000;
/// Grants that the deletion of a role ends in one commit.
pub const GRANTS_PER_DELETED_ROLE: usize = 10_000;
/// Grants of "admin" and of roles that include it: they are kept in memory whole.
pub const ADMIN_GRANTS: usize = 1_000;
/// Role mappings of a connection: each is asked for with every effective role.
pub const ROLE_MAPPINGS: usize = 500;
/// Questions of one `BatchCheckAccess`.
pub const ACCESS_CHECKS: usize = 1_000;

/// Seconds since 1970 of a time that is taken in: the years 1 to 9999, which are all that the contract's own type has.
pub const TIMESTAMP_SECONDS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Nanoseconds of such a time: parts of a second.
pub const TIMESTAMP_NANOS: RangeInclusive<i32> = 0..=999_999_999;

/// How often an export and an import that go on ask whether their credential stands, besides when this process changed something
/// that it hangs on: other nodes do, too. As long as a credential is remembered between two calls.
pub const TRANSFER_STANDING: Duration = Duration::from_secs(1);
/// Exports that one node runs at once: each holds a snapshot of the store, and a connection for reading.
pub const EXPORTS: usize = 4;
/// Exports of one organization that one node runs at once: whoever leaves some standing does not shut the others out.
pub const EXPORTS_PER_ORGANIZATION: usize = 2;
/// How long an export waits for whoever takes it, answer by answer, before it lets go of its snapshot: it can be gone on with.
pub const EXPORT_PATIENCE: Duration = Duration::from_mins(1);
/// Lines of one chunk of an import: each chunk is one commit, and writes that wait get their turn between them.
pub const IMPORT_LINES: usize = 500;

/// Scopes of a token.
pub const TOKEN_SCOPES: usize = 64;

/// Members who stay in a group whose whole membership a connection sets while it becomes one that makes administrators: each is
/// looked at, within the write.
pub const NAMED_AGAIN: usize = 1_000;
