//! The documents of a sample with their features, and how many others each stands for.

use std::sync::Arc;

use super::by_bucket::{ByBucket, is_short};
use super::coarse::Coarse;
use super::expected::ONE;
use crate::density::{Sum, sum_of};

/// Features are kept in pieces of so many, so that growing never holds them twice; each has its room from the start, so that what one level gives up
/// fits another.
const CHUNK: usize = 1 << 14;

/// A sample of eligible documents.
#[derive(Debug)]
pub struct Sampled {
    parts: Arc<[Features]>,
    pub(super) documents: Vec<Document>,
    unit: Unit,
    fewer: Option<Box<Sampled>>,
}

/// In which documents are counted, with all that they stand for, so that sums over a sample keep within 63 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// Of sums in which every n-gram counts 2^32 times.
    excess_bits: u32,
}

impl Unit {
    /// For a sample whose documents have so many n-grams, and each stands for 2^thinned.
    pub(super) fn new(documents: impl Iterator<Item = (u64, u8)>) -> Self {
        let ngrams = documents.map(|(ngrams, thinned)| u128::from(ngrams) << thinned).sum::<u128>();
        let bits = ngrams.checked_ilog2().map_or(0, |log| log + 1);
        Unit { excess_bits: (32 + bits).saturating_sub(63) }
    }

    /// How often a document counts that is selected with this probability in units of 2^-32.
    pub(super) fn times(self, inclusion: u64, thinned: u8) -> u64 {
        ((u128::from(inclusion) << thinned) >> self.excess_bits) as u64
    }
}

/// One document of the sample, which stands for 2^thinned like it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) tokens: u32,
    pub(super) bytes: u32,
    pub(super) thinned: u8,
    pub(super) lift: u8,
    pub(super) part: u32,
    start: u32,
    ngrams: u32,
}

impl Document {
    /// Its tokens, and those of all others that it stands for.
    pub(super) fn tokens_stood_for(&self) -> u64 {
        u64::from(self.tokens).saturating_mul(1u64.checked_shl(self.thinned.into()).unwrap_or(u64::MAX))
    }
}

/// Documents and their features.
#[derive(Debug)]
pub(super) struct Part {
    documents: Vec<Document>,
    features: Features,
}

/// Buckets in chunks: all full but the last.
#[derive(Debug)]
enum Features {
    Short(Vec<Vec<u16>>),
    Long(Vec<Vec<u32>>),
}

impl Part {
    pub(super) fn new(is_short: bool) -> Self {
        let features = if is_short { Features::Short(Vec::new()) } else { Features::Long(Vec::new()) };
        Part { documents: Vec::new(), features }
    }

    /// A part of documents of so many buckets, which are not lifted.
    pub(super) fn of_buckets(buckets: u32) -> Self {
        Part::new(is_short(buckets))
    }

    pub(super) fn push(&mut self, lift: u32, (tokens, bytes): (u64, u64), features: &[u32]) {
        self.documents.push(Document {
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            thinned: 0,
            lift: lift as u8,
            part: 0,
            start: self.features.len() as u32,
            ngrams: features.len() as u32,
        });
        match &mut self.features {
            // Buckets are below 2^16 then.
            Features::Short(chunks) => push(chunks, features, |bucket| bucket as u16),
            Features::Long(chunks) => push(chunks, features, |bucket| bucket),
        }
    }
}

impl Sampled {
    /// Of the documents in these parts, in order; `thinned` tells how many each stands for.
    pub(super) fn of(parts: impl IntoIterator<Item = Part>, thinned: impl Fn(&Document) -> u8) -> Self {
        let (mut features, mut documents) = (Vec::new(), Vec::<Document>::new());
        for one in parts {
            let part = features.len() as u32;
            let of_part = one.documents.into_iter();
            documents.extend(of_part.map(|one| Document { part, thinned: thinned(&one), ..one }));
            features.push(one.features);
        }
        Sampled::of_documents(features.into(), documents)
    }

    fn of_documents(parts: Arc<[Features]>, documents: Vec<Document>) -> Self {
        let unit = Unit::new(documents.iter().map(|one| (one.ngrams.into(), one.thinned)));
        Sampled { parts, documents, unit, fewer: None }
    }

    /// Has a smaller sample in it, of those of its documents that are `taken`, where `thinned` tells how many each stands for.
    pub(super) fn with_fewer(
        self,
        taken: impl Fn(&Document) -> bool,
        thinned: impl Fn(&Document) -> u8,
    ) -> Self {
        let fewer = self.documents.iter().filter(|one| taken(one));
        let fewer = fewer.map(|one| Document { thinned: thinned(one), ..*one }).collect();
        let fewer = Sampled::of_documents(self.parts.clone(), fewer);
        Sampled { fewer: Some(fewer.into()), ..self }
    }

    /// A sample of the same documents that is not too large to try things on.
    pub(super) fn fewer(&self) -> &Sampled {
        self.fewer.as_deref().unwrap_or(self)
    }

    /// How many documents it stands for.
    pub(super) fn stands_for(&self) -> f64 {
        self.documents.iter().map(|one| 2f64.powi(one.thinned.into())).sum()
    }

    /// Whether there are others than those in the sample.
    pub(super) fn is_part(&self) -> bool {
        self.documents.iter().any(|one| one.thinned > 0)
    }

