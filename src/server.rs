//! Sockets, TLS, layers, drain: the only place that wires tonic and axum together.
//!
//! Both faces are opened, served and drained by the same doorman (`gate`), with the same access layer around each
//! whole router. The façade holds the services' traits and calls them directly: no socket between the faces.

mod body;
mod bootstrap;
mod deadline;
mod gate;
mod grpc;
mod health;
mod home;
mod http;
mod requests;
mod stream;
mod tls;
mod wiring;

pub use bootstrap::{Bootstrap, recover};
pub use home::{BOOTSTRAP_FILE, Home, entropy};
pub use requests::REQUEST_ID;

use crate::{
    clock::Clock,
    config::{BadSetting, Config, Engine},
    directory::Services,
    store::{Database, OpenError, Store, StoreOptions},
};
use gate::Gate;
use health::Health;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

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
    base_url: String,
    grpc_endpoint: String,
    bootstrap: Option<Bootstrap>,
    drain: Duration,
    stop: CancellationToken,
    /// Ends the connections of a server that was dropped, too.
    _ends: DropGuard,
    faces: JoinSet<()>,
    health: Health,
    store: Store,
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
        let gate = |protocols: &[&[u8]]| -> Result<Gate, BadSetting> {
            let tls = config.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key, protocols)).transpose()?;
            Ok(Gate::new(tls, config.connections, config.connections_per_address))
        };
        let (http_gate, grpc_gate) = (gate(&[b"h2", b"http/1.1"])?, gate(&[b"h2"])?);
        let http_socket = bind("--http", config.http).await?;
        let grpc_socket = bind("--grpc", config.grpc).await?;
        let (http, grpc) = (local(&http_socket)?, local(&grpc_socket)?);
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let base_url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", reachable(http)));
        let grpc_endpoint = format!("{scheme}://{}", reachable(grpc));

        let store = Store::open(&store_options(&config.engine), entropy()?).await?;
        let services = Services::new(store.clone(), &clock, &base_url);
        let wired = wiring::wire(services.clone(), &base_url).map_err(|error| StartError::Other(error.to_string()))?;
        let bootstrap = bootstrap::run(&services, &base_url, &grpc_endpoint, &clock).await?;
        match &bootstrap {
            Some(bootstrap) => home.keep(bootstrap)?,
            None => home.refresh(&base_url, &grpc_endpoint)?,
        }

        let stop = CancellationToken::new();
        let ends = stop.clone().drop_guard();
        let health = Health::new(store.clone(), wired.health, wiring::SERVED);
        let mut faces = JoinSet::new();
        faces.spawn(health.clone().report());
        faces.spawn(http::serve(http_gate, http_socket, wired.facade, health.clone(), wired.access.clone(), clock.clone(), stop.clone()));
        faces.spawn(grpc::serve(grpc_gate, grpc_socket, wired.routes, wired.access, clock, stop.clone()));
        let drain = Duration::from_secs(config.drain_seconds);
        Ok(Server { http, grpc, base_url, grpc_endpoint, bootstrap, drain, stop, _ends: ends, faces, health, store, _home: home })
    }

    /// The bound HTTP address.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The bound gRPC address.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
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

    /// Says on both faces that no more requests should come; those that come are still served.
    pub async fn announce_stop(&self) {
        self.health.drain().await;
    }

    /// Stops accepting, lets requests under way finish for as long as the settings say, and closes the store.
    pub async fn stop(mut self) {
        self.health.drain().await;
        self.stop.cancel();
        let ended = tokio::time::timeout(self.drain, async { while self.faces.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!(seconds = self.drain.as_secs(), "requests were still under way after the drain; they are cut");
            self.faces.shutdown().await;
        }
        self.store.close().await;
    }
}

/// How the store is opened for an engine.
pub fn store_options(engine: &Engine) -> StoreOptions {
    StoreOptions::new(match engine {
        Engine::Sqlite(file) => Database::Sqlite(file.clone()),
        Engine::Postgres(url) => Database::Postgres(url.clone()),
    })
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, BadSetting> {
    TcpListener::bind(address).await.map_err(|error| BadSetting(format!("{setting} {address} cannot be used: {error}.")))
}

fn local(socket: &TcpListener) -> Result<SocketAddr, StartError> {
    socket.local_addr().map_err(|error: io::Error| StartError::Other(format!("A bound socket has no address: {error}.")))
}

/// The address a client on this machine uses for one that was bound.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        bound.set_ip(match bound {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    bound
}
