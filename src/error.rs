//! What can stop a run: the errors of all stages under one type.

use std::path::PathBuf;

use crate::storage::{whole_file, work_dir};
use crate::{density, featurizer, reader, resample, weights, writer};

/// Any error of the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// While reading shards.
    #[error(transparent)]
    Reader(#[from] reader::Error),
    /// In what a tokenizer needs.
    #[error(transparent)]
    Featurizer(#[from] featurizer::Error),
    /// In counts or a model.
    #[error(transparent)]
    Density(#[from] density::Error),
    /// In weights.
    #[error(transparent)]
    Weights(#[from] weights::Error),
    /// While drawing.
    #[error(transparent)]
    Resample(#[from] resample::Error),
    /// While writing.
    #[error(transparent)]
    Writer(#[from] writer::Error),
    /// In the work folder.
    #[error(transparent)]
    WorkDir(#[from] work_dir::Error),
    /// The shards hold no sound record: a field name that no record has, or nothing but blank lines.
    #[error("{what}: no document in {shards} shard(s): {records} records were read and {invalid} skipped as invalid{}",
            match first_fault {
                Some(fault) => format!("\n  the first: {fault}"),
                None => "; the files are empty".to_owned(),
            })]
    NoDocument {
        /// Which shards: raw, or a target.
        what: String,
        /// How many shards.
        shards: usize,
        /// Records read.
        records: u64,
        /// Records skipped.
        invalid: u64,
        /// What was wrong with the first.
        first_fault: Option<String>,
    },
    /// Selected records that were not come upon.
    #[error(
        "{drawn} records were drawn, but {written} found to be written: the shards are no longer what was weighed; \
             run the same again"
    )]
    Incomplete {
        /// How many were drawn.
        drawn: u64,
        /// How many were found.
        written: u64,
    },
    /// A folder for temporary data that cannot be used.
    #[error("temporary data in {}: {source}; name another folder with --temp-dir", folder.display())]
    TempDir {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Threads that could not be started.
    #[error("no threads to work with: {0}; ask for fewer with --threads")]
    Threads(String),
}

impl From<whole_file::Error> for Error {
    fn from(error: whole_file::Error) -> Self {
        Error::Writer(error.into())
    }
}

impl Error {
    /// Whether the reader of standard output has closed it, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Writer(error) if error.is_closed_pipe())
    }
}
