//! The beginnings of some shards, read to tell what reading all of them would take.

use std::time::Instant;

use rayon::prelude::*;

use super::documents::Documents;
use super::filter::Filter;
use super::{ReadOptions, Tally};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shard, Shards};
use crate::resample::Totals;

/// So many shards are looked into, and so many bytes of each.
const SHARDS: usize = 16;
const BYTES: u64 = 4 << 20;

/// What was seen of a corpus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Glimpse {
    /// How many shards were looked into.
    pub(crate) shards: usize,
    /// The records that were read.
    pub(crate) records: u64,
    /// Those that would be skipped.
    pub(crate) invalid: u64,
    /// Their bytes, decompressed.
    pub(crate) bytes: u64,
    /// The same as stored, about.
    pub(crate) stored: u64,
    /// The n-grams of all documents.
    pub(crate) ngrams: u64,
    /// Those that could be drawn.
    pub(crate) eligible: Totals,
    /// What all threads together took.
    pub(crate) busy_seconds: f64,
}

/// Reads the beginnings of some of `shards`, spread evenly, on all threads, as weighing would.
///
/// # Errors
/// Shards that cannot be read, and their first bad record, unless such are skipped.
pub(crate) fn glimpse(
    shards: &Shards,
    read: &ReadOptions,
    filter: &Filter,
    min_tokens: u32,
    space: FeatureSpace,
    observer: &Observer,
) -> Result<Glimpse, Error> {
    let files: Vec<usize> = (0..shards.len()).filter(|shard| !shards[*shard].is_stream()).collect();
    let every = files.len().div_ceil(SHARDS).max(1);
    let looked_into: Vec<usize> = files.into_iter().step_by(every).collect();
    let featurizers = read.featurizers(space)?;
    let documents = Documents::new(shards, read, space.tokenizer.field_kind(), false, observer);
    let one = |shard: &usize| -> Result<Glimpse, Error> {
        let start = Instant::now();
        let (mut texts, mut thread, mut featurizer) =
            (documents.thread(), filter.thread(), featurizers.featurizer());
        // Bytes as stored are counted as progress, here of this shard alone.
        let own = Observer::default();
        let mut reader = BlockReader::open(&shards[*shard], &own)?;
        let (mut block, mut seen, mut sum) = (Block::default(), Glimpse::default(), Tally::default());
        while sum.bytes < BYTES && reader.next_block(&mut block)? {
            observer.check()?;
            let taken = documents.each(&mut texts, *shard, &block, |record, text| {
                let Some(text) = text else { return Ok(()) };
                let mut ngrams = 0;
                let tokens = featurizer.featurize(text, |buckets| ngrams += buckets.len() as u64);
                seen.ngrams += ngrams;
                let verdict = filter.check(record.bytes, text, &mut thread);
                if verdict.is_drawn_by_weight() && tokens >= u64::from(min_tokens) {
                    let bytes = record.bytes.len() as u64 + 1;
                    seen.eligible.add(Totals { records: 1, tokens, bytes });
                }
                Ok(())
            })?;
            sum.add(taken.tally);
        }
        let (_, progress) = own.now();
        let stored = if progress > 0 { progress } else { sum.bytes };
        let Tally { records, invalid, bytes, .. } = sum;
        let busy_seconds = start.elapsed().as_secs_f64();
        Ok(Glimpse { shards: 1, records, invalid, bytes, stored, busy_seconds, ..seen })
    };
    let each: Vec<Result<Glimpse, Error>> = looked_into.par_iter().map(one).collect();
    let mut all = Glimpse::default();
    for seen in each {
        all.add(&seen?);
    }
    Ok(all)
}

impl Glimpse {
    fn add(&mut self, more: &Glimpse) {
        self.shards += more.shards;
        self.records += more.records;
        self.invalid += more.invalid;
        self.bytes += more.bytes;
        self.stored += more.stored;
        self.ngrams += more.ngrams;
        self.eligible.add(more.eligible);
        self.busy_seconds += more.busy_seconds;
    }
}

/// How many bytes shards take up as stored, streams left out.
pub(crate) fn stored_bytes(shards: &Shards) -> u64 {
    shards.iter().filter(|shard| !shard.is_stream()).map(Shard::bytes).sum()
}
