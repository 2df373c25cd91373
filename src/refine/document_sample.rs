//! A sample of documents with their features, each of which represents a number of others.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::by_bucket::{ByBucket, is_short};
use super::coarse::Coarse;
use super::features::{FeatureRange, Features};
use super::inclusion::{ONE, Unit};
use crate::density::{LogRatios, Sum};
use crate::featurizer::Hash;
use crate::resample::Normalize;

/// Documents in a task, so that tasks are worth their tables.
const TASK: usize = 1 << 9;

/// A sample of eligible documents.
#[derive(Debug)]
pub(crate) struct DocumentSample {
    features: Arc<[Features]>,
    pub(super) documents: Vec<SampledDocument>,
    unit: Unit,
    smaller: Option<Box<DocumentSample>>,
}

/// One document of a sample.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct SampledDocument {
    pub(super) tokens: u32,
    pub(super) bytes: u32,
    /// Its weight as a power of two: it represents 2^this documents like it, itself among them.
    pub(super) weight_log2: u8,
    /// By how many levels it was raised when it was sampled.
    pub(super) boost: u8,
    /// The block of the sample that its features are in.
    pub(super) block: u32,
    range: FeatureRange,
}

impl SampledDocument {
    /// The same document in a sample where it has this weight.
    pub(super) fn reweighted(&self, weight_log2: u8) -> Self {
        SampledDocument { weight_log2, ..*self }
    }

    /// The number of documents that it represents.
    pub(super) fn weight(&self) -> u64 {
        1u64.checked_shl(self.weight_log2.into()).unwrap_or(u64::MAX)
    }

    /// Its tokens, and those of the documents that it represents.
    pub(super) fn represented_tokens(&self) -> u64 {
        u64::from(self.tokens).saturating_mul(self.weight())
    }
}

/// Documents, as one thread collects them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DocumentBlock {
    pub(super) documents: Vec<SampledDocument>,
    features: Features,
}

impl DocumentBlock {
    pub(super) fn new(is_short: bool) -> Self {
        DocumentBlock { documents: Vec::new(), features: Features::new(is_short) }
    }

    /// A block for documents with features in this number of buckets.
    pub(super) fn of_buckets(buckets: u32) -> Self {
        DocumentBlock::new(is_short(buckets))
    }

    /// Adds a document, which represents itself alone and has no boost until the caller says otherwise.
    pub(super) fn push(&mut self, tokens: u64, bytes: u64, features: &[u32]) -> &mut SampledDocument {
        let range = self.features.push(features);
        self.documents.push_mut(SampledDocument {
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            weight_log2: 0,
            boost: 0,
            block: 0,
            range,
        })
    }
}

impl DocumentSample {
    /// A sample of the documents in these blocks, in order.
    pub(super) fn new(blocks: impl IntoIterator<Item = DocumentBlock>) -> Self {
        let (mut features, mut documents) = (Vec::new(), Vec::<SampledDocument>::new());
        for one in blocks {
            let block = features.len() as u32;
            documents.extend(one.documents.into_iter().map(|one| SampledDocument { block, ..one }));
            features.push(one.features);
        }
        DocumentSample::of(features.into(), documents)
    }

    fn of(features: Arc<[Features]>, documents: Vec<SampledDocument>) -> Self {
        let unit = Unit::new(documents.iter().map(|one| (one.range.ngrams.into(), one.weight_log2)));
        DocumentSample { features, documents, unit, smaller: None }
    }

    /// Adds a smaller sample to it, which shares its features.
    pub(super) fn with_smaller(self, documents: Vec<SampledDocument>) -> Self {
        let smaller = DocumentSample::of(self.features.clone(), documents);
        DocumentSample { smaller: Some(smaller.into()), ..self }
    }

    /// A sample of the same documents that is not too large to try things on.
    pub(super) fn smaller(&self) -> &DocumentSample {
        self.smaller.as_deref().unwrap_or(self)
    }

    /// The number of documents that it represents.
    pub(super) fn represented_documents(&self) -> f64 {
        self.documents.iter().map(|one| 2f64.powi(one.weight_log2.into())).sum()
    }

    /// Whether there are documents that are not in the sample.
    pub(super) fn is_partial(&self) -> bool {
        self.documents.iter().any(|one| one.weight_log2 > 0)
    }

    /// The sum of the log-ratios of a document.
    pub(super) fn sum(&self, document: &SampledDocument, log_ratios: &ByBucket<i64>) -> Sum {
        self.features[document.block as usize].sum(document.range, log_ratios)
    }

    /// The log weights of all documents by these log-ratios.
    pub(super) fn log_weights(
        &self,
        hash: Hash,
        log_ratios: &ByBucket<i64>,
        normalize: Normalize,
    ) -> Vec<f64> {
        let weight = self.documents.par_iter().map(|document| {
            normalize.apply(LogRatios::log_weight_of(hash, self.sum(document, log_ratios)), document.tokens)
        });
        weight.collect()
    }

