//! What can stop a run: the errors of all stages under one type.

use std::path::{Path, PathBuf};

use crate::engine::{EngineError, PieceFailure};
use crate::invalid_options::InvalidOptions;
use crate::plan_error::PlanError;
use crate::reader::Fault;
use crate::{density, featurizer, reader, resample, storage, weights, writer};

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
    /// Options that make no sense.
    #[error(transparent)]
    Options(#[from] InvalidOptions),
    /// In a plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The caller has asked the job to stop.
    #[error("cancelled")]
    Cancelled,
    /// In the work directory.
    #[error(transparent)]
    WorkDir(#[from] storage::WorkDirError),
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
    #[error("temporary data in {}: {source}", folder.display())]
    TempDir {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Threads that could not be started.
    #[error("no threads to work with: {0}")]
    Threads(String),
    /// In what runs pieces of the job on other machines.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// In a piece of the job, on another machine.
    #[error(transparent)]
    Elsewhere(PieceFailure),
    /// A stream, which no other machine can read.
    #[error("{}: only this machine can read it; write it to a file that all machines see", shard.display())]
    StreamElsewhere {
        /// The stream.
        shard: PathBuf,
    },
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        Error::Writer(error.into())
    }
}

/// What kind of error it is, for a program to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Options that make no sense together, or with what they are used on.
    InvalidOptions,
    /// A request that cannot be met: more than there is, an empty target, a group that does not exist.
    Impossible,
    /// A record that is not what it must be.
    InvalidRecord,
    /// A file in a form that is not read, or whose content is broken.
    InvalidFile,
    /// A file of a later format.
    UnknownVersion,
    /// Files that do not belong together: other records, feature spaces or models.
    Mismatch,
    /// An input that changed while the job was reading it.
    Changed,
    /// What the system could not do.
    Io,
    /// A work directory or an output that another job uses.
    Busy,
    /// A reader of the output that has closed it.
    ClosedPipe,
    /// The caller has asked the job to stop.
    Cancelled,
    /// What runs pieces of the job on other machines has failed.
    Engine,
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        use ErrorKind as Kind;
        match self {
            Error::Options(_) => Kind::InvalidOptions,
            Error::Plan(PlanError::Open { .. }) => Kind::Io,
            Error::Plan(PlanError::NotAPlan { .. }) => Kind::InvalidFile,
            Error::Plan(PlanError::Version { .. }) => Kind::UnknownVersion,
            Error::Plan(_) => Kind::Mismatch,
            Error::Cancelled => Kind::Cancelled,
            Error::Engine(_) => Kind::Engine,
            Error::Elsewhere(failure) => failure.kind,
            Error::StreamElsewhere { .. } => Kind::InvalidOptions,
            Error::NoDocument { .. } => Kind::InvalidRecord,
            Error::Incomplete { .. } => Kind::Changed,
            Error::TempDir { .. } | Error::Threads(_) => Kind::Io,
            Error::WorkDir(storage::WorkDirError::Busy { .. }) => Kind::Busy,
            Error::WorkDir(_) => Kind::Io,
            Error::Featurizer(featurizer::Error::OtherPunkt { .. }) => Kind::Mismatch,
            Error::Featurizer(featurizer::Error::Open { .. }) => Kind::Io,
            Error::Featurizer(featurizer::Error::Line { .. }) => Kind::InvalidFile,
            Error::Featurizer(_) => Kind::InvalidOptions,
            Error::Reader(error) => match error {
                reader::Error::Open { .. } | reader::Error::Spool { .. } => Kind::Io,
                reader::Error::Changed { .. } | reader::Error::OtherRecords { .. } => Kind::Changed,
                reader::Error::Record { .. } | reader::Error::TooLong { .. } => Kind::InvalidRecord,
                reader::Error::NoShard { .. }
                | reader::Error::EmptyList { .. }
                | reader::Error::Twice { .. } => Kind::InvalidOptions,
                _ => Kind::InvalidFile,
            },
            Error::Density(error) => match error {
                density::Error::Open { .. } => Kind::Io,
                density::Error::NotAModel { .. } => Kind::InvalidFile,
                density::Error::Version { .. } => Kind::UnknownVersion,
                density::Error::FeatureSpaces { .. }
                | density::Error::Options { .. }
                | density::Error::TargetDiffers { .. }
                | density::Error::CountedTwice
                | density::Error::Learned { .. } => Kind::Mismatch,
                _ => Kind::Impossible,
            },
            Error::Weights(error) => match error {
                weights::Error::Read { .. } | weights::Error::Write(_) => Kind::Io,
                weights::Error::FileChanged { .. } => Kind::Changed,
                weights::Error::Version { .. } => Kind::UnknownVersion,
                weights::Error::NotWeights { .. }
                | weights::Error::NotScores { .. }
                | weights::Error::Score { .. }
                | weights::Error::Unsound { .. } => Kind::InvalidFile,
                _ => Kind::Mismatch,
            },
            Error::Resample(resample::Error::Weights(error)) => match error {
                weights::Error::Read { .. } => Kind::Io,
                weights::Error::Cancelled => Kind::Cancelled,
                weights::Error::FileChanged { .. } => Kind::Changed,
                _ => Kind::InvalidFile,
            },
            Error::Resample(_) => Kind::Impossible,
            Error::Writer(error) if error.is_closed_pipe() => Kind::ClosedPipe,
            Error::Writer(writer::Error::OverwritesInput { .. }) => Kind::InvalidOptions,
            Error::Writer(_) => Kind::Io,
        }
    }

    /// The file or folder that it is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Error::Reader(error) => error.path(),
            Error::Density(error) => error.path(),
            Error::Plan(error) => Some(error.path()),
            Error::Weights(error) | Error::Resample(resample::Error::Weights(error)) => error.path(),
            Error::Featurizer(
                featurizer::Error::Open { path, .. } | featurizer::Error::Line { path, .. },
            ) => Some(path),
            Error::Writer(error) => error.path(),
            Error::WorkDir(error) => Some(error.folder()),
            Error::TempDir { folder, .. } => Some(folder),
            Error::Elsewhere(failure) => failure.path.as_deref(),
            Error::StreamElsewhere { shard } => Some(shard),
            _ => None,
        }
    }

    /// The line of that file, from 1, if it is about one.
    pub fn line(&self) -> Option<u64> {
        match self {
            Error::Reader(reader::Error::Record { line, .. } | reader::Error::TooLong { line, .. }) => {
                Some(*line)
            }
            Error::Featurizer(featurizer::Error::Line { line, .. }) => Some(*line as u64),
            Error::Elsewhere(failure) => failure.line,
            _ => None,
        }
    }

    /// The byte of the line, or of the content of the file, from 0, if it is about one.
    pub fn byte(&self) -> Option<u64> {
        match self {
            Error::Reader(reader::Error::Read { at, .. }) => Some(*at),
            Error::Reader(reader::Error::Record { fault: Fault::NotUtf8 { at }, .. }) => Some(*at as u64),
            Error::Elsewhere(failure) => failure.byte,
            _ => None,
        }
    }

    /// Whether the reader of standard output has closed it, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Writer(error) if error.is_closed_pipe())
    }
}
