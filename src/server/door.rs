//! A socket that is bound, and the bounds of who may come in by it.

use super::{StartError, gate::Gate, tls};
use crate::config::{BadSetting, Network};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;

/// What a SCIM face speaks over TLS.
pub(super) const HTTP: &[&[u8]] = &[b"h2", b"http/1.1"];
/// What a gRPC face speaks over TLS.
pub(super) const GRPC: &[&[u8]] = &[b"h2"];
/// The same with gRPC-Web, for which HTTP/1.1 is enough.
pub(super) const GRPC_WEB: &[&[u8]] = HTTP;

/// A face's place in the network.
pub(super) struct Door {
    pub(super) gate: Gate,
    pub(super) socket: TcpListener,
    pub(super) address: SocketAddr,
    /// Without a slash at its end.
    pub(super) url: String,
}

/// The bounds and the certificate: they fail for reasons the operator can see, before anything is opened.
pub(super) fn gate(network: &Network, protocols: &[&[u8]]) -> Result<Gate, BadSetting> {
    let tls = network.tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key, protocols)).transpose()?;
    Ok(Gate::new(tls, network.connections, network.connections_per_address))
}

/// Binds a face's address.
pub(super) async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, BadSetting> {
    TcpListener::bind(address).await.map_err(|error| BadSetting(format!("{setting} {address} cannot be used: {error}.")))
}

impl Door {
    pub(super) fn new(gate: Gate, socket: TcpListener, network: &Network) -> Result<Door, StartError> {
        let address = socket.local_addr().map_err(|error| StartError::Other(format!("A bound socket has no address: {error}.")))?;
        let scheme = if network.tls.is_some() { "https" } else { "http" };
        Ok(Door { gate, socket, address, url: format!("{scheme}://{}", reachable(address)) })
    }
}

/// The address a client on this machine uses for one that was bound.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        bound.set_ip(match bound {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    bound
}
