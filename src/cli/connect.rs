//! From settings to a server: which one, with which credential, over which wire.

use super::{Failure, output};
use crate::{
    api::v1::{self, provisioning_service_client::ProvisioningServiceClient},
    server::BOOTSTRAP_FILE,
};
use clap::Args;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint, Uri},
};

/// Where a system keeps the certificates it trusts; the first that is there is used.
const SYSTEM_ROOTS: [&str; 3] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Which server, as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ClientSettings {
    /// The server, for example `https://roster.example.com:50051`. Without it and without a token: the server whose
    /// bootstrap.json is in --data-dir.
    #[arg(long, global = true, value_name = "URL", env = "ROSTER_ENDPOINT")]
    endpoint: Option<String>,

    /// A service account's token. Better in the environment than on a command line that others may see.
    #[arg(long, global = true, value_name = "TOKEN", env = "ROSTER_TOKEN", hide_env_values = true)]
    token: Option<SecretString>,

    /// PEM file with the authority to trust instead of the system's.
    #[arg(long, global = true, value_name = "FILE", env = "ROSTER_CA")]
    ca: Option<PathBuf>,

    /// The organization, by id or key. Default: the token's own, or the one that bootstrap.json names.
    #[arg(long, global = true, value_name = "ORGANIZATION", env = "ROSTER_ORGANIZATION")]
    organization: Option<String>,

    /// Data directory of a server on this machine; its bootstrap.json is read when neither --endpoint nor --token is given.
    #[arg(long, global = true, value_name = "DIR", env = "ROSTER_DATA_DIR", default_value = "./roster-data")]
    data_dir: PathBuf,
}

/// What a first start left for clients on its machine.
#[derive(Deserialize)]
struct Found {
    grpc_endpoint: String,
    #[serde(deserialize_with = "secret")]
    admin_token: SecretString,
    organization_id: String,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

/// A channel whose calls carry the token.
pub(super) type Authorized = InterceptedService<Channel, Bearer>;

/// Adds the token to every call.
#[derive(Clone)]
pub(super) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A server that can be called.
pub(super) struct Session {
    pub(super) channel: Authorized,
    organization: Option<String>,
}

impl ClientSettings {
    /// Connects.
    pub(super) async fn open(&self) -> Result<Session, Failure> {
        let found = if self.endpoint.is_none() && self.token.is_none() { Some(self.find()?) } else { None };
        let (endpoint, token) = match (&found, &self.token) {
            (Some(found), _) => (found.grpc_endpoint.clone(), &found.admin_token),
            (None, Some(token)) => (self.endpoint.clone().unwrap_or_else(|| "http://127.0.0.1:50051".to_owned()), token),
            (None, None) => return Err(Failure::settings("--endpoint needs a credential: give --token or set ROSTER_TOKEN.")),
        };
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret())
            .parse()
            .map_err(|_| Failure::settings("--token holds characters that no token has."))?;
        bearer.set_sensitive(true);
        let channel = connect(&endpoint, self.ca.as_deref()).await?;
        let organization = self.organization.clone().or_else(|| found.map(|found| found.organization_id));
        Ok(Session { channel: InterceptedService::new(channel, Bearer(bearer)), organization })
    }

    fn find(&self) -> Result<Found, Failure> {
        let path = self.data_dir.join(BOOTSTRAP_FILE);
        let text = std::fs::read(&path).map_err(|error| {
            Failure::settings(format!(
                "No server is named: {} cannot be read ({error}), and neither --endpoint nor --token is given.",
                path.display()
            ))
        })?;
        serde_json::from_slice(&text).map_err(|_| Failure::settings(format!("{} is not what a first start writes.", path.display())))
    }
}

impl Session {
    /// The id of the organization to work in.
    pub(super) async fn organization(&self) -> Result<String, Failure> {
        if let Some(name) = &self.organization {
            return self.organization_named(name).await;
        }
        let mut client = ProvisioningServiceClient::new(self.channel.clone());
        let caller = client.get_caller(v1::GetCallerRequest {}).await.map_err(refused)?.into_inner();
        Ok(caller.organization.unwrap_or_default().id)
    }

    /// The id of the organization with this id or key.
    pub(super) async fn organization_named(&self, name: &str) -> Result<String, Failure> {
        // Keys begin with a letter and ids are UUIDs, or the reserved word itself.
        if name == "system" || name.len() == 36 {
            return Ok(name.to_owned());
        }
        let mut client = v1::organization_service_client::OrganizationServiceClient::new(self.channel.clone());
        let mut list = v1::ListOptions { page_size: 1_000, ..v1::ListOptions::default() };
        loop {
            let request = v1::ListOrganizationsRequest { filter: None, list: Some(list.clone()) };
            let page = client.list_organizations(request).await.map_err(refused)?.into_inner();
            if let Some(organization) = page.organizations.into_iter().find(|organization| organization.key == name) {
                return Ok(organization.id);
            }
            if page.next_page_token.is_empty() {
                return Err(Failure::refused(format!("No organization with the id or key {name:?} that this token may enter.")));
            }
            list.page_token = page.next_page_token;
        }
    }
}

/// A refusal in the server's own words.
#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn refused(status: Status) -> Failure {
    Failure::refused(output::sentence(&status))
}

async fn connect(endpoint: &str, ca: Option<&Path>) -> Result<Channel, Failure> {
    let bad = |why: &dyn std::fmt::Display| Failure::settings(format!("--endpoint {endpoint:?} cannot be used: {why}."));
    let parsed = Endpoint::from_shared(endpoint.to_owned()).map_err(|error| bad(&error))?;
    let parsed = parsed.connect_timeout(Duration::from_secs(10));
    let tls = match parsed.uri().scheme_str() {
        Some("http") => None,
        Some("https") => Some(trust(ca)?),
        _ => return Err(bad(&"it takes http://HOST:PORT or https://HOST:PORT")),
    };
    let connector = tower::service_fn(move |uri: Uri| dial(uri, tls.clone()));
    parsed.connect_with_connector(connector).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), output::deepest);
        Failure::refused(format!("{endpoint} cannot be reached: {cause}."))
    })
}

/// A connection of either kind; boxed, because a client opens one.
trait Wire: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Wire for T {}

async fn dial(uri: Uri, tls: Option<TlsConnector>) -> io::Result<TokioIo<Box<dyn Wire>>> {
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
}

fn trust(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let file = match ca {
        Some(file) => file,
        None => SYSTEM_ROOTS
            .iter()
            .map(Path::new)
            .find(|file| file.exists())
            .ok_or_else(|| Failure::settings("The system's authorities are not where they usually are; name a PEM file with --ca."))?,
    };
    let bad = |error: &dyn std::fmt::Display| Failure::settings(format!("--ca {} cannot be used: {error}.", file.display()));
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
