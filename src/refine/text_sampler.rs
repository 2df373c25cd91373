//! Samples texts of the raw corpus, to featurize them in several feature spaces: by content hash, in one pass, within
//! bounded memory.
//!
//! Documents that are not in the sample are not even featurized: how much there is in all is estimated from the sample.
//! Where a first sample has told which documents are likely to be selected, they are boosted as in
//! `document_sampler.rs`.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::by_bucket::is_short;
use super::oversampling::{Oversampling, RawDocument};
use crate::resample::Totals;
use crate::sampling::{Levels, Payload, Sampler, level};

/// The size of a document beside its text, in bytes: most of it for how likely each candidate is to select it.
const DOCUMENT: u64 = 192;
/// The number of features that come of a token with 1- and 2-grams. A token counts at least as much as they do, so that
/// features never take more memory than texts.
const FEATURES: u64 = 2;

/// Samples texts; shared by the threads that read a corpus.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TextSampler {
    sampler: Sampler,
    oversampling: Oversampling,
    /// The least size of a token, in bytes.
    token_size: u64,
    /// What is eligible, if it is known.
    eligible: Option<Totals>,
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
    pub(super) texts: Vec<SampledText>,
}

/// One document of a sample of texts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SampledText {
    content_hash: u64,
    boost: u8,
    /// Its weight as a power of two: it represents 2^this documents like it, itself among them.
    pub(super) weight_log2: u8,
    pub(super) tokens: u64,
    pub(super) bytes: u64,
    pub(super) text: Box<str>,
}

impl TextSample {
    /// Which of its documents are in the first half, by their content.
    pub(crate) fn in_first_half(&self) -> Vec<bool> {
        self.texts.iter().map(|text| text.content_hash % 2 == 1).collect()
    }
}

impl TextSampler {
    const BYTES: u64 = 1 << 25;

    /// A sampler of at most 16 MB of text, which is going to be featurized in this number of buckets: enough to find
    /// which documents are likely to be selected.
    pub(crate) fn new(buckets: u32) -> Self {
        TextSampler::with_budget(Self::BYTES / 2, buckets, Oversampling::default(), None)
    }

    /// A sampler of at most 32 MB of text that boosts documents; a first sample has told how many are `eligible`.
    pub(crate) fn oversampling_by(oversampling: Oversampling, buckets: u32, eligible: Totals) -> Self {
        TextSampler::with_budget(Self::BYTES, buckets, oversampling, Some(eligible))
    }

    fn with_budget(budget: u64, buckets: u32, oversampling: Oversampling, eligible: Option<Totals>) -> Self {
        let token_size = FEATURES * if is_short(buckets) { 2 } else { 4 };
        TextSampler { sampler: Sampler::new(Some(budget)), oversampling, token_size, eligible }
    }

    /// A sampler like it that has sampled nothing yet, for a part of a corpus of which other parts were sampled, with
    /// this floor.
    pub(crate) fn with_floor(&self, floor: usize) -> Self {
        let sampler = Sampler::new(self.sampler.budget()).with_floor(floor);
        TextSampler { sampler, oversampling: self.oversampling.clone(), ..*self }
    }

    /// What parts of a corpus have given, together.
    pub(crate) fn merge(
        &self,
        parts: impl IntoIterator<Item = Levels<TextsOfLevel>>,
    ) -> Levels<TextsOfLevel> {
        let Ok(levels) = Levels::merge(parts, self.sampler.budget());
        levels
    }

    /// Decides how much documents are boosted.
    pub(crate) fn oversampling(&self) -> &Oversampling {
        &self.oversampling
    }

    /// Adds an eligible document to what a thread has sampled, if it may be in the sample.
    pub(crate) fn add(&self, thread: &mut Levels<TextsOfLevel>, document: RawDocument, text: &str) {
        let RawDocument { content_hash, boost, tokens, bytes } = document;
        if !self.oversampling.may_sample(thread.floor(), content_hash, boost) {
            return;
        }
        let slot = thread.slot(&self.sampler, level(content_hash, boost), TextsOfLevel::default);
        let Some(mut level) = slot else { return };
        level.payload.eligible.add(Totals { records: 1, tokens, bytes });
        let size = (text.len() as u64).max(self.token_size * tokens);
        if size > self.sampler.max_size() {
            return;
        }
        level.add_size(size + DOCUMENT);
        let (boost, text) = (boost as u8, text.into());
        level.payload.texts.push(SampledText { content_hash, boost, weight_log2: 0, tokens, bytes, text });
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
        for text in &mut texts {
            text.weight_log2 = self.oversampling.weight_log2(floor, text.boost);
        }
        // Records of one hash are equal, and so are their texts.
        texts.sort_unstable_by_key(|text: &SampledText| text.content_hash);
        // One record in 2^floor is from that level on.
        let all = |sampled: u64| sampled.saturating_mul(1u64.checked_shl(floor as u32).unwrap_or(u64::MAX));
        let Totals { records, tokens, bytes } = sampled;
        let estimate = || Totals { records: all(records), tokens: all(tokens), bytes: all(bytes) };
        TextSample { eligible: self.eligible.unwrap_or_else(estimate), texts }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sample that is all of these texts; spaces separate tokens.
    pub(in crate::refine) fn texts_of(texts: &[&str]) -> TextSample {
        let texts = texts.iter().map(|text| (text.split(' ').count() as u64, text.len() as u64 + 1, *text));
        sample(TextSampler::new(10_000), (0..).zip(texts))
    }

    /// A sample of texts, given by hash, tokens and bytes.
    fn sample<'a>(
        sampler: TextSampler,
        texts: impl IntoIterator<Item = (u64, (u64, u64, &'a str))>,
    ) -> TextSample {
        let mut thread = Levels::new();
        for (content_hash, (tokens, bytes, text)) in texts {
            sampler.add(&mut thread, RawDocument { content_hash, boost: 0, tokens, bytes }, text);
        }
        sampler.finish([thread])
    }

    fn within(budget: u64) -> TextSampler {
        TextSampler::with_budget(budget, 10_000, Oversampling::default(), None)
    }

    #[test]
    fn the_sample_tells_how_much_there_is_of_all() {
        // 4096 documents of 12 bytes, at 204 each: one in sixteen of them fits.
        let sample = sample(within(53_000), (0..4096).rev().map(|i| (i << 52, (2, 20, "one document"))));
        assert!(sample.texts.iter().all(|text| text.weight_log2 == 4));
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
