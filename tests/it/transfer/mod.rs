//! A whole organization out of one store and into another.

mod command;
mod conflicts;
pub mod desk;
mod refusals;
mod round_trip;
