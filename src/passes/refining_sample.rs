//! What refining needs beside counts: one half of a target, and a sample of eligible raw documents.

use super::count::{Counted, Watch, count, count_watched};
use super::documents::{Hashed, ReadReport};
use super::filter::{Filter, FilterThread};
use super::rejects::Rejects;
use super::selected::TextHashes;
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, DocumentCounts, Target};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer};
use crate::observer::Observer;
use crate::refine::{Sampler, SamplerThread};

/// Counts everything in a target, and apart from that one half of its documents, chosen by their content.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_target_and_half(
    target: &TargetShards,
    space: FeatureSpace,
    options: &ReadOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Target, Counts, TextHashes, ReadReport), Error> {
    observer.begin("target", target.shards.total_bytes());
    let what = format!("target `{}`", target.name);
    let all = Counted { what: &what, shards: &target.shards, space, options, only: None };
    let watch = || Half { counts: Counts::new(space.buckets), takes: false, texts: TextHashes::default() };
    let (counts, report, watches) = count_watched(all, watch, rejects, observer)?;
    let mut half = Counts::new(space.buckets);
    watches.iter().try_for_each(|watch| half.add(&watch.counts))?;
    let mut texts = TextHashes::default();
    watches.iter().for_each(|watch| texts.join(&watch.texts));
    Ok((Target { name: target.name.clone(), counts, refined: None }, half, texts, report))
}

/// Counts the documents whose content hash is odd; copies of a document are all in one half.
struct Half {
    counts: Counts,
    /// Whether the document under way is among them.
    takes: bool,
    /// Of all documents.
    texts: TextHashes,
}

impl Watch for Half {
    fn begin(&mut self, record: Hashed<'_>) {
        self.takes = record.hash % 2 == 1;
    }

    fn features(&mut self, buckets: &[u32]) {
        if self.takes {
            buckets.iter().for_each(|bucket| self.counts.counts[*bucket as usize] += 1);
        }
    }

    fn document(&mut self, _: Hashed<'_>, text: &str, tokens: u64) {
        self.texts.add(text);
        if self.takes {
            self.counts.documents += 1;
            self.counts.tokens += tokens;
        }
    }
}

/// Which raw documents may be drawn.
#[derive(Clone, Default)]
pub struct Eligible {
    /// The least number of tokens.
    pub min_tokens: u32,
    /// What is asked of every record.
    pub filter: Filter,
}

/// Samples eligible documents while they are counted.
pub(super) struct Sampling<'a> {
    pub(super) eligible: &'a Eligible,
    pub(super) sampler: &'a Sampler,
}

/// What one thread samples with.
pub(super) struct SamplingThread {
    pub(super) sampled: SamplerThread,
    filter: FilterThread,
    /// Of the document under way.
    features: Vec<u32>,
    /// What it comes to by the log-ratios of the prospects.
    sums: Vec<i64>,
}

impl Sampling<'_> {
    pub(super) fn thread(&self) -> SamplingThread {
        let filter = self.eligible.filter.thread();
        SamplingThread {
            sampled: self.sampler.thread(),
            filter,
            features: Vec::new(),
            sums: self.sampler.prospects().sums(),
        }
    }

    /// Sees a document, and takes it if it is eligible; it is counted in `counts`, if at all.
    pub(super) fn document(
        &self,
        thread: &mut SamplingThread,
        record: Hashed<'_>,
        text: &str,
        featurizer: &mut Featurizer,
        mut counts: Option<DocumentCounts<'_>>,
    ) {
        let SamplingThread { sampled, filter, features, sums } = thread;
        let (sampler, prospects) = (self.sampler, self.sampler.prospects());
        if !sampled.may_take(sampler, record.hash, prospects.most()) {
            if let Some(counts) = counts {
                count(text, featurizer, counts);
            }
            return;
        }
        // One more than the sampler takes tells it that there are too many.
        let room = sampler.most_ngrams() + 1;
        features.clear();
        sums.fill(0);
        let tokens = featurizer.featurize(text, |buckets| {
            features.extend(&buckets[..buckets.len().min(room - features.len())]);
            match &mut counts {
                Some(counts) => prospects.add_and_count(buckets, sums, counts),
                None => prospects.add(buckets, sums),
            }
        });
        if let Some(counts) = counts {
            counts.end(tokens);
        }
        let admitted = self.eligible.filter.check(record.bytes, text, filter);
        if tokens >= self.eligible.min_tokens.into() && admitted.is_drawn_by_weight() {
            let (lift, bytes) = (prospects.lift(sums, tokens), record.bytes.len() as u64 + 1);
            sampled.document(sampler, (record.hash, lift), (tokens, bytes), features);
        }
    }

    pub(super) fn end_of_block(&self, thread: &mut SamplingThread) {
        thread.sampled.raise_floor(self.sampler);
    }
}
