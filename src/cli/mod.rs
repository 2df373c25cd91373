//! The command line: what is typed becomes the options of a job, and its report becomes words.
//!
//! It is the only part of the library that knows how an option is spelled. [`main`] is the program. [`run`] does what
//! the program does for another program, which takes the same options, watches the job, and prints what it likes.

mod advice;
mod allocator;
mod args;
mod bar;
mod commands;
mod draw;
mod failure;
mod format;
mod host;
mod job_file;
mod marked;
mod measurement;
mod options;
mod page;
mod rehearsal;
mod signals;
mod stdout;
mod summary;
mod usage;
mod warnings;

use std::ffi::OsString;
use std::sync::Arc;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::resample::DrawOptions;
use crate::{Engine, Error, Observer, Warning};
use args::{Cli, Command};
pub use failure::Failure;
pub use host::Outcome;
use host::{Host, WatchedBy};
pub use options::punkt_folder;

/// The program: does what was typed, with the terminal and the signals of this process, and returns the exit code.
/// The first of `args` is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    allocator::keep_free_memory();
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // What a file makes a library do is told as what is wrong with the file.
        if !crate::reader::is_guarded() {
            tell(panic);
        }
    }));
    main_on(None, args)
}

/// The program, with an [`Engine`] that reads the raw corpus for `select`.
pub fn main_on(engine: Option<&Arc<dyn Engine>>, args: impl IntoIterator<Item = OsString>) -> u8 {
    let done = parse(args).and_then(|typed| command(typed, WatchedBy::Program, engine));
    let done = done.and_then(Outcome::tell);
    match done {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

/// Does what was typed for the program that watches `observer`: it takes no signals and prints nothing, but what was
/// asked for on standard output. The first of `args` is a program's name.
///
/// `select` and `resample` without an output write nothing, and tell which records were selected.
///
/// ```
/// use dsir::{Observer, cli};
///
/// # fn main() -> Result<(), cli::Failure> {
/// # let work = tempfile::tempdir().unwrap();
/// # let path = |name: &str| work.path().join(name);
/// # std::fs::write(path("raw.jsonl"), "{\"text\": \"tax form\"}\n{\"text\": \"the sea\"}\n").unwrap();
/// # std::fs::write(path("sea.jsonl"), "{\"text\": \"the tide of the sea\"}\n").unwrap();
/// let [raw, target] = [path("raw.jsonl"), path("sea.jsonl")].map(Into::into);
/// let typed = ["dsir", "select", "-k", "1", "--min-tokens", "1", "--target"].map(Into::into);
/// let done = cli::run(typed.into_iter().chain([target, raw]), &Observer::default())?;
/// let selected = done.selected.expect("it was written nowhere");
/// assert_eq!(selected[0][0].position.record, 1);
/// assert_eq!(done.report["raw"]["documents"], 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Wrong usage, or the error of the job.
pub fn run(args: impl IntoIterator<Item = OsString>, observer: &Observer) -> Result<Outcome, Failure> {
    run_on(None, args, observer)
}

/// Does what [`run`] does, with an [`Engine`] that reads the raw corpus for `select`.
///
/// # Errors
/// Wrong usage, another command, or the error of the job.
pub fn run_on(
    engine: Option<&Arc<dyn Engine>>,
    args: impl IntoIterator<Item = OsString>,
    observer: &Observer,
) -> Result<Outcome, Failure> {
    command(parse(args)?, WatchedBy::Caller(observer), engine)
}

/// What is drawn by the options of `dsir resample`, whose first is a program's name.
///
/// # Errors
/// Wrong usage.
pub fn draw_options(args: impl IntoIterator<Item = OsString>) -> Result<DrawOptions, Failure> {
    match parse(args)?.cli.command {
        Command::Resample(mut args) => {
            args.draw.method = args.drawn_by.method;
            let options = args.draw.options()?;
            options.check().map_err(crate::InvalidOptions::from)?;
            Ok(options)
        }
        _ => Err(Failure::usage("these are not the options of a draw")),
    }
}

/// A warning in the words of the command line: what is the matter, and what to type.
pub fn words_of(warning: &Warning) -> String {
    warnings::words(warning)
}

/// An error in the words of the command line: what happened, where, and what to type next.
pub fn words_of_error(error: &Error) -> String {
    advice::words(error)
}

/// The definitions of all commands and options.
pub fn definitions() -> clap::Command {
    Cli::command()
}

/// What was typed, with what a job file adds to it.
struct Typed {
    cli: Cli,
    matches: ArgMatches,
    words: Vec<OsString>,
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Typed, Failure> {
    let mut program = Cli::command();
    program.build();
    let words = job_file::with_job_file(&program, args.into_iter().collect())?;
    let matches = Cli::command().try_get_matches_from(&words).map_err(Failure::Typed)?;
    Ok(Typed { cli: Cli::from_arg_matches(&matches).map_err(Failure::Typed)?, matches, words })
}

fn command(
    typed: Typed,
    watched_by: WatchedBy<'_>,
    engine: Option<&Arc<dyn Engine>>,
) -> Result<Outcome, Failure> {
    let Typed { cli, matches, words } = typed;
    let host = Host { watched_by, engine, typed: &words };
    if let Some((name, typed)) = matches.subcommand()
        && let Ok(Some(true)) = typed.try_get_one("print_config")
        && let Some(command) = Cli::command().find_subcommand(name)
    {
        return Ok(Outcome::printed(job_file::of_command(command, typed)));
    }
    match cli.command {
        Command::Select(args) => commands::select(args, host),
        _ if host.engine.is_some() => Err(Failure::usage("only `select` runs on an engine")),
        Command::Fit(args) => commands::fit(&args, host),
        Command::Weigh(args) => commands::weigh(&args, host),
        Command::Resample(args) => commands::resample(args, host),
        Command::Merge(args) => commands::merge(&args, host),
        Command::Report(args) => commands::report(args, host),
        Command::Measure(args) => commands::measure(&args, host),
        Command::Prepare(args) => commands::prepare(&args, host),
        Command::Explain(args) => commands::explain(&args, host),
        Command::Inspect(args) => commands::inspect(&args),
        Command::Man(args) => man(args.command.as_deref()),
        Command::Completions(args) => Ok(completions(args.shell)),
    }
}

fn man(command: Option<&str>) -> Result<Outcome, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let Some(found) = program.find_subcommand(name) else {
                return Err(Failure::usage(format!("man: there is no command `{name}`")));
            };
            found.clone()
        }
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).map_err(Failure::Stdout)?;
    Ok(Outcome::printed(String::from_utf8_lossy(&roff).into_owned()))
}

fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dsir", &mut script);
    Outcome::printed(String::from_utf8_lossy(&script).into_owned())
}
