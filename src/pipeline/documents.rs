use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::ReadOptions;
use super::rejects::push_reject;
use crate::error::Error;
use crate::reader::{self, Block, Fault, FieldKind, Record, Shards, TextReader};

/// What came of reading shards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadReport {
    /// Lines that are not blank.
    pub records: u64,
    /// Those that were skipped as invalid.
    pub invalid: u64,
    /// Bytes of decompressed content.
    pub bytes: u64,
    /// Of these, what an earlier run had done.
    pub bytes_before: u64,
    /// Wall time.
    pub seconds: f64,
}

impl ReadReport {
    /// With another reading of the same shards: all that was read.
    pub(super) fn and(&self, other: &ReadReport) -> ReadReport {
        ReadReport {
            records: self.records + other.records,
            invalid: self.invalid + other.invalid,
            bytes: self.bytes + other.bytes,
            bytes_before: self.bytes_before + other.bytes_before,
            seconds: self.seconds + other.seconds,
        }
    }
}

/// Counts of the records of one shard, from its start, and what was wrong with the first that was skipped.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) records: u64,
    pub(super) invalid: u64,
    /// Decompressed content.
    pub(super) bytes: u64,
    first: Option<String>,
}

impl Tally {
    /// Of one block, before anything is skipped.
    pub(super) fn of(block: &Block) -> Self {
        Tally { records: block.len() as u64, bytes: block.content_bytes(), ..Tally::default() }
    }

    /// Adds what comes after.
    pub(super) fn add(&mut self, more: Tally) {
        self.records += more.records;
        self.invalid += more.invalid;
        self.bytes += more.bytes;
        self.first = self.first.take().or(more.first);
    }
}

/// What was taken out of one block: counts, and what is to be kept of the records skipped.
pub(super) struct Taken {
    pub(super) tally: Tally,
    pub(super) rejected: Vec<u8>,
}

/// Takes the documents out of blocks, and deals with records that are none.
pub(super) struct Documents<'a> {
    shards: &'a Shards,
    options: &'a ReadOptions,
    kind: FieldKind,
    with_rejects: bool,
    start: Instant,
}

impl<'a> Documents<'a> {
    /// The documents of `shards`, whose text fields hold what `kind` says.
    pub(super) fn new(
        shards: &'a Shards,
        options: &'a ReadOptions,
        kind: FieldKind,
        with_rejects: bool,
    ) -> Self {
        Documents { shards, options, kind, with_rejects, start: Instant::now() }
    }

    /// What one thread works with.
    pub(super) fn thread(&self) -> TextReader<'a> {
        TextReader::of_kind(&self.options.fields, self.kind)
    }

    /// Gives every record of `block` to `each`, with its text unless it is skipped as invalid. A fault that `each` finds makes a
    /// record invalid too; it is given once more, without its text.
    pub(super) fn each(
        &self,
        texts: &mut TextReader<'_>,
        shard: usize,
        block: &Block,
        each: impl FnMut(Record<'_>, Option<&str>) -> Result<(), Fault>,
    ) -> Result<Taken, Error> {
        self.each_of(texts, shard, block, |_| true, each)
    }

    /// The same for the records that are `wanted`; nobody looks into the others.
    pub(super) fn each_of(
        &self,
        texts: &mut TextReader<'_>,
        shard: usize,
        block: &Block,
        wanted: impl Fn(Record<'_>) -> bool,
        mut each: impl FnMut(Record<'_>, Option<&str>) -> Result<(), Fault>,
    ) -> Result<Taken, Error> {
        let mut taken = Taken { tally: Tally::of(block), rejected: Vec::new() };
        for record in block.records().filter(|record| wanted(*record)) {
            if let Err(fault) = texts.text(record.bytes).and_then(|text| each(record, Some(&text))) {
                self.skip(shard, record, fault, &mut taken)?;
                // Nothing is left that could be wrong.
                let _ = each(record, None);
            }
        }
        Ok(taken)
    }

    fn skip(&self, shard: usize, record: Record<'_>, fault: Fault, taken: &mut Taken) -> Result<(), Error> {
        let path = self.shards[shard].path();
        if !self.options.skip_invalid {
            return Err(reader::Error::Record { shard: path.into(), line: record.line, fault }.into());
        }
        let Taken { tally, rejected } = taken;
        tally.invalid += 1;
        tally.first.get_or_insert_with(|| format!("{}:{}: {fault}", path.display(), record.line));
        if self.with_rejects {
            push_reject(path, record, &fault, rejected);
        }
        Ok(())
    }

    /// Sums up what the shards of `what` have come to.
    ///
    /// # Errors
    /// Shards without a single document.
    pub(super) fn finish<'t>(
        &self,
        what: &str,
        shards: impl IntoIterator<Item = &'t Tally>,
    ) -> Result<ReadReport, Error> {
        let mut sum = Tally::default();
        shards.into_iter().for_each(|tally| sum.add(tally.clone()));
        let Tally { records, invalid, bytes, first } = sum;
        if records == invalid {
            let (what, shards) = (what.into(), self.shards.len());
            return Err(Error::NoDocument { what, shards, records, invalid, first_fault: first });
        }
        let seconds = self.start.elapsed().as_secs_f64();
        Ok(ReadReport { records, invalid, bytes, bytes_before: 0, seconds })
    }
}
