//! The services: one file per gRPC service, one function per method in proto order. Every rule lives here.
mod core;
mod error;
mod page;
mod revision;

pub use core::Directory;
pub use error::{DOMAIN, Error, Result};
