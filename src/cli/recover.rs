//! `roster recover`: back in, when every administrator's token is lost or has expired.

use super::{Done, Failure, output, stored};
use crate::{config::StoreSettings, server::recover};
use secrecy::ExposeSecret;

pub(super) async fn run(settings: StoreSettings) -> Done {
    let stored = stored::open(&settings, false).await?;
    let token = recover(&stored.store).await.map_err(|error| Failure { code: error.exit_code(), sentence: error.to_string() });
    stored.store.close().await;
    output::say(format!("The token of a new administrator, shown this once:\n{}", token?.expose_secret()))
}
