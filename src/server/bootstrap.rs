//! The first start on an empty store: an organization, a connection, an administrator, and what to paste where.
//!
//! It uses the services like any other caller, so everything it makes is in the feed. A start that was cut short is
//! taken up by the next one: the administrator is made last, and the store counts as empty until there is one.

use super::StartError;
use crate::{
    access::{Caller, Reach, Scopes},
    api::v1::{
        Connection, CreateConnectionRequest, CreateOrganizationRequest, CreateServiceAccountRequest, IssueTokenRequest,
        ListConnectionsRequest, ListOrganizationsRequest, ListServiceAccountsRequest, Organization, ServiceAccount,
        organization_service_server::OrganizationService, provisioning_service_server::ProvisioningService,
        service_account_service_server::ServiceAccountService,
    },
    clock::Clock,
    directory::{Services, known_scopes},
    limits,
    store::{SYSTEM, Store},
};
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeSet, env, path::Path, sync::Arc};
use tonic::{Code, Request, Status};

/// The first organization's key.
pub(super) const ORGANIZATION: &str = "default";

/// What the first start made. The two secrets are here, in the welcome, and in `bootstrap.json`; nowhere else.
#[derive(Debug)]
pub struct Bootstrap {
    scim_base_url: String,
    scim_token: SecretString,
    grpc_endpoint: String,
    admin_token: SecretString,
    organization_id: String,
}

/// Makes what a new store needs; nothing when there is an administrator already.
pub(super) async fn run(services: &Services, base_url: &str, grpc_endpoint: &str, clock: &Clock) -> Result<Option<Bootstrap>, StartError> {
    let found = Founder::new("first-start", clock).found(services, base_url, grpc_endpoint).await;
    found.map_err(|status| StartError::Other(format!("The first start failed: {}", status.message())))
}

/// A token for a new administrator, for whoever can open the store: all other ones may be lost or expired.
///
/// # Errors
/// When the store cannot answer.
pub async fn recover(store: &Store) -> Result<SecretString, StartError> {
    let clock = Clock::system();
    let services = Services::new(store.clone(), &clock, "", limits::TOKEN_DAYS);
    let token = Founder::new("recovery", &clock).administrator(&services).await;
    token.map_err(|status| StartError::Other(format!("No token could be issued: {}", status.message())))
}

struct Founder(Caller);

impl Founder {
    /// `name` is what the feed shows as the credential these changes were made with.
    fn new(name: &str, clock: &Clock) -> Self {
        Founder(Caller {
            organization: SYSTEM.to_owned(),
            home: Arc::default(),
            principal: None,
            connection: None,
            token_id: name.to_owned(),
            scopes: Scopes::expand(known_scopes()),
            reach: Reach::All,
            expires_at: clock.now(),
        })
    }

    fn call<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(self.0.clone());
        request
    }

    async fn found(&self, services: &Services, base_url: &str, grpc_endpoint: &str) -> Result<Option<Bootstrap>, Status> {
        let list = ListServiceAccountsRequest { organization_id: SYSTEM.to_owned(), page_size: 1, ..ListServiceAccountsRequest::default() };
        if !services.service_accounts.list_service_accounts(self.call(list)).await?.into_inner().service_accounts.is_empty() {
            return Ok(None);
        }
        let organization_id = self.organization(services).await?;
        let connection_id = self.connection(services, &organization_id).await?;
        let scim = IssueTokenRequest {
            organization_id: organization_id.clone(),
            connection_id,
            scopes: vec!["scim".to_owned()],
            description: "Made by first start".to_owned(),
            ..IssueTokenRequest::default()
        };
        let scim_token = services.provisioning.issue_token(self.call(scim)).await?.into_inner().secret.into();

        let admin_token = self.administrator(services).await?;
        Ok(Some(Bootstrap {
            scim_base_url: format!("{base_url}/scim/v2/{ORGANIZATION}"),
            scim_token,
            grpc_endpoint: grpc_endpoint.to_owned(),
            admin_token,
            organization_id,
        }))
    }

    /// A platform account that may do everything, and its token.
    async fn administrator(&self, services: &Services) -> Result<SecretString, Status> {
        let account = ServiceAccount { display_name: "Administrator".to_owned(), ..ServiceAccount::default() };
        let create = CreateServiceAccountRequest { organization_id: SYSTEM.to_owned(), service_account: Some(account), write: None };
        let account = services.service_accounts.create_service_account(self.call(create)).await?.into_inner().service_account;
        let admin = IssueTokenRequest {
            organization_id: SYSTEM.to_owned(),
            service_account_id: account.unwrap_or_default().id,
            scopes: known_scopes().collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect(),
            description: format!("Made by {}", self.0.token_id.replace('-', " ")),
            ..IssueTokenRequest::default()
        };
        Ok(services.provisioning.issue_token(self.call(admin)).await?.into_inner().secret.into())
    }

    /// The organization `default`, made now or by a start that was cut short.
    async fn organization(&self, services: &Services) -> Result<String, Status> {
        if let Some(id) = self.known(services).await? {
            return Ok(id);
        }
        let organization = Organization { key: ORGANIZATION.to_owned(), display_name: "Default".to_owned(), ..Organization::default() };
        let create = CreateOrganizationRequest { organization: Some(organization), write: None };
        match services.organizations.create_organization(self.call(create)).await {
            Ok(created) => Ok(created.into_inner().organization.unwrap_or_default().id),
            // Another node of the same database starts for the first time, too.
            Err(status) if status.code() == Code::AlreadyExists => self.known(services).await?.ok_or(status),
            Err(status) => Err(status),
        }
    }

    async fn known(&self, services: &Services) -> Result<Option<String>, Status> {
        let list = self.call(ListOrganizationsRequest::default());
        let known = services.organizations.list_organizations(list).await?.into_inner().organizations;
        Ok(known.into_iter().find(|organization| organization.key == ORGANIZATION).map(|organization| organization.id))
    }

    async fn connection(&self, services: &Services, organization_id: &str) -> Result<String, Status> {
        let organization_id = organization_id.to_owned();
        let list = ListConnectionsRequest { organization_id: organization_id.clone(), page_size: 1, ..ListConnectionsRequest::default() };
        let known = services.provisioning.list_connections(self.call(list)).await?.into_inner().connections;
        if let Some(connection) = known.into_iter().next() {
            return Ok(connection.id);
        }
        let connection = Connection { display_name: "First identity provider".to_owned(), ..Connection::default() };
        let create = CreateConnectionRequest { organization_id, connection: Some(connection), write: None };
        Ok(services.provisioning.create_connection(self.call(create)).await?.into_inner().connection.unwrap_or_default().id)
    }
}

