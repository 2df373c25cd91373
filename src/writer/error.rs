use std::io;
use std::path::{Path, PathBuf};

use crate::storage;

/// What went wrong with an output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that could not be written.
    #[error(transparent)]
    File(#[from] storage::Error),
    /// Records that Parquet has no place for.
    #[error("{}: {what}; write JSONL, which takes every record", path.display())]
    Parquet {
        /// The output.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Tables that do not go together into one.
    #[error("{} has {what}, unlike {}; write into a folder (-o DIR/), where each shard has a table of its own, or \
             write JSONL", shard.display(), first.display())]
    OtherColumns {
        /// The shard.
        shard: PathBuf,
        /// In what it differs.
        what: String,
        /// The first shard.
        first: PathBuf,
    },
    /// Standard output that could not be written.
    #[error("standard output: {0}")]
    Stdout(io::Error),
    /// Temporary data that could not be written or read again.
    #[error("temporary data in {}: {source}", folder.display())]
    Temporary {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An output that is also an input.
    #[error("output {} is also an input ({}); name another output", output.display(), input.display())]
    OverwritesInput {
        /// The output.
        output: PathBuf,
        /// The input that it would replace.
        input: PathBuf,
    },
}

impl Error {
    /// The file or folder that it is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Error::File(error) => Some(&error.path),
            Error::Temporary { folder, .. } => Some(folder),
            Error::OverwritesInput { output, .. } => Some(output),
            Error::Parquet { path, .. } => Some(path),
            Error::OtherColumns { shard, .. } => Some(shard),
            Error::Stdout(_) => None,
        }
    }

    /// Whether the reader of standard output, or of a pipe by name, has closed it, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        match self {
            Error::Stdout(error) => error.kind() == io::ErrorKind::BrokenPipe,
            Error::File(storage::Error { path, source }) => {
                source.kind() == io::ErrorKind::BrokenPipe && path.metadata().is_ok_and(|to| !to.is_file())
            }
            _ => false,
        }
    }
}
