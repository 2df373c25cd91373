//! Logistic regression of which of two kinds a document is, on its n-grams.
//!
//! The log-odds of a document are a bias and the sum over buckets b of v(b) s(b) f(b) / tokens. The scale s(b) is one
//! over the square root of how frequent the bucket is, since that is how far f(b) varies by chance: so all v are alike,
//! and one penalty fits all. What is minimized is the mean log loss, as if both kinds were as frequent, and half the
//! penalty times the sum of v².

use super::by_bucket::ByBucket;
use super::document_sample::DocumentSample;
use super::minimize::{Value, minimize};
use crate::density::{LogRatios, UNCHANGED_TOKENS, normalized};
use crate::featurizer::Hash;
use crate::ln::{exp, ln, logistic};
use crate::observer::Observer;
use crate::resample::Normalize;

/// Documents of one kind.
pub(super) struct Kind<'a> {
    pub(super) sample: &'a DocumentSample,
    /// Which of them count.
    pub(super) among: Vec<bool>,
}

/// Documents of both kinds, and how strongly to regularize.
pub(super) struct Regression<'a> {
    hash: Hash,
    /// Of the target, and others.
    kinds: [Kind<'a>; 2],
    /// How many of each count.
    counted: [f64; 2],
    scales: Vec<f64>,
    observer: &'a Observer,
}

/// Residuals are counted in units of 2^-56: their sums over all documents are below 2^6.
const UNIT: f64 = (1u64 << 56) as f64;

impl<'a> Regression<'a> {
    /// `None` if either kind has no document with a feature that counts.
    pub(super) fn new(
        hash: Hash,
        kinds: [Kind<'a>; 2],
        buckets: usize,
        observer: &'a Observer,
    ) -> Option<Self> {
        let counted = kinds.each_ref().map(|kind| kind.among.iter().filter(|among| **among).count() as f64);
        let density = |kind: &Kind<'_>| {
            let times: Vec<u64> = kind.among.iter().map(|among| u64::from(*among)).collect();
            normalized(&kind.sample.weighted_counts(&times, buckets)?)
        };
        let [target, others] = [density(&kinds[0])?, density(&kinds[1])?];
        let least = 1.0 / buckets as f64;
        let scales = target.iter().zip(others).map(|(p, q)| 1.0 / ((p + q) / 2.0 + least).sqrt()).collect();
        Some(Regression { hash, kinds, counted, scales, observer })
    }

    /// Where to begin: all documents are as likely of either kind.
    pub(super) fn start(&self) -> Vec<f64> {
        vec![0.0; self.scales.len() + 1]
    }

    /// The v of all buckets, and the bias last, with which the loss and the penalty are least; `None` if the job is told
    /// to stop.
    pub(super) fn fit(&self, start: Vec<f64>, penalty: f64) -> Option<Vec<f64>> {
        minimize(start, |point| self.value(point, penalty))
    }

    /// One log-ratio for each bucket, in fixed point.
    pub(super) fn log_ratios(&self, point: &[f64]) -> Vec<i64> {
        let largest = LogRatios::largest(self.hash);
        let log_ratio = |(v, scale): (&f64, &f64)| LogRatios::fixed(self.hash, v * scale / UNCHANGED_TOKENS);
        point.iter().zip(&self.scales).map(|pair| log_ratio(pair).clamp(-largest, largest)).collect()
    }

    fn value(&self, point: &[f64], penalty: f64) -> Option<Value> {
        if self.observer.is_cancelled() {
            return None;
        }
        let (bias, v) = point.split_last()?;
        let log_ratios = ByBucket::of(&self.log_ratios(point));
        let (mut value, mut of_bias) = (0.0, 0.0);
        let mut gradient = vec![0.0; point.len()];
        for ((kind, counted), sign) in self.kinds.iter().zip(self.counted).zip([1.0, -1.0]) {
            let share = 0.5 / counted;
            let log_odds = log_odds(self.hash, kind.sample, &log_ratios, *bias);
            let mut times = vec![0; log_odds.len()];
            for (place, document) in
                kind.sample.documents.iter().enumerate().filter(|(at, _)| kind.among[*at])
            {
                let margin = sign * log_odds[place];
                value += share * log_loss(margin);
                let residual = share * logistic(-margin);
                of_bias -= sign * residual;
                times[place] = (residual / f64::from(document.tokens.max(1)) * UNIT) as u64;
            }
            let counts = kind.sample.weighted_counts(&times, v.len())?;
            let slopes = gradient.iter_mut().zip(counts).zip(&self.scales);
            slopes.for_each(|((slope, count), scale)| *slope -= sign * scale * (count as f64 / UNIT));
        }
        gradient.iter_mut().zip(v).for_each(|(slope, v)| *slope += penalty * v);
        gradient[v.len()] = of_bias;
        value += penalty / 2.0 * v.iter().map(|v| v * v).sum::<f64>();
        Some(Value { value, gradient })
    }
}

/// The log-odds of all documents of a sample.
pub(super) fn log_odds(
    hash: Hash,
    sample: &DocumentSample,
    log_ratios: &ByBucket<i64>,
    bias: f64,
) -> Vec<f64> {
    let mut log_odds = sample.log_weights(hash, log_ratios, Normalize::Tokens);
    log_odds.iter_mut().for_each(|log_weight| *log_weight += bias);
    log_odds
}

/// −ln of the probability of what a document is, if the log-odds are so far on the right side.
pub(super) fn log_loss(margin: f64) -> f64 {
    ln(1.0 + exp(-margin.abs())) + (-margin).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::document_sample::tests::sample_of;
    use super::*;

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let target = sample_of(&[vec![0, 0, 1], vec![0, 1, 2], vec![2; 5]]);
        let others = sample_of(&[vec![1, 2], vec![2, 2, 2, 0]]);
        let observer = Observer::default();
        let kinds = [
            Kind { sample: &target, among: vec![true, true, false] },
            Kind { sample: &others, among: vec![true; 2] },
        ];
        let regression = Regression::new(Hash::Sha256, kinds, 3, &observer).unwrap();
        let point = vec![0.5, -1.0, 0.25, 0.1];
        let at = |point: &[f64]| regression.value(point, 0.1).unwrap();
        for (place, slope) in at(&point).gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = point.clone();
                moved[place] += by;
                at(&moved).value
            };
            let expected = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            assert!((slope - expected).abs() < 1e-6, "{slope}, not {expected}, at {place}");
        }
    }

    #[test]
    fn what_only_one_kind_has_speaks_for_it_and_half_of_each_says_nothing() {
        let target = sample_of(&[vec![0, 2], vec![0, 2]]);
        let others = sample_of(&[vec![1, 2], vec![1, 2], vec![1, 2]]);
        let observer = Observer::default();
        let kinds =
            [Kind { sample: &target, among: vec![true; 2] }, Kind { sample: &others, among: vec![true; 3] }];
        let regression = Regression::new(Hash::Dsir1, kinds, 3, &observer).unwrap();
        let point = regression.fit(regression.start(), 0.01).unwrap();
        assert!(point[0] > 0.5 && (point[0] + point[1]).abs() < 0.01, "{point:?}");
        assert!(point[2].abs() < 0.01 && point[3].abs() < 0.01, "{point:?}");
    }
}
