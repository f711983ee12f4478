//! `roster serve`: start, say where, wait to be stopped, drain.

use super::{Done, Failure, output, signals::Signals};
use crate::{
    config::ServeSettings,
    server::{Server, StartError},
    telemetry,
};

pub(super) async fn run(settings: ServeSettings) -> Done {
    let config = settings.check().map_err(|error| failed(error.into()))?;
    telemetry::start(&settings.log).map_err(|error| failed(error.into()))?;
    for sentence in &config.mute {
        tracing::warn!("{sentence}");
    }
    // Before anything is opened, so that a signal during the start is not lost.
    let mut signals = Signals::listen()?;

    let data_dir = config.data_dir.clone();
    let server = Server::start(config).await.map_err(failed)?;
    if let Some(bootstrap) = server.bootstrap() {
        output::announce(bootstrap.welcome(&data_dir, settings.network.tls_cert.as_deref()));
    }
    output::announce(format!("Roster serves SCIM at {}/scim/v2 and gRPC at {}.", server.base_url(), server.grpc_endpoint()));

    if let Some(address) = server.metrics() {
        output::announce(format!("Metrics are at http://{address}/metrics."));
    }

    signals.stop().await;
    server.announce_stop().await;
    signals.notice().await;
    server.stop().await;
    Ok(())
}

/// Why a server did not start, as a command's failure.
#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn failed(error: StartError) -> Failure {
    Failure { code: error.exit_code(), sentence: error.to_string() }
}
