//! The `topicsmith` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    topicsmith::cli::main()
}
