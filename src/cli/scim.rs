//! `roster scim`: the SCIM face alone, in front of a directory that is served elsewhere.

use super::{Done, output, serve::failed, signals::Signals};
use crate::{config::FacadeSettings, server::Alone, telemetry};

pub(super) async fn run(settings: FacadeSettings) -> Done {
    let config = settings.check().map_err(|error| failed(error.into()))?;
    telemetry::start(&settings.log).map_err(|error| failed(error.into()))?;
    if std::env::var_os("SCIM_ENABLED").is_some_and(|value| !value.is_empty()) {
        tracing::warn!("SCIM_ENABLED and its like are read by `roster serve`: here they describe nothing");
    }
    let mut signals = Signals::listen()?;

    let directory = config.directory.clone();
    let facade = Alone::start(config).await.map_err(failed)?;
    output::announce(format!("Roster serves SCIM at {}/scim/v2 for the directory at {directory}.", facade.base_url()));

    if let Some(address) = facade.metrics() {
        output::announce(format!("Metrics are at http://{address}/metrics."));
    }

    signals.stop().await;
    facade.announce_stop().await;
    signals.notice().await;
    facade.stop().await;
    Ok(())
}
