//! Samples texts by content hash, in one pass, within bounded memory, to be featurized later.
//!
//! Documents that are not in the sample are not even featurized: how much there is in all is estimated from the sample.

use std::convert::Infallible;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::by_bucket::is_short;
use super::document_sample::{DocumentBlock, DocumentSample};
use crate::featurizer::Featurizers;
use crate::observer::Observer;
use crate::resample::Totals;
use crate::sampling::{Levels, Payload, Sampler, level};

/// The size of a document beside its text, in bytes.
const DOCUMENT: u64 = 192;
/// The number of features that come of a token with 1- and 2-grams. A token counts at least as much as they do, so that
/// features never take more memory than texts.
const FEATURES: u64 = 2;

/// Samples texts; shared by the threads that read a corpus.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TextSampler {
    sampler: Sampler,
    /// The least size of a token, in bytes.
    token_size: u64,
}

/// All eligible documents of a level, and the texts of those that are not too long for the sample.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TextsOfLevel {
    eligible: Totals,
    texts: Vec<SampledText>,
}

impl Payload for TextsOfLevel {
    type Error = Infallible;

    fn merge(&mut self, others: Self) -> Result<(), Infallible> {
        self.eligible.add(others.eligible);
        self.texts.extend(others.texts);
        Ok(())
    }
}

/// A sample of eligible documents, in the order of their content hashes.
#[derive(Debug)]
pub(crate) struct TextSample {
    /// The approximate totals of all that is eligible, sampled or not.
    pub eligible: Totals,
    texts: Vec<SampledText>,
    /// The weight of each as a power of two: it represents 2^this documents like it, itself among them.
    weight_log2: u8,
}

/// A text, and what sampling needs to know of its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashedText<'a> {
    /// The content hash of its record.
    pub(crate) content_hash: u64,
    /// Its tokens.
    pub(crate) tokens: u64,
    /// The bytes of its record.
    pub(crate) bytes: u64,
    /// Itself.
    pub(crate) text: &'a str,
}

/// One document of a sample of texts.
#[derive(Debug, Serialize, Deserialize)]
struct SampledText {
    content_hash: u64,
    tokens: u64,
    bytes: u64,
    text: Box<str>,
}

impl TextSample {
    /// The features of its texts, in their order.
    pub(crate) fn featurize(&self, featurizers: &Featurizers, observer: &Observer) -> DocumentSample {
        let task = self.texts.len().div_ceil(rayon::current_num_threads()).max(1);
        let blocks = self.texts.par_chunks(task).map(|texts| {
            let mut block = DocumentBlock::of_buckets(featurizers.space().buckets);
            let (mut featurizer, mut features) = (featurizers.featurizer(), Vec::new());
            for text in texts.iter().take_while(|_| !observer.is_cancelled()) {
                features.clear();
                featurizer.featurize(&text.text, |buckets| features.extend(buckets));
                block.push(text.tokens, text.bytes, &features).weight_log2 = self.weight_log2;
            }
            block
        });
        DocumentSample::new(blocks.collect::<Vec<_>>())
    }

    /// Which of its documents are in the first half, by their content.
    pub(crate) fn in_first_half(&self) -> Vec<bool> {
        self.texts.iter().map(|text| text.content_hash % 2 == 1).collect()
    }
}

impl TextSampler {
    const BYTES: u64 = 1 << 24;

    /// A sampler of at most 16 MB of text, which is going to be featurized in this number of buckets.
    pub(crate) fn new(buckets: u32) -> Self {
        TextSampler::with_budget(Self::BYTES, buckets)
    }

    fn with_budget(budget: u64, buckets: u32) -> Self {
        let token_size = FEATURES * if is_short(buckets) { 2 } else { 4 };
        TextSampler { sampler: Sampler::new(Some(budget)), token_size }
    }

    /// A sampler like it that has sampled nothing yet, for a part of a corpus of which other parts were sampled, with
    /// this floor.
    pub(crate) fn with_floor(&self, floor: usize) -> Self {
        let sampler = Sampler::new(self.sampler.budget()).with_floor(floor);
        TextSampler { sampler, ..*self }
    }

