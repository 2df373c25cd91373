use std::collections::BTreeMap;

use super::documents::{Documents, Hashed, ReadReport, Taken, Tally, has_few_spaces};
use super::refining_sample::{Eligible, Sampling, SamplingThread};
use super::rejects::{Rejects, RejectsInOrder};
use super::sample::Sample;
use super::selected::TextHashes;
use super::{ReadOptions, TargetShards};
use crate::density::{
    Counts, DocumentCounts, FitBudget, LevelCounts, PartCounts, RawCounts, RawSample, Target,
};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shard, Shards, TextReader};
use crate::refine::{Sampled, Sampler};
use crate::scan::checkpoint_file::{CheckpointFile, EarlierRun};
use crate::scan::{self, CheckpointTimer, Done, Job};
use crate::storage::ResumableDir;
use crate::warning::Warning;

/// Counts everything in a target, and notes its texts.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_target(
    target: &TargetShards,
    space: FeatureSpace,
    options: &ReadOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Target, TextHashes, ReadReport), Error> {
    observer.begin("target", target.shards.total_bytes());
    let what = format!("target `{}`", target.name);
    let all = Counted { what: &what, shards: &target.shards, space, options, only: None };
    let (counts, report, watches) = count_watched(all, TextHashes::default, rejects, observer)?;
    let mut texts = TextHashes::default();
    watches.iter().for_each(|watch| texts.join(watch));
    Ok((Target { name: target.name.clone(), counts, refined: None }, texts, report))
}

impl Watch for TextHashes {
    fn document(&mut self, _: Hashed<'_>, text: &str, _: u64) {
        self.add(text);
    }
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

/// Looks on, in one thread, while documents are counted.
pub(super) trait Watch: Send + Sized {
    /// Prepares what featurizes the documents.
    fn prepare(&self, featurizer: Featurizer) -> Featurizer {
        featurizer
    }
    /// Sees a document that is going to be counted.
    fn begin(&mut self, _record: Hashed<'_>) {}
    /// Sees n-grams of it.
    fn features(&mut self, _buckets: &[u32]) {}
    /// Sees a document that was counted.
    fn document(&mut self, _record: Hashed<'_>, _text: &str, _tokens: u64) {}
    /// Sees the end of a block.
    fn end_of_block(&mut self) {}
    /// Sees the end of all.
    fn end(self, _featurizer: &Featurizer) -> Self {
        self
    }
}

/// Counts documents while each thread has a `watch` of its own; gives all watches back.
pub(super) fn count_watched<W: Watch>(
    counted: Counted<'_>,
    watch: impl Fn() -> W + Sync,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Counts, ReadReport, Vec<W>), Error> {
    let Counted { what, shards, space, options, only } = counted;
    let featurizers = options.featurizers(space)?;
    let rejects = RejectsInOrder::new(rejects);
    let documents =
        Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted(), observer);
    let job = CountAll { featurizers, only, documents, rejects, watch };
    let scanned = scan::scan(&job, shards, observer)?;
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
/// Of a corpus with very many copies of one record, a sample by content has all or none: it is read once more, and
/// all of it is counted.
///
/// # Errors
/// Shards that cannot be read, or without a document; a work folder that cannot be written.
pub(crate) fn count_raw(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    mut rejects: Option<&mut Rejects>,
    work: Option<&ResumableDir>,
    observer: &Observer,
) -> Result<(RawCounts, ReadReport), Error> {
    whole_if_copied(shards, budget, observer, |budget| {
        let stage = if budget.0.is_none() { "fit-all" } else { "fit" };
        count_once(shards, space, budget, options, rejects.take(), work.map(|work| (work, stage)), observer)
    })
}

/// Counts with `budget`, and once more without one if copies make a sample worthless.
fn whole_if_copied<T>(
    shards: &Shards,
    budget: FitBudget,
    observer: &Observer,
    mut count: impl FnMut(FitBudget) -> Result<(RawCounts, T), Error>,
) -> Result<(RawCounts, T), Error> {
    let (counts, more) = count(budget)?;
    if !counts.may_miss_copies() {
        return Ok((counts, more));
    }
    let sampled = !shards.iter().all(Shard::is_readable);
    let (copies, documents) = (counts.copies, counts.documents_read);
    observer.warn(Warning::ManyCopies { copies, documents, sampled });
    if sampled {
        return Ok((counts, more));
    }
    let (mut counts, more) = count(FitBudget(None))?;
    counts.fit_ngrams = budget;
    Ok((counts, more))
}

fn count_once(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    rejects: Option<&mut Rejects>,
    work: Option<(&ResumableDir, &str)>,
    observer: &Observer,
) -> Result<(RawCounts, ReadReport), Error> {
    let featurizers = options.featurizers(space)?;
    observer.begin("fit", shards.total_bytes());
    // Counts of a stream and of files cannot be told apart, and it cannot be read again; nor are the rejects kept.
    let work = work.filter(|_| rejects.is_none() && shards.iter().all(|shard| shard.fingerprint().is_some()));
    let fields: Vec<String> = options.fields.names().collect();
    let checkpoints = work.map(|(work, stage)| CheckpointFile::new(work, stage, &(space, budget, fields)));
    let mut before: Option<EarlierRun<Tally, (), PartCounts>> =
        checkpoints.as_ref().and_then(|checkpoints| checkpoints.earlier_run(shards));
    before = before.filter(|before| is_of_use(before, space, options));
    let sample = match &before {
        Some(before) => RawSample::go_on(before.whole.clone())?,
        None => RawSample::new(budget),
    };
    let bytes_before = before.as_ref().map_or(0, |before| before.tallies().map(|tally| tally.bytes).sum());

    let rejects = RejectsInOrder::new(rejects);
    let documents =
        Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted(), observer);
    let job = CountRaw {
        featurizers,
        sample,
        only: None,
        sampling: None,
        documents,
        rejects,
        shards,
        checkpoints,
        before,
    };
    let scanned = scan::scan(&job, shards, observer)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    let raw = job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?;
    Ok((raw, ReadReport { bytes_before, ..report }))
}

/// Counts a raw corpus as [`count_raw`] does, and samples those of its documents that are `eligible`. Nothing is kept for a later run.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_raw_and_sample(
    shards: &Shards,
    space: FeatureSpace,
    budget: FitBudget,
    options: &ReadOptions,
    (eligible, sampler): (&Eligible, &Sampler),
    mut rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(RawCounts, Sampled, ReadReport), Error> {
    let count = |budget| {
        let featurizers = options.featurizers(space)?;
        observer.begin("fit", shards.total_bytes());
        let sample = RawSample::new(budget);
        let rejects = RejectsInOrder::new(rejects.take());
        let documents =
            Documents::new(shards, options, space.tokenizer.field_kind(), rejects.are_wanted(), observer);
        let sampling = Some(Sampling { eligible, sampler });
        let (only, checkpoints, before) = (None, None, None);
        let job =
            CountRaw { featurizers, sample, only, sampling, documents, rejects, shards, checkpoints, before };
        let scanned = scan::scan(&job, shards, observer)?;
        let report = job.documents.finish("raw", &scanned.shards)?;
        let raw = job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?;
        let threads = scanned.threads.into_iter().filter_map(|thread| thread.sampling);
        Ok((raw, (sampler.finish(threads.map(|thread| thread.sampled)), report)))
    };
    let (raw, (sampled, report)) = whole_if_copied(shards, budget, observer, count)?;
    Ok((raw, sampled, report))
}

/// Counts the documents of a raw corpus that `only` takes.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(super) fn count_raw_sample(
    shards: &Shards,
    space: FeatureSpace,
    only: &Sample,
    options: &ReadOptions,
    observer: &Observer,
) -> Result<(RawCounts, ReadReport), Error> {
    let featurizers = options.featurizers(space)?;
    observer.begin("fit", shards.total_bytes());
    let sample = RawSample::new(FitBudget(None));
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), false, observer);
    let (only, rejects) = (Some(only), RejectsInOrder::new(None));
    let (sampling, checkpoints, before) = (None, None, None);
    let job =
        CountRaw { featurizers, sample, only, sampling, documents, rejects, shards, checkpoints, before };
    let scanned = scan::scan(&job, shards, observer)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    Ok((job.sample.finish(scanned.threads.iter().map(|thread| &thread.of.counts), space.buckets)?, report))
}

