//! Opening the store itself, for the commands that do not ask a server: it must not run on SQLite meanwhile.

use super::Failure;
use crate::{
    config::{Engine, StoreSettings},
    server::{Home, StartError, entropy, store_options},
    store::{Store, StoreOptions},
};

/// A store that is open, and the folder that is held for it.
pub(super) struct Stored {
    pub(super) store: Store,
    _home: Option<Home>,
}

/// Opens the store that the settings name, its schema brought up to date. `create`: where there is none, it is made.
///
/// # Errors
/// When the settings cannot be used, the engine refuses, or there is none and none is to be made; then nothing was changed.
pub(super) async fn open(settings: &StoreSettings, create: bool) -> Result<Stored, Failure> {
    let engine = settings.engine().map_err(|error| failed(&error.into()))?;
    let options = StoreOptions { create, ..store_options(&engine) };
    // What is not there is neither made nor locked.
    let there = create || matches!(&engine, Engine::Sqlite(file) if file.is_file());
    let home = there.then(|| Home::enter(&settings.data_dir, &engine)).transpose().map_err(|error| failed(&error.into()))?;
    let store = Store::open(&options, entropy().map_err(|error| failed(&error))?).await.map_err(|error| failed(&error.into()))?;
    Ok(Stored { store, _home: home })
}

fn failed(error: &StartError) -> Failure {
    Failure { code: error.exit_code(), sentence: error.to_string() }
}
