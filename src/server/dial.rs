//! The way to a directory that is served elsewhere: TCP or TLS, and an HTTP/2 connection that comes back by itself.

use crate::{config::BadSetting, limits};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{fmt::Display, future::Future, io, net::IpAddr, path::Path, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Error, Uri};

/// Where a system keeps the certificates it trusts; the first that is there is used.
const SYSTEM_ROOTS: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// A directory's address, and how its certificate is trusted.
#[derive(Clone)]
pub struct Dial {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
}

impl Dial {
    /// To an `http://` or `https://` URL; `setting` is what a refusal calls it. Trusts the authorities of the PEM file `ca`,
    /// or the system's.
    ///
    /// # Errors
    /// For another URL, or a file without certificates.
    pub fn new(setting: &str, url: &str, ca: Option<&Path>) -> Result<Dial, BadSetting> {
        let bad = |why: &dyn Display| BadSetting(format!("{setting} {url:?} cannot be used: {why}."));
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| bad(&error))?;
        let tls = match endpoint.uri().scheme_str() {
            Some("http") => None,
            Some("https") => Some(trust(ca)?),
            _ => return Err(bad(&"it takes http://HOST:PORT or https://HOST:PORT")),
        };
        let endpoint = endpoint
            .connect_timeout(limits::CONNECT_TIME)
            .http2_keep_alive_interval(limits::KEEPALIVE_EVERY)
            .keep_alive_timeout(limits::KEEPALIVE_WAIT)
            .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
            .initial_connection_window_size(limits::STREAM_WINDOW_BYTES * limits::CONCURRENT_STREAMS);
        Ok(Dial { endpoint, tls })
    }

    /// Connects now.
    ///
    /// # Errors
    /// When nobody is there, or nobody who is trusted.
    pub async fn connect(self) -> Result<Channel, Error> {
        let Dial { endpoint, tls } = self;
        endpoint.connect_with_connector(tower::service_fn(move |uri| dial(uri, tls.clone()))).await
    }

    /// Connects with the first call, and again whenever the connection was lost.
    pub fn lazily(self) -> Channel {
        let Dial { endpoint, tls } = self;
        endpoint.connect_with_connector_lazy(tower::service_fn(move |uri| dial(uri, tls.clone())))
    }
}

/// A connection of either kind; boxed, because few are opened.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

type Dialing = Pin<Box<dyn Future<Output = io::Result<TokioIo<Box<dyn Wire>>>> + Send>>;

fn dial(uri: Uri, tls: Option<TlsConnector>) -> Dialing {
    Box::pin(async move {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        let tcp = TcpStream::connect((host.as_str(), port)).await?;
        tcp.set_nodelay(true)?;
        let wire: Box<dyn Wire> = match tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name = match host.parse::<IpAddr>() {
                    Ok(address) => ServerName::from(address),
                    Err(_) => ServerName::try_from(host).map_err(io::Error::other)?,
                };
                Box::new(tls.connect(name, tcp).await?)
            }
        };
        Ok(TokioIo::new(wire))
    })
}

fn trust(ca: Option<&Path>) -> Result<TlsConnector, BadSetting> {
    let nowhere = || BadSetting("The system's authorities are not where they usually are; name a PEM file with --ca.".to_owned());
    let file = match ca {
        Some(file) => file,
        None => SYSTEM_ROOTS.iter().map(Path::new).find(|file| file.exists()).ok_or_else(nowhere)?,
    };
    let bad = |error: &dyn Display| BadSetting(format!("--ca {} cannot be used: {error}.", file.display()));
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| bad(&error))?;
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(bad(&"no certificate in this file"));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
