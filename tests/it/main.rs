//! The integration tests: the contract of Roster from the outside, on both engines, with real clients on loopback.
//!
//! Every story is written once and runs twice, as `sqlite::…` and as `postgres::…` (see [`harness`]).
//! `tidy` reads the sources and keeps the house's rules.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that meets the unexpected stops there and says where"
)]

mod cli;
mod grpc;
mod harness;
mod idp;
mod model;
mod scim;
mod serve;
mod store;
mod tidy;
