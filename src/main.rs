//! The command line of dsir.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
