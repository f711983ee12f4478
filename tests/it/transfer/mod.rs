//! A whole organization out of one store and into another.

mod administrators;
mod command;
mod conflicts;
pub mod desk;
mod ids;
mod refusals;
mod round_trip;
mod standing;
