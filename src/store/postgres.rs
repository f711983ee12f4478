//! What is PostgreSQL's own: opening, and the beginning of transactions.

use super::{Fault, StoreOptions};
use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// PostgreSQL 15.
const OLDEST: i64 = 150_000;

/// A pool for the lanes and one for readers, so that reads never wait behind writes for a connection.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    writers: PgPool,
    readers: PgPool,
    listeners: PgPool,
    claims: PgPool,
}

/// What imports lock while they bring ids in; a number of our own among the database's advisory locks.
const CLAIM: &str = "SELECT pg_advisory_xact_lock(7310868735422964338)";

/// Why the server cannot be used, for an operator: which setting named it and where it is. The URL may hold a password.
fn unreachable(server: &PgConnectOptions, why: &str) -> Fault {
    let place = match server.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", server.get_host(), server.get_port()),
    };
    Fault::broken(format!("PostgreSQL at {place}, which --database names, cannot be used: {why}"))
}

/// What went wrong, without the driver's own circumstances.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => refusal.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

impl PostgresStore {
    /// Connects, and refuses a server that is too old or that would lose acknowledged commits.
    pub(super) async fn open(url: &str, options: &StoreOptions) -> Result<Self, Fault> {
        let connect = PgConnectOptions::from_str(url)?
            .application_name("roster")
            .statement_cache_capacity(256)
            // A stalled holder must not hold the others for ever; idle transactions are faults of ours.
            .options([("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "30s"), ("statement_timeout", "30s")]);
        let wait = Duration::from_secs(options.wait_seconds);
        // The pool would try until its time is over and then say only that; one connection says why.
        let first = tokio::time::timeout(wait, PgConnection::connect_with(&connect)).await;
        first
            .map_err(|_| unreachable(&connect, "it does not answer"))?
            .map_err(|error| unreachable(&connect, &words(&error)))?
            .close()
            .await?;
        let writers = PgPoolOptions::new().max_connections(options.writers).acquire_timeout(wait).connect_with(connect.clone()).await?;
        let (version, durable, encoding): (String, String, String) = sqlx::query_as(
            "SELECT current_setting('server_version_num'), current_setting('synchronous_commit'), current_setting('server_encoding')",
        )
        .fetch_one(&writers)
        .await?;
        if version.parse::<i64>().unwrap_or(0) < OLDEST {
            return Err(Fault::broken(format!("PostgreSQL {version} is older than 15")));
        }
        if durable == "off" || durable == "local" {
            return Err(Fault::broken(format!("synchronous_commit is {durable}: acknowledged writes could be lost; set it to on")));
        }
        if encoding != "UTF8" {
            return Err(Fault::broken(format!(
                "the database's encoding is {encoding}: it cannot hold every name; make one with encoding UTF8"
            )));
        }
        let readers = PgPoolOptions::new().max_connections(options.readers).acquire_timeout(wait).connect_lazy_with(connect.clone());
        // One, kept for as long as there is news to hear.
        let listeners = PgPoolOptions::new().max_connections(1).acquire_timeout(wait).connect_lazy_with(connect.clone());
        // One beside the lanes, so that whoever holds the claim finds a connection to write on. It idles for as long as that takes,
        // which statements and locks bound.
        let connect = connect.options([("idle_in_transaction_session_timeout", "5min")]);
        let claims = PgPoolOptions::new().max_connections(1).acquire_timeout(wait).connect_lazy_with(connect);
        Ok(PostgresStore { writers, readers, listeners, claims })
    }

    pub(super) async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        MIGRATIONS.run(&self.writers).await
    }

    /// READ COMMITTED is said, not assumed: what follows the lock must see what was committed before it.
    pub(super) async fn begin_write(&self) -> Result<Transaction<'static, Postgres>, Fault> {
        Ok(self.writers.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?)
    }

    /// A snapshot.
    pub(super) async fn begin_read(&self) -> Result<Transaction<'static, Postgres>, Fault> {
        Ok(self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    /// A transaction that no other has beside it, on any node.
    pub(super) async fn begin_claim(&self) -> Result<Transaction<'static, Postgres>, Fault> {
        let mut tx = self.claims.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        sqlx::query(CLAIM).execute(&mut *tx).await?;
        Ok(tx)
    }

    pub(super) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<Postgres>, Fault> {
        Ok(self.readers.acquire().await?)
    }

    /// For hearing of what other nodes commit.
    pub(super) fn listeners(&self) -> PgPool {
        self.listeners.clone()
    }

    pub(super) async fn close(&self) {
        self.listeners.close().await;
        self.claims.close().await;
        self.readers.close().await;
        self.writers.close().await;
    }
}
