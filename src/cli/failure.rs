use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use dsir::storage::work_dir::{ResumableDir, WorkDir};

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed {
        error: Box<dsir::error::Error>,
        /// The work folder with what is done, if there is any.
        kept: Option<PathBuf>,
    },
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    pub(crate) fn stdout(error: std::io::Error) -> Self {
        dsir::writer::Error::Stdout(error).into()
    }

    /// Mentions what is kept of the work, if there is anything, and takes away what is of no use.
    pub(crate) fn with_kept(self, work_dir: WorkDir) -> Self {
        if self.leaves_nothing_of_use() {
            work_dir.remove();
            return self;
        }
        let folder =
            work_dir.work().map(ResumableDir::folder).filter(|folder| ResumableDir::holds_something(folder));
        match self {
            Failure::Failed { error, .. } => Failure::Failed { error, kept: folder.map(PathBuf::from) },
            usage => usage,
        }
    }

    /// Whether what is kept of the work is of no use to any corrected command: nothing was found in it, or it is of
    /// shards that are not what they were.
    pub(crate) fn leaves_nothing_of_use(&self) -> bool {
        use dsir::error::Error;
        let Failure::Failed { error, .. } = self else { return false };
        matches!(
            **error,
            Error::NoDocument { .. }
                | Error::Reader(dsir::reader::Error::OtherRecords { .. })
                | Error::Resample(dsir::resample::Error::NoneEligible { too_short: 0, .. })
        )
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
            Failure::Failed { error, kept } => {
                say(&format!("error: {error}"));
                if let Some(folder) = kept {
                    say(&format!(
                        "note: what is done is kept in {}; the next try goes on from it",
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

impl<E: Into<dsir::error::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Failed { error: Box::new(error.into()), kept: None }
    }
}
