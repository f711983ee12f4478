//! What comes with an edit into its lane.

use crate::clock::Micros;

/// What a write is, besides its edit.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// When it was asked for, in microseconds since 1970.
    pub at: Micros,
    /// The encoded `Actor`.
    pub actor: Vec<u8>,
    /// The connection that writes; empty for other callers.
    pub connection: String,
    /// Check everything, change nothing.
    pub validate_only: bool,
    /// What another connection owns is left as it is, and the rest is done.
    pub leave_owned: bool,
}
