//! The features of documents, kept without ever being copied to a larger place.

use serde::{Deserialize, Serialize};

use super::by_bucket::ByBucket;
use super::coarse::Coarse;
use super::packed;
use crate::density::{Sum, sum_of};

/// Features are kept in chunks of this size, so that growing never holds them twice. Each has its room from the start,
/// so that what is freed when a level is dropped fits another.
pub(super) const CHUNK: usize = 1 << 14;

/// Buckets in chunks, of which all but the last are full.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Features {
    Short(#[serde(with = "packed")] Vec<Vec<u16>>),
    Long(#[serde(with = "packed")] Vec<Vec<u32>>),
}

/// Where the features of one document are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct FeatureRange {
    start: u32,
    pub(super) ngrams: u32,
}

impl Features {
    pub(super) fn new(is_short: bool) -> Self {
        if is_short { Features::Short(Vec::new()) } else { Features::Long(Vec::new()) }
    }

    pub(super) fn push(&mut self, features: &[u32]) -> FeatureRange {
        let range = FeatureRange { start: self.len() as u32, ngrams: features.len() as u32 };
        match self {
            // Buckets are below 2^16 then.
            Features::Short(chunks) => push(chunks, features, |bucket| bucket as u16),
            Features::Long(chunks) => push(chunks, features, |bucket| bucket),
        }
        range
    }

    fn len(&self) -> usize {
        fn len<T>(chunks: &[Vec<T>]) -> usize {
            chunks.last().map_or(0, |last| (chunks.len() - 1) * CHUNK + last.len())
        }
        match self {
            Features::Short(chunks) => len(chunks),
            Features::Long(chunks) => len(chunks),
        }
    }

    /// The sum of the log-ratios of a document.
    pub(super) fn sum(&self, range: FeatureRange, log_ratios: &ByBucket<i64>) -> Sum {
        // The sum of a span fits 64 bits: no span is longer than a chunk.
        match self {
            Features::Short(chunks) => {
                let log_ratios = log_ratios.of_short();
                let of_bucket = |bucket: &u16| log_ratios[usize::from(*bucket)];
                spans(chunks, range).map(|span| Sum::from(span.iter().map(of_bucket).sum::<i64>())).sum()
            }
            Features::Long(chunks) => {
                spans(chunks, range).map(|span| Sum::from(sum_of(log_ratios.all(), span))).sum()
            }
        }
    }

    /// Adds coarse log-ratios of a document to the sums.
    pub(super) fn add_coarse(&self, range: FeatureRange, log_ratios: &Coarse, sums: &mut [i64]) {
        match self {
            Features::Short(chunks) => spans(chunks, range).for_each(|span| log_ratios.add(span, sums)),
            Features::Long(chunks) => spans(chunks, range).for_each(|span| log_ratios.add(span, sums)),
        }
    }

    /// Adds `times` the features of a document to `counts`.
    pub(super) fn count(&self, range: FeatureRange, times: u64, counts: &mut ByBucket<u64>) {
        match self {
            Features::Short(chunks) => {
                let counts = counts.of_short_mut();
                spans(chunks, range).flatten().for_each(|bucket| counts[usize::from(*bucket)] += times);
            }
            Features::Long(chunks) => {
                let counts = counts.all_mut();
                spans(chunks, range).flatten().for_each(|bucket| counts[*bucket as usize] += times);
            }
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

/// The features of a document, a span of a chunk at a time.
fn spans<T>(chunks: &[Vec<T>], range: FeatureRange) -> impl Iterator<Item = &[T]> {
    let (mut start, mut left) = (range.start as usize, range.ngrams as usize);
    std::iter::from_fn(move || {
        let rest = (left > 0).then(|| &chunks[start / CHUNK][start % CHUNK..])?;
        let span = &rest[..rest.len().min(left)];
        start += span.len();
        left -= span.len();
        Some(span)
    })
}
