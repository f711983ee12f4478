//! The generated gRPC clients, each carrying a bearer token.

use roster::api::v1::{
    change_service_client::ChangeServiceClient, directory_service_client::DirectoryServiceClient, group_service_client::GroupServiceClient,
    organization_service_client::OrganizationServiceClient, provisioning_service_client::ProvisioningServiceClient,
    role_service_client::RoleServiceClient, service_account_service_client::ServiceAccountServiceClient,
    takeover_service_client::TakeoverServiceClient, transfer_service_client::TransferServiceClient, user_service_client::UserServiceClient,
};
use tonic::{
    Request, Status,
    metadata::AsciiMetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A channel whose calls carry a token.
pub type Authorized = InterceptedService<Channel, Bearer>;

/// Puts `authorization: Bearer …` on every call; nothing at all without a token.
#[derive(Clone)]
pub struct Bearer(Option<AsciiMetadataValue>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// One client per service. Cloning is cheap; a story clones what it calls.
#[derive(Clone)]
pub struct Clients {
    pub users: UserServiceClient<Authorized>,
    pub groups: GroupServiceClient<Authorized>,
    pub directory: DirectoryServiceClient<Authorized>,
    pub organizations: OrganizationServiceClient<Authorized>,
    pub provisioning: ProvisioningServiceClient<Authorized>,
    pub service_accounts: ServiceAccountServiceClient<Authorized>,
    pub takeovers: TakeoverServiceClient<Authorized>,
    pub roles: RoleServiceClient<Authorized>,
    pub changes: ChangeServiceClient<Authorized>,
    pub transfers: TransferServiceClient<Authorized>,
}

impl Clients {
    /// With this token; with none if it is empty.
    pub fn new(channel: &Channel, token: &str) -> Self {
        let bearer = Bearer((!token.is_empty()).then(|| format!("Bearer {token}").parse().unwrap()));
        let to = || (channel.clone(), bearer.clone());
        macro_rules! client {
            ($client:ident) => {{
                let (channel, bearer) = to();
                $client::with_interceptor(channel, bearer)
            }};
        }
        Clients {
            users: client!(UserServiceClient),
            groups: client!(GroupServiceClient),
            directory: client!(DirectoryServiceClient),
            organizations: client!(OrganizationServiceClient),
            provisioning: client!(ProvisioningServiceClient),
            service_accounts: client!(ServiceAccountServiceClient),
            takeovers: client!(TakeoverServiceClient),
            roles: client!(RoleServiceClient),
            changes: client!(ChangeServiceClient),
            transfers: client!(TransferServiceClient),
        }
    }
}
