use std::io;
use std::path::{Path, PathBuf};

use crate::storage;

/// What went wrong with weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A weights file that cannot be read.
    #[error("weights {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is no longer what it was when the run began.
    #[error("{}: the file changed while the run was reading it; run the same again when nothing writes to \
        it", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// Weights of a shard where those of another one are.
    #[error("{}: there are weights of other records than those of shard {}: of a shard of the same name in another \
        folder, or \
             of this one before it changed. Weigh all shards of one folder together, or remove the file",
            path.display(), shard.display())]
    OtherShard {
        /// The weights file.
        path: PathBuf,
        /// The shard whose weights would replace it.
        shard: PathBuf,
    },
    /// The weights of a shard are not there.
    #[error("{}: no weights for shard {}", path.display(), shard.display())]
    Missing {
        /// Where they would be.
        path: PathBuf,
        /// The shard.
        shard: PathBuf,
    },
    /// No file has the name of a shard.
    #[error("{}: no file of this name, with whatever ending, for shard {}", path.display(), shard.display())]
    NoSidecar {
        /// Where it would be, without an ending.
        path: PathBuf,
        /// The shard.
        shard: PathBuf,
    },
    /// Two files have the name of one shard.
    #[error("{} and {} are both named like shard {}; name one of them", path.display(), other.display(),
            shard.display())]
    TwoSidecars {
        /// The one.
        path: PathBuf,
        /// The other.
        other: PathBuf,
        /// The shard.
        shard: PathBuf,
    },
    /// A file that does not hold weights.
    #[error("{}: not a weights file: {reason}", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is told of weights, in a later format.
    #[error("{}: weights of format {version}; this dsir reads formats up to 2: use a newer one", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format it states.
        version: u64,
    },
    /// A file that does not hold scores.
    #[error("{0}: not a .npy file of scores: {reason}; of a file of another form, name the field: {0}:FIELD", path.display())]
    NotScores {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A score that makes no sense.
    #[error("{}: the score of record {row} is {value}; it must be {must}", path.display())]
    Score {
        /// The file.
        path: PathBuf,
        /// The record, from 0.
        row: u64,
        /// Its score.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Another number of scores than of records.
    #[error("{}: {scores} scores for {records} records; there must be one for each, in the order of the raw \
        shards", path.display())]
    Scores {
        /// The file.
        path: PathBuf,
        /// Its scores.
        scores: u64,
        /// The records.
        records: u64,
    },
    /// A log weight that no record can have.
    #[error("{}: row {row}: the log weight is {value}; it must be a number or -inf", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
        /// What it holds.
        value: f64,
    },
    /// A row in memory with a log weight that no record can have.
    #[error("row {row}: the log weight is {value}; it must be a number or -inf")]
    UnsoundInMemory {
        /// The row, from 0, counted over all shards.
        row: u64,
        /// What it holds.
        value: f64,
    },
    /// A row in memory with other fields than the rows before it.
    #[error("row {row}: it must have as many log weights as the other rows, and a group if they have one")]
    RowInMemory {
        /// The row, from 0, counted over all shards.
        row: u64,
    },
    /// Weights files with different numbers of targets.
    #[error("{}: log weights for {found} targets, where the other shards have {expected}", path.display())]
    Targets {
        /// The file.
        path: PathBuf,
        /// How many it has.
        found: usize,
        /// How many the first shard's has.
        expected: usize,
    },
    /// A shard with another number of records than weights.
    #[error("{}: {rows} rows, but shard {} has {}; weigh the shard again",
            path.display(), shard.display(), counted(*.records))]
    Rows {
        /// The weights file.
        path: PathBuf,
        /// Its rows.
        rows: u64,
        /// The shard.
        shard: PathBuf,
        /// The shard's records; `None` if only known to be more.
        records: Option<u64>,
    },
    /// A record that is not the one that was weighed.
    #[error("{}: row {row} was weighed for another record than that of shard {}; weigh the shard again",
            path.display(), shard.display())]
    Changed {
        /// The weights file.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
        /// The shard.
        shard: PathBuf,
    },
    /// A folder that already holds weights of another model.
    #[error("{}: this folder holds weights of another model (or of other text fields or conditions); remove \
        it", folder.display())]
    OtherModel {
        /// The folder.
        folder: PathBuf,
    },
    /// The job that reads them was told to stop.
    #[error("the job was cancelled")]
    Cancelled,
    /// A weights file that could not be written.
    #[error(transparent)]
    Write(#[from] storage::Error),
}

impl Error {
    /// The file or folder that it is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        Some(match self {
            Error::Read { path, .. }
            | Error::FileChanged { path }
            | Error::OtherShard { path, .. }
            | Error::Missing { path, .. }
            | Error::NoSidecar { path, .. }
            | Error::TwoSidecars { path, .. }
            | Error::NotWeights { path, .. }
            | Error::Version { path, .. }
            | Error::NotScores { path, .. }
            | Error::Score { path, .. }
            | Error::Scores { path, .. }
            | Error::Unsound { path, .. }
            | Error::Targets { path, .. }
            | Error::Rows { path, .. }
            | Error::Changed { path, .. } => path,
            Error::OtherModel { folder } => folder,
            Error::Write(error) => &error.path,
            Error::UnsoundInMemory { .. } | Error::RowInMemory { .. } | Error::Cancelled => return None,
        })
    }
}

fn counted(records: Option<u64>) -> String {
    records.map_or_else(|| "more records".into(), |records| format!("{records} records"))
}
