//! Keeps the selected records of each shard in a file, from which they are written elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::candidates::{self, CandidatesThread};
use super::documents::Tally;
use super::elsewhere::{Elsewhere, Floors, KeepTask};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards};
use crate::resample::{Plan, Position};
use crate::scan::{self, Job};
use crate::storage::{self, Storage, WholeFile};
use crate::weights::{RowBlock, WeightsFile};

/// The records that a plan has selected, kept for writing.
pub(super) struct Kept {
    /// Of each shard that was read: zstd frames of lines, each the number of a record in its shard, a space, and the
    /// record.
    pub(super) files: Vec<Option<PathBuf>>,
    /// What was read of these shards.
    pub(super) tallies: BTreeMap<usize, Tally>,
}

/// Has other machines keep what `plan` has selected of the shards in their pieces.
pub(super) fn keep(
    plan: &Plan,
    shards: &Shards,
    elsewhere: &Elsewhere,
    observer: &Observer,
) -> Result<Kept, Error> {
    let task = KeepTask { plan: plan.clone() };
    let mut of_pieces = vec![Vec::new(); elsewhere.pieces().len()];
    let mut folders = vec![PathBuf::new(); of_pieces.len()];
    let take = |piece: usize, own: &Path, of_piece| {
        of_pieces[piece] = of_piece;
        folders[piece] = own.into();
        Ok(Floors::default())
    };
    elsewhere.run(&task, take, observer)?;
    let mut files = vec![None; shards.len()];
    for (shard, parts) in elsewhere.files_of_shards(&folders, candidates::path) {
        files[shard] = Some(match &parts[..] {
            [one] => one.clone(),
            several => {
                let path = elsewhere.joined(several)?;
                join(several, &path, elsewhere.storage())?;
                path
            }
        });
    }
    Ok(Kept { files, tallies: elsewhere.tallies_of_read(of_pieces) })
}

/// Frames that follow each other may be in one file.
fn join(parts: &[PathBuf], path: &Path, storage: &Storage) -> Result<(), Error> {
    let mut file = storage.create_with_folders(path)?;
    for part in parts {
        let copied = fs::File::open(part).and_then(|mut part| io::copy(&mut part, &mut file));
        copied.map_err(|source| storage::Error::new(part, source))?;
    }
    Ok(file.finish_soon()?)
}

/// What is kept, and where.
pub(super) struct KeepTo<'a> {
    pub(super) plan: &'a Plan,
    /// The numbers of the shards in the corpus that was drawn from.
    pub(super) numbers: &'a [usize],
    pub(super) folder: &'a Path,
    pub(super) storage: &'a Storage,
}

/// Keeps what was selected of these shards; returns what was read of each.
pub(super) fn keep_part(
    shards: &Shards,
    weights: Vec<WeightsFile>,
    to: KeepTo<'_>,
    observer: &Observer,
) -> Result<Vec<Tally>, Error> {
    Ok(scan::scan(&Keep { shards, weights, to }, shards, observer)?.shards)
}

struct Keep<'a> {
    shards: &'a Shards,
    weights: Vec<WeightsFile>,
    to: KeepTo<'a>,
}

#[derive(Default)]
struct KeepThread {
    rows: RowBlock,
    frames: CandidatesThread,
    /// The places in a block of the records that were selected.
    selected: Vec<usize>,
}

impl Job for Keep<'_> {
    type Thread = KeepThread;
    type Made = (Tally, Vec<u8>);
    type Gathered = (usize, Tally, WholeFile);
    type Ended = Tally;

    fn thread(&self) -> KeepThread {
        KeepThread::default()
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let file = self
            .to
            .storage
            .create_with_folders(&candidates::path(self.to.folder, self.shards[shard].relative()))?;
        Ok((shard, Tally::default(), file))
    }

    fn make(&self, thread: &mut KeepThread, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let KeepThread { rows, frames, selected } = thread;
        super::read_rows(&self.weights[shard], &self.shards[shard], block, rows)?;
        selected.clear();
        for (index, row) in rows.rows().enumerate() {
            let position =
                Position { shard: self.to.numbers[shard], record: block.first_record() + index as u64 };
            if self.to.plan.selected_by(position, &row).next().is_some() {
                selected.push(index);
            }
        }
        let frame = if selected.is_empty() { Ok(Vec::new()) } else { frames.frame(block, selected) };
        let failed = |source| storage::Error::new(self.to.folder, source);
        Ok((Tally::of(block), frame.map_err(failed)?))
    }

    fn gather(&self, (_, tally, file): &mut Self::Gathered, made: Self::Made) -> Result<(), Error> {
        let (more, frame) = made;
        tally.add(more);
        Ok(file.write_all(&frame).map_err(|source| storage::Error::new(self.to.folder, source))?)
    }

    fn end(&self, (shard, tally, file): Self::Gathered) -> Result<Tally, Error> {
        if self.shards[shard].span().is_none() {
            super::check_rows(&self.weights[shard], &self.shards[shard], tally.records)?;
        }
        file.finish_soon()?;
        Ok(tally)
    }
}
