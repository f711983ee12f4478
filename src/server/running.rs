//! The tasks of a server, from its start to its drain.

use std::{future::Future, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What runs; dropping it ends it at once, connections too.
#[derive(Debug)]
pub(super) struct Running {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    _ends: DropGuard,
    drain: Duration,
}

impl Running {
    /// `drain_seconds` is what requests under way may take once it stops.
    pub(super) fn new(drain_seconds: u64) -> Self {
        let stop = CancellationToken::new();
        Running { tasks: JoinSet::new(), _ends: stop.clone().drop_guard(), stop, drain: Duration::from_secs(drain_seconds) }
    }

    /// What tells a face to stop.
    pub(super) fn stop_sign(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Stops accepting and waits for what is under way, as long as the settings say.
    pub(super) async fn drain(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(self.drain, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!(seconds = self.drain.as_secs(), "requests were still under way after the drain; they are cut");
            self.tasks.shutdown().await;
        }
    }
}
