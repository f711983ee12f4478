//! The feed: what was written is told, once and in order, to whoever pulls or watches it.

pub mod mirror;
mod nodes;
mod proof;
mod pull;
mod refusals;
mod retention;
mod start;
mod stream;
pub mod watcher;
