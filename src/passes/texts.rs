//! Samples texts of the raw corpus in one reading, and computes their features in any feature space.

use std::path::Path;
use std::time::Instant;

use super::ReadOptions;
use super::documents::{Documents, Hashed, ReadReport, Taken, Tally};
use super::eligible::Eligible;
use super::elsewhere::{Elsewhere, Floors, SampleTask, StoredReading};
use super::filter::FilterThread;
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::refine::{DocumentSample, HashedText, TextSample, TextSampler, TextsOfLevel};
use crate::sampling::Levels;
use crate::scan::{self, Job};

/// The features of sampled texts in a feature space.
///
/// # Errors
/// A sentence model that cannot be read.
pub(crate) fn featurize_texts(
    texts: &TextSample,
    space: FeatureSpace,
    read: &ReadOptions,
    observer: &Observer,
) -> Result<DocumentSample, Error> {
    let sample = texts.featurize(&read.featurizers(space)?, observer);
    observer.check()?;
    Ok(sample)
}

/// Samples the texts of eligible documents. Records that cannot be in the sample are not parsed, and which these are,
/// before the end of the corpus, depends on the threads. So invalid records are left to the next reading, which parses
/// all.
///
/// # Errors
/// Shards that cannot be read.
pub(crate) fn sample_texts(
    shards: &Shards,
    space: FeatureSpace,
    read: &ReadOptions,
    eligible: &Eligible,
    sampler: TextSampler,
    elsewhere: Option<&Elsewhere>,
    observer: &Observer,
) -> Result<(TextSample, ReadReport), Error> {
    observer.begin("sample", shards.total_bytes());
    let start = Instant::now();
    let (tallies, levels) = match elsewhere {
        None => sample_part(shards, space, read, eligible, &sampler, observer)?,
        Some(elsewhere) => {
            let task = SampleTask {
                space,
                reading: StoredReading::new(read, eligible),
                sampler: sampler.with_floor(0),
            };
            let (mut tallies, mut levels) = (vec![Vec::new(); elsewhere.pieces().len()], Levels::new());
            let take = |piece: usize, _: &Path, (of_piece, more): (_, Vec<_>)| {
                tallies[piece] = of_piece;
                let before = std::mem::take(&mut levels);
                levels = sampler.merge(more.into_iter().chain([before]));
                Ok(Floors { sampled: levels.floor(), ..Floors::default() })
            };
            elsewhere.run(&task, take, observer)?;
            (elsewhere.tallies(tallies), vec![levels])
        }
    };
    Documents::new(shards, read, space.tokenizer.field_kind(), false, observer)
        .check_contents(tallies.iter())?;
    let mut report = ReadReport::default();
    for shard in &tallies {
        report.records += shard.records;
        report.bytes += shard.bytes;
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((sampler.finish(levels), report))
}

/// What the shards have come to, and what each thread has sampled.
pub(super) fn sample_part(
    shards: &Shards,
    space: FeatureSpace,
    read: &ReadOptions,
    eligible: &Eligible,
    sampler: &TextSampler,
    observer: &Observer,
) -> Result<(Vec<Tally>, Vec<Levels<TextsOfLevel>>), Error> {
    let featurizers = read.featurizers(space)?.of_tokens();
    let read = ReadOptions { skip_invalid: true, ..read.clone() };
    let documents = Documents::new(shards, &read, space.tokenizer.field_kind(), false, observer);
    let job = ReadTexts { featurizers, eligible, sampler, documents };
    let scanned = scan::scan(&job, shards, observer)?;
    Ok((scanned.shards, scanned.threads.into_iter().map(|thread| thread.levels).collect()))
}

struct ReadTexts<'a> {
    featurizers: Featurizers,
    eligible: &'a Eligible,
    sampler: &'a TextSampler,
    documents: Documents<'a>,
}

struct ReadTextsThread<'a> {
    /// Counts tokens.
    featurizer: Featurizer,
    texts: TextReader<'a>,
    filter: FilterThread,
    levels: Levels<TextsOfLevel>,
}

impl<'a> Job for ReadTexts<'a> {
    type Thread = ReadTextsThread<'a>;
    type Made = Taken;
    type Gathered = Tally;
    type Ended = Tally;

    fn thread(&self) -> ReadTextsThread<'a> {
        ReadTextsThread {
            featurizer: self.featurizers.featurizer(),
            texts: self.documents.thread(),
            filter: self.eligible.filter.thread(),
            levels: Levels::new(),
        }
    }

    fn begin(&self, _: usize, _: &BlockReader) -> Result<Tally, Error> {
        Ok(Tally::default())
    }

    fn make(&self, thread: &mut ReadTextsThread<'a>, shard: usize, block: &Block) -> Result<Taken, Error> {
        let ReadTextsThread { featurizer, texts, filter, levels } = thread;
        // The floor does not rise within a block.
        let floor = levels.floor();
        let wanted = |record: Hashed<'_>| TextSampler::may_sample(floor, record.hash);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            if !self.eligible.admits(record.bytes, text, filter) {
                return Ok(());
            }
            let tokens = featurizer.featurize(text, |_| ());
            if self.eligible.is_long_enough(tokens) {
                let bytes = record.bytes.len() as u64 + 1;
                self.sampler.add(levels, HashedText { content_hash: record.hash, tokens, bytes, text });
            }
            Ok(())
        });
        self.sampler.raise_floor(levels);
        taken
    }

    fn gather(&self, tally: &mut Tally, taken: Taken) -> Result<(), Error> {
        tally.add(taken.tally);
        Ok(())
    }

    fn end(&self, tally: Tally) -> Result<Tally, Error> {
        Ok(tally)
    }
}
