//! Questions about membership that go through groups in groups.
//!
//! Edges from users to groups are indexed rows; edges between groups are few, and are kept in memory under the revision
//! that last changed one. Never a recursive query per request, and cycles are safe.

mod graph;
mod nesting;

pub use graph::{Graph, Ways};
pub use nesting::Nesting;
