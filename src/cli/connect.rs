//! From settings to a server: which one, with which credential, over which wire.

use super::{Failure, output};
use crate::{
    api::v1::{self, provisioning_service_client::ProvisioningServiceClient},
    server::{BOOTSTRAP_FILE, Dial},
};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

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
        Ok(self.own().await?.id)
    }

    /// The organization that the token belongs to.
    async fn own(&self) -> Result<v1::Organization, Failure> {
        let mut client = ProvisioningServiceClient::new(self.channel.clone());
        let caller = client.get_caller(v1::GetCallerRequest {}).await.map_err(refused)?.into_inner();
        Ok(caller.organization.unwrap_or_default())
    }

    /// The id of the organization with this id or key. The token's own is known by its key without a scope for organizations.
    pub(super) async fn organization_named(&self, name: &str) -> Result<String, Failure> {
        // Keys begin with a letter and ids are UUIDs, or the reserved word itself.
        if name == "system" || name.len() == 36 {
            return Ok(name.to_owned());
        }
        let own = self.own().await?;
        if own.key == name {
            return Ok(own.id);
        }
        let mut client = v1::organization_service_client::OrganizationServiceClient::new(self.channel.clone());
        let mut list = v1::ListOptions { page_size: 1_000, ..v1::ListOptions::default() };
        loop {
            let request = v1::ListOrganizationsRequest { list: Some(list.clone()), ..Default::default() };
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
    let dial = Dial::new("--endpoint", endpoint, ca).map_err(|error| Failure::settings(error.to_string()))?;
    dial.connect().await.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), output::deepest);
        Failure::refused(format!("{endpoint} cannot be reached: {cause}."))
    })
}
