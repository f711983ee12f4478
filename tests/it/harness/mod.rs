//! What every story stands on: the engines, the world (a running server and its clients), and `both!`.

pub mod postgres;

/// Which engine a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own in the process's throw-away cluster.
    Postgres,
}
