//! A job that runs while the terminal shows how far it is, and signals stop it.

use std::io::IsTerminal;
use std::sync::Arc;

use dsir::writer::Destination;
use dsir::{Error, Observer};

use super::args::RunArgs;
use super::bar::{Bar, Voice};
use super::failure::Failure;
use super::signals::Signals;
use super::stdout;
use super::warnings::words;

/// Runs `job`, which writes records to `destination`, if to any.
pub(crate) fn run<T>(
    args: &RunArgs,
    destination: Option<&Destination>,
    job: impl FnOnce(&Observer) -> Result<T, Error>,
) -> Result<T, Failure> {
    let to_stdout = destination == Some(&Destination::Stdout);
    let named = match destination {
        Some(Destination::File(path)) => Some(path.as_path()),
        _ => None,
    };
    if to_stdout || dsir::jobs::are_to_stdout(named.into_iter().chain(args.summary.as_deref())) {
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
    done.map_err(|error| Failure::from(error).resumable_from(observer.resumable()))
}
