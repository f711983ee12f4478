//! `roster serve`: start, say where, wait to be stopped, drain.

use super::{Done, Failure};
use crate::{
    config::ServeSettings,
    limits::DRAIN_NOTICE,
    server::{Server, StartError},
    telemetry,
};
use tokio::signal::unix::{SignalKind, signal};

pub(super) async fn run(settings: ServeSettings) -> Done {
    let failed = |error: StartError| Failure { code: error.exit_code(), sentence: error.to_string() };
    let config = settings.check().map_err(|error| failed(error.into()))?;
    telemetry::start(&settings.log).map_err(|error| failed(error.into()))?;
    let deaf = |error: std::io::Error| Failure::refused(format!("Signals cannot be received: {error}."));
    // Before anything is opened, so that a signal during the start is not lost.
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;

    let data_dir = config.data_dir.clone();
    let server = Server::start(config).await.map_err(failed)?;
    if let Some(bootstrap) = server.bootstrap() {
        println!("{}", bootstrap.welcome(&data_dir, settings.tls_cert.as_deref()));
    }
    println!("Roster serves SCIM at {}/scim/v2 and gRPC at {}.", server.base_url(), server.grpc_endpoint());

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to stop: draining");
    server.announce_stop().await;
    // Balancers need a moment to see it; a second signal does not wait for them.
    tokio::select! {
        () = tokio::time::sleep(DRAIN_NOTICE) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}
