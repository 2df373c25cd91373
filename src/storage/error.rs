//! Why an output could not be written.

use std::io;
use std::path::{Path, PathBuf};

use super::input::is_url;

/// An output that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("output {}: {source}{}", path.display(), advice(path, source))]
pub struct Error {
    /// The output's name.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn advice(path: &Path, error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_url(path) => "",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run the same again"
        }
        io::ErrorKind::NotFound => "; make its folder first",
        io::ErrorKind::PermissionDenied => {
            "; its folder must be writable too, for it appears there when it is complete"
        }
        _ => "",
    }
}

impl Error {
    /// An error of the output `path`.
    pub fn new(path: &Path, source: io::Error) -> Self {
        Error { path: path.into(), source }
    }
}
