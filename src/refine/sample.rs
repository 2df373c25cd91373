//! Documents of the raw corpus with their features: a sample by content hash, found in one pass within bounded memory.
//!
//! As where n-grams are counted (`density/raw.rs`), a record's level is the number of leading zeros of its content hash, and
//! the sample has all records from some level on: it is the same however the corpus is cut.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::density::{FitBudget, LogRatios, Sum};
use crate::resample::Totals;

/// Levels 0 to 64.
const LEVELS: usize = 65;
/// Features are kept in pieces of so many, so that growing never holds them twice.
const CHUNK: usize = 1 << 16;
/// What a document takes beside its features, in their unit.
const DOCUMENT: u64 = 16;

/// The sampling that the threads reading a corpus share.
#[derive(Debug)]
pub struct Sampler {
    is_short: bool,
    budget: FitBudget,
    taken: [AtomicU64; LEVELS],
}

/// What one thread has sampled, by level, and what it has seen.
#[derive(Debug)]
pub struct SamplerThread {
    levels: Vec<Option<Part>>,
    /// Levels below this can no longer be in the sample.
    floor: usize,
    eligible: Totals,
}

/// A sample of eligible documents, and what all of them hold.
#[derive(Debug)]
pub struct Sampled {
    /// All eligible documents, sampled or not.
    pub eligible: Totals,
    /// Whether there are others than those in the sample.
    pub is_part: bool,
    parts: Vec<Features>,
    pub(super) documents: Vec<Document>,
}

/// One document of the sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) tokens: u32,
    pub(super) bytes: u32,
    part: u32,
    start: u32,
    ngrams: u32,
}

/// Documents and their features.
#[derive(Debug)]
struct Part {
    documents: Vec<Document>,
    features: Features,
}

/// Buckets in chunks: all full but the last.
#[derive(Debug)]
enum Features {
    Short(Vec<Vec<u16>>),
    Long(Vec<Vec<u32>>),
}

impl Sampler {
    /// 32 MB of features, two bytes each.
    const NGRAMS: u64 = 1 << 24;

    /// Nothing sampled yet, of so many buckets.
    pub fn new(buckets: u32) -> Self {
        let is_short = buckets <= 1 << 16;
        Sampler::keeping_within(if is_short { Self::NGRAMS } else { Self::NGRAMS / 2 }, is_short)
    }

    /// The same for documents that are known to be few.
    pub(super) fn of_all(buckets: u32) -> Self {
        Sampler::keeping_within(u64::MAX, buckets <= 1 << 16)
    }

    fn keeping_within(ngrams: u64, is_short: bool) -> Self {
        let taken = [const { AtomicU64::new(0) }; LEVELS];
        Sampler { is_short, budget: FitBudget(Some(ngrams)), taken }
    }

    /// What one thread samples.
    pub fn thread(&self) -> SamplerThread {
        SamplerThread { levels: (0..LEVELS).map(|_| None).collect(), floor: 0, eligible: Totals::default() }
    }

    /// Makes one sample of what the threads have.
    pub fn finish(self, threads: impl IntoIterator<Item = SamplerThread>) -> Sampled {
        let floor = self.floor();
        let mut sampled =
            Sampled { eligible: Totals::default(), is_part: false, parts: Vec::new(), documents: Vec::new() };
        for thread in threads {
            sampled.eligible.add(thread.eligible);
            for Part { documents, features } in thread.levels.into_iter().skip(floor).flatten() {
                let part = sampled.parts.len() as u32;
                sampled.documents.extend(documents.into_iter().map(|one| Document { part, ..one }));
                sampled.parts.push(features);
            }
        }
        sampled.is_part = sampled.documents.len() as u64 != sampled.eligible.records;
        sampled
    }

    fn floor(&self) -> usize {
        let taken: Vec<u64> = self.taken.iter().map(|level| level.load(Ordering::Relaxed)).collect();
        self.budget.smallest_level(&taken)
    }

