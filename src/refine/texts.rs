//! Texts of the raw corpus: a sample by content hash, found in one pass within bounded memory, to be looked at in several feature
//! spaces.
//!
//! As with features (`sample.rs`), a record's level is the number of leading zeros of its content hash, and the sample has all
//! records from some level on. What is not in it is not even looked at: what there is of all is estimated from the sample. With
//! prospects, documents are lifted as there.

use super::by_bucket::is_short;
use super::levels::{LEVELS, Levels};
use super::prospects::Prospects;
use crate::resample::Totals;

/// What a document takes beside its text, in bytes: most of it for how likely each candidate is to select it.
const DOCUMENT: u64 = 192;
/// So many features come of a token with 1- and 2-grams. A token takes at least what they do, so that features take no more memory than texts.
const FEATURES: u64 = 2;

/// The sampling that the threads reading a corpus share.
#[derive(Debug)]
pub struct TextSampler {
    levels: Levels,
    prospects: Prospects,
    /// The fewest bytes that are taken for each token.
    of_token: u64,
    /// What is eligible, if it is known.
    eligible: Option<Totals>,
}

/// What one thread has sampled, by level.
#[derive(Debug)]
pub struct TextSamplerThread {
    levels: Vec<Level>,
    /// Levels below this can no longer be in the sample.
    floor: usize,
}

/// A sample of eligible documents, in the order of their content hashes.
#[derive(Debug)]
pub struct SampledTexts {
    /// About all that is eligible, sampled or not.
    pub eligible: Totals,
    pub(super) documents: Vec<SampledText>,
}

#[derive(Debug)]
pub(super) struct SampledText {
    content_hash: u64,
    lift: u8,
    /// It stands for 2^thinned documents like it.
    pub(super) thinned: u8,
    pub(super) tokens: u64,
    pub(super) bytes: u64,
    pub(super) text: Box<str>,
}

/// All eligible documents of one level, and those that are not too long for the sample.
#[derive(Debug, Default)]
struct Level {
    eligible: Totals,
    documents: Vec<SampledText>,
}

impl TextSampler {
    const BYTES: u64 = 1 << 25;

    /// Nothing sampled yet, of 16 MB of text at most, which are going to be looked at in so many buckets: enough to tell which documents have
    /// prospects.
    pub fn new(buckets: u32) -> Self {
        TextSampler::keeping_within(Self::BYTES / 2, buckets, Prospects::default(), None)
    }

    /// Nothing sampled yet, of 32 MB of text at most, of documents that are lifted, of all of which a first sample has told how many are eligible.
    pub fn lifting(buckets: u32, prospects: Prospects, eligible: Totals) -> Self {
        TextSampler::keeping_within(Self::BYTES, buckets, prospects, Some(eligible))
    }

    fn keeping_within(budget: u64, buckets: u32, prospects: Prospects, eligible: Option<Totals>) -> Self {
        let of_token = FEATURES * if is_short(buckets) { 2 } else { 4 };
        TextSampler { levels: Levels::keeping_within(budget), prospects, of_token, eligible }
    }

    /// What tells by how much documents are lifted.
    pub fn prospects(&self) -> &Prospects {
        &self.prospects
    }

    /// What one thread samples.
    pub fn thread(&self) -> TextSamplerThread {
        TextSamplerThread { levels: (0..LEVELS).map(|_| Level::default()).collect(), floor: 0 }
    }

    /// Makes one sample of what the threads have.
    pub fn finish(self, threads: impl IntoIterator<Item = TextSamplerThread>) -> SampledTexts {
        let floor = self.levels.floor();
        let mut documents: Vec<SampledText> = Vec::new();
        let mut there = Totals::default();
        for level in threads.into_iter().flat_map(|thread| thread.levels.into_iter().skip(floor)) {
            there.add(level.eligible);
            documents.extend(level.documents);
        }
        for document in &mut documents {
            document.thinned = self.prospects.thinned(floor, document.lift);
        }
        // Records of one hash are equal, and so are their texts.
        documents.sort_unstable_by_key(|document: &SampledText| document.content_hash);
        // One record in 2^floor is from that level on.
        let all = |sampled: u64| sampled.saturating_mul(1u64.checked_shl(floor as u32).unwrap_or(u64::MAX));
        let Totals { records, tokens, bytes } = there;
        let estimate = || Totals { records: all(records), tokens: all(tokens), bytes: all(bytes) };
        SampledTexts { eligible: self.eligible.unwrap_or_else(estimate), documents }
    }
}

