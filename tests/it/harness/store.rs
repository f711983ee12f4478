//! A store alone, without a server: for stories about statements, rows and commits.

use super::{Engine, postgres};
use roster::store::{Database, Stop, Store, StoreOptions, Terms};
use tempfile::TempDir;

/// The one organization of a [`Bare`] store.
pub const ACME: &str = "acme";

/// An open store with one organization and nothing in it.
pub struct Bare {
    pub store: Store,
    /// Where its data is.
    pub place: Place,
}

/// Where a fresh store may live: gone when this is dropped.
pub struct Place {
    pub folder: TempDir,
    lease: Option<postgres::Lease>,
}

impl Place {
    pub async fn fresh(engine: Engine) -> Place {
        let lease = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(postgres::fresh_database().await),
        };
        Place { folder: tempfile::tempdir().unwrap(), lease }
    }

    /// A URL on PostgreSQL, else the path of a file.
    pub fn url(&self) -> String {
        let file = || self.folder.path().join("roster.sqlite").to_str().unwrap().to_owned();
        self.lease.as_ref().map_or_else(file, |lease| lease.url.clone())
    }

    pub fn database(&self) -> Database {
        match &self.lease {
            None => Database::Sqlite(self.url().into()),
            Some(lease) => Database::Postgres(lease.url.clone()),
        }
    }
}

impl Bare {
    pub async fn open(engine: Engine) -> Bare {
        super::show_faults();
        let place = Place::fresh(engine).await;
        let store = Store::open(&StoreOptions::new(place.database()), [7; 40]).await.unwrap();
        store
            .write(roster::store::SYSTEM, Terms::default(), |work| {
                work.add_head(ACME);
                work.log(1, 1, ACME, Vec::new());
                Ok::<(), Stop<()>>(())
            })
            .await
            .unwrap()
            .unwrap();
        Bare { store, place }
    }
}
