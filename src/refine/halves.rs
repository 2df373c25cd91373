//! Halves of a target: what is learned from one is evaluated by the other.

use rayon::prelude::*;

use super::kl::{KlOf, to_a_millionth};
use super::trajectory::Trajectory;
use crate::density::{Counts, density};

/// The smallest target whose halves say anything, in documents.
pub(super) const MIN_DOCUMENTS: u64 = 10;

/// The first rounds overshoot in turns, so a few rounds without improvement are no reason to stop; and after this
/// number there is little left to gain.
const ROUNDS: u32 = 12;

/// The counts of a target, and of one half of its documents, split by their content.
#[derive(Clone, Copy, Debug)]
pub(super) struct HalvedTarget<'a> {
    /// The counts of all documents.
    pub(super) whole: &'a Counts,
    /// The counts of one half.
    pub(super) half: &'a Counts,
}

impl HalvedTarget<'_> {
    /// The densities of both halves; `None` if there are too few documents for that.
    pub(super) fn densities(&self, smoothing: f64) -> Option<[Vec<f64>; 2]> {
        let HalvedTarget { whole, half } = self;
        let rest: Vec<u64> =
            whole.counts.iter().zip(&half.counts).map(|(all, some)| all.saturating_sub(*some)).collect();
        let with_features = |counts: &[u64]| density(counts, 0.0).and_then(|_| density(counts, smoothing));
        let halves = [with_features(&half.counts)?, with_features(&rest)?];
        (whole.documents >= MIN_DOCUMENTS).then_some(halves)
    }
}

/// KL of each half of a target from the selection that the trajectory of the other half expects, the mean of both: with
/// plain weights, per token, and after each round. `None` if nothing is selected.
pub(super) fn held_out_history(
    mut trajectories: [Trajectory<'_>; 2],
    halves: &[Vec<f64>; 2],
) -> Option<Vec<f64>> {
    let [of_first, of_second] = halves.each_ref().map(|half| KlOf::new(half));
    let mean = |by_first: &[f64], by_second: &[f64]| {
        to_a_millionth((of_second.from(by_first) + of_first.from(by_second)) / 2.0)
    };
    let of = |[first, second]: &[Trajectory<'_>; 2]| {
        Some(mean(first.density.as_deref()?, second.density.as_deref()?))
    };
    let [first, second] = &trajectories;
    let mut history = vec![mean(&first.plain()?, &second.plain()?), of(&trajectories)?];
    for _ in 0..ROUNDS {
        trajectories.par_iter_mut().for_each(Trajectory::step);
        history.push(of(&trajectories)?);
    }
    Some(history)
}

/// The best number of rounds by this history, the smallest of equals; `None` if plain weights are best.
pub(super) fn best_rounds(history: &[f64]) -> Option<u32> {
    let best = (0..history.len()).min_by(|a, b| history[*a].total_cmp(&history[*b]))?;
    best.checked_sub(1).map(|rounds| rounds as u32)
}
