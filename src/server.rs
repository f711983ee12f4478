//! Sockets, TLS, layers, drain: the only place that wires tonic and axum together.
//!
//! Both faces are opened, served and drained by the same doorman (`gate`), with the same access layer around each
//! whole router. The façade holds the services' traits and calls them directly: no socket between the faces.

mod alone;
mod body;
mod bootstrap;
mod bounded;
mod deadline;
mod dial;
mod door;
mod echo;
mod environment;
mod excuse;
mod gate;
mod grpc;
mod health;
mod home;
mod http;
mod metrics;
mod published;
mod requests;
mod running;
mod stream;
mod tls;
mod web;
mod wiring;

pub use alone::Alone;
pub use bootstrap::{Bootstrap, recover};
pub use dial::Dial;
pub use home::{BOOTSTRAP_FILE, Home, entropy};
pub use requests::REQUEST_ID;

use crate::{
    access::Proxies,
    clock::{Clock, Micros},
    config::{BadSetting, Config, Engine},
    directory::{FeedOptions, Purge, Retention, Services},
    limits,
    store::{Database, OpenError, Store, StoreOptions},
};
use door::Door;
use health::Health;
use running::Running;
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

/// Why the server did not start, or did not end well; one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error("{0}")]
    Setting(#[from] BadSetting),
    /// The store.
    #[error("{0}")]
    Store(#[from] OpenError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl StartError {
    /// 2 for what other settings would mend, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Setting(_) => 2,
            StartError::Store(_) | StartError::Other(_) => 1,
        }
    }
}

/// A running server; dropping it ends it at once, [`Server::stop`] well.
#[derive(Debug)]
pub struct Server {
    http: SocketAddr,
    grpc: SocketAddr,
    metrics: Option<SocketAddr>,
    base_url: String,
    grpc_endpoint: String,
    bootstrap: Option<Bootstrap>,
    running: Running,
    health: Health,
    services: Services,
    store: Store,
    clock: Clock,
    _home: Home,
}

impl Server {
    /// Opens the store and both sockets, makes the first organization if the store is empty, and serves.
    ///
    /// # Errors
    /// When a setting, the store, or a socket does not allow it. Nothing keeps running then.
    pub async fn start(config: Config) -> Result<Server, StartError> {
        let clock = Clock::system();
        let home = Home::enter(&config.data_dir, &config.engine)?;
        // Certificates and sockets first: they fail for reasons the operator can see, before any data is touched.
        let network = &config.network;
        let spoken = if config.grpc_web.is_some() { door::GRPC_WEB } else { door::GRPC };
        let (http, grpc) = (door::gate(network, door::HTTP)?, door::gate(network, spoken)?);
        let http = Door::new(http, door::bind("--http", network.http).await?, network)?;
        let grpc = Door::new(grpc, door::bind("--grpc", config.grpc).await?, network)?;
        let metrics = metrics::open(network.metrics).await?;
        let base_url = network.public_url.clone().unwrap_or(http.url);
        let grpc_endpoint = grpc.url;

        let batch = config.bench.unwrap_or(limits::LANE_BATCH);
        let store = Store::open(&StoreOptions { batch, ..store_options(&config.engine) }, entropy()?).await?;
        let services = Services::new(store.clone(), &clock, &base_url, config.token_max_days).keeping(feed_options(&config.feed));
        let wired = wiring::wire(services.clone(), &base_url, Proxies::new(&network.trusted_proxies), config.bench.is_some());
        let wired = wired.map_err(|error| StartError::Other(error.to_string()))?;
        let bootstrap = bootstrap::run(&services, &base_url, &grpc_endpoint, &clock).await?;
        environment::settle(&services, config.environment.as_ref()).await?;
        match &bootstrap {
            Some(bootstrap) => home.keep(bootstrap)?,
            None => home.refresh(&base_url, &grpc_endpoint)?,
        }

        let mut running = Running::new(network.drain_seconds);
        let health = Health::of_store(store.clone(), wired.health, wiring::SERVED);
        running.spawn(health.clone().report());
        running.spawn(look_round(services.clone(), clock.clone(), running.stop_sign()));
        running.spawn(http::serve(http.gate, http.socket, wired.facade, health.clone(), clock.clone(), running.stop_sign()));
        let web = config.grpc_web;
        running.spawn(grpc::serve(grpc.gate, grpc.socket, wired.routes, wired.access, web, clock.clone(), running.stop_sign()));
        let (purge, stop) = (services.purge.clone(), running.stop_sign());
        running.spawn(async move { stop.run_until_cancelled(purge.run()).await.unwrap_or_default() });
        let (news, stop) = (store.clone(), running.stop_sign());
        running.spawn(async move { Box::pin(stop.run_until_cancelled(news.exchange_news())).await.unwrap_or_default() });
        let (retention, stop) = (services.feed.retention(), running.stop_sign());
        running.spawn(async move { stop.run_until_cancelled(retention.run()).await.unwrap_or_default() });
        let (http, grpc) = (http.address, grpc.address);
        let metrics = metrics.map(|metrics| metrics.spawn(&mut running, Some(store.clone())));
        Ok(Server { http, grpc, metrics, base_url, grpc_endpoint, bootstrap, running, health, services, store, clock, _home: home })
    }

    /// The bound HTTP address.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The bound gRPC address.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The bound address of the metrics, if they are served.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// What identity providers reach the SCIM face by, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What gRPC clients on this machine reach the server by.
    pub fn grpc_endpoint(&self) -> &str {
        &self.grpc_endpoint
    }

    /// What the first start made; `None` on every later one.
    pub fn bootstrap(&self) -> Option<&Bootstrap> {
        self.bootstrap.as_ref()
    }

    /// The store, for tests that count what it does.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The server's clock, for stories in which days pass.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Who is erased when; the server asks every few minutes.
    pub fn purge(&self) -> &Purge {
        &self.services.purge
    }

    /// What lets go of old changes; the server asks every few minutes.
    pub fn retention(&self) -> Retention {
        self.services.feed.retention()
    }

    /// What the server looks after every few minutes, at once and as of another time (microseconds since 1970): for tests,
    /// which cannot wait for months.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn look_round(&self, at: Micros) -> Result<(), String> {
        self.services.look_round(at).await.map_err(|error| error.detail)
    }

    /// Says on both faces that no more requests should come; those that come are still served.
    pub async fn announce_stop(&self) {
        self.health.drain().await;
    }

    /// Stops accepting, lets requests under way finish for as long as the settings say, and closes the store.
    pub async fn stop(self) {
        self.health.drain().await;
        self.services.feed.drain();
        self.running.drain().await;
        if let Err(fault) = self.services.flush().await {
            tracing::warn!(%fault, "the last counts of deviations could not be written");
        }
        self.store.close().await;
    }
}

/// Looks after what is due now and then, until told to stop. Every node does; what is said is said once.
async fn look_round(services: Services, clock: Clock, stop: CancellationToken) {
    loop {
        if let Err(error) = services.look_round(clock.now()).await {
            tracing::warn!(%error, "what is to be looked after could not be; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(limits::ROUND) => {}
        }
    }
}

fn feed_options(settings: &crate::config::Feed) -> FeedOptions {
    FeedOptions { days: settings.days, most: settings.most, stream_age: settings.stream_age }
}

/// How the store is opened for an engine.
pub fn store_options(engine: &Engine) -> StoreOptions {
    StoreOptions::new(match engine {
        Engine::Sqlite(file) => Database::Sqlite(file.clone()),
        Engine::Postgres(url) => Database::Postgres(url.clone()),
    })
}
