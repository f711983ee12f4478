//! The only SQL: one statement text, two drivers.
//!
//! Every change goes through a [`lane`]: pure edits on a [`Work`], committed together. Reads are statements of
//! their own or share a [`Reader`], a snapshot of one organization. No function takes an id without its organization,
//! except the look-up of a credential, which names none yet.

mod book;
mod cells;
mod compact;
mod counters;
mod deviations;
mod difference;
mod elsewhere;
mod error;
mod fate;
mod feed;
mod flush;
mod grants;
mod groups;
mod head;
mod history;
mod holders;
mod lane;
mod life;
mod load;
mod members;
mod moves;
mod nesting;
mod open;
mod people;
mod plans;
mod planted;
mod postgres;
mod reader;
mod records;
mod rehearse;
mod requests;
mod rows;
mod scan;
mod schemas;
mod seal;
mod seats;
mod sizes;
mod sqlite;
mod statement;
mod statuses;
mod takings;
mod terms;
mod tombstones;
mod users;
mod view;
mod wake;
mod whole;
mod work;
mod writes;

pub use book::{ADMIN, Book, Mapped, RoleRow};
pub use counters::{Counted, Counters};
pub use deviations::Uses;
pub use difference::Difference;
pub use elsewhere::{Bearer, Claim, ERASED};
pub use error::{Fault, Reach};
pub use feed::{Piece, Place};
pub use grants::{GRANTEE_ACCOUNT, Grant, NEVER};
pub use groups::GroupRow;
pub use lane::{Stop, WriteError, Written};
pub use life::Life;
pub use members::MemberRow;
pub use moves::{Moves, Turn, WholeMoves};
pub use open::{Database, OpenError, Store, StoreOptions};
pub use planted::{is_made_by, maker};
pub use reader::Reader;
pub use records::{Record, RecordKind};
pub use requests::{RequestKey, RequestRow};
pub use rows::Rows;
pub use scan::Narrow;
pub use seal::SEAL;
pub use statement::{Connection, Statement, Text};
pub use terms::Terms;
pub use tombstones::Tombstone;
pub use users::UserRow;
pub use view::View;
pub use whole::Tell;
pub use work::{Miss, Work};

/// The reserved organization that owns organizations and platform service accounts.
pub const SYSTEM: &str = "system";

/// Member kinds as the edges store them.
pub const MEMBER_USER: i64 = 1;
/// A group as a member.
pub const MEMBER_GROUP: i64 = 2;

/// Key kinds of `resource_keys`.
pub const KEY_USER_EXTERNAL_ID: i64 = 1;
/// A user's e-mail address, folded.
pub const KEY_USER_EMAIL: i64 = 2;
/// A group's externalId.
pub const KEY_GROUP_EXTERNAL_ID: i64 = 3;
/// The connection that manages a user.
pub const KEY_USER_LINKED: i64 = 4;
/// The connection that let a user go.
pub const KEY_USER_UNLINKED: i64 = 5;
/// The connection that manages a group.
pub const KEY_GROUP_LINKED: i64 = 6;
/// The connection that let a group go.
pub const KEY_GROUP_UNLINKED: i64 = 7;
/// What a connection called a user that it let go.
pub const KEY_USER_FORMER_EXTERNAL_ID: i64 = 8;
/// The folded userName of a user that a connection deleted softly, in the form of an externalId; so are the two that follow.
pub const KEY_GONE_USER_NAME: i64 = 9;
/// What the connection called it.
pub const KEY_GONE_EXTERNAL_ID: i64 = 12;
/// An e-mail address of it, folded.
pub const KEY_GONE_EMAIL: i64 = 13;
/// What a connection called a group that it deleted softly.
pub const KEY_GONE_GROUP_EXTERNAL_ID: i64 = 14;
/// The folded display name of such a group, in the form of an externalId.
pub const KEY_GONE_GROUP_NAME: i64 = 15;

/// A value of a user's roles, as it is.
pub const KEY_USER_ROLE: i64 = 10;
/// A value of a user's entitlements, as it is.
pub const KEY_USER_ENTITLEMENT: i64 = 11;

/// The key of an externalId: unique per connection, never across connections.
pub fn external_key(connection: &str, value: &str) -> String {
    format!("{connection}\u{1}{value}")
}