    /// What parts of a corpus have given, together.
    pub(crate) fn merge(
        &self,
        parts: impl IntoIterator<Item = Levels<TextsOfLevel>>,
    ) -> Levels<TextsOfLevel> {
        let Ok(levels) = Levels::merge(parts, self.sampler.budget());
        levels
    }

    /// Whether a document with this content hash may be in a sample with this floor.
    pub(crate) fn may_sample(floor: usize, content_hash: u64) -> bool {
        level(content_hash, 0) >= floor
    }

    /// Adds an eligible document to what a thread has sampled, if it may be in the sample.
    pub(crate) fn add(&self, thread: &mut Levels<TextsOfLevel>, document: HashedText<'_>) {
        let HashedText { content_hash, tokens, bytes, text } = document;
        if !Self::may_sample(thread.floor(), content_hash) {
            return;
        }
        let slot = thread.slot(&self.sampler, level(content_hash, 0), TextsOfLevel::default);
        let Some(mut level) = slot else { return };
        level.payload.eligible.add(Totals { records: 1, tokens, bytes });
        let size = (text.len() as u64).max(self.token_size * tokens);
        if size > self.sampler.max_size() {
            return;
        }
        level.add_size(size + DOCUMENT);
        let text = text.into();
        level.payload.texts.push(SampledText { content_hash, tokens, bytes, text });
    }

    /// Drops what can no longer be in the sample; worth a call for each block.
    pub(crate) fn raise_floor(&self, thread: &mut Levels<TextsOfLevel>) {
        thread.raise_floor(&self.sampler);
    }

    /// Makes one sample of what the threads have.
    pub(crate) fn finish(self, threads: impl IntoIterator<Item = Levels<TextsOfLevel>>) -> TextSample {
        let Ok(levels) = Levels::merge(threads, self.sampler.budget());
        let floor = levels.floor();
        let mut texts: Vec<SampledText> = Vec::new();
        let mut sampled = Totals::default();
        for (_, level) in levels.into_payloads() {
            sampled.add(level.eligible);
            texts.extend(level.texts);
        }
        // Records of one hash are equal, and so are their texts.
        texts.sort_unstable_by_key(|text: &SampledText| text.content_hash);
        // One record in 2^floor is from that level on.
        let all = |sampled: u64| sampled.saturating_mul(1u64.checked_shl(floor as u32).unwrap_or(u64::MAX));
        let Totals { records, tokens, bytes } = sampled;
        let eligible = Totals { records: all(records), tokens: all(tokens), bytes: all(bytes) };
        TextSample { eligible, texts, weight_log2: floor as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample of texts, given by hash, tokens and bytes.
    fn sample<'a>(
        sampler: TextSampler,
        texts: impl IntoIterator<Item = (u64, (u64, u64, &'a str))>,
    ) -> TextSample {
        let mut thread = Levels::new();
        for (content_hash, (tokens, bytes, text)) in texts {
            sampler.add(&mut thread, HashedText { content_hash, tokens, bytes, text });
        }
        sampler.finish([thread])
    }

    fn within(budget: u64) -> TextSampler {
        TextSampler::with_budget(budget, 10_000)
    }

    #[test]
    fn the_sample_tells_how_much_there_is_of_all() {
        // 4096 documents of 12 bytes, at 204 each: one in sixteen of them fits.
        let sample = sample(within(53_000), (0..4096).rev().map(|i| (i << 52, (2, 20, "one document"))));
        assert_eq!(sample.weight_log2, 4);
        let hashes: Vec<u64> = sample.texts.iter().map(|text| text.content_hash >> 52).collect();
        assert_eq!(hashes, (0..256).collect::<Vec<u64>>());
        assert_eq!(sample.eligible, Totals { records: 4096, tokens: 8192, bytes: 81_920 });
    }

    #[test]
    fn a_text_that_would_be_too_much_of_the_sample_is_counted_and_not_in_it() {
        let (long, many_tokens, fits) = ("a".repeat(101), "a ".repeat(26), "a ".repeat(25));
        let texts = [(1, 200, long.as_str()), (26, 60, &many_tokens), (25, 60, &fits)];
        let sample = sample(within(1600), (0..).zip(texts));
        assert_eq!(sample.texts.len(), 1);
        assert_eq!(sample.eligible, Totals { records: 3, tokens: 52, bytes: 320 });
    }
}
