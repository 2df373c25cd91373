use super::documents::{Documents, ReadReport, ReadThread, Rejects};
use super::scan::{self, Job};
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, FitBudget, RawCounts, RawSample, Target};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Shards, content_hash};

/// Counts everything in a target.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub fn count_target(
    target: &TargetShards,
    space: FeatureSpace,
    options: &ReadOptions,
    mut rejects: Option<&mut Rejects>,
    progress: &Progress,
) -> Result<(Target, ReadReport), Error> {
    progress.begin("target", target.shards.total_bytes());
    let documents = Documents::new(&target.shards, options, rejects.as_deref_mut());
    let job = CountTarget { space, documents };
    let scanned = scan::scan(&job, &target.shards, progress)?;
    let what = format!("target `{}`", target.name);
    let (threads, report) =
        job.documents.finish(&what, rejects, scanned, |thread| thread.read.take_tally())?;
    let mut counts = Counts::new(space.buckets);
    for thread in threads {
        counts.add(&thread.counts)?;
    }
    Ok((Target { name: target.name.clone(), counts }, report))
}

/// Counts a raw corpus, or a sample of it that keeps within `budget`.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub fn count_raw(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    mut rejects: Option<&mut Rejects>,
    progress: &Progress,
) -> Result<(RawCounts, ReadReport), Error> {
    progress.begin("fit", shards.total_bytes());
    let sample = RawSample::new(budget);
    let documents = Documents::new(shards, options, rejects.as_deref_mut());
    let job = CountRaw { space, sample, documents };
    let scanned = scan::scan(&job, shards, progress)?;
    let CountRaw { sample, documents, .. } = job;
    let (threads, report) = documents.finish("raw", rejects, scanned, |thread| thread.read.take_tally())?;
    let raw = sample.finish(threads.into_iter().map(|thread| thread.counts), space.buckets)?;
    Ok((raw, report))
}

struct CountTarget<'a> {
    space: FeatureSpace,
    documents: Documents<'a>,
}

struct CountThread<'a, C> {
    featurizer: Featurizer,
    counts: C,
    read: ReadThread<'a>,
}

impl<'a> Job for CountTarget<'a> {
    type Thread = CountThread<'a, Counts>;
    type Made = Vec<u8>;
    type Gathered = usize;

    fn thread(&self) -> Self::Thread {
        let featurizer = Featurizer::new(self.space);
        CountThread { featurizer, counts: Counts::new(self.space.buckets), read: self.documents.thread() }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<usize, Error> {
        Ok(shard)
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Vec<u8>, Error> {
        let CountThread { featurizer, counts, read } = thread;
        self.documents.each(read, shard, block, |_, text| {
            let Some(text) = text else { return };
            counts.documents += 1;
            counts.tokens += featurizer.featurize(text, |buckets| {
                buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
            });
        })
    }

    fn gather(&self, shard: &mut usize, rejected: Vec<u8>) -> Result<(), Error> {
        self.documents.keep(*shard, &rejected)
    }

    fn end(&self, shard: usize) -> Result<(), Error> {
        self.documents.end(shard)
    }
}

struct CountRaw<'a> {
    space: FeatureSpace,
    sample: RawSample,
    documents: Documents<'a>,
}

impl<'a> Job for CountRaw<'a> {
    type Thread = CountThread<'a, crate::density::LevelCounts>;
    type Made = Vec<u8>;
    type Gathered = usize;

    fn thread(&self) -> Self::Thread {
        let counts = self.sample.thread(self.space.buckets);
        CountThread { featurizer: Featurizer::new(self.space), counts, read: self.documents.thread() }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<usize, Error> {
        Ok(shard)
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Vec<u8>, Error> {
        let CountThread { featurizer, counts, read } = thread;
        let rejected = self.documents.each(read, shard, block, |record, text| {
            let Some(text) = text else { return };
            counts.document(&self.sample, content_hash(record.bytes), |count| {
                featurizer.featurize(text, count)
            });
        });
        counts.raise_floor(&self.sample);
        rejected
    }

    fn gather(&self, shard: &mut usize, rejected: Vec<u8>) -> Result<(), Error> {
        self.documents.keep(*shard, &rejected)
    }

    fn end(&self, shard: usize) -> Result<(), Error> {
        self.documents.end(shard)
    }
}
