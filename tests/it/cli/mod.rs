//! The program as a process: its commands, and its ends.

mod commands;
mod life;
mod process;
