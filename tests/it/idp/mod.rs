//! What identity providers send, in the shapes they send it, and what arrives: equal in value, case and type.
//!
//! `recordings/` holds providers' traffic, exchange by exchange, and `recording` replays it. To carry a new quirk: add the
//! exchange there (the story fails), then a named tolerance in the table (it passes). `switches` holds each tolerance by
//! itself, `rules` what every provider takes for granted, `push` many people of several providers at once.

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
