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
    clippy::cloned_ref_to_slice_refs,
    clippy::doc_markdown,
    clippy::large_futures,
    clippy::many_single_char_names,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::unnecessary_wraps,
    reason = "a story that meets the unexpected stops there and says where; it reads from top to bottom, short words first"
)]

mod capabilities;
mod changes;
mod cli;
mod filters;
mod grpc;
mod harness;
mod idp;
mod links_model;
mod membership;
mod model;
mod roles;
mod scim;
mod serve;
mod store;
mod tidy;
mod transfer;
