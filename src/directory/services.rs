//! All services of a directory, each behind its check.

use super::{
    Changes, Credentials, Directory, FeedOptions, Groups, Mutations, Organizations, Provisioning, Purge, Result, Roles, ServiceAccounts,
    Takeovers, Transfers, Users,
    environment::{self, Standing},
    expiry, status,
};
use crate::{
    access::{Cached, Caller, Guarded, Witness},
    api::{Method, v1::Connection},
    clock::{Clock, Micros},
    store::{Fault, Store},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tonic::{Status, metadata::MetadataMap};

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
    /// `ChangeService`
    pub changes: Arc<Guarded<Changes>>,
    /// `TransferService`
    pub transfers: Arc<Guarded<Transfers>>,
    /// `ChangeService` without its check: to end its streams, and to let go of old changes.
    pub feed: Changes,
    /// Who the tokens speak for, remembered for a second.
    pub credentials: Arc<Cached<Credentials>>,
    /// Who is erased when.
    pub purge: Purge,
    directory: Arc<Directory>,
    witness: Arc<dyn Witness>,
}

/// Who is told of calls: what counts departures, and what keeps how connections fare.
#[derive(Debug)]
struct Witnesses(Arc<Directory>);

impl Witness for Witnesses {
    fn entered(&self, caller: &Caller, metadata: &MetadataMap) {
        self.0.deviations.entered(caller, metadata);
        self.0.statuses.entered(caller, metadata);
    }

    fn answered(&self, connection: &Connection, method: &Method, refused: Option<&Status>) {
        self.0.statuses.answered(connection, method, refused);
    }
}

impl Services {
    /// Over a store. `public_url` is what clients reach the HTTP face by, without a slash at its end; `token_days` is how long a
    /// token may live at most.
    pub fn new(store: Store, clock: &Clock, public_url: &str, token_days: i64) -> Self {
        let directory = Arc::new(Directory::new(store, clock.clone(), public_url, token_days));
        let witness: Arc<dyn Witness> = Arc::new(Witnesses(Arc::clone(&directory)));
        let credentials = Credentials::new(Arc::clone(&directory));
        let feed = Changes::new(Arc::clone(&directory), credentials.clone(), FeedOptions::default());
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
            changes: Arc::new(Guarded::new(feed.clone(), Arc::clone(&witness))),
            transfers: Arc::new(Guarded::new(Transfers::new(Arc::clone(&directory), credentials.clone()), Arc::clone(&witness))),
            feed,
            credentials: Arc::new(Cached::new(credentials, clock.clone())),
            directory,
            witness,
        }
    }

    /// The same with a feed that is kept and told in another way.
    #[must_use]
    pub fn keeping(self, options: FeedOptions) -> Self {
        let feed = Changes::new(Arc::clone(&self.directory), self.credentials.inner().clone(), options);
        Services { changes: Arc::new(Guarded::new(feed.clone(), Arc::clone(&self.witness))), feed, ..self }
    }

    /// Keeps the connection that the operator's environment describes, of the organization with this key, and knows its token
    /// from now on; without a description one that is stored is switched off.
    ///
    /// # Errors
    /// When the store cannot answer; `NOT_FOUND` when there is no such organization; `POLICY` when it would be left without an
    /// administrator.
    pub async fn environment(&self, organization_key: &str, described: Option<Connection>, token: Option<&SecretString>) -> Result<()> {
        let organization = environment::keep(&self.directory, organization_key, described).await?;
        if let (Some(organization), Some(token)) = (organization, token) {
            self.credentials.inner().stand(Standing::new(organization, token.expose_secret()));
        }
        Ok(())
    }

    /// What is to be looked after now and then, as of `now`: tokens that end soon are spoken of, connections are counted by how
    /// they fare.
    ///
    /// # Errors
    /// When the store cannot answer; the next round makes up for it.
    pub async fn look_round(&self, now: Micros) -> Result<()> {
        expiry::watch(&self.directory, now).await?;
        Ok(status::count(&self.directory).await?)
    }

    /// Writes what is gathered in memory and would be written in the next seconds: for a directory that ends.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn flush(&self) -> std::result::Result<(), Fault> {
        self.directory.deviations.flush().await?;
        self.directory.statuses.flush().await
    }
}
