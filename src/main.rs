//! Parse the arguments, run one command, answer with an exit code.
fn main() {}
