//! The program as a process: its commands, and its ends.

mod alone;
mod commands;
mod life;
mod logs;
mod nodes;
mod output;
pub mod process;
mod restored;
