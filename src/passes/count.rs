//! Counts the n-grams of documents, and lets others watch.

use super::ReadOptions;
use super::documents::{Documents, Hashed, ReadReport, Taken, Tally, has_few_spaces};
use super::rejects::{Rejects, RejectsInOrder};
use super::sample::FixedSizeSample;
use crate::density::{Counts, DocumentCounts};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::scan::{self, Job};

/// The documents to count, and how.
pub(super) struct CountInput<'a> {
    /// What messages call them.
    pub(super) what: &'a str,
    pub(super) shards: &'a Shards,
    pub(super) space: FeatureSpace,
    pub(super) read: &'a ReadOptions,
    /// Only these documents, if not all.
    pub(super) only: Option<&'a FixedSizeSample>,
}

/// Watches, in one thread, while documents are counted.
pub(super) trait Watch: Send + Sized {
    /// Prepares the featurizer of the documents.
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
    /// Sees the end of all documents.
    fn end(self, _featurizer: &Featurizer) -> Self {
        self
    }
}

/// Counts documents while each thread has a `watch` of its own; returns all watches.
pub(super) fn count_watched<W: Watch>(
    input: CountInput<'_>,
    watch: impl Fn() -> W + Sync,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Counts, ReadReport, Vec<W>), Error> {
    let CountInput { what, shards, space, read, only } = input;
    let featurizers = read.featurizers(space)?;
    let rejects = RejectsInOrder::new(rejects);
    let documents =
        Documents::new(shards, read, space.tokenizer.field_kind(), rejects.are_wanted(), observer);
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

/// Whether a record is among those that are counted.
pub(super) fn is_among(only: Option<&FixedSizeSample>, record: Hashed<'_>) -> bool {
    only.is_none_or(|sample| sample.includes(record.hash))
}

/// Counts all n-grams of a document.
pub(super) fn count_document(text: &str, featurizer: &mut Featurizer, mut counts: DocumentCounts<'_>) {
    let tokens = featurizer.featurize(text, |buckets| counts.add(buckets));
    counts.end(tokens);
}

struct CountAll<'a, N> {
    featurizers: Featurizers,
    only: Option<&'a FixedSizeSample>,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    /// Makes the watch of a thread.
    watch: N,
}

struct CountThread<'a, W> {
    featurizer: Featurizer,
    counts: Counts,
    texts: TextReader<'a>,
    watch: W,
}

impl<'a, W: Watch, N: Fn() -> W + Sync> Job for CountAll<'a, N> {
    type Thread = CountThread<'a, W>;
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
