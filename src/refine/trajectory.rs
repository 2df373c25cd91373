//! The trajectory of log-ratios over the rounds of refining.

use super::by_bucket::ByBucket;
use super::expected::{DrawFromSample, ExpectedSelection};
use super::kl::{KlOf, logarithms};
use crate::density::LogRatios;
use crate::featurizer::Hash;
use crate::resample::Normalize;

/// How far the first step goes of the way that would be right if every n-gram came alone.
const RATE: f64 = 0.5;
/// ε of the steps, four times the mean of all buckets. What the selection of a sample lacks by chance must not be
/// corrected as if all selections lacked it, or a few such n-grams outweigh all else in documents that are not sampled.
const STEP_EPSILON: f64 = 4.0;

/// Log-ratios on their way to a target density, one round after the other.
pub(super) struct Trajectory<'a> {
    hash: Hash,
    draw: &'a DrawFromSample<'a>,
    target: &'a [f64],
    kl_of_target: KlOf<'a>,
    /// ln(p + ε) of the target, with the ε of the steps.
    wanted: Vec<f64>,
    pub(super) log_ratios: Vec<i64>,
    rate: f64,
    /// KL of the target from the expected selection, after the last round.
    distance: f64,
    /// The density of the expected selection.
    pub(super) density: Option<Vec<f64>>,
    threshold: Option<f64>,
}

impl<'a> Trajectory<'a> {
    /// Begins at the log-ratios of the densities, for weights per token: round 0.
    pub(super) fn new(hash: Hash, draw: &'a DrawFromSample<'a>, target: &'a [f64], raw: &[f64]) -> Self {
        let log_ratios = LogRatios::table(hash, target, raw);
        let mut start = Trajectory {
            hash,
            draw,
            target,
            kl_of_target: KlOf::new(target),
            wanted: logarithms(target, STEP_EPSILON / target.len() as f64),
            log_ratios,
            rate: RATE,
            distance: f64::INFINITY,
            density: None,
            threshold: None,
        };
        start.update_selection();
        if let Some(density) = &start.density {
            start.distance = start.kl_of_target.from(density);
        }
        start
    }

    /// Computes the selection that is expected with the current log-ratios.
    fn update_selection(&mut self) {
        let expected = self.expect(Normalize::Tokens, self.threshold);
        (self.density, self.threshold) = expected.map(|now| (now.density, now.threshold)).unzip();
    }

    /// The density of the selection expected with plain weights.
    pub(super) fn plain(&self) -> Option<Vec<f64>> {
        Some(self.expect(Normalize::None, None)?.density)
    }

    fn expect(&self, normalize: Normalize, near: Option<f64>) -> Option<ExpectedSelection> {
        self.draw.expect(&self.log_weights(normalize), near, self.target.len())
    }

    fn log_weights(&self, normalize: Normalize) -> Vec<f64> {
        self.draw.sample.log_weights(self.hash, &ByBucket::of(&self.log_ratios), normalize)
    }

    /// Moves every log-ratio towards what the selection lacks, and computes the selection that is then expected. If
    /// this step has gone too far, the next one is half as long.
    pub(super) fn step(&mut self) {
        let Some(before) = self.density.take() else { return };
        let epsilon = STEP_EPSILON / self.target.len() as f64;
        let largest = LogRatios::largest(self.hash);
        let mut missing = logarithms(&before, epsilon);
        missing.iter_mut().zip(&self.wanted).for_each(|(found, wanted)| *found = wanted - *found);
        for (log_ratio, missing) in self.log_ratios.iter_mut().zip(&missing) {
            let step = self.rate * missing;
            *log_ratio = (*log_ratio + LogRatios::fixed(self.hash, step)).clamp(-largest, largest);
        }
        self.update_selection();
        let Some(now) = &self.density else { return };
        // How much there would be to gain further on in the same direction: below zero, the step has gone too far.
        let buckets = self.target.iter().zip(&missing).zip(now);
        let ahead: f64 = buckets.map(|((target, missing), now)| (target - now) * missing).sum();
        let distance = self.kl_of_target.from(now);
        if ahead < 0.0 || distance > self.distance {
            self.rate /= 2.0;
        }
        self.distance = distance;
    }
}
