//! Which services are served, and how the two faces are put around them.

use super::{echo::Echo, grpc};
use crate::{
    access::{AccessLayer, Proxies},
    api::v1::{
        change_service_server::ChangeServiceServer, directory_service_client::DirectoryServiceClient,
        directory_service_server::DirectoryServiceServer, group_service_client::GroupServiceClient,
        group_service_server::GroupServiceServer, organization_service_server::OrganizationServiceServer,
        provisioning_service_client::ProvisioningServiceClient, provisioning_service_server::ProvisioningServiceServer,
        role_service_server::RoleServiceServer, service_account_service_server::ServiceAccountServiceServer,
        takeover_service_server::TakeoverServiceServer, transfer_service_server::TransferServiceServer,
        user_service_client::UserServiceClient, user_service_server::UserServiceServer,
    },
    directory::Services,
    limits::MESSAGE_BYTES,
    scim::{self, Facade, remote::Remote},
};
use std::{error::Error, sync::Arc};
use tonic::{
    service::{Routes, RoutesBuilder},
    transport::Channel,
};
use tonic_health::server::HealthReporter;
use tower::Layer as _;

/// What health and reflection name; the routes below are the same list.
pub(super) const SERVED: &[&str] = &[
    "roster.v1.UserService",
    "roster.v1.GroupService",
    "roster.v1.DirectoryService",
    "roster.v1.OrganizationService",
    "roster.v1.ProvisioningService",
    "roster.v1.ServiceAccountService",
    "roster.v1.TakeoverService",
    "roster.v1.RoleService",
    "roster.v1.ChangeService",
    "roster.v1.TransferService",
];

/// Both faces, ready to be served.
pub(super) struct Wired {
    pub(super) routes: Routes,
    /// The access layer is around it.
    pub(super) facade: axum::Router,
    pub(super) access: AccessLayer,
    pub(super) health: HealthReporter,
}

/// Builds both faces over the services; with the floor of all measurements beside them, if it is asked for.
pub(super) fn wire(services: Services, base_url: &str, proxies: Proxies, echoes: bool) -> Result<Wired, Box<dyn Error + Send + Sync>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut routes = RoutesBuilder::default();
    macro_rules! serve {
        ($server:ident, $service:expr) => {
            routes
                .add_service($server::from_arc($service).max_decoding_message_size(MESSAGE_BYTES).max_encoding_message_size(MESSAGE_BYTES));
        };
    }
    serve!(UserServiceServer, services.users.clone());
    serve!(GroupServiceServer, services.groups.clone());
    serve!(DirectoryServiceServer, services.mutations.clone());
    serve!(OrganizationServiceServer, services.organizations);
    serve!(ProvisioningServiceServer, services.provisioning.clone());
    serve!(ServiceAccountServiceServer, services.service_accounts);
    serve!(TakeoverServiceServer, services.takeovers);
    serve!(RoleServiceServer, services.roles);
    serve!(ChangeServiceServer, services.changes);
    serve!(TransferServiceServer, services.transfers);
    routes.add_service(health);
    if echoes {
        routes.add_service(Echo::new());
    }
    grpc::reflect(&mut routes, SERVED)?;

    let access = AccessLayer::new(services.credentials, proxies);
    let facade = Facade::new(services.users, services.groups, services.provisioning, services.mutations, base_url);
    let facade = axum::Router::new().fallback_service(access.layer(scim::router(facade)));
    Ok(Wired { routes: routes.routes(), facade, access, health: reporter })
}

/// The façade over a channel. It has no access layer: each call takes the caller's own token to the directory.
pub(super) fn alone(directory: &Channel, base_url: &str, proxies: Proxies) -> axum::Router {
    macro_rules! remote {
        ($client:ident) => {
            Arc::new(Remote($client::new(directory.clone()).max_decoding_message_size(MESSAGE_BYTES)))
        };
    }
    let (users, groups) = (remote!(UserServiceClient), remote!(GroupServiceClient));
    let facade = Facade::new(users, groups, remote!(ProvisioningServiceClient), remote!(DirectoryServiceClient), base_url);
    scim::router(facade.elsewhere(proxies))
}
