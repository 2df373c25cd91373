//! Samples texts of the raw corpus in one reading, and gives their features in any feature space.

use std::time::Instant;

use super::ReadOptions;
use super::documents::{Documents, Hashed, ReadReport, Taken, Tally};
use super::filter::FilterThread;
use super::refining_sample::Eligible;
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::refine::{Sampled, SampledTexts, TextSampler, TextSamplerThread, featurize};
use crate::scan::{self, Job};

/// The features of sampled texts in a feature space.
///
/// # Errors
/// A sentence model that cannot be read.
pub(crate) fn featurize_texts(
    texts: &SampledTexts,
    space: FeatureSpace,
    read: &ReadOptions,
) -> Result<Sampled, Error> {
    Ok(featurize(texts, &read.featurizers(space)?))
}

/// Samples the texts of eligible documents. Only those that may be in the sample are looked into, and which these are until the end of the
/// corpus depends on the threads: what is wrong with records is left to the next reading, which looks into all.
///
/// # Errors
/// Shards that cannot be read.
pub(crate) fn sample_texts(
    shards: &Shards,
    space: FeatureSpace,
    (eligible, sampler): (&Eligible, TextSampler),
    read: &ReadOptions,
    observer: &Observer,
) -> Result<(SampledTexts, ReadReport), Error> {
    let featurizers = read.featurizers(space)?;
    let featurizers = if sampler.prospects().most() == 0 { featurizers.of_tokens() } else { featurizers };
    observer.begin("sample", shards.total_bytes());
    let start = Instant::now();
    let read = ReadOptions { skip_invalid: true, ..read.clone() };
    let documents = Documents::new(shards, &read, space.tokenizer.field_kind(), false, observer);
    let job = SampleTexts { featurizers, eligible, sampler, documents };
    let scanned = scan::scan(&job, shards, observer)?;
    job.documents.check_contents(scanned.shards.iter())?;
    let mut report = ReadReport::default();
    for shard in &scanned.shards {
        report.records += shard.records;
        report.bytes += shard.bytes;
    }
    report.seconds = start.elapsed().as_secs_f64();
    let threads = scanned.threads.into_iter().map(|thread| thread.sampled);
    Ok((job.sampler.finish(threads), report))
}

struct SampleTexts<'a> {
    featurizers: Featurizers,
    eligible: &'a Eligible,
    sampler: TextSampler,
    documents: Documents<'a>,
}

struct SampleThread<'a> {
    /// Counts tokens.
    featurizer: Featurizer,
    texts: TextReader<'a>,
    filter: FilterThread,
    sampled: TextSamplerThread,
    /// What a document comes to by the log-ratios of the prospects.
    sums: Vec<i64>,
}

impl<'a> Job for SampleTexts<'a> {
    type Thread = SampleThread<'a>;
    type Made = Taken;
    type Gathered = Tally;
    type Ended = Tally;

    fn thread(&self) -> SampleThread<'a> {
        SampleThread {
            featurizer: self.featurizers.featurizer(),
            texts: self.documents.thread(),
            filter: self.eligible.filter.thread(),
            sampled: self.sampler.thread(),
            sums: self.sampler.prospects().sums(),
        }
    }

    fn begin(&self, _: usize, _: &BlockReader) -> Result<Tally, Error> {
        Ok(Tally::default())
    }

    fn make(&self, thread: &mut SampleThread<'a>, shard: usize, block: &Block) -> Result<Taken, Error> {
        let SampleThread { featurizer, texts, filter, sampled, sums } = thread;
        let prospects = self.sampler.prospects();
        // It does not rise within a block.
        let floor = sampled.floor();
        let most = prospects.most();
        let wanted = |record: Hashed<'_>| prospects.is_sampled(floor, record.hash, most);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            if !self.eligible.filter.check(record.bytes, text, filter).is_drawn_by_weight() {
                return Ok(());
            }
            sums.fill(0);
            let tokens = featurizer.featurize(text, |buckets| prospects.add(buckets, sums));
            if tokens >= self.eligible.min_tokens.into() {
                let bytes = record.bytes.len() as u64 + 1;
                let hash = (record.hash, prospects.lift(sums, tokens));
                sampled.document(&self.sampler, hash, (tokens, bytes), text);
            }
            Ok(())
        });
        sampled.raise_floor(&self.sampler);
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
