//! The contract, compiled: messages, clients, service traits, the descriptor set, and what is derived from it.
//!
//! Everything here is generated from `proto/` by `build.rs`; the nouns of the whole house are these messages.

use std::pin::Pin;
use tokio_stream::Stream;
use tonic::Status;

#[allow(missing_docs, clippy::pedantic, clippy::all, reason = "generated from the contract, whose comments are the documentation")]
mod generated {
    pub mod roster {
        pub mod v1 {
            tonic::include_proto!("roster.v1");
        }
    }
    pub mod google {
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
}

pub use generated::google::rpc;
pub use generated::roster::v1;

/// The encoded `FileDescriptorSet` of the whole contract, custom options and comments included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Which calls a client may repeat by itself, as gRPC's service config: those without side effects, when the server was not
/// there. The file is made from the contract (`scripts/reference`).
pub const SERVICE_CONFIG: &str = include_str!("../proto/service_config.json");

/// A boxed stream of messages: what every server-streaming method returns, so that services are object-safe.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the contract says about one method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// `/roster.v1.UserService/GetUser`
    pub path: &'static str,
    /// The scope a caller must hold; empty = any authenticated caller.
    pub scope: &'static str,
    /// Whether the method promises `NO_SIDE_EFFECTS`.
    pub read_only: bool,
    /// Whether the client streams its request.
    pub uploads: bool,
}

/// One constant per method, generated from the descriptor.
pub mod method {
    use super::Method;
    include!(concat!(env!("OUT_DIR"), "/methods.rs"));
}
