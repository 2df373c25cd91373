use std::io::Write;
use std::path::{Path, PathBuf};

use super::advice;
use crate::Error;
use crate::storage::without_secrets;

/// Why a command did not do its work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// What was typed is no command, or a request for help.
    Typed(clap::Error),
    /// What was typed makes no sense: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed {
        /// What happened.
        error: Box<Error>,
        /// The work directory with what is done, if there is any.
        resumable: Option<PathBuf>,
    },
    /// Standard output that cannot be written: exit code 1.
    Stdout(std::io::Error),
}

impl Failure {
    /// The error of the job, if it was one that failed.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Failure::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The work directory from which the same command resumes, if there is one.
    pub fn resumable(&self) -> Option<&Path> {
        match self {
            Failure::Failed { resumable, .. } => resumable.as_deref(),
            _ => None,
        }
    }

    /// What happened, where, and what to type next.
    pub fn words(&self) -> String {
        match self {
            Failure::Typed(error) => {
                let words = error.render().to_string();
                // Usage and the way to more help follow, in paragraphs of their own.
                let first = words.split("\n\n").next().unwrap_or_default();
                first.trim_start_matches("error: ").trim_end().to_owned()
            }
            Failure::Usage(message) => without_secrets(message),
            Failure::Failed { error, .. } => advice::words(error),
            Failure::Stdout(error) => format!("standard output: {error}"),
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    /// Mentions the work directory from which the job can be resumed, if there is one.
    pub(crate) fn resumable_from(self, folder: Option<PathBuf>) -> Self {
        match self {
            Failure::Failed { error, .. } => Failure::Failed { error, resumable: folder },
            other => other,
        }
    }

    /// Says on standard error what happened, and gives the exit code.
    pub(crate) fn report(self) -> u8 {
        match &self {
            Failure::Typed(error) => {
                // If it cannot be told, it cannot be told that it cannot be told.
                error.print().unwrap_or_default();
                return u8::try_from(error.exit_code()).unwrap_or(2);
            }
            Failure::Usage(_) => {
                say(&format!("error: {}\n\nFor more information, try '--help'.", self.words()));
                return 2;
            }
            // Whoever reads our output has had enough, as `head` has: nothing to complain of.
            Failure::Failed { error, .. } if error.is_closed_pipe() => return 0,
            Failure::Stdout(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return 0,
            Failure::Failed { .. } | Failure::Stdout(_) => {}
        }
        say(&format!("error: {}", self.words()));
        if let Some(folder) = self.resumable() {
            let folder = folder.display();
            say(&format!("note: what is done is kept in {folder}; the same command resumes from it"));
        }
        1
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())
    }
}

impl std::error::Error for Failure {}

/// What could steer a terminal, in a file's name for instance, escaped; lines stay lines.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            '\n' => safe.push(c),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

/// Prints a line on standard error, where nobody may be listening.
pub(crate) fn say(line: &str) {
    let mut safe = harmless(line);
    safe.push('\n');
    // If it cannot be told, it cannot be told that it cannot be told.
    std::io::stderr().write_all(safe.as_bytes()).unwrap_or_default();
}