    /// The sum of the log-ratios of a document.
    pub(super) fn sum(&self, document: &Document, log_ratios: &ByBucket<i64>) -> Sum {
        // Of a span, it fits 64 bits: no span is longer than a chunk.
        match &self.parts[document.part as usize] {
            Features::Short(chunks) => {
                let log_ratios = log_ratios.of_short();
                let of_bucket = |bucket: &u16| log_ratios[usize::from(*bucket)];
                spans(chunks, document).map(|span| Sum::from(span.iter().map(of_bucket).sum::<i64>())).sum()
            }
            Features::Long(chunks) => {
                spans(chunks, document).map(|span| Sum::from(sum_of(log_ratios.all(), span))).sum()
            }
        }
    }

    /// Adds coarse log-ratios of a document to the sums.
    pub(super) fn add_coarse(&self, document: &Document, log_ratios: &Coarse, sums: &mut [i64]) {
        match &self.parts[document.part as usize] {
            Features::Short(chunks) => spans(chunks, document).for_each(|span| log_ratios.add(span, sums)),
            Features::Long(chunks) => spans(chunks, document).for_each(|span| log_ratios.add(span, sums)),
        }
    }

    /// The n-grams of all documents that it stands for, one count for each bucket; in units of as many as the least thinned
    /// document stands for.
    pub(super) fn counts(&self, buckets: usize) -> Vec<u64> {
        let mut counts = ByBucket::zeros(buckets);
        let least = self.documents.iter().map(|document| document.thinned).min().unwrap_or(0);
        for document in &self.documents {
            // 2^(thinned - least), if that is not too much to be added up.
            let times =
                self.times(document, ONE) >> (32 + u32::from(least)).saturating_sub(self.unit.excess_bits);
            self.count(document, times, &mut counts);
        }
        counts.into_vec(buckets)
    }

    /// How often a document counts that is selected with this probability in units of 2^-32.
    pub(super) fn times(&self, document: &Document, inclusion: u64) -> u64 {
        self.unit.times(inclusion, document.thinned)
    }

    /// Adds `times` the features of a document to `counts`.
    pub(super) fn count(&self, document: &Document, times: u64, counts: &mut ByBucket<u64>) {
        match &self.parts[document.part as usize] {
            Features::Short(chunks) => {
                let counts = counts.of_short_mut();
                spans(chunks, document).flatten().for_each(|bucket| counts[usize::from(*bucket)] += times);
            }
            Features::Long(chunks) => {
                let counts = counts.all_mut();
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
                chunks.push(Vec::with_capacity(CHUNK));
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
    use super::super::by_bucket::SHORT;
    use super::*;

    /// A sample of documents, given by their features; tokens are as many, and bytes ten times as many.
    pub(in crate::refine) fn sample_of(documents: &[Vec<u32>]) -> Sampled {
        thinned_sample_of(documents, 0)
    }

    /// The same where each stands for 2^thinned documents.
    pub(in crate::refine) fn thinned_sample_of(documents: &[Vec<u32>], thinned: u8) -> Sampled {
        let mut part = Part::new(true);
        for features in documents {
            let tokens = features.len() as u64;
            part.push(0, (tokens, 10 * tokens), features);
        }
        Sampled::of([part], |_| thinned)
    }

    #[test]
    fn features_come_back_also_across_chunks() {
        let long: Vec<u32> = (0..CHUNK as u32 + 100).map(|i| i % 7).collect();
        let sampled = sample_of(&[vec![1, 2], long.clone(), vec![], long.clone(), vec![9]]);
        assert_eq!(sampled.documents.len(), 5);
        let mut expected = vec![0u64; 10];
        long.iter().for_each(|bucket| expected[*bucket as usize] += 2);
        [1, 2, 9].iter().for_each(|bucket| expected[*bucket as usize] += 1);
        assert_eq!(sampled.counts(10), expected);
    }

    #[test]
    fn sums_are_of_all_spans_and_of_many_buckets_too() {
        let long = |bucket: u32| vec![bucket; CHUNK + 100];
        for buckets in [10, SHORT as u32, SHORT as u32 + 10] {
            let mut part = Part::of_buckets(buckets);
            let documents = [vec![0, buckets - 1, buckets - 1], long(buckets - 1), vec![]];
            documents.iter().for_each(|features| part.push(0, (1, 1), features));
            let sampled = Sampled::of([part], |_| 0);
            let mut log_ratios = vec![3; buckets as usize];
            // The least there may be: 32, with 40 bits after the point.
            log_ratios[buckets as usize - 1] = -1 << 45;
            let log_ratios = ByBucket::of(&log_ratios);
            let sums: Vec<Sum> =
                sampled.documents.iter().map(|document| sampled.sum(document, &log_ratios)).collect();
            assert_eq!(sums, [3 - (2 << 45), -((CHUNK as i128 + 100) << 45), 0]);
        }
    }

    #[test]
    fn counts_fit_64_bits_whatever_documents_stand_for() {
        let ngrams = 1000;
        for thinned in [0, 20, 21, 22, 40] {
            let sampled = thinned_sample_of(&[vec![1; ngrams]], thinned);
            let all = u128::from(sampled.times(&sampled.documents[0], 1 << 32)) * ngrams as u128;
            assert!(all < 1 << 63, "{all}");
            assert!(thinned < 22 || all > 1 << 60, "no more is given up than has to be: {all}");
        }
    }
}
