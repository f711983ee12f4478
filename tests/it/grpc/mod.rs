//! The directory over gRPC, method by method.

mod accounts;
mod administrators;
mod batches;
mod bounds;
mod deviations;
mod environment;
mod every_call;
mod expiry;
mod groups;
mod lists;
mod members;
mod mutations;
mod odd_text;
mod planted;
mod repeats;
mod revisions;
mod revocation;
mod role_mappings;
mod roles;
mod schemas;
mod tenants;
mod tokens;
mod user_changes;
mod user_ends;
mod users;
mod write_options;