    /// The most n-grams of a document that can be in the sample: a longer one would be too much of it.
    pub fn most_ngrams(&self) -> usize {
        self.budget.0.map_or(usize::MAX, |most| most as usize / 16)
    }
}

impl SamplerThread {
    /// Whether a document with this content hash may be in the sample.
    pub fn may_take(&self, content_hash: u64) -> bool {
        content_hash.leading_zeros() as usize >= self.floor
    }

    /// Takes in an eligible document; `features` are of no account unless it may be in the sample.
    pub fn document(
        &mut self,
        sampler: &Sampler,
        content_hash: u64,
        (tokens, bytes): (u64, u64),
        features: &[u32],
    ) {
        self.eligible.add(Totals { records: 1, tokens, bytes });
        if !self.may_take(content_hash) || features.len() > sampler.most_ngrams() {
            return;
        }
        let level = content_hash.leading_zeros() as usize;
        sampler.taken[level].fetch_add(features.len() as u64 + DOCUMENT, Ordering::Relaxed);
        let part = self.levels[level].get_or_insert_with(|| Part {
            documents: Vec::new(),
            features: if sampler.is_short { Features::Short(Vec::new()) } else { Features::Long(Vec::new()) },
        });
        part.documents.push(Document {
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            part: 0,
            start: part.features.len() as u32,
            ngrams: features.len() as u32,
        });
        match &mut part.features {
            // Buckets are below 2^16 then.
            Features::Short(chunks) => push(chunks, features, |bucket| bucket as u16),
            Features::Long(chunks) => push(chunks, features, |bucket| bucket),
        }
    }

    /// Leaves off, from now on, what can no longer be in the sample; worth a call for each block.
    pub fn raise_floor(&mut self, sampler: &Sampler) {
        self.floor = sampler.floor();
        self.levels[..self.floor].fill_with(|| None);
    }
}

impl Sampled {
    /// The log weight of a document for the only target of `log_ratios`.
    pub(super) fn log_weight(&self, document: &Document, log_ratios: &LogRatios) -> f64 {
        let mut sum: [Sum; 1] = [0];
        match &self.parts[document.part as usize] {
            Features::Short(chunks) => {
                spans(chunks, document).for_each(|span| log_ratios.add(span, &mut sum))
            }
            Features::Long(chunks) => spans(chunks, document).for_each(|span| log_ratios.add(span, &mut sum)),
        }
        log_ratios.log_weight(sum[0])
    }

    /// The n-grams of all documents, one count for each bucket.
    pub(super) fn counts(&self, buckets: usize) -> Vec<u64> {
        let mut counts = vec![0; buckets];
        self.documents.iter().for_each(|document| self.count(document, 1, &mut counts));
        counts
    }

    /// Adds `times` the features of a document to `counts`, one for each bucket.
    pub(super) fn count(&self, document: &Document, times: u64, counts: &mut [u64]) {
        match &self.parts[document.part as usize] {
            Features::Short(chunks) => {
                spans(chunks, document).flatten().for_each(|bucket| counts[usize::from(*bucket)] += times);
            }
            Features::Long(chunks) => {
                spans(chunks, document).flatten().for_each(|bucket| counts[*bucket as usize] += times);
            }
        }
    }
}

impl Features {
    fn len(&self) -> usize {
        fn len<T>(chunks: &[Vec<T>]) -> usize {
            chunks.last().map_or(0, |last| (chunks.len() - 1) * CHUNK + last.len())
        }
        match self {
            Features::Short(chunks) => len(chunks),
            Features::Long(chunks) => len(chunks),
        }
    }
}

fn push<T>(chunks: &mut Vec<Vec<T>>, mut features: &[u32], narrow: impl Fn(u32) -> T) {
    while !features.is_empty() {
        let chunk = match chunks.last_mut().filter(|last| last.len() < CHUNK) {
            Some(_) => chunks.len() - 1,
            None => {
                chunks.push(Vec::new());
                chunks.len() - 1
            }
        };
        let chunk = &mut chunks[chunk];
        let (now, later) = features.split_at(features.len().min(CHUNK - chunk.len()));
        chunk.extend(now.iter().map(|bucket| narrow(*bucket)));
        features = later;
    }
}

