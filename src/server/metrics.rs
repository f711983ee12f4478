//! The metrics, on an address of their own: they tell of all organizations, so they are for the operator's network alone.

use super::{StartError, door, gate::Gate, http, running::Running};
use crate::{store::Store, telemetry::metrics::Metrics};
use axum::{Router, extract::State, http::header, routing::get};
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Connections that may read metrics at once: a few scrapers, never a crowd.
const SCRAPERS: usize = 16;
/// How often histograms are put into their buckets, so that they do not grow where nobody reads them.
const TIDY: Duration = Duration::from_secs(5);

/// A bound address that serves nothing yet.
pub(super) struct Opened {
    metrics: Metrics,
    socket: TcpListener,
    address: SocketAddr,
}

/// Begins to record and binds the address; does neither without one.
pub(super) async fn open(address: Option<SocketAddr>) -> Result<Option<Opened>, StartError> {
    let Some(address) = address else { return Ok(None) };
    let metrics = Metrics::record()?;
    let socket = door::bind("--metrics", address).await?;
    let address = socket.local_addr().map_err(|error| StartError::Other(format!("A bound socket has no address: {error}.")))?;
    Ok(Some(Opened { metrics, socket, address }))
}

impl Opened {
    /// Serves until told to stop; answers the address.
    pub(super) fn spawn(self, running: &mut Running, store: Option<Store>) -> SocketAddr {
        running.spawn(serve(self.socket, Told { metrics: self.metrics, store }, running.stop_sign()));
        self.address
    }
}

/// What is told: what was recorded, and a store's counters where there is one.
#[derive(Debug, Clone)]
struct Told {
    metrics: Metrics,
    store: Option<Store>,
}

/// Serves `/metrics`, without TLS and without asking who reads; returns when the last connection has ended.
async fn serve(listener: TcpListener, told: Told, stop: CancellationToken) {
    let tidied = told.metrics.clone();
    let router = Router::new().route("/metrics", get(show)).with_state(told);
    let gate = Gate::new(None, SCRAPERS, SCRAPERS);
    tokio::select! {
        () = http::host(gate, listener, router, stop) => {}
        () = async { loop {
            tokio::time::sleep(TIDY).await;
            tidied.tidy();
        } } => {}
    }
}

async fn show(State(told): State<Told>) -> ([(header::HeaderName, &'static str); 1], String) {
    if let Some(store) = &told.store {
        let now = store.counters().now();
        crate::telemetry::metrics::store([now.statements, now.rows_read, now.rows_written, now.commits, now.items]);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], told.metrics.render())
}
