//! The SCIM face, section by section of RFC 7644, and what it refuses.

mod bad_input;
mod bulk;
mod bulk_circles;
mod bulk_refusals;
mod conditions;
mod create;
mod cursors;
mod delete;
mod discovery;
mod errors;
mod groups;
mod http;
mod large;
mod links;
mod lists;
mod members;
mod nothing;
mod openapi;
mod order;
mod patch;
mod people;
mod policies;
mod projection;
mod put;
mod query;
mod remote;
mod resources;
mod robustness;
mod root;
mod scene;
mod schemas;
mod transport;
mod truth;
mod unreadable;
mod users;

pub use users::as_sent;