    /// Adds coarse log-ratios of a document to the sums.
    pub(super) fn add_coarse(&self, document: &SampledDocument, log_ratios: &Coarse, sums: &mut [i64]) {
        self.features[document.block as usize].add_coarse(document.range, log_ratios, sums);
    }

    /// The n-grams of all documents that it represents, one count for each bucket, in units of the least weight.
    pub(super) fn counts(&self, buckets: usize) -> Vec<u64> {
        let mut counts = ByBucket::zeros(buckets);
        let least = self.documents.iter().map(|document| document.weight_log2).min().unwrap_or(0);
        for document in &self.documents {
            // 2^(weight_log2 - least), unless sums of that would overflow.
            let times =
                self.times(document, ONE) >> (32 + u32::from(least)).saturating_sub(self.unit.excess_bits);
            self.count(document, times, &mut counts);
        }
        counts.into_vec(buckets)
    }

    /// The n-grams where each document counts so many times, one count for each bucket; `None` if there is no document.
    /// Sums must keep within 64 bits.
    pub(super) fn weighted_counts(&self, times: &[u64], buckets: usize) -> Option<Vec<u64>> {
        let task = self.documents.len().div_ceil(rayon::current_num_threads()).max(TASK);
        let tasks = self.documents.par_chunks(task).zip(times.par_chunks(task));
        let counts = tasks.map(|(documents, times)| {
            let mut counts = ByBucket::zeros(buckets);
            for (document, times) in documents.iter().zip(times).filter(|(_, times)| **times > 0) {
                self.count(document, *times, &mut counts);
            }
            counts.into_vec(buckets)
        });
        counts.reduce_with(|mut sum, counts| {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            sum
        })
    }

    /// How often a document counts if it is selected with this probability, in units of 2^-32.
    pub(super) fn times(&self, document: &SampledDocument, inclusion: u64) -> u64 {
        self.unit.times(inclusion, document.weight_log2)
    }

    /// Adds `times` the features of a document to `counts`.
    pub(super) fn count(&self, document: &SampledDocument, times: u64, counts: &mut ByBucket<u64>) {
        self.features[document.block as usize].count(document.range, times, counts);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::by_bucket::SHORT;
    use super::super::features::CHUNK;
    use super::*;

    /// A sample of documents, given by their features; each has as many tokens, and ten times as many bytes.
    pub(in crate::refine) fn sample_of(documents: &[Vec<u32>]) -> DocumentSample {
        weighted_sample_of(documents, 0)
    }

    /// The same where each represents 2^weight_log2 documents.
    pub(in crate::refine) fn weighted_sample_of(documents: &[Vec<u32>], weight_log2: u8) -> DocumentSample {
        let mut block = DocumentBlock::new(true);
        for features in documents {
            let tokens = features.len() as u64;
            block.push(tokens, 10 * tokens, features).weight_log2 = weight_log2;
        }
        DocumentSample::new([block])
    }

    #[test]
    fn features_come_back_also_across_chunks() {
        let long: Vec<u32> = (0..CHUNK as u32 + 100).map(|i| i % 7).collect();
        let sample = sample_of(&[vec![1, 2], long.clone(), vec![], long.clone(), vec![9]]);
        assert_eq!(sample.documents.len(), 5);
        let mut expected = vec![0u64; 10];
        long.iter().for_each(|bucket| expected[*bucket as usize] += 2);
        [1, 2, 9].iter().for_each(|bucket| expected[*bucket as usize] += 1);
        assert_eq!(sample.counts(10), expected);
    }

    #[test]
    fn sums_are_of_all_spans_and_of_many_buckets_too() {
        let long = |bucket: u32| vec![bucket; CHUNK + 100];
        for buckets in [10, SHORT as u32, SHORT as u32 + 10] {
            let mut block = DocumentBlock::of_buckets(buckets);
            let documents = [vec![0, buckets - 1, buckets - 1], long(buckets - 1), vec![]];
            for features in &documents {
                block.push(1, 1, features);
            }
            let sample = DocumentSample::new([block]);
            let mut log_ratios = vec![3; buckets as usize];
            // The least there may be: 32, with 40 bits after the point.
            log_ratios[buckets as usize - 1] = -1 << 45;
            let log_ratios = ByBucket::of(&log_ratios);
            let sums: Vec<Sum> =
                sample.documents.iter().map(|document| sample.sum(document, &log_ratios)).collect();
            assert_eq!(sums, [3 - (2 << 45), -((CHUNK as i128 + 100) << 45), 0]);
        }
    }

    #[test]
    fn counts_fit_64_bits_whatever_the_weights() {
        let ngrams = 1000;
        for weight_log2 in [0, 20, 21, 22, 40] {
            let sample = weighted_sample_of(&[vec![1; ngrams]], weight_log2);
            let all = u128::from(sample.times(&sample.documents[0], ONE)) * ngrams as u128;
            assert!(all < 1 << 63, "{all}");
            assert!(weight_log2 < 22 || all > 1 << 60, "no more precision is lost than necessary: {all}");
        }
    }
}
