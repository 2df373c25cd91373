use std::collections::BTreeMap;

use super::documents::{Documents, ReadReport, Taken, Tally};
use super::for_refining::{Eligible, Sampling, SamplingThread};
use super::keeper::{Before, Keeper};
use super::rejects::{Rejects, RejectsInOrder};
use super::sample::Sample;
use super::scan::{self, Done, Job, Rhythm};
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, DocumentCounts, FitBudget, LevelCounts, RawCounts, RawSample, Target};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Record, Shards, TextReader, content_hash};
use crate::refine::{Sampled, Sampler};
use crate::work::Work;

/// Counts everything in a target.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub fn count_target(
    target: &TargetShards,
    space: FeatureSpace,
    options: &ReadOptions,
    rejects: Option<&mut Rejects>,
    progress: &Progress,
) -> Result<(Target, ReadReport), Error> {
    progress.begin("target", target.shards.total_bytes());
    let what = format!("target `{}`", target.name);
    let all = Counted { what: &what, shards: &target.shards, space, options, only: None };
    let (counts, report, _) = count_watched(all, || (), rejects, progress)?;
    Ok((Target { name: target.name.clone(), counts, refined: None }, report))
}

/// What is counted, and how.
pub(super) struct Counted<'a> {
    /// What messages call it.
    pub(super) what: &'a str,
    pub(super) shards: &'a Shards,
    pub(super) space: FeatureSpace,
    pub(super) options: &'a ReadOptions,
    /// Only these documents, if not all.
    pub(super) only: Option<&'a Sample>,
}

/// Looks on, in one thread, while documents are counted; `()` does not.
pub(super) trait Watch: Send + Sized {
    /// Prepares what featurizes the documents.
    fn prepare(&self, featurizer: Featurizer) -> Featurizer {
        featurizer
    }
    /// Sees a document that is going to be counted.
    fn begin(&mut self, _record: Record<'_>) {}
    /// Sees n-grams of it.
    fn features(&mut self, _buckets: &[u32]) {}
    /// Sees a document that was counted.
    fn document(&mut self, _record: Record<'_>, _text: &str, _tokens: u64) {}
    /// Sees the end of a block.
    fn end_of_block(&mut self) {}
    /// Sees the end of all.
    fn end(self, _featurizer: &Featurizer) -> Self {
        self
    }
}

impl Watch for () {}

/// Counts documents while each thread has a `watch` of its own; gives all watches back.
pub(super) fn count_watched<W: Watch>(
    counted: Counted<'_>,
    watch: impl Fn() -> W + Sync,
    rejects: Option<&mut Rejects>,
    progress: &Progress,
) -> Result<(Counts, ReadReport, Vec<W>), Error> {
    let Counted { what, shards, space, options, only } = counted;
    let featurizers = options.featurizers(space)?;
    let rejects = RejectsInOrder::new(rejects);
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted());
    let job = CountAll { featurizers, only, documents, rejects, watch };
    let scanned = scan::scan(&job, shards, progress)?;
    let report = job.documents.finish(what, &scanned.shards)?;
    let mut counts = Counts::new(space.buckets);
    let mut watches = Vec::new();
    for CountThread { featurizer, counts: more, watch, .. } in scanned.threads {
        counts.add(&more)?;
        watches.push(watch.end(&featurizer));
    }
    Ok((counts, report, watches))
}

/// Counts a raw corpus, or a sample of it that keeps within `budget`. With a work folder, goes on from what an earlier run has
/// kept there, and keeps what it does itself.
///
/// # Errors
/// Shards that cannot be read, or without a document; a work folder that cannot be written.
pub fn count_raw(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    rejects: Option<&mut Rejects>,
    work: Option<&Work>,
    progress: &Progress,
) -> Result<(RawCounts, ReadReport), Error> {
    let featurizers = options.featurizers(space)?;
    progress.begin("fit", shards.total_bytes());
    // Counts of a stream and of files cannot be told apart, and it cannot be read again; nor are the rejects kept.
    let work = work.filter(|_| rejects.is_none() && shards.iter().all(|shard| shard.fingerprint().is_some()));
    let fields: Vec<String> = options.fields.names().collect();
    let keeper = work.map(|work| Keeper::new(work, "fit", &(space, budget, fields)));
    let mut before: Option<Before<(), RawCounts>> = keeper.as_ref().and_then(|keeper| keeper.before(shards));
    before = before.filter(|before| is_of_use(before, space, options));
    let sample = match &before {
        Some(before) => RawSample::go_on(before.whole.clone())?,
        None => RawSample::new(budget),
    };
    let bytes_before = before.as_ref().map_or(0, Before::bytes);

    let rejects = RejectsInOrder::new(rejects);
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted());
    let job = CountRaw {
        featurizers,
        sample,
        only: None,
        sampling: None,
        documents,
        rejects,
        shards,
        keeper,
        before,
    };
    let scanned = scan::scan(&job, shards, progress)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    let raw = job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?;
    Ok((raw, ReadReport { bytes_before, ..report }))
}

