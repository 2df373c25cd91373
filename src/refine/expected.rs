//! What a draw from a sample selects on average, without drawing.
//!
//! With Gumbel noise, the key of a document with log weight w is above a threshold τ with the probability
//! π = 1 − exp(−exp(w − τ)). The τ with which the expected selection is as large as the budget is found by false
//! position.

use rayon::prelude::*;

use super::aim::Aim;
use super::document_sample::{DocumentSample, SampledDocument};
use super::inclusion::{CERTAIN, NEVER, ONE, inclusion};
use crate::density::normalized;
use crate::ln::ln;
use crate::observer::Observer;
use crate::resample::Totals;

/// The threshold is found to within this, or the size of the selection to within this part of it.
const CLOSE_ENOUGH: f64 = 1e-7;
/// Between thresholds this far apart, the sizes of the selection at both ends say little about the sizes between them.
const FAR: f64 = 16.0;
/// Far more probes than are needed. After them, the interval is always halved.
const PROBES: u32 = 40;
/// Documents in a task, so that tasks are worth their overhead.
const TASK: usize = 1 << 12;

/// A draw from a sample whose documents are selected by log weights that are not yet known.
pub(super) struct DrawFromSample<'a> {
    pub(super) sample: &'a DocumentSample,
    /// How much of the budget each document costs, together with those that it represents.
    prices: Vec<u64>,
    /// The share of the sum of all prices that is selected.
    share: f64,
    /// Once the job is told to stop, nothing is expected any more.
    observer: &'a Observer,
}

/// The selection that is expected of a draw.
pub(super) struct ExpectedSelection {
    /// The density of its n-grams.
    pub(super) density: Vec<f64>,
    /// The keys of selected documents are above this.
    pub(super) threshold: f64,
}

impl<'a> DrawFromSample<'a> {
    pub(super) fn new(sample: &'a DocumentSample, aim: &Aim, observer: &'a Observer) -> Self {
        let price = |document: &SampledDocument| {
            let (tokens, bytes) = (document.tokens.into(), document.bytes.into());
            aim.budget.price(&Totals { records: 1, tokens, bytes }).saturating_mul(document.weight())
        };
        let prices = sample.documents.iter().map(price).collect();
        DrawFromSample { sample, prices, share: aim.share_of(sample), observer }
    }

    /// The selection expected with these log weights; `None` if no document with an n-gram is selected, or the job is
    /// told to stop. The search for the threshold begins `near` where it is guessed to be.
    pub(super) fn expect(
        &self,
        log_weights: &[f64],
        near: Option<f64>,
        buckets: usize,
    ) -> Option<ExpectedSelection> {
        if self.observer.is_cancelled() {
            return None;
        }
        let threshold = self.threshold(log_weights, near)?;
        let density = self.density(&above(log_weights, threshold), buckets)?;
        Some(ExpectedSelection { density, threshold })
    }

    /// The density of n-grams where each document counts as often as it is likely to be selected; `None` if there are
    /// none.
    fn density(&self, inclusions: &[u64], buckets: usize) -> Option<Vec<f64>> {
        let documents = self.sample.documents.par_iter().zip(inclusions).with_min_len(TASK);
        let times = documents.map(|(document, inclusion)| self.sample.times(document, *inclusion));
        let counts = self.sample.weighted_counts(&times.collect::<Vec<u64>>(), buckets)?;
        normalized(&counts)
    }

    /// The threshold above which the prices of an average selection are the share of all; `None` if no document has a
    /// price.
    ///
    /// The size of the selection falls as the threshold rises, as exp(−τ) in the end. So this is false position on its
    /// logarithm, once halving has made the interval short; an end that stays counts for half as much each time (the
    /// Illinois rule). From a guess, it moves farther and farther until it has passed the threshold.
    fn threshold(&self, log_weights: &[f64], near: Option<f64>) -> Option<f64> {
        let DrawFromSample { prices, share, .. } = self;
        let all: u128 = prices.iter().map(|price| u128::from(*price)).sum();
        if all == 0 {
            return None;
        }
        let wanted = (share.min(1.0) * all as f64 * ONE as f64).max(1.0);
        // Above 0 where too much is selected.
        let excess = |threshold: f64| {
            let task = log_weights.par_chunks(TASK).zip(prices.par_chunks(TASK));
            let sums = task.map(|(log_weights, prices)| {
                let priced = log_weights.iter().zip(prices);
                priced
                    .map(|(w, price)| u128::from(inclusion(w - threshold)) * u128::from(*price))
                    .sum::<u128>()
            });
            let selected = sums.sum::<u128>() as f64;
            if selected > 0.0 { ln(selected / wanted) } else { f64::NEG_INFINITY }
        };
        let lightest = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
        let heaviest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut low, mut high) = (lightest - CERTAIN - 1.0, heaviest - NEVER + 1.0);
        // The excess at both ends, unknown until they have been probed.
        let (mut above, mut below) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut next = near.unwrap_or(low);
        let (mut is_halved, mut rose_before, mut probes) = (true, None, 0);
        while high - low > CLOSE_ENOUGH {
            probes += 1;
            let least = CLOSE_ENOUGH / 2.0;
            let probe = next.clamp(low + least, high - least);
            let found = excess(probe);
            if found.abs() <= CLOSE_ENOUGH {
                return Some(probe);
            }
            let rises = found > 0.0;
            let again = rose_before.replace(rises) == Some(rises);
            let staying = if again && !is_halved { 0.5 } else { 1.0 };
            if rises {
                (low, above, below) = (probe, found, below * staying);
            } else {
                (high, below, above) = (probe, found, above * staying);
            }
            let is_between = above.is_finite() && below.is_finite();
            is_halved = !is_between || high - low > FAR || probes > PROBES;
            next = if near.is_some() && !is_between && found.is_finite() && probes <= PROBES {
                // The threshold is farther away: where it rises by 1, the selection shrinks by a factor of e at most.
                probe + found * f64::from(probes + 1)
            } else if is_halved {
                (low + high) / 2.0
            } else {
                low + (high - low) * above / (above - below)
            };
        }
        Some(low)
    }
}

