//! Records kept while they are weighed, so that none is read a second time where that would be slow.
//!
//! Each shard that is compressed, or can be read only once, gets a file of its own beside its weights: zstd frames of
//! lines, each the number of a record in its shard, a space, and the record.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::reader::{Block, Record, Reread, Shard, Shards};
use crate::resample::{Draw, Screen};
use crate::review::HashSample;
use crate::weights::{self, Layout, Row};

/// The records that may still be selected when they are weighed.
pub(crate) struct Candidates {
    folder: PathBuf,
    screen: Screen,
    /// Which of the others are kept for a review, if there is to be one.
    sample: Option<HashSample>,
}

/// Of English, it saves a tenth of the bytes, at 3 GB/s; level -5 would save a third, and add a quarter to the time of
/// weighing.
const LEVEL: i32 = -50;

impl Candidates {
    /// Kept in `folder`: those that `screen` lets pass, and a sample of all that are eligible if the selection is
    /// `reviewed`.
    pub(crate) fn new(folder: &Path, screen: Screen, reviewed: bool) -> Self {
        let screen = if reviewed { screen.beside_sample() } else { screen };
        Candidates { folder: folder.into(), screen, sample: reviewed.then(HashSample::default) }
    }

    /// The screen they pass.
    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Where those of `shard` are kept.
    pub(super) fn path_of(&self, shard: &Shard) -> PathBuf {
        path(&self.folder, shard.relative())
    }

    /// The files from which `draw` can be written; `None` for a shard that must be read again.
    pub(crate) fn files(&self, shards: &Shards, draw: &Draw) -> Vec<Option<PathBuf>> {
        let holds = self.screen.holds(draw);
        let file = |shard: &Shard| (holds || !shard.is_readable()).then(|| self.path_of(shard));
        shards.iter().map(|shard| file(shard).filter(|path| path.exists())).collect()
    }

    /// Of a block of `shard` just weighed to `rows`, what is to be kept: a frame.
    pub(super) fn frame(
        &self,
        thread: &mut CandidatesThread,
        block: &Block,
        row_bytes: &[u8],
        layout: Layout,
    ) -> Result<Vec<u8>, Error> {
        let mut rows = weights::rows(row_bytes, layout);
        let kept = match block.reread() {
            Reread::Cheap => return Ok(Vec::new()),
            Reread::Never if !self.screen.is_sure() => (0..block.len())
                .filter(|_| rows.next().is_some_and(|row| self.screen.is_eligible(&row)))
                .collect(),
            Reread::Costly | Reread::Never => {
                let kept = self.screen.keep(rows.by_ref());
                match &self.sample {
                    Some(sample) if self.screen.keeps_some() => {
                        self.with_sample(sample, kept, weights::rows(row_bytes, layout))
                    }
                    _ => kept,
                }
            }
        };
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let frame = thread.frame(block, &kept);
        frame.map_err(|source| Error::TempDir { folder: self.folder.clone(), source })
    }
}

impl Candidates {
    /// The places of those that are kept and of those in the sample so far, in order.
    fn with_sample<'r>(
        &self,
        sample: &HashSample,
        kept: Vec<usize>,
        rows: impl Iterator<Item = Row<'r>>,
    ) -> Vec<usize> {
        let eligible = rows.enumerate().filter(|(_, row)| self.screen.is_eligible(row));
        let sampled = sample.add(eligible.map(|(index, row)| (index, row.record())));
        let mut places = [kept, sampled].concat();
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// Where those of the shard that is called `name` are, in `folder`.
pub(super) fn path(folder: &Path, name: &Path) -> PathBuf {
    let mut name = folder.join(name).into_os_string();
    name.push(".candidates");
    name.into()
}

/// What one thread works with.
#[derive(Default)]
pub(super) struct CandidatesThread {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    lines: Vec<u8>,
}

impl CandidatesThread {
    /// A frame of those records of `block` that have these places in it, in order.
    pub(super) fn frame(&mut self, block: &Block, kept: &[usize]) -> io::Result<Vec<u8>> {
        let CandidatesThread { compressor, lines } = self;
        lines.clear();
        let mut kept = kept.iter().peekable();
        for (index, record) in block.records().enumerate() {
            if kept.next_if_eq(&&index).is_some() {
                push_line(block.first_record() + index as u64, record, lines);
            }
        }
        match compressor {
            Some(compressor) => compressor.compress(lines),
            None => zstd::bulk::Compressor::new(LEVEL).and_then(|new| compressor.insert(new).compress(lines)),
        }
    }
}

fn push_line(number: u64, record: Record<'_>, lines: &mut Vec<u8>) {
    lines.extend_from_slice(number.to_string().as_bytes());
    lines.push(b' ');
    lines.extend_from_slice(record.bytes);
    if record.bytes.ends_with(b"\r") {
        lines.push(b'\r'); // The reader takes one away.
    }
    lines.push(b'\n');
}

/// The number of a record and the record, from a line.
pub(super) fn parse_line(line: &[u8]) -> Option<(u64, &[u8])> {
    let space = memchr::memchr(b' ', line)?;
    let number = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    Some((number, &line[space + 1..]))
}
