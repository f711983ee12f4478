//! The store: which engine, opened and migrated.

use super::{Connection, Counters, Fault, Life, Text, lane::Lanes, postgres::PostgresStore, seal::Key, sqlite::SqliteStore};
use crate::limits;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of our own.
    Sqlite(PathBuf),
    /// A server, by URL.
    Postgres(String),
}

impl Database {
    /// Where it is, in words that hold no password.
    fn place(&self) -> String {
        match self {
            Database::Sqlite(file) => file.display().to_string(),
            Database::Postgres(_) => "that database".to_owned(),
        }
    }
}

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the data lives.
    pub database: Database,
    /// Connections for reading.
    pub readers: u32,
    /// Connections for the lanes (PostgreSQL; SQLite has one writer).
    pub writers: u32,
    /// Seconds a request waits for a connection before it is told that the store is busy. Longer than a large commit or a slow
    /// new connection takes on a loaded machine; below the deadline a call has by default.
    pub wait_seconds: u64,
    /// Whether a store is made where there is none.
    pub create: bool,
    /// Writes that one transaction of a lane takes together; [`limits::LANE_BATCH`] but where that is measured.
    pub batch: usize,
}

impl StoreOptions {
    /// The defaults for a database.
    pub fn new(database: Database) -> Self {
        StoreOptions { database, readers: 8, writers: 4, wait_seconds: 10, create: true, batch: limits::LANE_BATCH }
    }
}

/// Why a store cannot be opened; the words are for an operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine refused.
    #[error("The store cannot be opened: {0}.")]
    Engine(#[from] Fault),
    /// The schema is of another version, or a migration failed.
    #[error("The store cannot be migrated: {0}.")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// There is none, and none was to be made.
    #[error("There is no store in {0}: look at --data-dir or --database. Nothing was changed.")]
    Missing(String),
}

#[derive(Debug)]
pub(super) enum Engine {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// A transaction of either engine; dropped = rolled back.
#[derive(Debug)]
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A pooled connection of either engine.
pub(super) enum Pooled {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) counters: Counters,
    pub(super) life: Life,
    pub(super) key: Key,
    pub(super) schemas: super::schemas::Known,
    pub(super) books: super::book::Books,
    pub(super) nests: super::nesting::Nests,
    pub(super) bells: super::wake::Bells,
    pub(super) batch: usize,
    /// Whose turn it is to bring ids in.
    pub(super) claims: Arc<tokio::sync::Mutex<()>>,
    /// Whether something was erased since the last scrub.
    pub(super) erased: AtomicBool,
}

/// The store. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
    pub(super) lanes: Lanes,
}

const IDENTITY: Text = Text::same("SELECT epoch, seal_key FROM store WHERE id = 1");
const NEW_IDENTITY: Text = Text::same("INSERT INTO store (id, epoch, seal_key) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING");
const NEW_EPOCH: Text = Text::same("UPDATE store SET epoch = $1 WHERE id = 1");
const TABLES: Text = Text::twin(
    "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'store'",
    "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('store')",
);
const NEW_SYSTEM: Text = Text::same(
    "INSERT INTO heads (organization_id, revision, nesting_revision, schemas_revision, roles_revision, refuse_cycles, user_count, group_count) VALUES ($1, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (organization_id) DO NOTHING",
);

impl Store {
    /// Opens the store and brings its schema up to date. `entropy` seals page tokens if the store is new (32 bytes), and
    /// its first 8 bytes become the epoch.
    ///
    /// # Errors
    /// When the engine cannot be reached, is too old, or has a schema this binary does not know; when there is no store and none
    /// is to be made.
    pub async fn open(options: &StoreOptions, entropy: [u8; 40]) -> Result<Store, OpenError> {
        let engine = match &options.database {
            Database::Sqlite(file) if !options.create && !file.is_file() => return Err(OpenError::Missing(file.display().to_string())),
            Database::Sqlite(file) => Engine::Sqlite(SqliteStore::open(file, options).await?),
            Database::Postgres(url) => Engine::Postgres(PostgresStore::open(url, options).await?),
        };
        let (schemas, books, nests) = (super::schemas::Known::default(), super::book::Books::default(), super::nesting::Nests::default());
        let mut inner = Inner {
            engine,
            counters: Counters::default(),
            life: Life::default(),
            key: Key::default(),
            schemas,
            books,
            nests,
            bells: super::wake::Bells::default(),
            claims: Arc::default(),
            erased: AtomicBool::new(false),
            batch: options.batch,
        };
        if !options.create && !inner.is_made().await? {
            return Err(OpenError::Missing(options.database.place()));
        }
        match &inner.engine {
            Engine::Sqlite(store) => store.migrate().await?,
            Engine::Postgres(store) => store.migrate().await?,
        }
        (inner.life, inner.key) = inner.identity(entropy).await?;
        Ok(Store { inner: Arc::new(inner), lanes: Lanes::default() })
    }