impl Bootstrap {
    /// What `bootstrap.json` holds.
    pub(super) fn to_json(&self) -> String {
        // URLs, tokens and ids hold nothing that JSON would escape.
        format!(
            "{{\n  \"scim_base_url\": \"{}\",\n  \"scim_token\": \"{}\",\n  \"grpc_endpoint\": \"{}\",\n  \"admin_token\": \"{}\",\n  \"organization_id\": \"{}\"\n}}\n",
            self.scim_base_url,
            self.scim_token.expose_secret(),
            self.grpc_endpoint,
            self.admin_token.expose_secret(),
            self.organization_id,
        )
    }

    /// What the first start says: what to paste into an identity provider, and two lines to try.
    pub fn welcome(&self, data_dir: &Path, certificate: Option<&Path>) -> String {
        let absolute = |path: &Path| quoted(&path.canonicalize().unwrap_or_else(|_| path.to_owned()).to_string_lossy());
        let program = env::current_exe().map_or_else(|_| "roster".to_owned(), |path| quoted(&path.to_string_lossy()));
        let (curl_trust, own_trust) = certificate.map_or_else(Default::default, |file| {
            let file = absolute(file);
            (format!(" --cacert {file}"), format!(" --ca {file}"))
        });
        let (url, token, file) = (&self.scim_base_url, self.scim_token.expose_secret(), data_dir.join(super::BOOTSTRAP_FILE));
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com","name":{"givenName":"Ann","familyName":"Lee"},"emails":[{"value":"ann@example.com","type":"work","primary":true}]}"#;
        format!(
            "This is the first start. Paste into your identity provider:\n\n  \
             base URL  {url}\n  \
             token     {token}\n\n\
             The administrator's token is in {file}, with the rest of this; it is written nowhere else.\n\n\
             Create a user over SCIM:\n\n  \
             curl -sS{curl_trust} {url}/Users -H 'Authorization: Bearer {token}' -H 'Content-Type: application/scim+json' -d '{body}'\n\n\
             Read it over gRPC:\n\n  \
             {program} user get --user-name ann@example.com --data-dir {data_dir}{own_trust}\n",
            file = file.display(),
            data_dir = absolute(data_dir),
        )
    }

    #[cfg(test)]
    pub(super) fn example() -> Self {
        Bootstrap {
            scim_base_url: "http://127.0.0.1:8080/scim/v2/default".to_owned(),
            scim_token: "roster_scim_example".to_owned().into(),
            grpc_endpoint: "http://127.0.0.1:50051".to_owned(),
            admin_token: "roster_svc_example".to_owned().into(),
            organization_id: "0198".to_owned(),
        }
    }
}

/// What `bootstrap.json` says once a later start has put its own addresses in. The first start writes a key a line; what is
/// written otherwise is left as it is.
pub(super) fn readdressed(kept: &str, base_url: &str, grpc_endpoint: &str) -> String {
    let line = |line: &str| {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        let fresh = match (key.trim(), value.trim_end_matches(',').trim_matches('"').rsplit_once('/')) {
            ("\"grpc_endpoint\"", _) => grpc_endpoint.to_owned(),
            ("\"scim_base_url\"", Some((_, organization))) => format!("{base_url}/scim/v2/{organization}"),
            _ => return format!("{line}\n"),
        };
        format!("{key}: \"{fresh}\"{}\n", if value.ends_with(',') { "," } else { "" })
    };
    kept.lines().map(line).collect()
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_the_promised_keys() {
        let kept = Bootstrap::example().to_json();
        let keys: Vec<&str> = kept.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(keys, ["scim_base_url", "scim_token", "grpc_endpoint", "admin_token", "organization_id"]);
        assert!(kept.contains("  \"scim_base_url\": \"http://127.0.0.1:8080/scim/v2/default\",\n"), "{kept}");
    }

    #[test]
    fn the_welcome_shows_the_provider_s_token_and_not_the_administrator_s() {
        let welcome = Bootstrap::example().welcome(Path::new("/nowhere/it's here"), Some(Path::new("/nowhere/cert.pem")));
        assert!(welcome.contains("roster_scim_example") && !welcome.contains("roster_svc_example"));
        assert!(welcome.contains("--data-dir '/nowhere/it'\\''s here' --ca /nowhere/cert.pem\n"), "{welcome}");
        assert!(welcome.contains("curl -sS --cacert /nowhere/cert.pem http://127.0.0.1:8080/scim/v2/default/Users "), "{welcome}");
        assert!(!format!("{:?}", Bootstrap::example()).contains("roster_s"));
    }
}
