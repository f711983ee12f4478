//! The SCIM face, section by section of RFC 7644, and what it refuses.

mod bad_input;
mod conditions;
mod discovery;
mod groups;
mod http;
mod lists;
mod openapi;
mod policies;
mod remote;
mod users;

pub use users::as_sent;
