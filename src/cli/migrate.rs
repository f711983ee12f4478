//! `roster migrate`: the schema, and nothing else.

use super::{Done, Failure, output};
use crate::{
    config::StoreSettings,
    server::{Home, StartError, entropy, store_options},
    store::Store,
};

pub(super) async fn run(settings: StoreSettings) -> Done {
    let failed = |error: StartError| Failure { code: error.exit_code(), sentence: error.to_string() };
    let engine = settings.engine().map_err(|error| failed(error.into()))?;
    // A file that a server is using is that server's to migrate.
    let _home = Home::enter(&settings.data_dir, &engine).map_err(|error| failed(error.into()))?;
    let entropy = entropy().map_err(failed)?;
    let store = Store::open(&store_options(&engine), entropy).await.map_err(|error| failed(error.into()))?;
    store.close().await;
    output::say("The schema is up to date.");
    Ok(())
}
