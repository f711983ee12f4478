//! What identity providers send, in the shapes they send it, and what arrives: equal in value, case and type.
//!
//! A provider's file holds its request bodies. To carry a new quirk: add the body there (the story fails), then the named
//! tolerance in the façade's profiles (it passes).

mod entra;
mod jumpcloud;
mod lossless;
mod okta;
mod people;
mod push;
mod recording;
mod replay;
mod rules;
mod switches;

pub use recording::report;
