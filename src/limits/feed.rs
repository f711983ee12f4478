//! The bounds of the feed.

use std::time::Duration;

/// Events of one piece of a commit: a larger commit is read and told in pieces.
pub const FEED_EVENTS: usize = 500;
/// Encoded bytes of one piece: with what surrounds it, it fits a client's 4 MiB message.
pub const FEED_MESSAGE_BYTES: usize = 1024 * 1024;
/// Encoded bytes that one read of the feed takes at most, and one event more.
pub const FEED_READ_BYTES: usize = 2 * 1024 * 1024;
/// How often a tailer looks for commits it was not told of: hints may be lost.
pub const FEED_POLL: Duration = Duration::from_secs(1);
/// Bytes of the newest commits of one organization kept in memory while it is watched: who falls behind reads on from the table.
pub const RING_BYTES: usize = 4 * 1024 * 1024;
/// Pieces kept so.
pub const RING_PIECES: usize = 4_096;
/// Streams of one node: each holds some kilobytes and a timer.
pub const WATCHERS: usize = 20_000;
/// Streams of one organization on one node.
pub const WATCHERS_PER_ORGANIZATION: usize = 1_000;
/// Streams, and pulls that wait, of one token in one organization on one node: a program has some, and one that never closes any
/// takes no place of the others.
pub const WATCHERS_PER_TOKEN: usize = 200;
/// When to come again where too many streams are open.
pub const WATCH_AGAIN: Duration = Duration::from_secs(10);
/// Resources that one stream may be limited to.
pub const WATCHED_IDS: usize = 1_000;
/// Bytes of a resume token that is read at all; ours have some 300.
pub const RESUME_TOKEN_BYTES: usize = 4_096;
/// How often a stream says where it is, unless asked for otherwise.
pub const CHECKPOINT: Duration = Duration::from_secs(30);
/// The least that can be asked for: more often tells nothing.
pub const CHECKPOINT_LEAST: Duration = Duration::from_secs(5);
/// The most: proxies close what is silent for longer.
pub const CHECKPOINT_MOST: Duration = Duration::from_mins(5);
/// Commits that a filter passes over before the stream says where it is: half of [`FEED_COMMITS_LEAST`], so that what is compacted
/// was passed by a connected reader's token before.
pub const CHECKPOINT_COMMITS: usize = 500;
/// How long a stream lives, give or take a tenth: long against the cost of coming back, short enough to spread over new nodes.
pub const STREAM_AGE: Duration = Duration::from_hours(1);
/// How long a pull may ask to wait.
pub const LIST_WAIT_MOST: Duration = Duration::from_mins(1);
/// How long it does wait: less than [`super::CALL_TIME`].
pub const LIST_WAIT: Duration = Duration::from_secs(25);
/// Reads of the feed that one pull makes at most, however much its filter passes over.
pub const LIST_READS: usize = 20;
/// Users or groups of one chunk of a starting state.
pub const SNAPSHOT_RESOURCES: usize = 200;
/// Edges or grants of one chunk.
pub const SNAPSHOT_EDGES: usize = 2_000;
/// Days that changes are kept unless the operator says otherwise.
pub const FEED_DAYS: i64 = 90;
/// The longest that can be asked for: ten years.
pub const FEED_DAYS_MOST: i64 = 3_650;
/// Commits of an organization that are kept at most unless the operator says otherwise: some gigabytes.
pub const FEED_COMMITS: i64 = 10_000_000;
/// The least that can be asked for: less would leave readers behind that are connected.
pub const FEED_COMMITS_LEAST: i64 = 1_000;
/// Commits that one step of compaction looks at.
pub const COMPACTED_COMMITS: usize = 500;
/// Changes that one transaction of it removes: writes that wait get their turn between them.
pub const COMPACTED_CHANGES: usize = 2_000;
/// How often each node looks for changes whose time is over.
pub const COMPACT_EVERY: Duration = Duration::from_mins(10);
/// How soon after its start: a server that is started often lets go of them too, and one that starts has other things to do first.
pub const COMPACT_FIRST: Duration = Duration::from_secs(30);
/// How soon after a change of tokens or accounts made here the credentials of streams are asked for again.
pub const STANDING_TICK: Duration = Duration::from_millis(250);
/// How often they are asked for in any case: other nodes change them too.
pub const STANDING_EVERY: Duration = Duration::from_secs(3);
