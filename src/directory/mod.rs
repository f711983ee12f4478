//! The services: one file per gRPC service, one function per method in proto order. Every rule lives here.
mod core;
mod error;
mod groups;
mod list;
mod page;
mod precondition;
mod revision;
mod users;

pub use core::Directory;
pub use error::{DOMAIN, Error, Result};
pub use groups::Groups;
pub use users::Users;
