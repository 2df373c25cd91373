//! The command line: what is typed becomes the options of a job, and its report becomes words.

mod advice;
mod args;
mod bar;
mod commands;
mod draw;
mod failure;
mod format;
mod measurement;
mod options;
mod run;
mod signals;
mod stdout;
mod summary;
mod usage;
mod warnings;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use failure::Failure;

/// Runs the command that was typed.
pub(crate) fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Select(args) => commands::select(args),
        Command::Fit(args) => commands::fit(&args),
        Command::Weigh(args) => commands::weigh(&args),
        Command::Resample(args) => commands::resample(args),
        Command::Merge(args) => commands::merge(&args),
        Command::Measure(args) => commands::measure(&args),
        Command::Prepare(args) => commands::prepare(&args),
        Command::Inspect(args) => commands::inspect(&args),
        Command::Completions(args) => completions(args.shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dsir", &mut script);
    stdout::print(&String::from_utf8_lossy(&script))
}
