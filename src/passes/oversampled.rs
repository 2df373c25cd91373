//! Samples eligible raw documents with their features while they are counted: those more often that are likely to be
//! selected.

use super::count::count_document;
use super::documents::Hashed;
use super::eligible::Eligible;
use super::filter::FilterThread;
use crate::density::DocumentCounts;
use crate::featurizer::Featurizer;
use crate::refine::{DocumentBlocks, DocumentSampler, RawDocument};
use crate::sampling::Levels;

/// Samples eligible documents.
#[derive(Clone, Copy)]
pub(super) struct Oversampled<'a> {
    pub(super) eligible: &'a Eligible,
    pub(super) sampler: &'a DocumentSampler,
}

/// What one thread samples with.
pub(super) struct OversampledThread {
    pub(super) levels: Levels<DocumentBlocks>,
    filter: FilterThread,
    /// The features of the current document.
    features: Vec<u32>,
    /// The sums of log-ratios by which it is boosted.
    sums: Vec<i64>,
}

impl Oversampled<'_> {
    pub(super) fn thread(&self) -> OversampledThread {
        OversampledThread {
            levels: Levels::new(),
            filter: self.eligible.filter.thread(),
            features: Vec::new(),
            sums: self.sampler.oversampling().sums(),
        }
    }

    /// Featurizes a document, and samples it if it is eligible. It is counted in `counts`, if at all.
    pub(super) fn document(
        &self,
        thread: &mut OversampledThread,
        record: Hashed<'_>,
        text: &str,
        featurizer: &mut Featurizer,
        mut counts: Option<DocumentCounts<'_>>,
    ) {
        let OversampledThread { levels, filter, features, sums } = thread;
        let (sampler, oversampling) = (self.sampler, self.sampler.oversampling());
        if !sampler.may_sample(levels, record.hash, oversampling.max_boost()) {
            if let Some(counts) = counts {
                count_document(text, featurizer, counts);
            }
            return;
        }
        // One more than the sampler accepts tells it that there are too many.
        let room = sampler.max_ngrams() + 1;
        features.clear();
        sums.fill(0);
        let tokens = featurizer.featurize(text, |buckets| {
            features.extend(&buckets[..buckets.len().min(room - features.len())]);
            match &mut counts {
                Some(counts) => oversampling.add_and_count(buckets, sums, counts),
                None => oversampling.add(buckets, sums),
            }
        });
        if let Some(counts) = counts {
            counts.end(tokens);
        }
        if self.eligible.is_long_enough(tokens) && self.eligible.admits(record.bytes, text, filter) {
            let (boost, bytes) = (oversampling.boost(sums, tokens), record.bytes.len() as u64 + 1);
            sampler.add(levels, RawDocument { content_hash: record.hash, boost, tokens, bytes }, features);
        }
    }

    pub(super) fn end_of_block(&self, thread: &mut OversampledThread) {
        self.sampler.raise_floor(&mut thread.levels);
    }
}
