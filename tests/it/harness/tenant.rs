//! A second organization beside `default`, with a program and an identity provider of its own.

use super::{Clients, Scim, World};
use roster::api::v1::{
    Connection, CreateConnectionRequest, CreateOrganizationRequest, CreateServiceAccountRequest, IssueTokenRequest, IssueTokenResponse,
    Organization, ServiceAccount,
};
use roster::api::{Method, method};
use std::collections::BTreeSet;
use tonic::Status;

/// An organization with its own credentials.
pub struct Tenant {
    pub organization: Organization,
    pub connection: Connection,
    pub account: ServiceAccount,
    /// The service account's clients, with every scope there is.
    pub clients: Clients,
    pub token: String,
    /// The connection's client.
    pub scim: Scim,
    pub scim_token: String,
}

/// Every scope the contract names.
pub fn every_scope() -> Vec<String> {
    let scopes: BTreeSet<&str> = method::ALL.iter().map(|m| m.scope).filter(|s| !s.is_empty()).collect();
    scopes.into_iter().map(str::to_owned).collect()
}

/// The methods of the services that are served.
pub fn served() -> impl Iterator<Item = &'static Method> {
    const SERVICES: [&str; 9] = [
        "UserService",
        "GroupService",
        "OrganizationService",
        "ProvisioningService",
        "ServiceAccountService",
        "TakeoverService",
        "RoleService",
        "ChangeService",
        "TransferService",
    ];
    method::ALL.iter().filter(|m| SERVICES.iter().any(|s| m.path.starts_with(&format!("/roster.v1.{s}/"))))
}

/// `GetUser` of `/roster.v1.UserService/GetUser`.
pub fn name(method: &Method) -> &'static str {
    method.path.rsplit('/').next().unwrap()
}

impl World {
    /// Makes an organization with this key.
    pub async fn tenant(&self, key: &str) -> Tenant {
        let organization = Organization { key: key.to_owned(), display_name: key.to_uppercase(), ..Organization::default() };
        let request = CreateOrganizationRequest { organization: Some(organization), ..CreateOrganizationRequest::default() };
        let organization = self.grpc().organizations.create_organization(request).await.unwrap().into_inner().organization.unwrap();
        let connection = self.connection(&organization.id, "default").await;
        let account = self.service_account(&organization.id).await;
        let token = self.issue(&organization.id, "", &account.id, &every_scope()).await.unwrap().secret;
        let scim_token = self.issue(&organization.id, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
        let scim = self.scim().at(&connection.scim_base_url).with_token(&scim_token);
        Tenant { clients: self.grpc_as(&token), organization, connection, account, token, scim, scim_token }
    }

    /// Makes a connection with this profile.
    pub async fn connection(&self, organization_id: &str, profile: &str) -> Connection {
        let connection = Connection { display_name: "IdP".to_owned(), profile: profile.to_owned(), ..Connection::default() };
        let request = CreateConnectionRequest {
            organization_id: organization_id.to_owned(),
            connection: Some(connection),
            ..CreateConnectionRequest::default()
        };
        self.grpc().provisioning.create_connection(request).await.unwrap().into_inner().connection.unwrap()
    }

    /// A SCIM client of a new connection with these settings, in the world's organization.
    pub async fn scim_with(&self, connection: Connection) -> (Connection, Scim) {
        let connection = Connection { display_name: "IdP".to_owned(), ..connection };
        let request = CreateConnectionRequest {
            organization_id: self.organization.clone(),
            connection: Some(connection),
            ..CreateConnectionRequest::default()
        };
        let connection = self.grpc().provisioning.create_connection(request).await.unwrap().into_inner().connection.unwrap();
        let token = self.issue(&self.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
        let scim = self.scim().at(&connection.scim_base_url).with_token(&token);
        (connection, scim)
    }

    /// A SCIM client of a new connection with this profile, in the world's organization.
    pub async fn scim_as(&self, profile: &str) -> (Connection, Scim) {
        let connection = self.connection(&self.organization, profile).await;
        let token = self.issue(&self.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret;
        let scim = self.scim().at(&connection.scim_base_url).with_token(&token);
        (connection, scim)
    }

    pub async fn service_account(&self, organization_id: &str) -> ServiceAccount {
        let account = ServiceAccount { display_name: "reader".to_owned(), ..ServiceAccount::default() };
        let request = CreateServiceAccountRequest {
            organization_id: organization_id.to_owned(),
            service_account: Some(account),
            ..CreateServiceAccountRequest::default()
        };
        self.grpc().service_accounts.create_service_account(request).await.unwrap().into_inner().service_account.unwrap()
    }

    /// A token for one or the other.
    pub async fn issue(
        &self,
        organization_id: &str,
        connection_id: &str,
        service_account_id: &str,
        scopes: &[String],
    ) -> Result<IssueTokenResponse, Status> {
        let request = IssueTokenRequest {
            organization_id: organization_id.to_owned(),
            connection_id: connection_id.to_owned(),
            service_account_id: service_account_id.to_owned(),
            scopes: scopes.to_vec(),
            ..IssueTokenRequest::default()
        };
        Ok(self.grpc().provisioning.issue_token(request).await?.into_inner())
    }

    /// Clients of a new service account of the world's organization, with these scopes.
    pub async fn with_scopes(&self, scopes: &[&str]) -> Clients {
        let account = self.service_account(&self.organization).await;
        let scopes: Vec<String> = scopes.iter().map(|&s| s.to_owned()).collect();
        let issued = self.issue(&self.organization, "", &account.id, &scopes).await.unwrap();
        self.grpc_as(&issued.secret)
    }
}
