//! Counts the raw corpus, or a sample of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::ReadOptions;
use super::count::{count_document, is_among};
use super::documents::{Documents, Hashed, ReadReport, Taken, Tally};
use super::eligible::Eligible;
use super::elsewhere::{CountTask, CountedPiece, Elsewhere, Floors, StoredReading};
use super::oversampled::{Oversampled, OversampledThread};
use super::rejects::{Rejects, RejectsInOrder};
use super::sample::FixedSizeSample;
use crate::density::{CountsSoFar, FitBudget, RawCounter, RawCounts, ThreadCounts};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shard, Shards, TextReader};
use crate::refine::{DocumentBlocks, DocumentSample, DocumentSampler};
use crate::sampling::Levels;
use crate::scan::checkpoint_file::{CheckpointFile, EarlierRun};
use crate::scan::{self, CheckpointTimer, Checkpoints, Done, Job};
use crate::storage::ResumableDir;
use crate::warning::Warning;

/// A raw corpus, and how it is counted.
#[derive(Clone, Copy)]
pub(crate) struct RawCorpus<'a> {
    /// Its shards.
    pub shards: &'a Shards,
    /// The feature space.
    pub space: FeatureSpace,
    /// If it has more n-grams than this, a sample is counted.
    pub budget: FitBudget,
    /// How records become documents.
    pub read: &'a ReadOptions,
    /// Who counts it, if it is not counted on this machine.
    pub elsewhere: Option<&'a Elsewhere>,
}

/// Counts a raw corpus, or a sample of it within its budget. With a work directory, resumes from the checkpoint that an
/// earlier run has left there, and leaves checkpoints itself.
///
/// A sample by content has all copies of a record or none. So a corpus with very many copies of one record is read once
/// more, and all of it is counted.
///
/// # Errors
/// Shards that cannot be read, or without a document; a work directory that cannot be written.
pub(crate) fn count_raw(
    corpus: RawCorpus<'_>,
    mut rejects: Option<&mut Rejects>,
    work: Option<&ResumableDir>,
    observer: &Observer,
) -> Result<(RawCounts, ReadReport), Error> {
    let (counts, (_, report)) = whole_if_copied(corpus, observer, |corpus| {
        // A second reading finds the same rejects.
        let rejects = rejects.take();
        let checkpoints = work.and_then(|work| corpus.checkpoints(work, rejects.is_some()));
        count_once(corpus, CountExtras { checkpoints, ..CountExtras::default() }, rejects, observer)
    })?;
    Ok((counts, report))
}

/// Counts a raw corpus as [`count_raw`] does, and samples its `eligible` documents. It leaves no checkpoints.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_raw_and_sample(
    corpus: RawCorpus<'_>,
    eligible: &Eligible,
    mut sampler: DocumentSampler,
    mut rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(RawCounts, DocumentSample, ReadReport), Error> {
    let (counts, (threads, report)) = whole_if_copied(corpus, observer, |corpus| {
        sampler.restart();
        let oversampled = Some(Oversampled { eligible, sampler: &sampler });
        count_once(corpus, CountExtras { oversampled, ..CountExtras::default() }, rejects.take(), observer)
    })?;
    Ok((counts, sampler.finish(threads), report))
}

/// Counts the documents of a raw corpus that are in a sample, whatever its budget.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(super) fn count_raw_sample(
    corpus: RawCorpus<'_>,
    only: &FixedSizeSample,
    observer: &Observer,
) -> Result<(RawCounts, ReadReport), Error> {
    let corpus = RawCorpus { budget: FitBudget(None), ..corpus };
    let beside = CountExtras { only: Some(only), ..CountExtras::default() };
    let (counts, (_, report)) = count_once(corpus, beside, None, observer)?;
    Ok((counts, report))
}

impl RawCorpus<'_> {
    /// The checkpoints of counting; `None` where it cannot resume: streams cannot be told apart, nor read again, and
    /// rejects are not kept.
    fn checkpoints(&self, work: &ResumableDir, with_rejects: bool) -> Option<CheckpointFile> {
        if with_rejects || self.shards.iter().any(|shard| shard.fingerprint().is_none()) {
            return None;
        }
        let stage = if self.budget.0.is_none() { "fit-all" } else { "fit" };
        let fields: Vec<String> = self.read.fields.names().collect();
        Some(CheckpointFile::new(work, stage, &(self.space, self.budget, fields)))
    }

    /// Whether counting can resume from there: the counts of a shard cannot be subtracted again.
    fn can_resume(&self, before: &EarlierCounts) -> bool {
        let mut tallies = before.tallies();
        before.others == 0
            && before.whole.counts.is_sound(self.space.buckets)
            && tallies.all(|tally| tally.invalid == 0 || self.read.skip_invalid)
    }
}

