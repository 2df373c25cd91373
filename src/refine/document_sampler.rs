//! Samples documents of the raw corpus with their features: by content hash, in one pass, within bounded memory.
//!
//! A document that is likely to be selected is boosted (`oversampling.rs`): it is sampled more often, and represents
//! fewer others.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::by_bucket::is_short;
use super::document_sample::{DocumentBlock, DocumentSample};
use super::oversampling::{Oversampling, RawDocument};
use crate::sampling::{Levels, Payload, Sampler, level};

/// The size of a document beside its features, in their unit.
const DOCUMENT: u64 = 16;

/// Samples documents with features; shared by the threads that read a corpus.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DocumentSampler {
    is_short: bool,
    sampler: Sampler,
    oversampling: Oversampling,
}

/// The sampled documents of a level: those of one thread, and those of others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DocumentBlocks {
    own: DocumentBlock,
    others: Vec<DocumentBlock>,
}

/// Nothing is copied: blocks stay as they are.
impl Payload for DocumentBlocks {
    type Error = Infallible;

    fn merge(&mut self, others: Self) -> Result<(), Infallible> {
        self.others.push(others.own);
        self.others.extend(others.others);
        Ok(())
    }
}

impl DocumentSampler {
    /// 32 MB of features of two bytes each.
    const MAX_NGRAMS: u64 = 1 << 24;

    /// A sampler of documents with features in this number of buckets, which has sampled none yet.
    pub(crate) fn new(buckets: u32, oversampling: Oversampling) -> Self {
        let is_short = is_short(buckets);
        let ngrams = if is_short { Self::MAX_NGRAMS } else { Self::MAX_NGRAMS / 2 };
        DocumentSampler::with_budget(ngrams, is_short, oversampling)
    }

    fn with_budget(ngrams: u64, is_short: bool, oversampling: Oversampling) -> Self {
        DocumentSampler { is_short, sampler: Sampler::new(Some(ngrams)), oversampling }
    }

    /// Forgets all that was sampled, to read the corpus once more.
    pub(crate) fn restart(&mut self) {
        self.sampler = Sampler::new(self.sampler.budget());
    }

    /// A sampler like it that has sampled nothing yet, for a part of a corpus of which other parts were sampled, with
    /// this floor.
    pub(crate) fn with_floor(&self, floor: usize) -> Self {
        let sampler = Sampler::new(self.sampler.budget()).with_floor(floor);
        DocumentSampler { sampler, oversampling: self.oversampling.clone(), ..*self }
    }

    /// What parts of a corpus have given, together.
    pub(crate) fn merge(
        &self,
        parts: impl IntoIterator<Item = Levels<DocumentBlocks>>,
    ) -> Levels<DocumentBlocks> {
        let Ok(levels) = Levels::merge(parts, self.sampler.budget());
        levels
    }

    /// Decides how much documents are boosted.
    pub(crate) fn oversampling(&self) -> &Oversampling {
        &self.oversampling
    }

    /// The largest number of n-grams of a document in the sample; longer ones are left out.
    pub(crate) fn max_ngrams(&self) -> usize {
        self.sampler.max_size() as usize
    }

    /// Whether a document with this content hash and boost may be in the sample, as far as this thread knows.
    pub(crate) fn may_sample(&self, thread: &Levels<DocumentBlocks>, content_hash: u64, boost: u32) -> bool {
        self.oversampling.may_sample(thread.floor(), content_hash, boost)
    }

    /// Adds an eligible document to what a thread has sampled, if it may be in the sample.
    pub(crate) fn add(&self, thread: &mut Levels<DocumentBlocks>, document: RawDocument, features: &[u32]) {
        let RawDocument { content_hash, boost, tokens, bytes } = document;
        if !self.may_sample(thread, content_hash, boost) || features.len() > self.max_ngrams() {
            return;
        }
        let new = || DocumentBlocks { own: DocumentBlock::new(self.is_short), others: Vec::new() };
        if let Some(mut level) = thread.slot(&self.sampler, level(content_hash, boost), new) {
            level.add_size(features.len() as u64 + DOCUMENT);
            level.payload.own.push(tokens, bytes, features).boost = boost as u8;
        }
    }

    /// Drops what can no longer be in the sample; worth a call for each block.
    pub(crate) fn raise_floor(&self, thread: &mut Levels<DocumentBlocks>) {
        thread.raise_floor(&self.sampler);
    }

