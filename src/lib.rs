//! Roster: a gRPC-first identity directory with a SCIM 2.0 façade.
pub mod access;
pub mod api;
pub mod attributes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod feed;
pub mod limits;
pub mod membership;
pub mod networks;
pub mod scim;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tolerances;
