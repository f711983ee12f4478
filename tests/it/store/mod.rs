//! The store alone: what its statements cost.

mod plans;