/// Counts a raw corpus as [`count_raw`] does, and samples those of its documents that are `eligible`. Nothing is kept for a later run.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub fn count_raw_and_sample(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    (eligible, sampler): (&Eligible, &Sampler),
    rejects: Option<&mut Rejects>,
    progress: &Progress,
) -> Result<(RawCounts, Sampled, ReadReport), Error> {
    let featurizers = options.featurizers(space)?;
    progress.begin("fit", shards.total_bytes());
    let sample = RawSample::new(budget);
    let rejects = RejectsInOrder::new(rejects);
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted());
    let sampling = Some(Sampling { eligible, sampler });
    let (only, keeper, before) = (None, None, None);
    let job = CountRaw { featurizers, sample, only, sampling, documents, rejects, shards, keeper, before };
    let scanned = scan::scan(&job, shards, progress)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    let raw = job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?;
    let threads = scanned.threads.into_iter().filter_map(|thread| thread.sampling);
    Ok((raw, sampler.finish(threads.map(|thread| thread.sampled)), report))
}

/// Counts the documents of a raw corpus that `only` takes.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub fn count_raw_sample(
    shards: &Shards,
    space: FeatureSpace,
    only: &Sample,
    options: &ReadOptions,
    progress: &Progress,
) -> Result<(RawCounts, ReadReport), Error> {
    let featurizers = options.featurizers(space)?;
    progress.begin("fit", shards.total_bytes());
    let sample = RawSample::new(FitBudget(None));
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), false);
    let (only, rejects) = (Some(only), RejectsInOrder::new(None));
    let (sampling, keeper, before) = (None, None, None);
    let job = CountRaw { featurizers, sample, only, sampling, documents, rejects, shards, keeper, before };
    let scanned = scan::scan(&job, shards, progress)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    Ok((job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?, report))
}

/// Whether counting can go on from there: the counts of one shard cannot be taken away again.
fn is_of_use(before: &Before<(), RawCounts>, space: FeatureSpace, options: &ReadOptions) -> bool {
    let mut tallies = before.ended.values().chain(before.under_way.values().map(|(_, tally, ())| tally));
    before.others == 0
        && before.whole.is_sound(space.buckets)
        && tallies.all(|tally| tally.invalid == 0 || options.skip_invalid)
}

struct CountAll<'a, N> {
    featurizers: Featurizers,
    only: Option<&'a Sample>,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    /// Makes the watch of a thread.
    watch: N,
}

struct CountThread<'a, C, W> {
    featurizer: Featurizer,
    counts: C,
    texts: TextReader<'a>,
    watch: W,
}

/// Whether a record is among those that are counted.
fn is_among(only: Option<&Sample>, record: Record<'_>) -> bool {
    only.is_none_or(|sample| sample.takes(content_hash(record.bytes)))
}

impl<'a, W: Watch, N: Fn() -> W + Sync> Job for CountAll<'a, N> {
    type Thread = CountThread<'a, Counts, W>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> Self::Thread {
        let watch = (self.watch)();
        let featurizer = watch.prepare(self.featurizers.featurizer());
        CountThread {
            featurizer,
            counts: Counts::new(self.featurizers.space().buckets),
            texts: self.documents.thread(),
            watch,
        }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<(usize, Tally), Error> {
        Ok((shard, Tally::default()))
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Taken, Error> {
        let CountThread { featurizer, counts, texts, watch } = thread;
        let wanted = |record: Record<'_>| is_among(self.only, record);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            watch.begin(record);
            let tokens = featurizer.featurize(text, |buckets| {
                watch.features(buckets);
                buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
            });
            counts.documents += 1;
            counts.tokens += tokens;
            watch.document(record, text, tokens);
            Ok(())
        });
        watch.end_of_block();
        taken
    }

    fn gather(&self, (shard, tally): &mut (usize, Tally), taken: Taken) -> Result<(), Error> {
        tally.add(taken.tally);
        self.rejects.write(*shard, &taken.rejected)
    }

    fn end(&self, (shard, tally): (usize, Tally)) -> Result<Tally, Error> {
        self.rejects.end(shard)?;
        Ok(tally)
    }
}

