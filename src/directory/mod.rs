//! The services: one file per gRPC service, one function per method in proto order. Every rule lives here.
mod actions;
mod belonging;
mod caller;
mod connections;
mod core;
mod credentials;
mod deviations;
mod error;
mod fields;
mod grants;
mod groups;
mod links;
mod list;
mod mutations;
mod organizations;
mod ownership;
mod page;
mod precondition;
mod provisioning;
mod purge;
mod record;
mod revision;
mod schemas;
mod service_accounts;
mod services;
mod sight;
mod takeovers;
mod tokens;
mod touch;
mod users;

pub use core::Directory;
pub use credentials::Credentials;
pub use error::{DOMAIN, Error, Result};
pub use grants::known_scopes;
pub use groups::Groups;
pub use mutations::Mutations;
pub use organizations::Organizations;
pub use provisioning::Provisioning;
pub use purge::Purge;
pub use service_accounts::ServiceAccounts;
pub use services::Services;
pub use takeovers::Takeovers;
pub use users::Users;

/// What every method of a service answers.
type Reply<T> = std::result::Result<tonic::Response<T>, tonic::Status>;
