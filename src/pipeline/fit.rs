use std::collections::BTreeMap;

use super::documents::{Documents, ReadReport, Taken, Tally};
use super::keeper::{Before, Keeper};
use super::rejects::{Rejects, RejectsInOrder};
use super::scan::{self, Done, Job, Rhythm};
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, FitBudget, LevelCounts, RawCounts, RawSample, Target};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Shards, TextReader, content_hash};
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
    let featurizers = options.featurizers(space)?;
    progress.begin("target", target.shards.total_bytes());
    let rejects = RejectsInOrder::new(rejects);
    let kind = space.tokenizer.field_kind();
    let documents = Documents::new(&target.shards, options, kind, rejects.are_wanted());
    let job = CountTarget { featurizers, documents, rejects };
    let scanned = scan::scan(&job, &target.shards, progress)?;
    let report = job.documents.finish(&format!("target `{}`", target.name), &scanned.shards)?;
    let mut counts = Counts::new(space.buckets);
    for thread in scanned.threads {
        counts.add(&thread.counts)?;
    }
    Ok((Target { name: target.name.clone(), counts }, report))
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
    let job = CountRaw { featurizers, sample, documents, rejects, shards, keeper, before };
    let scanned = scan::scan(&job, shards, progress)?;
    let report = job.documents.finish("raw", &scanned.shards)?;
    let raw = job.sample.finish(scanned.threads.iter().map(|thread| &thread.counts), space.buckets)?;
    Ok((raw, ReadReport { bytes_before, ..report }))
}

/// Whether counting can go on from there: the counts of one shard cannot be taken away again.
fn is_of_use(before: &Before<(), RawCounts>, space: FeatureSpace, options: &ReadOptions) -> bool {
    let mut tallies = before.ended.values().chain(before.under_way.values().map(|(_, tally, ())| tally));
    before.others == 0
        && before.whole.is_sound(space.buckets)
        && tallies.all(|tally| tally.invalid == 0 || options.skip_invalid)
}

struct CountTarget<'a> {
    featurizers: Featurizers,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
}

struct CountThread<'a, C> {
    featurizer: Featurizer,
    counts: C,
    texts: TextReader<'a>,
}

impl<'a> Job for CountTarget<'a> {
    type Thread = CountThread<'a, Counts>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> Self::Thread {
        let counts = Counts::new(self.featurizers.space().buckets);
        CountThread { featurizer: self.featurizers.featurizer(), counts, texts: self.documents.thread() }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<(usize, Tally), Error> {
        Ok((shard, Tally::default()))
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Taken, Error> {
        let CountThread { featurizer, counts, texts } = thread;
        self.documents.each(texts, shard, block, |_, text| {
            let Some(text) = text else { return };
            counts.documents += 1;
            counts.tokens += featurizer.featurize(text, |buckets| {
                buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
            });
        })
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

struct CountRaw<'a> {
    featurizers: Featurizers,
    sample: RawSample,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    shards: &'a Shards,
    keeper: Option<Keeper>,
    before: Option<Before<(), RawCounts>>,
}

impl<'a> Job for CountRaw<'a> {
    type Thread = CountThread<'a, LevelCounts>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> Self::Thread {
        let counts = self.sample.thread(self.featurizers.space().buckets);
        CountThread { featurizer: self.featurizers.featurizer(), counts, texts: self.documents.thread() }
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
        let CountThread { featurizer, counts, texts } = thread;
        let taken = self.documents.each(texts, shard, block, |record, text| {
            let Some(text) = text else { return };
            counts.document(&self.sample, content_hash(record.bytes), |count| {
                featurizer.featurize(text, count)
            });
        });
        counts.raise_floor(&self.sample);
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
        let counts = self.sample.finish(done.threads.iter().map(|thread| &thread.counts), buckets)?;
        let under_way =
            done.under_way.into_iter().map(|(shard, at, (_, tally))| (shard, at, tally.clone(), ()));
        keeper.keep(self.shards, done.ended.iter().map(|(shard, tally)| (*shard, tally)), under_way, counts)
    }
}