/// Counts within the budget, and once more without one if copies make a sample worthless.
fn whole_if_copied<T>(
    corpus: RawCorpus<'_>,
    observer: &Observer,
    mut count: impl FnMut(RawCorpus<'_>) -> Result<(RawCounts, T), Error>,
) -> Result<(RawCounts, T), Error> {
    let (counts, more) = count(corpus)?;
    if !counts.may_miss_copies() {
        return Ok((counts, more));
    }
    let sampled = !corpus.shards.iter().all(Shard::is_readable);
    let (copies, documents) = (counts.copies, counts.documents_read);
    observer.warn(Warning::ManyCopies { copies, documents, sampled });
    if sampled {
        return Ok((counts, more));
    }
    drop((counts, more));
    let (counts, more) = count(RawCorpus { budget: FitBudget(None), ..corpus })?;
    Ok((RawCounts { fit_ngrams: corpus.budget, ..counts }, more))
}

/// What else is done while a raw corpus is counted.
#[derive(Default)]
pub(super) struct CountExtras<'a> {
    /// Counts only these documents.
    pub(super) only: Option<&'a FixedSizeSample>,
    pub(super) oversampled: Option<Oversampled<'a>>,
    pub(super) checkpoints: Option<CheckpointFile>,
    /// From which level on records may be counted, as far as other parts of the corpus tell.
    pub(super) floor: usize,
}

/// What was counted of a part of a corpus.
pub(super) struct Counted {
    /// Of each shard.
    pub(super) tallies: Vec<Tally>,
    pub(super) counts: CountsSoFar,
    /// What each thread has sampled.
    pub(super) sampled: Vec<Levels<DocumentBlocks>>,
    /// What an earlier run had read.
    pub(super) bytes_before: u64,
}

/// What was sampled, in parts, and how the corpus was read.
type SampledAndReport = (Vec<Levels<DocumentBlocks>>, ReadReport);

/// Reads the corpus once.
fn count_once(
    corpus: RawCorpus<'_>,
    beside: CountExtras<'_>,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(RawCounts, SampledAndReport), Error> {
    let RawCorpus { shards, space, read, .. } = corpus;
    observer.begin("fit", shards.total_bytes());
    let documents = Documents::new(shards, read, space.tokenizer.field_kind(), false, observer);
    let counted = match corpus.elsewhere {
        None => count_part(corpus, beside, rejects, observer)?,
        Some(elsewhere) => count_elsewhere(corpus, elsewhere, beside.oversampled, observer)?,
    };
    let Counted { tallies, counts, sampled, bytes_before } = counted;
    let report = documents.finish("raw", &tallies)?;
    Ok((counts.finish(), (sampled, ReadReport { bytes_before, ..report })))
}

/// Has another machine count each piece, and adds up what they have counted.
fn count_elsewhere(
    corpus: RawCorpus<'_>,
    elsewhere: &Elsewhere,
    oversampled: Option<Oversampled<'_>>,
    observer: &Observer,
) -> Result<Counted, Error> {
    let RawCorpus { space, budget, read, .. } = corpus;
    let everything = Eligible::default();
    let eligible = oversampled.map_or(&everything, |oversampled| oversampled.eligible);
    let sampler = oversampled.map(|oversampled| oversampled.sampler);
    let task = CountTask {
        space,
        budget,
        reading: StoredReading::new(read, eligible),
        sampler: sampler.map(|sampler| sampler.with_floor(0)),
    };
    let mut tallies = vec![Vec::new(); elsewhere.pieces().len()];
    let mut counts = RawCounter::new(budget, space.buckets).so_far([])?;
    let mut sampled = Levels::new();
    let take = |piece: usize, _: &Path, more: CountedPiece| {
        tallies[piece] = more.tallies;
        counts = counts.merge(&more.counts, space.buckets)?;
        if let Some(sampler) = sampler {
            sampled = sampler.merge(more.sampled.into_iter().chain([std::mem::take(&mut sampled)]));
        }
        Ok(Floors { counted: counts.floor(), sampled: sampled.floor() })
    };
    elsewhere.run(&task, take, observer)?;
    elsewhere.note_lines(&tallies);
    Ok(Counted { tallies: elsewhere.tallies(tallies), counts, sampled: vec![sampled], bytes_before: 0 })
}

