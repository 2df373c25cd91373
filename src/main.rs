//! The command line of dsir.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dsir::cli::main(std::env::args_os()))
}
