//! The SCIM face alone: the same façade behind the same doorman, in front of a directory that is served elsewhere.
//!
//! It keeps nothing and may do nothing by itself: each call carries the caller's own token, and the directory decides.

use super::{
    StartError,
    dial::Dial,
    door::{self, Door},
    health::Health,
    http, metrics,
    running::Running,
    wiring,
};
use crate::{access::Proxies, clock::Clock, config::FacadeConfig};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// A running façade; dropping it ends it at once, [`Alone::stop`] well.
#[derive(Debug)]
pub struct Alone {
    http: SocketAddr,
    metrics: Option<SocketAddr>,
    base_url: String,
    running: Running,
    health: Health,
}

impl Alone {
    /// Opens the socket and serves. Whether the directory is there is `/readyz`'s to say: it may come later, or go and return.
    ///
    /// # Errors
    /// When a setting or the socket does not allow it.
    pub async fn start(config: FacadeConfig) -> Result<Alone, StartError> {
        let gate = door::gate(&config.network, door::HTTP)?;
        let directory = Dial::new("--directory", &config.directory, config.ca.as_deref())?;
        let socket = door::bind("--http", config.network.http).await?;
        let metrics = metrics::open(config.network.metrics).await?;
        let mut alone = Self::serve(&config, directory, Door::new(gate, socket, &config.network)?);
        alone.metrics = metrics.map(|metrics| metrics.spawn(&mut alone.running, None));
        Ok(alone)
    }

    /// Serves on a socket that is bound already, whatever address the settings name.
    ///
    /// # Errors
    /// When a setting does not allow it.
    pub fn start_on(config: &FacadeConfig, socket: TcpListener) -> Result<Alone, StartError> {
        let gate = door::gate(&config.network, door::HTTP)?;
        let directory = Dial::new("--directory", &config.directory, config.ca.as_deref())?;
        Ok(Self::serve(config, directory, Door::new(gate, socket, &config.network)?))
    }

    fn serve(config: &FacadeConfig, directory: Dial, door: Door) -> Alone {
        let Door { gate, socket, address, url } = door;
        let base_url = config.network.public_url.clone().unwrap_or(url);
        let directory = directory.lazily();
        let health = Health::of_directory(directory.clone());
        let mut running = Running::new(config.network.drain_seconds);
        running.spawn(health.clone().report());
        let facade = wiring::alone(&directory, &base_url, Proxies::new(&config.network.trusted_proxies));
        running.spawn(http::serve(gate, socket, facade, health.clone(), Clock::system(), running.stop_sign()));
        Alone { http: address, metrics: None, base_url, running, health }
    }

    /// The bound HTTP address.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The bound address of the metrics, if they are served.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// What identity providers reach the façade by, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Says that no more requests should come; those that come are still served.
    pub async fn announce_stop(&self) {
        self.health.drain().await;
    }

    /// Stops accepting and lets requests under way finish for as long as the settings say.
    pub async fn stop(self) {
        self.health.drain().await;
        self.running.drain().await;
    }
}