    /// Makes one sample of what the threads have. If it is large, it has a smaller one in it, of a quarter of the size.
    pub(crate) fn finish(&self, threads: impl IntoIterator<Item = Levels<DocumentBlocks>>) -> DocumentSample {
        let Ok(levels) = Levels::merge(threads, self.sampler.budget());
        let (floor, smaller_floor) =
            (levels.floor(), levels.smallest_level(self.sampler.budget().map(|budget| budget / 4)));
        let (mut blocks, mut level_of_block) = (Vec::new(), Vec::new());
        for (level, DocumentBlocks { own, others }) in levels.into_payloads() {
            for mut block in std::iter::once(own).chain(others) {
                for document in &mut block.documents {
                    document.weight_log2 = self.oversampling.weight_log2(floor, document.boost);
                }
                blocks.push(block);
                level_of_block.push(level);
            }
        }
        let sample = DocumentSample::new(blocks);
        if floor == smaller_floor {
            return sample;
        }
        let smaller =
            sample.documents.iter().filter(|one| level_of_block[one.block as usize] >= smaller_floor);
        let reweighted = smaller
            .map(|one| one.reweighted(self.oversampling.weight_log2(smaller_floor, one.boost)))
            .collect();
        sample.with_smaller(reweighted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hash number `i` of many that are spread evenly.
    fn hash(i: u64) -> u64 {
        (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// A sample of documents, given by their hashes, boosts and features.
    fn sample(
        budget: u64,
        oversampling: Oversampling,
        documents: impl IntoIterator<Item = (u64, u32, Vec<u32>)>,
    ) -> DocumentSample {
        let sampler = DocumentSampler::with_budget(budget, true, oversampling);
        let mut threads = [Levels::new(), Levels::new()];
        for (number, (content_hash, boost, features)) in documents.into_iter().enumerate() {
            let document = RawDocument { content_hash, boost, tokens: features.len() as u64, bytes: 1 };
            sampler.add(&mut threads[number % 2], document, &features);
        }
        sampler.finish(threads)
    }

    #[test]
    fn boosted_documents_are_all_there_and_represent_themselves() {
        // At 100 each, 20 with a high boost, 100 with a low one, and 2000 without; 200 fit.
        let boost = |i: u64| if i < 20 { 9 } else { u32::from(i < 120) * 3 };
        let documents = (0..2120).map(|i| (hash(i), boost(i), vec![boost(i); 84]));
        let sample = sample(20_000, Oversampling::default(), documents);
        let weights = |boost: u8| {
            let alike = sample.documents.iter().filter(|document| document.boost == boost);
            alike.map(|document| document.weight_log2).collect::<Vec<_>>()
        };
        assert_eq!(weights(9), [0; 20]);
        // Every other, and one in sixteen.
        assert_eq!(weights(3), vec![1; 50]);
        assert_eq!(weights(0), vec![4; 125]);
        assert_eq!(sample.represented_documents(), 2120.0);
    }

    #[test]
    fn a_large_sample_has_a_smaller_one_in_it_that_represents_as_much() {
        let sample = |documents: u64| {
            sample(20_000, Oversampling::default(), (0..documents).map(|i| (i << 52, 0, vec![0; 84])))
        };
        // At 100 each, 200 fit: one in 32 of 4096, and one in 128 in a quarter of the budget.
        let large = sample(4096);
        let described = |sample: &DocumentSample| (sample.documents.len(), sample.documents[0].weight_log2);
        assert_eq!((described(&large), described(large.smaller())), ((128, 5), (32, 7)));
        assert_eq!(large.represented_documents(), large.smaller().represented_documents());
        assert_eq!(described(sample(45).smaller()), (45, 0), "what is small already is tried on as it is");
    }

    #[test]
    fn where_there_are_enough_one_in_so_many_will_do_whatever_its_boost() {
        let documents = (0..4000).map(|i| (hash(i), 7, vec![0]));
        let sample = sample(u64::MAX, Oversampling::of_one_in_2_to(2), documents);
        let expected = (0..4000).filter(|i| hash(*i).leading_zeros() >= 2).count();
        assert_eq!(sample.documents.len(), expected);
        assert!(sample.documents.iter().all(|document| document.weight_log2 == 2));
    }

    #[test]
    fn a_document_that_would_be_too_much_of_the_sample_is_not_in_it() {
        let documents = [(0, 0, vec![0; 11]), (1, 0, vec![1; 10])];
        assert_eq!(sample(160, Oversampling::default(), documents).counts(2), [0, 10]);
    }
}