/// Whether counting can go on from there: the counts of one shard cannot be taken away again.
fn is_of_use(before: &EarlierRun<Tally, (), PartCounts>, space: FeatureSpace, options: &ReadOptions) -> bool {
    let mut tallies = before.tallies();
    before.others == 0
        && before.whole.counts.is_sound(space.buckets)
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
fn is_among(only: Option<&Sample>, record: Hashed<'_>) -> bool {
    only.is_none_or(|sample| sample.takes(record.hash))
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
        let wanted = |record: Hashed<'_>| is_among(self.only, record);
        let needs_spaces = self.featurizers.space().tokenizer.needs_spaces();
        let mut few_spaces = 0;
        let mut taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            watch.begin(record);
            let tokens = featurizer.featurize(text, |buckets| {
                watch.features(buckets);
                buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
            });
            counts.documents += 1;
            counts.tokens += tokens;
            few_spaces += u64::from(needs_spaces && has_few_spaces(text, tokens));
            watch.document(record, text, tokens);
            Ok(())
        })?;
        watch.end_of_block();
        taken.tally.few_spaces = few_spaces;
        Ok(taken)
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
    checkpoints: Option<CheckpointFile>,
    before: Option<EarlierRun<Tally, (), PartCounts>>,
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

    fn open(&self, shard: usize, shards: &Shards, observer: &Observer) -> Result<BlockReader, Error> {
        Ok(match self.before.as_ref().and_then(|before| before.under_way.get(&shard)) {
            Some((at, ..)) => BlockReader::open_at(&shards[shard], *at, observer)?,
            None => BlockReader::open(&shards[shard], observer)?,
        })
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<(usize, Tally), Error> {
        let before = self.before.as_ref().and_then(|before| before.under_way.get(&shard));
        Ok((shard, before.map(|(_, tally, ())| tally.clone()).unwrap_or_default()))
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Taken, Error> {
        let CountRawThread { of: CountThread { featurizer, counts, texts, .. }, sampling } = thread;
        let mut sampling = self.sampling.as_ref().zip(sampling.as_mut());
        let wanted = |record: Hashed<'_>| is_among(self.only, record);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            let counts = counts.begin(&self.sample, (record.hash, record.bytes.len() as u64 + 1));
            match (&mut sampling, counts) {
                (Some((sampling, thread)), counts) => {
                    sampling.document(thread, record, text, featurizer, counts);
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

    fn timer(&self) -> Option<&CheckpointTimer> {
        self.checkpoints.as_ref().map(|checkpoints| &checkpoints.timer)
    }

    fn keep(&self, done: Done<'_, Self>) -> Result<(), Error> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        let buckets = self.featurizers.space().buckets;
        let counts = self.sample.part(done.threads.iter().map(|thread| &thread.of.counts), buckets)?;
        let under_way =
            done.under_way.into_iter().map(|(shard, at, (_, tally))| (shard, at, tally.clone(), ()));
        let ended = done.ended.iter().map(|(shard, tally)| (*shard, tally));
        checkpoints.save(self.shards, ended, under_way, self.before.as_ref(), counts)
    }
}
