//! The change feed: what each commit appends.

pub mod append;
