//! Roster: a gRPC-first identity directory with a SCIM 2.0 façade.
pub mod access;
pub mod api;
pub mod attributes;
pub mod clock;
pub mod directory;
pub mod feed;
pub mod limits;
pub mod scim;
pub mod store;
