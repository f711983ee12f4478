//! `roster recover`: back in, when every administrator's token is lost or has expired.

use super::{Done, Failure, output};
use crate::{
    config::StoreSettings,
    server::{Home, StartError, entropy, recover, store_options},
    store::Store,
};
use secrecy::ExposeSecret;

pub(super) async fn run(settings: StoreSettings) -> Done {
    let failed = |error: StartError| Failure { code: error.exit_code(), sentence: error.to_string() };
    let engine = settings.engine().map_err(|error| failed(error.into()))?;
    let _home = Home::enter(&settings.data_dir, &engine).map_err(|error| failed(error.into()))?;
    let entropy = entropy().map_err(failed)?;
    let store = Store::open(&store_options(&engine), entropy).await.map_err(|error| failed(error.into()))?;
    let token = recover(&store).await.map_err(failed);
    store.close().await;
    output::say(format!("The token of a new administrator, shown this once:\n{}", token?.expose_secret()));
    Ok(())
}
