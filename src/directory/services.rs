//! All services of a directory, each behind its check.

use super::{
    Credentials, Directory, Groups, Mutations, Organizations, Provisioning, Purge, Roles, ServiceAccounts, Takeovers, Users,
    deviations::Deviations,
};
use crate::{
    access::{Cached, Guarded, Witness},
    clock::Clock,
    store::{Fault, Store},
};
use std::sync::Arc;

/// The services as the faces get them. Whoever calls must have its [`crate::access::Caller`] in the request's extensions.
#[derive(Debug, Clone)]
pub struct Services {
    /// `UserService`
    pub users: Arc<Guarded<Users>>,
    /// `GroupService`
    pub groups: Arc<Guarded<Groups>>,
    /// `DirectoryService`
    pub mutations: Arc<Guarded<Mutations>>,
    /// `OrganizationService`
    pub organizations: Arc<Guarded<Organizations>>,
    /// `ProvisioningService`
    pub provisioning: Arc<Guarded<Provisioning>>,
    /// `ServiceAccountService`
    pub service_accounts: Arc<Guarded<ServiceAccounts>>,
    /// `TakeoverService`
    pub takeovers: Arc<Guarded<Takeovers>>,
    /// `RoleService`
    pub roles: Arc<Guarded<Roles>>,
    /// Who the tokens speak for, remembered for a second.
    pub credentials: Arc<Cached<Credentials>>,
    /// Who is erased when.
    pub purge: Purge,
    deviations: Deviations,
}

impl Services {
    /// Over a store. `public_url` is what clients reach the HTTP face by, without a slash at its end; `token_days` is how long a
    /// token may live at most.
    pub fn new(store: Store, clock: &Clock, public_url: &str, token_days: i64) -> Self {
        let directory = Arc::new(Directory::new(store, clock.clone(), public_url, token_days));
        let deviations = directory.deviations.clone();
        let witness: Arc<dyn Witness> = Arc::new(deviations.clone());
        Services {
            users: Arc::new(Guarded::new(Users(Arc::clone(&directory)), Arc::clone(&witness))),
            groups: Arc::new(Guarded::new(Groups(Arc::clone(&directory)), Arc::clone(&witness))),
            mutations: Arc::new(Guarded::new(Mutations(Arc::clone(&directory)), Arc::clone(&witness))),
            organizations: Arc::new(Guarded::new(Organizations(Arc::clone(&directory)), Arc::clone(&witness))),
            provisioning: Arc::new(Guarded::new(Provisioning(Arc::clone(&directory)), Arc::clone(&witness))),
            service_accounts: Arc::new(Guarded::new(ServiceAccounts(Arc::clone(&directory)), Arc::clone(&witness))),
            purge: Purge(Arc::clone(&directory)),
            takeovers: Arc::new(Guarded::new(Takeovers(Arc::clone(&directory)), Arc::clone(&witness))),
            roles: Arc::new(Guarded::new(Roles(Arc::clone(&directory)), Arc::clone(&witness))),
            credentials: Arc::new(Cached::new(Credentials::new(directory), clock.clone())),
            deviations,
        }
    }

    /// Writes what is gathered in memory and would be written in the next seconds: for a directory that ends.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn flush(&self) -> Result<(), Fault> {
        self.deviations.flush().await
    }
}