/// The features of a document, a run at a time.
fn spans<'a, T>(chunks: &'a [Vec<T>], document: &Document) -> impl Iterator<Item = &'a [T]> {
    let (mut start, mut left) = (document.start as usize, document.ngrams as usize);
    std::iter::from_fn(move || {
        let rest = (left > 0).then(|| &chunks[start / CHUNK][start % CHUNK..])?;
        let span = &rest[..rest.len().min(left)];
        start += span.len();
        left -= span.len();
        Some(span)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sample of documents, given by their features; tokens are as many, and bytes ten times as many.
    pub(in crate::refine) fn sample_of(documents: &[Vec<u32>]) -> Sampled {
        let sampler = Sampler::new(1000);
        let mut thread = sampler.thread();
        for (hash, features) in documents.iter().enumerate() {
            let tokens = features.len() as u64;
            // All of one level, so that they stay in order.
            thread.document(&sampler, hash as u64 | 1 << 63, (tokens, 10 * tokens), features);
        }
        sampler.finish([thread])
    }

    #[test]
    fn features_come_back_also_across_chunks() {
        let long: Vec<u32> = (0..CHUNK as u32 + 100).map(|i| i % 7).collect();
        let sampled = sample_of(&[vec![1, 2], long.clone(), vec![], long.clone(), vec![9]]);
        assert_eq!(sampled.documents.len(), 5);
        assert_eq!(sampled.eligible, Totals { records: 5, tokens: 131_275, bytes: 1_312_750 });
        let mut expected = vec![0u64; 10];
        long.iter().for_each(|bucket| expected[*bucket as usize] += 2);
        [1, 2, 9].iter().for_each(|bucket| expected[*bucket as usize] += 1);
        assert_eq!(sampled.counts(10), expected);
    }

    /// Hash number `i` of many that are spread evenly.
    fn hash(i: u64) -> u64 {
        (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn keeps_within_its_bound_and_is_the_same_for_any_threads() {
        // 1000 documents of 84 n-grams, at 100 each; a tenth of them fit.
        let sample = |threads: usize, is_short: bool| {
            let sampler = Sampler::keeping_within(10_000, is_short);
            let mut parts: Vec<_> = (0..threads).map(|_| sampler.thread()).collect();
            for i in 0..1000 {
                let part = &mut parts[i as usize % threads];
                part.document(&sampler, hash(i), (84, 1), &[(i % 50) as u32; 84]);
                if i % 10 == 0 {
                    part.raise_floor(&sampler);
                }
            }
            let sampled = sampler.finish(parts);
            assert_eq!(sampled.eligible.records, 1000);
            assert!(sampled.is_part && sampled.documents.len() <= 100, "{}", sampled.documents.len());
            sampled.counts(50)
        };
        // Those whose hash begins with four zeros: about 1000 / 16.
        let expected = (0..1000).filter(|i| hash(*i).leading_zeros() >= 4).fold(vec![0; 50], |mut sum, i| {
            sum[i as usize % 50] += 84;
            sum
        });
        assert_eq!(sample(1, true), expected);
        assert_eq!(sample(3, true), expected);
        assert_eq!(sample(3, false), expected);
    }

    #[test]
    fn a_document_that_would_be_too_much_of_the_sample_is_not_in_it() {
        let sampler = Sampler::keeping_within(160, true);
        let mut thread = sampler.thread();
        thread.document(&sampler, 0, (500, 1), &[0; 11]);
        thread.document(&sampler, 1, (5, 1), &[1; 10]);
        let sampled = sampler.finish([thread]);
        assert_eq!((sampled.is_part, sampled.counts(2)), (true, vec![0, 10]));
        assert_eq!(sampled.eligible.tokens, 505);
    }
}
