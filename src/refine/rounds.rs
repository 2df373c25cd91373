//! The rounds of refining: one step of the log-ratios each.

use rayon::prelude::*;

use super::Aim;
use super::by_bucket::ByBucket;
use super::expected::{Expected, inclusions};
use super::sampled::{Document, Sampled};
use crate::density::LogRatios;
use crate::featurizer::Hash;
use crate::ln::ln;
use crate::resample::{Normalize, Totals};

/// How far the first step goes of the way that would be right if every n-gram came alone.
const RATE: f64 = 0.5;
/// ε of the KL, spread over the buckets: a bucket is as good as empty below it.
const EPSILON: f64 = 0.1;
/// ε of the steps, four times what all buckets have in the mean. What the selection of a sample lacks by chance is not made up for as if all
/// selections lacked it, or a few such n-grams would outweigh all else in documents that are not sampled.
const STEP_EPSILON: f64 = 4.0;

/// A course of rounds towards one target density.
#[derive(Clone)]
pub(super) struct Course<'a> {
    hash: Hash,
    sample: &'a Sampled,
    prices: &'a [u64],
    share: f64,
    target: &'a [f64],
    pub(super) log_ratios: Vec<i64>,
    rate: f64,
    /// KL of the target from the expected selection, after the last round.
    distance: f64,
    /// Of the expected selection.
    pub(super) density: Option<Vec<f64>>,
    threshold: Option<f64>,
}

/// What each document of the sample takes of the budget, with all that it stands for.
pub(super) fn prices(sample: &Sampled, aim: &Aim) -> Vec<u64> {
    let price = |document: &Document| {
        let (tokens, bytes) = (document.tokens.into(), document.bytes.into());
        let price = aim.budget.price(&Totals { records: 1, tokens, bytes });
        price.saturating_mul(1u64.checked_shl(document.thinned.into()).unwrap_or(u64::MAX))
    };
    sample.documents.iter().map(price).collect()
}

impl<'a> Course<'a> {
    /// At the log-ratios of the densities, in which weights are per token: round 0.
    pub(super) fn new(
        hash: Hash,
        (sample, prices): (&'a Sampled, &'a [u64]),
        share: f64,
        target: &'a [f64],
        raw: &[f64],
    ) -> Self {
        let log_ratios = LogRatios::table(hash, target, raw);
        let (rate, distance, density, threshold) = (RATE, f64::INFINITY, None, None);
        let mut course =
            Course { hash, sample, prices, share, target, log_ratios, rate, distance, density, threshold };
        course.look();
        course.distance = course.density.as_ref().map_or(distance, |density| kl(target, density));
        course
    }

    /// Looks at the selection that is expected by the log-ratios as they are.
    fn look(&mut self) {
        let expected = self.expected(Normalize::Tokens, self.threshold);
        (self.density, self.threshold) = expected.map(|now| (now.density, now.threshold)).unzip();
    }

    /// The density of the selection expected by plain weights.
    pub(super) fn plain(&self) -> Option<Vec<f64>> {
        Some(self.expected(Normalize::None, None)?.density)
    }

    fn expected(&self, normalize: Normalize, near: Option<f64>) -> Option<Expected> {
        let log_weights = self.log_weights(normalize);
        Expected::of(self.sample, &log_weights, self.prices, (self.share, near), self.target.len())
    }

    /// How likely the selection expected with weights normalized in this way is to have each document of the sample, in units of 2^-32.
    pub(super) fn inclusions(&self, normalize: Normalize) -> Option<Vec<u64>> {
        inclusions(&self.log_weights(normalize), self.prices, self.share)
    }

    /// The log weights of the documents of the sample.
    pub(super) fn log_weights(&self, normalize: Normalize) -> Vec<f64> {
        log_weights(self.hash, self.sample, &self.log_ratios, normalize)
    }

    /// Moves every log-ratio towards what the selection lacks, and looks at the selection that is then expected. The next step is half
    /// as long if this one has gone too far.
    pub(super) fn step(&mut self) {
        let Some(before) = self.density.take() else { return };
        let epsilon = STEP_EPSILON / self.target.len() as f64;
        let largest = LogRatios::largest(self.hash);
        let missing = |target: &f64, selected: &f64| ln(target + epsilon) - ln(selected + epsilon);
        for ((log_ratio, target), selected) in self.log_ratios.iter_mut().zip(self.target).zip(&before) {
            let step = self.rate * missing(target, selected);
            *log_ratio = (*log_ratio + LogRatios::fixed(self.hash, step)).clamp(-largest, largest);
        }
        self.look();
        let Some(now) = &self.density else { return };
        // How much there would be to gain further on in the same direction: below zero, the step has gone too far.
        let buckets = self.target.iter().zip(&before).zip(now);
        let ahead: f64 =
            buckets.map(|((target, before), now)| (target - now) * missing(target, before)).sum();
        let distance = kl(self.target, now);
        if ahead < 0.0 || distance > self.distance {
            self.rate /= 2.0;
        }
        self.distance = distance;
    }
}

/// The log weights of the documents of `sample` by these log-ratios.
pub(super) fn log_weights(
    hash: Hash,
    sample: &Sampled,
    log_ratios: &[i64],
    normalize: Normalize,
) -> Vec<f64> {
    let log_ratios = ByBucket::of(log_ratios);
    let weight = sample.documents.par_iter().map(|document| {
        normalize.apply(LogRatios::log_weight_of(hash, sample.sum(document, &log_ratios)), document.tokens)
    });
    weight.collect()
}

fn epsilon(buckets: usize) -> f64 {
    EPSILON / buckets as f64
}

/// KL(target ‖ selected) in nats, with the ε of the steps.
pub(super) fn kl(target: &[f64], selected: &[f64]) -> f64 {
    crate::density::kl_divergence_with(target, selected, epsilon(target.len()))
}
