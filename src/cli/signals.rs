//! How an operator stops a server: SIGTERM or SIGINT, once to drain, again to hurry.

use super::Failure;
use crate::limits::DRAIN_NOTICE;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> Result<Signals, Failure> {
        let deaf = |error: std::io::Error| Failure::refused(format!("Signals cannot be received: {error}."));
        Ok(Signals { terminate: signal(SignalKind::terminate()).map_err(deaf)?, interrupt: signal(SignalKind::interrupt()).map_err(deaf)? })
    }

    /// Waits until the server is asked to stop.
    pub(super) async fn stop(&mut self) {
        self.any().await;
        tracing::info!("asked to stop: draining");
    }

    /// Waits a moment, so that balancers see that the server stops; a second signal does not wait for them.
    pub(super) async fn notice(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(DRAIN_NOTICE) => {}
            () = self.any() => {}
        }
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
