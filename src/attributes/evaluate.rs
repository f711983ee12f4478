//! Filled with the walks that need it.
