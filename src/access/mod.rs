//! Credentials → `Caller` → allowed or not.
//!
//! One layer around each whole router turns the credential into a [`Caller`] in the request's extensions;
//! [`Guarded`] around every service checks scope and organization before each method, whichever face called.

mod caller;
mod guarded;
mod layer;
mod origin;
mod recent;
mod resolver;
mod token;

pub use caller::{Caller, Reach, Scopes};
pub use guarded::{Guarded, PartRefused, Witness, caller_of, enter};
pub use layer::{Access, AccessLayer, caller_in, carry};
pub use origin::{FORWARDED_FOR, Peer, Proxies};
pub use recent::Recent;
pub use resolver::{Cached, Resolver};
pub use token::{Kind, PATTERN, SecretHash, Token};
