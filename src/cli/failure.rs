use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use dsir::Error;

use super::advice;

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed {
        error: Box<Error>,
        /// The work directory with what is done, if there is any.
        resumable: Option<PathBuf>,
    },
    /// Standard output that cannot be written: exit code 1.
    Stdout(std::io::Error),
}

impl Failure {
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
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Failure::Usage(message) => {
                say(&format!("error: {message}\n\nFor more information, try '--help'."));
                ExitCode::from(2)
            }
            // Whoever reads our output has had enough, as `head` has: nothing to complain of.
            Failure::Failed { error, .. } if error.is_closed_pipe() => ExitCode::SUCCESS,
            Failure::Stdout(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Failure::Stdout(error) => {
                say(&format!("error: standard output: {error}"));
                ExitCode::FAILURE
            }
            Failure::Failed { error, resumable } => {
                say(&format!("error: {}", advice::words(&error)));
                if let Some(folder) = resumable {
                    say(&format!(
                        "note: what is done is kept in {}; the same command resumes from it",
                        folder.display()
                    ));
                }
                ExitCode::FAILURE
            }
        }
    }
}

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
