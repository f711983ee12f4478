//! Whether requests should be sent here, said on both faces.

use crate::store::Store;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tonic::{Request, transport::Channel};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_check_response, health_client::HealthClient},
    server::HealthReporter,
};

/// How often what keeps the data is asked on behalf of gRPC health watchers.
const EVERY: Duration = Duration::from_secs(2);
/// How long it may take to answer before it counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server's state, shared by `/readyz` and gRPC health.
#[derive(Debug, Clone)]
pub(super) struct Health {
    behind: Behind,
    draining: Arc<AtomicBool>,
    grpc: Option<(HealthReporter, &'static [&'static str])>,
}

/// What keeps the data.
#[derive(Debug, Clone)]
enum Behind {
    Store(Store),
    Directory(HealthClient<Channel>),
}

impl Health {
    /// Of a server with a store; gRPC health is kept true for these services.
    pub(super) fn of_store(store: Store, reporter: HealthReporter, services: &'static [&'static str]) -> Self {
        Health { behind: Behind::Store(store), draining: Arc::default(), grpc: Some((reporter, services)) }
    }

    /// Of a façade in front of a directory.
    pub(super) fn of_directory(directory: Channel) -> Self {
        Health { behind: Behind::Directory(HealthClient::new(directory)), draining: Arc::default(), grpc: None }
    }

    /// What keeps requests away, if anything; a fixed sentence.
    pub(super) async fn obstacle(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::SeqCst) {
            return Some("draining\n");
        }
        match &self.behind {
            Behind::Store(store) => match tokio::time::timeout(PATIENCE, store.ping()).await {
                Ok(Ok(())) => None,
                _ => Some("the store does not answer\n"),
            },
            Behind::Directory(client) => {
                let mut request = Request::new(HealthCheckRequest::default());
                request.set_timeout(PATIENCE);
                match tokio::time::timeout(PATIENCE, client.clone().check(request)).await {
                    Ok(Ok(answer)) if answer.get_ref().status() == health_check_response::ServingStatus::Serving => None,
                    Ok(Ok(_)) => Some("the directory is not ready\n"),
                    _ => Some("the directory does not answer\n"),
                }
            }
        }
    }

    /// Keeps gRPC health true, and the log, until the server drains.
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
        let Some((reporter, services)) = &self.grpc else { return };
        reporter.set_service_status("", status).await;
        for service in *services {
            reporter.set_service_status(*service, status).await;
        }
    }
}
