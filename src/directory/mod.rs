//! The services: one file per gRPC service, one function per method in proto order. Every rule lives here.
mod error;
pub use error::{DOMAIN, Error, Result};
