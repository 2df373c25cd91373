//! Where a command runs: in the program, whose terminal shows how far it is and whose signals stop it, or in another
//! program, which sees to both.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::args::RunArgs;
use super::bar::{Bar, Voice};
use super::failure::{Failure, say};
use super::signals::Signals;
use super::stdout;
use super::warnings::words;
use crate::jobs::{Report, RunOptions};
use crate::reader::Shards;
use crate::resample::SelectedRecord;
use crate::writer::Destination;
use crate::{Engine, Error, Observer};

/// Who runs a command, and what reads the raw corpus on other machines, if anything does.
#[derive(Clone, Copy)]
pub(crate) struct Host<'a> {
    pub(super) watched_by: WatchedBy<'a>,
    pub(super) engine: Option<&'a Arc<dyn Engine>>,
    /// What was typed, the program's name first, with what a job file adds.
    pub(super) typed: &'a [OsString],
}

/// Who watches a command.
#[derive(Clone, Copy)]
pub(crate) enum WatchedBy<'a> {
    Program,
    Caller(&'a Observer),
}

/// What came of a command.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The report: what `--summary` writes; null for a command without one.
    pub report: Value,
    /// The same in words, as lines that the program prints on standard error.
    pub told: Vec<String>,
    /// What the program prints on standard output.
    pub printed: String,
    /// The records of each draw, if they were written nowhere.
    pub selected: Option<Vec<Vec<SelectedRecord>>>,
    /// The raw shards in the order of their numbers, if records were written nowhere.
    pub shards: Vec<PathBuf>,
}

impl Outcome {
    pub(super) fn printed(printed: String) -> Self {
        Outcome { printed, ..Outcome::default() }
    }

    /// With the records of each draw, and the shards that they are in, if they were written nowhere.
    pub(super) fn with_selected(self, report: &mut Report, shards: Vec<PathBuf>) -> Self {
        Outcome { selected: report.selected.take(), shards, ..self }
    }

    /// Prints it.
    pub(super) fn tell(self) -> Result<(), Failure> {
        if !self.printed.is_empty() {
            stdout::print(&self.printed)?;
        }
        self.told.iter().for_each(|line| say(line));
        Ok(())
    }
}

/// The shards that records are selected from, if the records are told and not written.
pub(super) fn shards_told(raw: &Shards, destination: &Destination) -> Vec<PathBuf> {
    match destination {
        Destination::Nowhere => raw.iter().map(|shard| shard.path().to_path_buf()).collect(),
        _ => Vec::new(),
    }
}

impl Host<'_> {
    /// How the job runs, of a command that an engine can work for.
    pub(super) fn run_options(self, options: RunOptions) -> RunOptions {
        RunOptions { engine: self.engine.map(Arc::clone), ..options }
    }

    /// Where records go for which nothing was typed.
    pub(super) fn destination(self, typed: Option<&Path>) -> Destination {
        match (self.watched_by, typed) {
            (WatchedBy::Caller(_), None) => Destination::Nowhere,
            (_, typed) => Destination::new(typed),
        }
    }

    /// Makes sure that there is a standard output, if it is the program's.
    pub(super) fn check_stdout(self) -> Result<(), Failure> {
        match self.watched_by {
            WatchedBy::Program => stdout::check(),
            WatchedBy::Caller(_) => Ok(()),
        }
    }

    /// Runs `job`, which writes records to `destination`, if to any.
    pub(super) fn run<T>(
        self,
        args: &RunArgs,
        destination: Option<&Destination>,
        job: impl FnOnce(&Observer) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let (done, resumable) = match self.watched_by {
            WatchedBy::Caller(observer) => (job(observer), observer.resumable()),
            WatchedBy::Program => run_in_program(args, destination, job)?,
        };
        done.map_err(|error| Failure::from(error).resumable_from(resumable))
    }

    /// Runs a job that is too short to be watched.
    pub(super) fn run_short<T>(self, job: impl FnOnce(&Observer) -> Result<T, Error>) -> Result<T, Failure> {
        let done = match self.watched_by {
            WatchedBy::Caller(observer) => job(observer),
            WatchedBy::Program => job(&Observer::new(|warning| say(&format!("warning: {}", words(warning))))),
        };
        Ok(done?)
    }
}

type Done<T> = (Result<T, Error>, Option<PathBuf>);

fn run_in_program<T>(
    args: &RunArgs,
    destination: Option<&Destination>,
    job: impl FnOnce(&Observer) -> Result<T, Error>,
) -> Result<Done<T>, Failure> {
    let to_stdout = destination == Some(&Destination::Stdout);
    let named = match destination {
        Some(Destination::File(path)) => Some(path.as_path()),
        _ => None,
    };
    if to_stdout || crate::jobs::are_to_stdout(named.into_iter().chain(args.summary.as_deref())) {
        stdout::check()?;
    }
    let voice = Arc::new(Voice::default());
    let teller = Arc::clone(&voice);
    let observer = Observer::new(move |warning| teller.say(&format!("warning: {}", words(warning))));
    let signals = Signals::watch(&observer).map_err(|error| Error::Threads(error.to_string()))?;
    // Records printed on the terminal would be in the way of a bar.
    let prints_records = to_stdout && std::io::stdout().is_terminal();
    let bar = Bar::start(&observer, &voice, args.quiet || prints_records);
    let done = job(&observer);
    drop(bar);
    signals.wait_if_stopped();
    Ok((done, observer.resumable()))
}
