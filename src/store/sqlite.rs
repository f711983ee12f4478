//! What is SQLite's own: opening, and the beginning of transactions.

use super::{Fault, StoreOptions};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The first release without the WAL-reset fault, which can corrupt a database.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

/// How long a statement waits for another process that looks into the file.
const BUSY: Duration = Duration::from_secs(5);

/// One writer, so that a transaction never upgrades and never waits for another, and some readers.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, making it if it is missing.
    pub(super) async fn open(file: &Path, options: &StoreOptions) -> Result<Self, Fault> {
        make_private(file)?;
        let connect = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write survives power loss.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("trusted_schema", "OFF")
            // What is deleted is overwritten: whoever is purged is in no unused part of a page either.
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(256);
        let wait = Duration::from_secs(options.wait_seconds);
        // A connection that idles keeps its caches: nothing is gained by closing it.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(wait)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(connect.clone())
            .await?;
        let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(&writer).await?;
        if !recent(&version) {
            return Err(Fault::broken(format!("SQLite {version} is older than 3.51.3, which mends a fault that can corrupt this file")));
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .acquire_timeout(wait)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(connect.pragma("query_only", "ON"));
        Ok(SqliteStore { writer, readers })
    }

    pub(super) async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        MIGRATIONS.run(&self.writer).await
    }

    /// Takes the file's write lock at once: a later upgrade could fail without a wait.
    pub(super) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A snapshot of the whole file.
    pub(super) async fn begin_read(&self) -> Result<Transaction<'static, Sqlite>, Fault> {
        Ok(self.readers.begin_with("BEGIN").await?)
    }

    pub(super) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, Fault> {
        Ok(self.readers.acquire().await?)
    }

    /// Takes what was overwritten out of the log beside the file, too. Where a reader is in the way it is for the next time:
    /// writes wait for this.
    pub(super) async fn scrub(&self) -> Result<(), Fault> {
        let mut writer = self.writer.acquire().await?;
        sqlx::query("PRAGMA busy_timeout = 50").execute(&mut *writer).await?;
        let done = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await;
        sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut *writer).await?;
        Ok(done.map(drop)?)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Made before SQLite makes it, so that the file, and the log beside it that takes its mode, are the owner's alone.
fn make_private(file: &Path) -> Result<(), Fault> {
    let mut options = std::fs::File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(|error| Fault::busy(format!("{}: {error}", file.display())))
}

fn recent(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::{make_private, recent};

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("roster.sqlite");
        make_private(&file).unwrap();
        make_private(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(recent("3.51.3"));
        assert!(recent("3.100.0"));
        assert!(!recent("3.51.2"));
        assert!(!recent("3.9.9"));
    }
}
