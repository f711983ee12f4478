//! `roster restored`: a backup was brought back, and what the tokens and etags of before speak of may never have been.

use super::{Done, Failure, output, stored};
use crate::{config::StoreSettings, server::entropy};

pub(super) async fn run(settings: StoreSettings) -> Done {
    let stored = stored::open(&settings, false).await?;
    let entropy = entropy().map_err(|error| Failure { code: error.exit_code(), sentence: error.to_string() })?;
    let (life, _) = entropy.split_at(8);
    let begun = stored.store.begin_new_life(life.try_into().unwrap_or([1; 8])).await;
    stored.store.close().await;
    begun.map_err(|fault| Failure::refused(format!("The store cannot answer: {fault}.")))?;
    output::say("The store has begun a new life: revision and resume tokens, and versions of resources (ETags), of before are refused.")
}
