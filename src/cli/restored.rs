//! `roster restored`: a backup was brought back, and what the tokens of before speak of may never have been.

use super::{Done, Failure, output};
use crate::{
    config::StoreSettings,
    server::{Home, StartError, entropy, store_options},
    store::Store,
};

pub(super) async fn run(settings: StoreSettings) -> Done {
    let failed = |error: StartError| Failure { code: error.exit_code(), sentence: error.to_string() };
    let engine = settings.engine().map_err(|error| failed(error.into()))?;
    let _home = Home::enter(&settings.data_dir, &engine).map_err(|error| failed(error.into()))?;
    let entropy = entropy().map_err(failed)?;
    let store = Store::open(&store_options(&engine), entropy).await.map_err(|error| failed(error.into()))?;
    let (life, _) = entropy.split_at(8);
    let begun = store.begin_new_life(life.try_into().unwrap_or([1; 8])).await;
    store.close().await;
    begun.map_err(|fault| Failure::refused(format!("The store cannot answer: {fault}.")))?;
    output::say("The store has begun a new life: revision and resume tokens of before are refused.");
    Ok(())
}