/// Counts all n-grams of a document.
pub(super) fn count(text: &str, featurizer: &mut Featurizer, mut counts: DocumentCounts<'_>) {
    let tokens = featurizer.featurize(text, |buckets| counts.add(buckets));
    counts.end(tokens);
}

struct CountRaw<'a> {
    featurizers: Featurizers,
    sample: RawSample,
    only: Option<&'a Sample>,
    sampling: Option<Sampling<'a>>,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    shards: &'a Shards,
    keeper: Option<Keeper>,
    before: Option<Before<(), RawCounts>>,
}

struct CountRawThread<'a> {
    of: CountThread<'a, LevelCounts, ()>,
    sampling: Option<SamplingThread>,
}

impl<'a> Job for CountRaw<'a> {
    type Thread = CountRawThread<'a>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> Self::Thread {
        let counts = self.sample.thread(self.featurizers.space().buckets);
        let (featurizer, texts) = (self.featurizers.featurizer(), self.documents.thread());
        let sampling = self.sampling.as_ref().map(Sampling::thread);
        CountRawThread { of: CountThread { featurizer, counts, texts, watch: () }, sampling }
    }

    fn open(&self, shard: usize, shards: &Shards, progress: &Progress) -> Result<BlockReader, Error> {
        Ok(match self.before.as_ref().and_then(|before| before.under_way.get(&shard)) {
            Some((at, ..)) => BlockReader::open_at(&shards[shard], *at, progress)?,
            None => BlockReader::open(&shards[shard], progress)?,
        })
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<(usize, Tally), Error> {
        let before = self.before.as_ref().and_then(|before| before.under_way.get(&shard));
        Ok((shard, before.map(|(_, tally, ())| tally.clone()).unwrap_or_default()))
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Taken, Error> {
        let CountRawThread { of: CountThread { featurizer, counts, texts, .. }, sampling } = thread;
        let mut sampling = self.sampling.as_ref().zip(sampling.as_mut());
        let wanted = |record: Record<'_>| is_among(self.only, record);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            let hash = content_hash(record.bytes);
            let counts = counts.begin(&self.sample, hash);
            match (&mut sampling, counts) {
                (Some((sampling, thread)), counts) => {
                    sampling.document(thread, (record, hash), text, featurizer, counts);
                }
                (None, Some(counts)) => count(text, featurizer, counts),
                (None, None) => {}
            }
            Ok(())
        });
        counts.raise_floor(&self.sample);
        if let Some((sampling, thread)) = sampling {
            sampling.end_of_block(thread);
        }
        taken
    }

    fn gather(&self, (shard, tally): &mut (usize, Tally), taken: Taken) -> Result<(), Error> {
        tally.add(taken.tally);
        self.rejects.write(*shard, &taken.rejected)
    }

    fn end(&self, (shard, tally): (usize, Tally)) -> Result<Tally, Error> {
        self.rejects.end(shard)?;
        Ok(tally)
    }

    fn ended_before(&self) -> BTreeMap<usize, Tally> {
        self.before.as_ref().map(|before| before.ended.clone()).unwrap_or_default()
    }

    fn rhythm(&self) -> Option<&Rhythm> {
        self.keeper.as_ref().map(|keeper| &keeper.rhythm)
    }

    fn keep(&self, done: Done<'_, Self>) -> Result<(), Error> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let buckets = self.featurizers.space().buckets;
        let counts = self.sample.finish(done.threads.iter().map(|thread| &thread.of.counts), buckets)?;
        let under_way =
            done.under_way.into_iter().map(|(shard, at, (_, tally))| (shard, at, tally.clone(), ()));
        let ended = done.ended.iter().map(|(shard, tally)| (*shard, tally));
        keeper.keep(self.shards, ended, under_way, self.before.as_ref(), counts)
    }
}
