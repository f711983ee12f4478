//! What can go wrong below, sorted by what the lane must do about it. A driver's text goes to the log, never to a caller.

use std::fmt;

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One item's data: the others of its batch may still commit.
    Item,
    /// The connection, a lock, the disk: the whole batch answers "unavailable".
    Store,
    /// A stored body that cannot be read, or a bug: nothing a retry mends.
    Broken,
}

/// A fault of the store, with the driver's words for the log.
#[derive(Debug)]
pub struct Fault {
    /// How far it reaches.
    pub reach: Reach,
    words: String,
}

impl Fault {
    /// A stored value that cannot be read.
    pub fn broken(words: impl Into<String>) -> Self {
        Fault { reach: Reach::Broken, words: words.into() }
    }

    /// The store is busy or away.
    pub fn busy(words: impl Into<String>) -> Self {
        Fault { reach: Reach::Store, words: words.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Fault {}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let reach = match &error {
            sqlx::Error::Database(e) => match e.code().as_deref() {
                // PostgreSQL: data exceptions and integrity constraints (SQLSTATE classes 22 and 23).
                Some(code) if code.len() == 5 && (code.starts_with("22") || code.starts_with("23")) => Reach::Item,
                // SQLite: TOOBIG, CONSTRAINT and MISMATCH, with the extended code in the upper bits.
                Some(code) if code.len() < 5 && code.parse::<i64>().is_ok_and(|c| matches!(c & 0xff, 18..=20)) => Reach::Item,
                _ => Reach::Store,
            },
            sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Reach::Broken,
            _ => Reach::Store,
        };
        Fault { reach, words: error.to_string() }
    }
}

impl From<prost::DecodeError> for Fault {
    fn from(error: prost::DecodeError) -> Self {
        Fault::broken(format!("a stored message cannot be decoded: {error}"))
    }
}