    /// The life of this store: tokens and etags of another are refused.
    pub fn life(&self) -> Life {
        self.inner.life
    }

    /// Begins a new life of the store, after a backup was brought back: tokens and etags of before are refused from the next
    /// opening on.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn begin_new_life(&self, entropy: [u8; 8]) -> Result<(), Fault> {
        let mut tx = self.inner.begin_write().await?;
        tx.on(&self.inner.counters).statement(NEW_EPOCH).bind(Life::new(entropy).epoch()).execute().await?;
        tx.commit().await
    }

    /// What the store did so far.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Whether the engine answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Fault> {
        let mut pooled = self.inner.reader().await?;
        pooled.on(&self.inner.counters).statement(Text::same("SELECT epoch FROM store WHERE id = 1")).optional::<(i64,)>().await?;
        Ok(())
    }

    /// Erases for good what this process took out of the feed since the last time: on SQLite, from the log beside the file.
    /// PostgreSQL's own housekeeping reuses the space.
    ///
    /// # Errors
    /// When the engine cannot.
    pub async fn scrub(&self) -> Result<(), Fault> {
        if let Engine::Sqlite(store) = &self.inner.engine
            && self.inner.erased.swap(false, Ordering::Relaxed)
        {
            store.scrub().await?;
        }
        Ok(())
    }

    /// Ends the lanes after what they hold, and closes the connections.
    pub async fn close(&self) {
        self.lanes.close().await;
        match &self.inner.engine {
            Engine::Sqlite(store) => store.close().await,
            Engine::Postgres(store) => store.close().await,
        }
    }
}

impl Inner {
    /// Whether the place holds a store at all.
    async fn is_made(&self) -> Result<bool, Fault> {
        let mut pooled = self.reader().await?;
        let tables: Option<(i64,)> = pooled.on(&self.counters).statement(TABLES).optional().await?;
        Ok(tables.is_some_and(|(count,)| count > 0))
    }

    async fn identity(&self, entropy: [u8; 40]) -> Result<(Life, Key), Fault> {
        let (head, key) = entropy.split_at(8);
        let epoch = Life::new(head.try_into().unwrap_or([1; 8])).epoch();
        let mut tx = self.begin_write().await?;
        tx.on(&self.counters).statement(NEW_IDENTITY).bind(epoch).bind(key.to_vec()).execute().await?;
        tx.on(&self.counters).statement(NEW_SYSTEM).bind(super::SYSTEM.to_owned()).execute().await?;
        let found = tx.on(&self.counters).statement(IDENTITY).optional::<(i64, Vec<u8>)>().await?;
        tx.commit().await?;
        let (epoch, key) = found.ok_or_else(|| Fault::broken("the store has no identity row"))?;
        Ok((Life::stored(epoch), Key::new(&key)))
    }

    pub(super) async fn begin_write(&self) -> Result<Tx, Fault> {
        Ok(match &self.engine {
            Engine::Sqlite(store) => Tx::Sqlite(store.begin_write().await?),
            Engine::Postgres(store) => Tx::Postgres(store.begin_write().await?),
        })
    }

    pub(super) async fn begin_read(&self) -> Result<Tx, Fault> {
        Ok(match &self.engine {
            Engine::Sqlite(store) => Tx::Sqlite(store.begin_read().await?),
            Engine::Postgres(store) => Tx::Postgres(store.begin_read().await?),
        })
    }

    pub(super) async fn reader(&self) -> Result<Pooled, Fault> {
        Ok(match &self.engine {
            Engine::Sqlite(store) => Pooled::Sqlite(store.reader().await?),
            Engine::Postgres(store) => Pooled::Postgres(store.reader().await?),
        })
    }
}

impl Tx {
    pub(super) fn on<'c>(&'c mut self, counters: &'c Counters) -> Connection<'c> {
        match self {
            Tx::Sqlite(tx) => Connection::Sqlite(&mut *tx as &mut SqliteConnection, counters),
            Tx::Postgres(tx) => Connection::Postgres(&mut *tx as &mut PgConnection, counters),
        }
    }

    pub(super) async fn commit(self) -> Result<(), Fault> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Pooled {
    pub(super) fn on<'c>(&'c mut self, counters: &'c Counters) -> Connection<'c> {
        match self {
            Pooled::Sqlite(c) => Connection::Sqlite(&mut *c as &mut SqliteConnection, counters),
            Pooled::Postgres(c) => Connection::Postgres(&mut *c as &mut PgConnection, counters),
        }
    }
}
