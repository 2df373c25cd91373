//! Work that is done on other machines.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::ErrorKind;

/// What runs pieces of a job on other machines: the scheduler of a cluster.
///
/// A job cuts its reading of the raw corpus into pieces, writes down each in a file, and gives the file's path to the
/// engine, which calls [`do_piece`](crate::jobs::do_piece) with it on any machine that sees the same files. It may do
/// so again after a machine has died, and several times at once: each try has files of its own, and the first that ends
/// counts.
pub trait Engine: Send + Sync {
    /// How many pieces to give it before the first of them has ended.
    ///
    /// # Errors
    /// An engine that does not know, or takes none.
    fn places(&self) -> Result<usize, EngineError>;

    /// About how many bytes of a corpus, of so many in all, make up a piece. What comes of a job does not depend on it;
    /// a run that cuts the corpus as an earlier one did has less to do again.
    fn piece_bytes(&self, corpus: u64) -> u64 {
        piece_bytes(corpus)
    }

    /// Begins the piece that is written down in this file.
    ///
    /// # Errors
    /// An engine that takes no more.
    fn begin(&self, piece: &Path) -> Result<(), EngineError>;

    /// The pieces that have ended since the last call, in any order. If there are none, it waits for the first, but
    /// only for a moment: the job looks whether it was cancelled.
    ///
    /// # Errors
    /// A piece that could not be done, however often it was tried.
    fn ended(&self) -> Result<Vec<PathBuf>, EngineError>;

    /// Stops all pieces that have not ended, as far as it can: what comes of them is of no use any more.
    fn stop(&self);
}

/// As many bytes as one thread weighs in some seconds; more of a corpus that would come to too many pieces.
pub fn piece_bytes(corpus: u64) -> u64 {
    const FEWEST: u64 = 128 << 20;
    const MOST: u64 = 1 << 30;
    const PIECES: u64 = 1 << 10;
    (corpus / PIECES).clamp(FEWEST, MOST)
}

/// Why an engine could not do a piece of work, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine: {0}")]
pub struct EngineError(pub String);

/// Why a piece failed, as the machine that worked on it has told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{words}")]
pub struct PieceFailure {
    /// What kind of error it was.
    pub kind: ErrorKind,
    /// The file or folder that it is about.
    #[serde(with = "optional_path")]
    pub path: Option<PathBuf>,
    /// The line of that file, from 1.
    pub line: Option<u64>,
    /// The byte of the line, or of the content of the file, from 0.
    pub byte: Option<u64>,
    /// What happened, where, and what to do next.
    pub words: String,
}

/// A path as the bytes that it is.
mod optional_path {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::storage;

    pub(super) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_ref().map(|path| path.as_os_str().as_encoded_bytes()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let bytes: Option<Vec<u8>> = Option::deserialize(deserializer)?;
        Ok(bytes.map(|bytes| storage::path_of_bytes(&bytes)))
    }
}
