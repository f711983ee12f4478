//! The store alone: what its statements cost.

mod lanes;
mod plans;
