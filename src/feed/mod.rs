//! What each commit appends, and how it is followed: by tokens, and by one tailer for all who watch an organization.
pub mod append;
mod ring;
mod tail;
pub mod token;

pub use tail::{Feed, Following, Next};