/// Counts on this machine.
pub(super) fn count_part(
    corpus: RawCorpus<'_>,
    beside: CountExtras<'_>,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<Counted, Error> {
    let RawCorpus { shards, space, budget, read, .. } = corpus;
    let CountExtras { only, oversampled, checkpoints, floor } = beside;
    let featurizers = read.featurizers(space)?;
    let before: Option<EarlierCounts> =
        checkpoints.as_ref().and_then(|checkpoints| checkpoints.earlier_run(shards));
    let before = before.filter(|before| corpus.can_resume(before));
    let counter = match &before {
        Some(before) => RawCounter::resume(before.whole.clone(), space.buckets)?,
        None => RawCounter::new(budget, space.buckets).with_floor(floor),
    };
    let bytes_before = before.as_ref().map_or(0, |before| before.tallies().map(|tally| tally.bytes).sum());

    let rejects = RejectsInOrder::new(rejects);
    let documents =
        Documents::new(shards, read, space.tokenizer.field_kind(), rejects.are_wanted(), observer);
    let job = CountRaw { featurizers, counter, only, oversampled, documents, rejects, shards, before };
    let scanned = match &checkpoints {
        Some(checkpoints) => scan::scan_with_checkpoints(&job, checkpoints, shards, observer)?,
        None => scan::scan(&job, shards, observer)?,
    };
    let (mut counts, mut sampled) = (Vec::new(), Vec::new());
    for thread in scanned.threads {
        counts.push(thread.counts);
        sampled.extend(thread.oversampled.map(|thread| thread.levels));
    }
    Ok(Counted { tallies: scanned.shards, counts: job.counter.so_far(counts)?, sampled, bytes_before })
}

type EarlierCounts = EarlierRun<Tally, (), CountsSoFar>;

struct CountRaw<'a> {
    featurizers: Featurizers,
    counter: RawCounter,
    only: Option<&'a FixedSizeSample>,
    oversampled: Option<Oversampled<'a>>,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    shards: &'a Shards,
    before: Option<EarlierCounts>,
}

struct CountRawThread<'a> {
    featurizer: Featurizer,
    counts: ThreadCounts,
    texts: TextReader<'a>,
    oversampled: Option<OversampledThread>,
}

impl<'a> Job for CountRaw<'a> {
    type Thread = CountRawThread<'a>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> Self::Thread {
        CountRawThread {
            featurizer: self.featurizers.featurizer(),
            counts: self.counter.thread(),
            texts: self.documents.thread(),
            oversampled: self.oversampled.as_ref().map(Oversampled::thread),
        }
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
        let CountRawThread { featurizer, counts, texts, oversampled } = thread;
        let mut oversampled = self.oversampled.as_ref().zip(oversampled.as_mut());
        let wanted = |record: Hashed<'_>| is_among(self.only, record);
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            let counts = counts.begin(&self.counter, record.hash, record.bytes.len() as u64 + 1);
            match (&mut oversampled, counts) {
                (Some((oversampled, thread)), counts) => {
                    oversampled.document(thread, record, text, featurizer, counts);
                }
                (None, Some(counts)) => count_document(text, featurizer, counts),
                (None, None) => {}
            }
            Ok(())
        });
        counts.raise_floor(&self.counter);
        if let Some((oversampled, thread)) = oversampled {
            oversampled.end_of_block(thread);
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
}

impl<'a> Checkpoints<CountRaw<'a>> for CheckpointFile {
    fn ended_before(&self, job: &CountRaw<'a>) -> BTreeMap<usize, Tally> {
        job.before.as_ref().map(|before| before.ended.clone()).unwrap_or_default()
    }

    fn timer(&self) -> &CheckpointTimer {
        &self.timer
    }

    fn save(&self, job: &CountRaw<'a>, done: Done<'_, CountRaw<'a>>) -> Result<(), Error> {
        let counts = job.counter.so_far(done.threads.iter().map(|thread| thread.counts.clone()))?;
        let under_way =
            done.under_way.into_iter().map(|(shard, at, (_, tally))| (shard, at, tally.clone(), ()));
        let ended = done.ended.iter().map(|(shard, tally)| (*shard, tally));
        self.write(job.shards, ended, under_way, job.before.as_ref(), counts)
    }
}