/// How likely the key of each document is to be above the threshold.
fn above(log_weights: &[f64], threshold: f64) -> Vec<u64> {
    log_weights.par_iter().with_min_len(TASK).map(|weight| inclusion(weight - threshold)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::document_sample::tests::sample_of;
    use super::*;

    fn threshold(log_weights: &[f64], prices: &[u64], share: f64, near: Option<f64>) -> Option<f64> {
        let draw = DrawFromSample {
            sample: &sample_of(&[]),
            prices: prices.to_vec(),
            share,
            observer: &Observer::default(),
        };
        draw.threshold(log_weights, near)
    }

    #[test]
    fn as_much_is_expected_as_is_asked_for() {
        let log_weights: Vec<f64> = (0..1000).map(|i| f64::from(i % 37) * 0.7 - f64::from(i % 11)).collect();
        let prices: Vec<u64> = (0..1000).map(|i| 1 + i % 5).collect();
        let all: u64 = prices.iter().sum();
        for share in [0.001, 0.1, 0.5, 0.9, 0.999] {
            let threshold = threshold(&log_weights, &prices, share, None).unwrap();
            let expected: f64 = log_weights
                .iter()
                .zip(&prices)
                .map(|(w, price)| inclusion(w - threshold) as f64 / ONE as f64 * *price as f64)
                .sum();
            let wanted = share * all as f64;
            assert!((expected / wanted - 1.0).abs() < 1e-4, "{expected}, not {wanted}");
        }
        // Also where the heaviest are far away.
        let spread: Vec<f64> = log_weights.iter().copied().chain([1e12, 1e12]).collect();
        let prices: Vec<u64> = prices.into_iter().chain([1, 1]).collect();
        let threshold_of_half = threshold(&spread, &prices, 0.5, None).unwrap();
        let selected: f64 = spread
            .iter()
            .zip(&prices)
            .map(|(w, price)| inclusion(w - threshold_of_half) as f64 / ONE as f64 * *price as f64)
            .sum();
        let wanted = 0.5 * (all + 2) as f64;
        assert!((selected / wanted - 1.0).abs() < 1e-4, "{selected}, not {wanted}");
        // And from wherever the search begins.
        for near in
            [-1e13, -20.0, threshold_of_half - 0.01, threshold_of_half, threshold_of_half + 3.0, 1e12, 1e13]
        {
            let found = threshold(&spread, &prices, 0.5, Some(near)).unwrap();
            assert!((found - threshold_of_half).abs() < 1e-5, "{found} from {near}, not {threshold_of_half}");
        }
        assert_eq!(threshold(&[1.0], &[0], 0.5, None), None);
        assert_eq!(threshold(&[], &[], 0.5, None), None);
    }

    #[test]
    fn equal_weights_give_the_corpus_and_far_apart_ones_the_heaviest() {
        // Three documents of bucket 0 and one of bucket 1, all of one length.
        let sample = sample_of(&[vec![0; 4], vec![0; 4], vec![0; 4], vec![1; 4]]);
        let density = |log_weights: &[f64], share| {
            let draw =
                DrawFromSample { sample: &sample, prices: vec![1; 4], share, observer: &Observer::default() };
            draw.expect(log_weights, None, 2).unwrap().density
        };
        assert_eq!(density(&[5.0; 4], 0.3), [0.75, 0.25]);
        let heaviest = density(&[0.0, 0.0, 0.0, 100.0], 0.25);
        assert!(heaviest[1] > 0.999_999, "{heaviest:?}");
        // All of it, whatever the weights.
        assert_eq!(density(&[0.0, 3.0, 40.0, -90.0], 1.0), [0.75, 0.25]);
        let of_nothing = DrawFromSample {
            sample: &sample_of(&[]),
            prices: vec![],
            share: 0.5,
            observer: &Observer::default(),
        };
        assert!(of_nothing.expect(&[], None, 2).is_none());
    }
}
