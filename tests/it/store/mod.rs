//! The store alone, and what its work costs: counted, never timed.

mod deadlines;
mod lane;
mod lanes;
mod large_group;
mod outage;
mod plans;
mod storm;
