//! Complete weights, and the folder that they go to.

use std::sync::{Mutex, PoisonError};

use super::shard_files::Parts;
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, IdFields, Shards};
use crate::weights::{self, RowBlock, WeightsFile, WeightsFolder};

/// Moves weights that are complete where they go.
pub(super) struct Publisher<'a> {
    /// `None`: they stay where they were made.
    pub(super) to: Option<&'a WeightsFolder>,
    /// Shards whose weights are complete and not yet there.
    complete: Mutex<Vec<usize>>,
}

impl<'a> Publisher<'a> {
    /// For the weights of shards that are complete already, and of those that will be.
    pub(super) fn new(to: Option<&'a WeightsFolder>, complete: Vec<usize>) -> Self {
        Publisher { to, complete: Mutex::new(complete) }
    }

    /// Notes that the weights of a shard are complete.
    pub(super) fn add(&self, shard: usize) {
        self.complete.lock().unwrap_or_else(PoisonError::into_inner).push(shard);
    }

    /// Moves all that are complete.
    pub(super) fn publish(&self, parts: &Parts<'_>) -> Result<(), Error> {
        let Some(folder) = self.to else { return Ok(()) };
        let mut complete = self.complete.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Vec::new();
        for shard in complete.drain(..) {
            let (from, to) = (parts.weights_of(shard), folder.path_of(&parts.shards[shard]));
            // An earlier run may have been killed after it had moved them.
            if !from.exists() {
                continue;
            }
            // What is no weights file is replaced; of another model it cannot be.
            if let Ok(there) = WeightsFile::open(&to)
                && !WeightsFile::open(&from)?.has_records_of(&there)?
            {
                let shard = parts.shards[shard].path().into();
                return Err(weights::Error::OtherShard { path: to, shard }.into());
            }
            files.push((from, to));
        }
        Ok(parts.storage.move_all(&files)?)
    }
}

/// Makes sure that weights that are in `folder` already, under the names of `shards`, are of these: by the first
/// record of each, for that takes no time.
///
/// # Errors
/// Weights of another shard; a shard that cannot be read.
pub(crate) fn refuse_weights_of_others(
    shards: &Shards,
    folder: &WeightsFolder,
    ids: &IdFields,
) -> Result<(), Error> {
    let (mut block, mut rows) = (Block::default(), RowBlock::default());
    for shard in shards.iter().filter(|shard| !shard.is_stream()) {
        let path = folder.path_of(shard);
        let Ok(there) = WeightsFile::open(&path) else { continue };
        if there.rows() == 0 || !there.layout().is_full() {
            continue;
        }
        there.read(0, 1, &mut rows)?;
        BlockReader::open(shard, &Observer::default())?.next_block(&mut block)?;
        let first = block.records().next().and_then(|record| ids.hash(record.bytes).ok());
        if first.is_some_and(|first| rows.rows().any(|row| row.record() != first)) {
            return Err(weights::Error::OtherShard { path, shard: shard.path().into() }.into());
        }
    }
    Ok(())
}
