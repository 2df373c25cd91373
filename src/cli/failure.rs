use std::process::ExitCode;

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Failed(dsir::error::Error),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure::Usage(message.into())
    }

    pub(crate) fn stdout(error: std::io::Error) -> Self {
        Failure::Failed(dsir::writer::Error::Stdout(error).into())
    }

    /// Says on standard error what happened, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Failure::Usage(message) => {
                eprintln!("error: {message}\n\nFor more information, try '--help'.");
                ExitCode::from(2)
            }
            // Whoever reads our output has had enough, as `head` has: nothing to complain of.
            Failure::Failed(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
            Failure::Failed(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

impl<E: Into<dsir::error::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Failed(error.into())
    }
}
