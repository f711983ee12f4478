//! Where and how a face listens.

use super::{BadSetting, address, web_url, within};
use crate::{limits, networks};
use clap::Args;
use ipnet::IpNet;
use std::{net::SocketAddr, path::PathBuf};

/// What `roster serve` and `roster scim` have in common: the SCIM face and who may connect.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkSettings {
    /// Address of the SCIM face, /alive and /readyz; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = "ROSTER_HTTP", default_value = "127.0.0.1:8080")]
    pub http: String,

    /// What identity providers reach the SCIM face by, for example `https://roster.example.com`. Locations in answers are
    /// made from it, never from a request's headers. Default: the HTTP address.
    #[arg(long, value_name = "URL", env = "ROSTER_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// PEM file with the certificate chain; what is served is then served over TLS only.
    #[arg(long, value_name = "FILE", env = "ROSTER_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key.
    #[arg(long, value_name = "FILE", env = "ROSTER_TLS_KEY")]
    pub tls_key: Option<PathBuf>,

    /// Connections each face holds at once (1 to 1000000); more are closed as they come.
    #[arg(long, value_name = "COUNT", env = "ROSTER_CONNECTIONS", default_value_t = limits::CONNECTIONS)]
    pub connections: usize,

    /// Connections one address may hold at once on each face (1 to 1000000). Raise it behind a proxy.
    #[arg(long, value_name = "COUNT", env = "ROSTER_CONNECTIONS_PER_ADDRESS", default_value_t = limits::CONNECTIONS_PER_ADDRESS)]
    pub connections_per_address: usize,

    /// Proxies, and façades of `roster scim`, that are believed when they say in X-Forwarded-For from where a request comes:
    /// networks or addresses, more after commas. Only `Connection.allowed_networks` asks for it. Default: nobody is.
    #[arg(long, value_name = "NETWORKS", env = "ROSTER_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,

    /// Address to serve metrics at, as `http://ADDR/metrics`, without TLS and to anybody who reaches it. Default: none are kept.
    #[arg(long, value_name = "ADDR", env = "ROSTER_METRICS")]
    pub metrics: Option<String>,

    /// Seconds that requests under way may take to finish after SIGTERM (0 to 300).
    #[arg(long, value_name = "SECONDS", env = "ROSTER_DRAIN_SECONDS", default_value_t = limits::DRAIN_SECONDS)]
    pub drain_seconds: u64,
}

/// The same, read.
#[derive(Debug, Clone)]
pub struct Network {
    /// The HTTP address.
    pub http: SocketAddr,
    /// Without a slash at its end; absent = from the address that was bound.
    pub public_url: Option<String>,
    /// Certificate and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Per face.
    pub connections: usize,
    /// Per face and peer address.
    pub connections_per_address: usize,
    /// Seconds.
    pub drain_seconds: u64,
    /// Where metrics are served; absent = nowhere.
    pub metrics: Option<SocketAddr>,
    /// Whose word on where a request comes from is taken.
    pub trusted_proxies: Vec<IpNet>,
}

impl NetworkSettings {
    pub(super) fn check(&self) -> Result<Network, BadSetting> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(BadSetting("--tls-cert and --tls-key go together; one of them is missing.".into())),
        };
        within("--connections", self.connections, 1, 1_000_000)?;
        within("--connections-per-address", self.connections_per_address, 1, 1_000_000)?;
        within("--drain-seconds", usize::try_from(self.drain_seconds).unwrap_or(usize::MAX), 0, 300)?;
        Ok(Network {
            http: address("--http", &self.http)?,
            public_url: self.public_url.as_deref().map(public_url).transpose()?,
            tls,
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            drain_seconds: self.drain_seconds,
            metrics: self.metrics.as_deref().filter(|text| !text.trim().is_empty()).map(|text| address("--metrics", text)).transpose()?,
            trusted_proxies: self
                .trusted_proxies
                .iter()
                .map(|text| text.trim())
                .filter(|text| !text.is_empty())
                .map(trusted)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn trusted(text: &str) -> Result<IpNet, BadSetting> {
    networks::read(text).map_err(|why| BadSetting(format!("--trusted-proxies: {why}.")))
}

/// A URL to put paths behind.
fn public_url(text: &str) -> Result<String, BadSetting> {
    let url = web_url("--public-url", text, "https://roster.example.com")?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
