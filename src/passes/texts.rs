//! Samples texts of the raw corpus in one reading, and computes their features in any feature space.

use std::time::Instant;

use super::ReadOptions;
use super::documents::{Documents, Hashed, ReadReport, Taken, Tally};
use super::eligible::Eligible;
use super::filter::FilterThread;
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::refine::{DocumentSample, RawDocument, TextSample, TextSampler, TextsOfLevel, featurize};
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
    let sample = featurize(texts, &read.featurizers(space)?, observer);
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
    observer: &Observer,
) -> Result<(TextSample, ReadReport), Error> {
    let featurizers = read.featurizers(space)?;
    let needs_features = sampler.oversampling().max_boost() > 0;
    let featurizers = if needs_features { featurizers } else { featurizers.of_tokens() };
    observer.begin("sample", shards.total_bytes());
    let start = Instant::now();
    let read = ReadOptions { skip_invalid: true, ..read.clone() };
    let documents = Documents::new(shards, &read, space.tokenizer.field_kind(), false, observer);
    let job = ReadTexts { featurizers, eligible, sampler, documents };
    let scanned = scan::scan(&job, shards, observer)?;
    job.documents.check_contents(scanned.shards.iter())?;
    let mut report = ReadReport::default();
    for shard in &scanned.shards {
        report.records += shard.records;
        report.bytes += shard.bytes;
    }
    report.seconds = start.elapsed().as_secs_f64();
    let threads = scanned.threads.into_iter().map(|thread| thread.levels);
    Ok((job.sampler.finish(threads), report))
}

struct ReadTexts<'a> {
    featurizers: Featurizers,
    eligible: &'a Eligible,
    sampler: TextSampler,
    documents: Documents<'a>,
}

struct ReadTextsThread<'a> {
    /// Counts tokens, and gives the features to decide on boosts.
    featurizer: Featurizer,
    texts: TextReader<'a>,
    filter: FilterThread,
    levels: Levels<TextsOfLevel>,
    /// The sums of log-ratios by which a document is boosted.
    sums: Vec<i64>,
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
            sums: self.sampler.oversampling().sums(),
        }
    }

    fn begin(&self, _: usize, _: &BlockReader) -> Result<Tally, Error> {
        Ok(Tally::default())
    }

    fn make(&self, thread: &mut ReadTextsThread<'a>, shard: usize, block: &Block) -> Result<Taken, Error> {
        let ReadTextsThread { featurizer, texts, filter, levels, sums } = thread;
        let oversampling = self.sampler.oversampling();
        // It does not rise within a block.
        let floor = levels.floor();
        let max_boost = oversampling.max_boost();
        let wanted = |record: Hashed<'_>| oversampling.may_sample(floor, record.hash, max_boost);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            if !self.eligible.admits(record.bytes, text, filter) {
                return Ok(());
            }
            sums.fill(0);
            let tokens = featurizer.featurize(text, |buckets| oversampling.add(buckets, sums));
            if self.eligible.is_long_enough(tokens) {
                let (boost, bytes) = (oversampling.boost(sums, tokens), record.bytes.len() as u64 + 1);
                let document = RawDocument { content_hash: record.hash, boost, tokens, bytes };
                self.sampler.add(levels, document, text);
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
