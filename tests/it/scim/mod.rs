//! The SCIM face, section by section of RFC 7644, and what it refuses.

mod bad_input;
mod bulk;
mod bulk_refusals;
mod conditions;
mod create;
mod delete;
mod discovery;
mod groups;
mod http;
mod lists;
mod nothing;
mod openapi;
mod patch;
mod policies;
mod projection;
mod put;
mod remote;
mod scene;
mod users;

pub use users::as_sent;
