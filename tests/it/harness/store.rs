//! A store alone, without a server: for stories about statements, rows and commits.

use super::{Engine, postgres};
use roster::store::{Database, Stop, Store, StoreOptions, Terms};
use tempfile::TempDir;

/// The one organization of a [`Bare`] store.
pub const ACME: &str = "acme";

/// An open store with one organization and nothing in it.
pub struct Bare {
    pub store: Store,
    /// Where its data is; a URL on PostgreSQL.
    pub url: String,
    _folder: TempDir,
}

/// Where a fresh store may live.
pub async fn fresh(engine: Engine, folder: &TempDir) -> (Database, String) {
    match engine {
        Engine::Sqlite => {
            let file = folder.path().join("roster.db");
            (Database::Sqlite(file.clone()), file.to_str().unwrap().to_owned())
        }
        Engine::Postgres => {
            let url = postgres::fresh_database().await;
            (Database::Postgres(url.clone()), url)
        }
    }
}

impl Bare {
    pub async fn open(engine: Engine) -> Bare {
        super::show_faults();
        let folder = tempfile::tempdir().unwrap();
        let (database, url) = fresh(engine, &folder).await;
        let store = Store::open(&StoreOptions::new(database), [7; 40]).await.unwrap();
        store
            .write(roster::store::SYSTEM, Terms::default(), |work| {
                work.add_head(ACME);
                work.log(1, 1, ACME, Vec::new());
                Ok::<(), Stop<()>>(())
            })
            .await
            .unwrap()
            .unwrap();
        Bare { store, url, _folder: folder }
    }
}
