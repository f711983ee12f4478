//! `roster migrate`: the schema, and nothing else.

use super::{Done, output, stored};
use crate::config::StoreSettings;

pub(super) async fn run(settings: StoreSettings) -> Done {
    stored::open(&settings, true).await?.store.close().await;
    output::say("The schema is up to date.")
}
