//! The program as a process: its commands, and its ends.

mod alone;
mod commands;
mod life;
mod logs;
mod nodes;
pub mod process;
mod restored;
