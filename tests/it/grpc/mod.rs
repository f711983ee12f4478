//! The directory over gRPC, method by method.

mod accounts;
mod bounds;
mod deviations;
mod every_call;
mod groups;
mod lists;
mod members;
mod mutations;
mod odd_text;
mod revisions;
mod schemas;
mod tenants;
mod tokens;
mod user_changes;
mod user_ends;
mod users;
