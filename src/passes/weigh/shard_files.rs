//! The files of shards whose weights are being made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::WeighedBlock;
use crate::error::Error;
use crate::passes::candidates::Candidates;
use crate::passes::documents::Tally;
use crate::reader::{Bookmark, Reread, Shard, Shards};
use crate::storage::{self, GrowingFile, Storage};
use crate::weights::{Layout, WeightsFile, WeightsFolder, WeightsWriter};

/// Where the files of shards are while their weights are being made.
pub(super) struct Parts<'a> {
    pub(super) shards: &'a Shards,
    pub(super) storage: &'a Storage,
    pub(super) folder: PathBuf,
    pub(super) weights: WeightsFolder,
    pub(super) layout: Layout,
    /// Kept beside the weights, if they are.
    pub(super) candidates: Option<&'a Candidates>,
}

/// The files of one shard under way.
pub(super) struct ShardFiles {
    pub(super) shard: usize,
    pub(super) tally: Tally,
    weights: WeightsWriter,
    candidates: Option<GrowingFile>,
    rejects: Option<GrowingFile>,
    overlaps: Option<GrowingFile>,
}

/// How long the files of a shard under way are; the length of the weights follows from the records.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PartState {
    /// None if none are kept.
    pub(super) candidates: Option<u64>,
    rejects: u64,
    overlaps: u64,
}

impl Parts<'_> {
    pub(super) fn weights_of(&self, shard: usize) -> PathBuf {
        self.weights.path_of(&self.shards[shard])
    }

    pub(super) fn rejects_of(&self, shard: &Shard) -> PathBuf {
        self.beside_weights(shard, ".rejects")
    }

    /// Where it is noted what documents of a shard share with evaluation sets.
    pub(super) fn overlaps_of(&self, shard: &Shard) -> PathBuf {
        self.beside_weights(shard, ".overlaps")
    }

    fn beside_weights(&self, shard: &Shard, ending: &str) -> PathBuf {
        let mut name = self.folder.join(shard.relative()).into_os_string();
        name.push(ending);
        name.into()
    }

    /// Begins the files of a shard. Of one that is cheap to read again, no candidates are kept.
    pub(super) fn create(&self, shard: usize, reread: Reread) -> Result<ShardFiles, Error> {
        let of = &self.shards[shard];
        let weights = WeightsWriter::create_in(self.storage, &self.weights.path_of(of), self.layout)?;
        let candidates = match self.candidates {
            Some(candidates) if reread != Reread::Cheap => Some(self.storage.grow(&candidates.path_of(of))?),
            Some(candidates) => {
                let path = candidates.path_of(of);
                removed(&path, fs::remove_file(&path))?;
                None
            }
            None => None,
        };
        let overlaps = self.overlaps_of(of);
        removed(&overlaps, fs::remove_file(&overlaps))?;
        let (rejects, overlaps) = (None, None);
        Ok(ShardFiles { shard, tally: Tally::default(), weights, candidates, rejects, overlaps })
    }

    /// Resumes the files of a shard.
    pub(super) fn resume(
        &self,
        shard: usize,
        (at, tally, part): &(Bookmark, Tally, PartState),
    ) -> Result<ShardFiles, storage::Error> {
        let of = &self.shards[shard];
        let path = self.weights.path_of(of);
        let candidates = self.candidates.zip(part.candidates);
        let candidates =
            candidates.map(|(candidates, len)| GrowingFile::resume(&candidates.path_of(of), len));
        let rejects = (part.rejects > 0).then(|| GrowingFile::resume(&self.rejects_of(of), part.rejects));
        let overlaps = (part.overlaps > 0).then(|| GrowingFile::resume(&self.overlaps_of(of), part.overlaps));
        Ok(ShardFiles {
            shard,
            tally: tally.clone(),
            weights: WeightsWriter::resume(&path, self.layout, at.records())?,
            candidates: candidates.transpose()?,
            rejects: rejects.transpose()?,
            overlaps: overlaps.transpose()?,
        })
    }

    /// Whether the complete weights of a shard are here or in `published`.
    pub(super) fn is_there(&self, shard: usize, records: u64, published: Option<&WeightsFolder>) -> bool {
        let folders = [Some(&self.weights), published].into_iter().flatten();
        folders.map(|folder| folder.path_of(&self.shards[shard])).any(|path| {
            WeightsFile::open(&path).is_ok_and(|file| file.rows() == records && file.layout() == self.layout)
        })
    }

    /// Whether the files of a shard are as long as they were.
    pub(super) fn is_under_way(&self, shard: usize, at: Bookmark, part: &PartState) -> bool {
        let shard = &self.shards[shard];
        let has = |path: &Path, len: u64| fs::metadata(path).is_ok_and(|there| there.len() >= len);
        let candidates = self.candidates.zip(part.candidates);
        has(&self.weights.path_of(shard), WeightsWriter::len(self.layout, at.records()))
            && candidates.is_none_or(|(candidates, len)| has(&candidates.path_of(shard), len))
            && (part.rejects == 0 || has(&self.rejects_of(shard), part.rejects))
            && (part.overlaps == 0 || has(&self.overlaps_of(shard), part.overlaps))
    }
}

impl ShardFiles {
    /// Appends what was made of the next block.
    pub(super) fn append(&mut self, made: WeighedBlock, parts: &Parts<'_>) -> Result<(), Error> {
        let WeighedBlock { rows, taken, candidates, overlaps } = made;
        self.tally.add(taken.tally);
        self.weights.write(&rows)?;
        if let Some(file) = &mut self.candidates {
            file.append(&candidates)?;
        }
        let shard = &parts.shards[self.shard];
        append_to(&mut self.rejects, || parts.rejects_of(shard), &taken.rejected, parts.storage)?;
        append_to(&mut self.overlaps, || parts.overlaps_of(shard), &overlaps, parts.storage)?;
        Ok(())
    }

    /// What a later run must know to resume them.
    pub(super) fn state(&mut self) -> Result<PartState, Error> {
        self.weights.flush()?;
        let candidates = self.candidates.as_mut().map(GrowingFile::len).transpose()?;
        let rejects = self.rejects.as_mut().map(GrowingFile::len).transpose()?.unwrap_or(0);
        let overlaps = self.overlaps.as_mut().map(GrowingFile::len).transpose()?.unwrap_or(0);
        Ok(PartState { candidates, rejects, overlaps })
    }

    /// Completes the weights.
    pub(super) fn finish(self) -> Result<Tally, Error> {
        self.weights.finish()?;
        Ok(self.tally)
    }
}

/// Appends to a file that is begun by the first bytes that there are.
fn append_to(
    file: &mut Option<GrowingFile>,
    path: impl FnOnce() -> PathBuf,
    bytes: &[u8],
    storage: &Storage,
) -> Result<(), storage::Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    let file = match file {
        Some(file) => file,
        none => none.insert(storage.grow(&path())?),
    };
    file.append(bytes)
}

/// What was removed need not have been there.
pub(super) fn removed(path: &Path, result: io::Result<()>) -> Result<(), storage::Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(storage::Error::new(path, source)),
        _ => Ok(()),
    }
}
