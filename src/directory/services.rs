//! All services of a directory, each behind its check.

use super::{Credentials, Directory, Groups, Mutations, Organizations, Provisioning, ServiceAccounts, Users};
use crate::{
    access::{Cached, Guarded},
    clock::Clock,
    store::Store,
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
    /// Who the tokens speak for, remembered for a second.
    pub credentials: Arc<Cached<Credentials>>,
}

impl Services {
    /// Over a store. `public_url` is what clients reach the HTTP face by, without a slash at its end.
    pub fn new(store: Store, clock: &Clock, public_url: &str) -> Self {
        let directory = Arc::new(Directory::new(store, clock.clone(), public_url));
        Services {
            users: Arc::new(Guarded(Users(Arc::clone(&directory)))),
            groups: Arc::new(Guarded(Groups(Arc::clone(&directory)))),
            mutations: Arc::new(Guarded(Mutations(Arc::clone(&directory)))),
            organizations: Arc::new(Guarded(Organizations(Arc::clone(&directory)))),
            provisioning: Arc::new(Guarded(Provisioning(Arc::clone(&directory)))),
            service_accounts: Arc::new(Guarded(ServiceAccounts(Arc::clone(&directory)))),
            credentials: Arc::new(Cached::new(Credentials::new(directory), clock.clone())),
        }
    }
}
