//! Parse the arguments, run one command, answer with an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    roster::cli::run(std::env::args_os())
}
