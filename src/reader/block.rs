//! Records that are worked on together, and where those are put that are no lines of their file.

use super::table::{Batch, Rows, Strings};
use super::{Error, Fault, Reread, foreign};

/// How much is read at a time: a block fits the second-level cache. A fuzzer's shards are short, and must have several.
pub(super) const BLOCK: usize = if cfg!(fuzzing) { 64 } else { 256 << 10 };
/// Rows become lines until there is as much: more than a block, for each batch of them is decoded on its own.
const ROWS: usize = 2 * BLOCK;
/// A record's length with its newline must fit 32 bits, and so must its place in a block.
pub(super) const LONGEST_RECORD: usize = (u32::MAX as usize) - (16 << 20);

/// Whole records of one shard that follow each other.
#[derive(Default)]
pub struct Block {
    pub(super) data: Vec<u8>,
    pub(super) places: Vec<Place>,
    pub(super) first_record: u64,
    pub(super) first_line: u64,
    pub(super) lines: u64,
    pub(super) content_bytes: u64,
    pub(super) reread: Reread,
    pub(super) is_start: bool,
    /// Rows that are still to become records.
    pub(super) rows: Option<Rows>,
    /// What its records are made of, from the first on, if they are rows.
    batch: Option<Batch>,
    /// What was found wrong with records when they were read.
    faults: Vec<(usize, Fault)>,
}

/// Where a record is in its block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: u32,
    pub(super) len: u32,
    /// Counted from the first line of the block.
    pub(super) line: u32,
}

/// One line of a shard, without its end.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The bytes as they came in, without `\n` and one `\r` before it.
    pub bytes: &'a [u8],
    /// The line of the shard, from 1.
    pub line: u64,
}

impl Block {
    /// The records in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.places.iter().map(|place| Record {
            bytes: &self.data[place.start as usize..][..place.len as usize],
            line: self.first_line + u64::from(place.line),
        })
    }

    /// The strings of a column, if the records are rows of a table that has such a column.
    pub(crate) fn strings(&self, column: &str) -> Option<Strings<'_>> {
        self.batch.as_ref()?.strings(column)
    }

    /// The rows that the records are, from the first on, if they are rows of a table.
    pub(crate) fn batch(&self) -> Option<&Batch> {
        self.batch.as_ref()
    }

    /// What was found wrong with a record of the block when it was read.
    pub(crate) fn fault(&self, index: usize) -> Option<&Fault> {
        let place = self.faults.binary_search_by_key(&index, |(faulty, _)| *faulty).ok()?;
        Some(&self.faults[place].1)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none: a block may hold blank lines alone.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Makes records of rows that were taken, if any were; true if there are more, for which it is filled once more. If
    /// there are to be `only_rows`, the records are empty, and [`batch`](Self::batch) has what they would be.
    ///
    /// # Errors
    /// Rows that cannot be read.
    pub(crate) fn fill(&mut self, only_rows: bool) -> Result<bool, Error> {
        let Some(mut rows) = self.rows.take() else { return Ok(false) };
        self.first_record += self.places.len() as u64;
        self.first_line += self.places.len() as u64;
        self.clear();
        let more = rows.fill(&mut self.room(), only_rows)?;
        self.rows = more.then_some(rows);
        self.lines = self.places.len() as u64;
        self.content_bytes = self.data.len() as u64;
        Ok(more)
    }

    /// Where to put records.
    pub(super) fn room(&mut self) -> Places<'_> {
        let Block { data, places, faults, first_line, batch, .. } = self;
        Places { data, places, faults, first_line: *first_line, batch }
    }

    /// Makes it empty.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.data.clear();
        self.batch = None;
        self.faults.clear();
        if self.data.capacity() > 16 * BLOCK {
            self.data.shrink_to(BLOCK);
        }
        self.is_start = false;
        self.lines = 0;
        self.content_bytes = 0;
    }

    /// The place of the first record in its shard, from 0.
    pub fn first_record(&self) -> u64 {
        self.first_record
    }

    /// What a second reading of its shard would take.
    pub fn reread(&self) -> Reread {
        self.reread
    }

    /// What the shard is that begins with this block, if its first line is no record and it does not look like JSONL
    /// at all.
    pub(crate) fn looks_like(&self) -> Option<&'static str> {
        self.is_start.then(|| foreign::of_lines(&self.data[..self.data.len().min(foreign::SEEN)])).flatten()
    }

    /// How many lines there are, blank ones too.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes of decompressed content behind this block, line ends and blank lines too.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }
}

/// Where records that are no lines of the file are put.
pub(super) struct Places<'a> {
    data: &'a mut Vec<u8>,
    places: &'a mut Vec<Place>,
    faults: &'a mut Vec<(usize, Fault)>,
    first_line: u64,
    /// What the records are made of, from the first on.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only rows of a table are of a batch"))]
    batch: &'a mut Option<Batch>,
}

impl Places<'_> {
    /// Whether there is enough for a block.
    pub(super) fn is_full(&self) -> bool {
        self.data.len() >= ROWS
    }

    /// Adds the record that `put` appends, which begins on this line of the file.
    ///
    /// # Errors
    /// In words, a record too long.
    pub(super) fn push(&mut self, line: u64, put: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
        let start = self.data.len();
        put(self.data);
        let len = self.data.len() - start;
        if len > LONGEST_RECORD {
            return Err("a record of 4 GiB or more".to_owned());
        }
        let line = line.saturating_sub(self.first_line) as u32;
        self.places.push(Place { start: start as u32, len: len as u32, line });
        self.data.push(b'\n');
        Ok(())
    }

    /// Notes what is wrong with the record just added.
    pub(super) fn set_fault(&mut self, fault: Fault) {
        self.faults.push((self.places.len() - 1, fault));
    }

    /// Notes what the records are made of.
    #[cfg(feature = "parquet")]
    pub(super) fn set_batch(&mut self, batch: Batch) {
        *self.batch = Some(batch);
    }
}
