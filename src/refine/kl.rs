//! KL divergences by which rounds are compared.

use rayon::prelude::*;

use crate::ln::ln;

/// ε, spread over the buckets: a bucket below it counts as empty.
const EPSILON: f64 = 0.1;
/// Logarithms in a task.
const TASK: usize = 1 << 13;

/// A target density, to tell how far selections are from it.
pub(super) struct KlOf<'a> {
    target: &'a [f64],
    logarithms: Vec<f64>,
    epsilon: f64,
}

impl<'a> KlOf<'a> {
    pub(super) fn new(target: &'a [f64]) -> Self {
        let epsilon = EPSILON / target.len() as f64;
        KlOf { target, logarithms: logarithms(target, epsilon), epsilon }
    }

    /// KL(target ‖ selected) in nats.
    pub(super) fn from(&self, selected: &[f64]) -> f64 {
        let logarithms = self.logarithms.iter().zip(logarithms(selected, self.epsilon));
        self.target.iter().zip(logarithms).map(|(target, (wanted, found))| target * (wanted - found)).sum()
    }
}

/// ln(p + ε) for each bucket.
pub(super) fn logarithms(density: &[f64], epsilon: f64) -> Vec<f64> {
    density.par_iter().with_min_len(TASK).map(|p| ln(p + epsilon)).collect()
}

/// Rounds a number, so that it is short in print.
pub(super) fn to_a_millionth(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
