//! What the store did, counted: tests assert costs by these, metrics show them.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Running totals since the store was opened.
#[derive(Debug, Default)]
pub struct Counters {
    statements: AtomicU64,
    rows_read: AtomicU64,
    rows_written: AtomicU64,
    commits: AtomicU64,
    items: AtomicU64,
    records: AtomicU64,
}

/// The totals at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Statements run, without BEGIN and COMMIT.
    pub statements: u64,
    /// Rows answered by statements.
    pub rows_read: u64,
    /// Rows inserted, updated or deleted.
    pub rows_written: u64,
    /// Transactions of the lanes that changed something.
    pub commits: u64,
    /// Writes the lanes have answered.
    pub items: u64,
}

impl Counters {
    pub(super) fn read(&self, rows: usize) {
        self.statements.fetch_add(1, Relaxed);
        self.rows_read.fetch_add(rows as u64, Relaxed);
    }

    pub(super) fn wrote(&self, rows: u64) {
        self.statements.fetch_add(1, Relaxed);
        self.rows_written.fetch_add(rows, Relaxed);
    }

    pub(super) fn committed(&self, wrote_records: bool) {
        self.commits.fetch_add(1, Relaxed);
        self.records.fetch_add(u64::from(wrote_records), Release);
    }

    pub(super) fn answered(&self, items: usize) {
        self.items.fetch_add(items as u64, Relaxed);
    }

    /// Commits of this process that wrote connections, tokens, accounts or other records: while it stays the same, so does what
    /// was read of them here, but for other nodes.
    pub fn record_commits(&self) -> u64 {
        self.records.load(Acquire)
    }

    /// The totals now.
    pub fn now(&self) -> Counted {
        Counted {
            statements: self.statements.load(Relaxed),
            rows_read: self.rows_read.load(Relaxed),
            rows_written: self.rows_written.load(Relaxed),
            commits: self.commits.load(Relaxed),
            items: self.items.load(Relaxed),
        }
    }
}

impl std::ops::Sub for Counted {
    type Output = Counted;

    fn sub(self, earlier: Counted) -> Counted {
        Counted {
            statements: self.statements - earlier.statements,
            rows_read: self.rows_read - earlier.rows_read,
            rows_written: self.rows_written - earlier.rows_written,
            commits: self.commits - earlier.commits,
            items: self.items - earlier.items,
        }
    }
}
