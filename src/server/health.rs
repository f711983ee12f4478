//! Whether requests should be sent here, said on both faces.

use crate::store::Store;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tonic_health::{ServingStatus, server::HealthReporter};

/// How often the store is asked on behalf of gRPC health watchers.
const EVERY: Duration = Duration::from_secs(2);
/// How long the store may take to answer before it counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server's state, shared by `/readyz` and gRPC health.
#[derive(Debug, Clone)]
pub(super) struct Health {
    store: Store,
    draining: Arc<AtomicBool>,
    reporter: HealthReporter,
    services: &'static [&'static str],
}

impl Health {
    pub(super) fn new(store: Store, reporter: HealthReporter, services: &'static [&'static str]) -> Self {
        Health { store, draining: Arc::default(), reporter, services }
    }

    /// What keeps requests away, if anything; a fixed sentence.
    pub(super) async fn obstacle(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::SeqCst) {
            return Some("draining\n");
        }
        match tokio::time::timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(())) => None,
            _ => Some("the store does not answer\n"),
        }
    }

    /// Keeps gRPC health true until the server drains.
    pub(super) async fn report(self) {
        let mut last = None;
        while !self.draining.load(Ordering::SeqCst) {
            let obstacle = self.obstacle().await;
            if last != Some(obstacle) && !self.draining.load(Ordering::SeqCst) {
                if let Some(obstacle) = obstacle {
                    tracing::warn!(obstacle = obstacle.trim_end(), "not ready");
                }
                self.tell(if obstacle.is_none() { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
                last = Some(obstacle);
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Tells everybody to send no more; what is sent all the same is still served.
    pub(super) async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.tell(ServingStatus::NotServing).await;
    }

    async fn tell(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for service in self.services {
            self.reporter.set_service_status(*service, status).await;
        }
    }
}