impl TextSamplerThread {
    /// The level from which documents may be in the sample, until it is next raised.
    pub fn floor(&self) -> usize {
        self.floor
    }

    /// Takes in an eligible document, if it may be in the sample: its text, the number of its tokens, and the bytes of its record.
    pub fn document(
        &mut self,
        sampler: &TextSampler,
        (content_hash, lift): (u64, u32),
        (tokens, bytes): (u64, u64),
        text: &str,
    ) {
        if !sampler.prospects.is_sampled(self.floor, content_hash, lift) {
            return;
        }
        let number = (content_hash.leading_zeros() + lift) as usize;
        let level = &mut self.levels[number];
        level.eligible.add(Totals { records: 1, tokens, bytes });
        let size = (text.len() as u64).max(sampler.of_token * tokens);
        if size > sampler.levels.most() {
            return;
        }
        sampler.levels.take(number, size + DOCUMENT);
        let (lift, text) = (lift as u8, text.into());
        level.documents.push(SampledText { content_hash, lift, thinned: 0, tokens, bytes, text });
    }

    /// Leaves off, from now on, what can no longer be in the sample; worth a call for each block.
    pub fn raise_floor(&mut self, sampler: &TextSampler) {
        self.floor = sampler.levels.floor();
        self.levels[..self.floor].fill_with(Level::default);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sample that is all of these texts; tokens are what stands between spaces.
    pub(in crate::refine) fn texts_of(texts: &[&str]) -> SampledTexts {
        let sampler = TextSampler::new(10_000);
        let mut thread = sampler.thread();
        for (hash, text) in (0..).zip(texts) {
            let tokens = text.split(' ').count() as u64;
            thread.document(&sampler, (hash, 0), (tokens, text.len() as u64 + 1), text);
        }
        sampler.finish([thread])
    }

    /// Hash number `i` of many that are spread evenly.
    fn hash(i: u64) -> u64 {
        (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn keeps_within_its_bound_and_is_the_same_for_any_threads() {
        // 4000 documents of a dozen bytes, at 204 each; about a fifteenth of them fit.
        let sample = |threads: usize, ids: &mut dyn Iterator<Item = u64>| {
            let sampler = TextSampler::keeping_within(53_000, 10_000, Prospects::default(), None);
            let mut parts: Vec<_> = (0..threads).map(|_| sampler.thread()).collect();
            for (turn, id) in ids.enumerate() {
                let part = &mut parts[turn % threads];
                part.document(&sampler, (hash(id), 0), (2, 20), &format!("document{id:04}"));
                if turn % 10 == 0 {
                    part.raise_floor(&sampler);
                }
            }
            sampler.finish(parts)
        };
        let told = |sampled: &SampledTexts| {
            sampled.documents.iter().map(|document| document.text.to_string()).collect::<Vec<_>>()
        };
        let sampled = sample(1, &mut (0..4000));
        assert!(sampled.documents.iter().all(|document| document.thinned == 4));
        let mut expected: Vec<u64> = (0..4000).filter(|id| hash(*id).leading_zeros() >= 4).collect();
        expected.sort_by_key(|id| hash(*id));
        assert!(expected.len() * 204 <= 53_000 && expected.len() * 2 * 204 > 53_000);
        let texts: Vec<String> = expected.iter().map(|id| format!("document{id:04}")).collect();
        assert_eq!(told(&sampled), texts);
        let records = expected.len() as u64 * 16;
        assert_eq!(sampled.eligible, Totals { records, tokens: 2 * records, bytes: 20 * records });
        let backwards = sample(3, &mut (0..4000).rev());
        assert_eq!((told(&backwards), backwards.eligible), (texts, sampled.eligible));
    }

    #[test]
    fn a_text_that_would_be_too_much_of_the_sample_is_counted_and_not_in_it() {
        let sampler = TextSampler::keeping_within(1600, 10_000, Prospects::default(), None);
        let mut thread = sampler.thread();
        thread.document(&sampler, (0, 0), (1, 200), &"a".repeat(101));
        thread.document(&sampler, (1, 0), (26, 60), &"a ".repeat(26));
        thread.document(&sampler, (2, 0), (25, 60), &"a ".repeat(25));
        let sampled = sampler.finish([thread]);
        assert_eq!(sampled.documents.len(), 1);
        assert_eq!(sampled.eligible, Totals { records: 3, tokens: 52, bytes: 320 });
    }
}
