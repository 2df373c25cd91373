//! What a draw selects on average, without drawing.
//!
//! With Gumbel noise, the key of a document with log weight w is above a threshold τ with the probability
//! π = 1 − exp(−exp(w − τ)). The τ with which the expected selection is as large as the budget is found by false position.

use rayon::prelude::*;

use super::by_bucket::ByBucket;
use super::sampled::Sampled;
use crate::ln::{exp, ln};

/// A probability of 1: they are integers, so that their sums are the same in any order.
pub(super) const ONE: u64 = 1 << 32;
/// So far above the threshold a document is selected for certain: exp(−exp(4)) is below 2^-33.
const SURE: f64 = 4.0;
/// So far below it never is: exp(−23) is below 2^-33.
const NEVER: f64 = -23.0;
/// The threshold is found to within this, or the size of the selection to within this part of it.
const CLOSE_ENOUGH: f64 = 1e-7;
/// Between thresholds so far apart, how the size of the selection goes on says little about the way.
const FAR: f64 = 16.0;
/// So many probes are far more than are needed. After them, the interval is halved for certain.
const PROBES: u32 = 40;
/// Documents to a task, so that tasks are worth their while.
const TASK: usize = 1 << 12;

/// What is expected of documents with these log weights where `share` of the sum of their `prices` is selected.
pub(super) struct Expected {
    /// Of n-grams in the selection.
    pub(super) density: Vec<f64>,
    /// What keys of selected documents are above.
    pub(super) threshold: f64,
}

impl Expected {
    /// `near` is where the threshold may be, if anything is known of it; `None` if nothing is selected that has an n-gram.
    pub(super) fn of(
        sample: &Sampled,
        log_weights: &[f64],
        prices: &[u64],
        (share, near): (f64, Option<f64>),
        buckets: usize,
    ) -> Option<Self> {
        let threshold = threshold(log_weights, prices, share, near)?;
        let density = density_of(sample, &above(log_weights, threshold), buckets)?;
        Some(Expected { density, threshold })
    }
}

/// How likely each document is to be selected, in units of 2^-32; `None` without documents that cost something.
pub(super) fn inclusions(log_weights: &[f64], prices: &[u64], share: f64) -> Option<Vec<u64>> {
    Some(above(log_weights, threshold(log_weights, prices, share, None)?))
}

/// How likely the key of each document is to be above the threshold.
fn above(log_weights: &[f64], threshold: f64) -> Vec<u64> {
    log_weights.par_iter().with_min_len(TASK).map(|weight| inclusion(weight - threshold)).collect()
}

/// The density of n-grams where each document counts as often as it is likely to be selected; `None` if there is none.
fn density_of(sample: &Sampled, inclusions: &[u64], buckets: usize) -> Option<Vec<f64>> {
    let documents = &sample.documents;
    let task = documents.len().div_ceil(rayon::current_num_threads()).max(TASK);
    let counts =
        documents.par_chunks(task).zip(inclusions.par_chunks(task)).map(|(documents, inclusions)| {
            let mut counts = ByBucket::zeros(buckets);
            for (document, inclusion) in
                documents.iter().zip(inclusions).filter(|(_, inclusion)| **inclusion > 0)
            {
                sample.count(document, sample.times(document, *inclusion), &mut counts);
            }
            counts.into_vec(buckets)
        });
    let counts = counts.reduce_with(|mut sum, counts| {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        sum
    })?;
    crate::density::normalized(&counts)
}

/// The probability, in units of 2^-32, that the key of a document is above the threshold which its log weight is so far above.
fn inclusion(above: f64) -> u64 {
    if above > SURE {
        return ONE;
    }
    if above < NEVER {
        return 0;
    }
    let rate = if above > 0.0 { 1.0 / exp(-above) } else { exp(above) };
    ((1.0 - exp(-rate)) * ONE as f64 + 0.5) as u64
}

/// The threshold above which, on average, `share` of all prices is; `None` without documents that cost something.
///
/// The size of the selection falls where the threshold rises, as exp(−τ) in the end: false position on its logarithm, where an end that
/// stays counts for half as much each time (the Illinois rule), once halving the interval has made it short. From a guess, it goes farther and
/// farther until the threshold is behind it.
fn threshold(log_weights: &[f64], prices: &[u64], share: f64, near: Option<f64>) -> Option<f64> {
    let all: u128 = prices.iter().map(|price| u128::from(*price)).sum();
    if all == 0 {
        return None;
    }
    let wanted = (share.min(1.0) * all as f64 * ONE as f64).max(1.0);
    // Above 0 where more is selected than is wanted.
    let excess = |threshold: f64| {
        let task = log_weights.par_chunks(TASK).zip(prices.par_chunks(TASK));
        let sums = task.map(|(log_weights, prices)| {
            let priced = log_weights.iter().zip(prices);
            priced.map(|(w, price)| u128::from(inclusion(w - threshold)) * u128::from(*price)).sum::<u128>()
        });
        let selected = sums.sum::<u128>() as f64;
        if selected > 0.0 { ln(selected / wanted) } else { f64::NEG_INFINITY }
    };
    let lightest = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
    let heaviest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut low, mut high) = (lightest - SURE - 1.0, heaviest - NEVER + 1.0);
    // Unknown until they have been probed.
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
            // The threshold is farther away than this: where it rises by 1, the selection falls by a factor of e at most.
            probe + found * f64::from(probes + 1)
        } else if is_halved {
            (low + high) / 2.0
        } else {
            low + (high - low) * above / (above - below)
        };
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::super::sampled::tests::sample_of;
    use super::*;

    #[test]
    fn probabilities_of_inclusion() {
        let near = |above: f64, expected: f64| {
            let found = inclusion(above) as f64 / ONE as f64;
            assert!((found - expected).abs() < 1e-9, "{found} at {above}");
        };
        near(0.0, 1.0 - (-1f64).exp());
        near(1.0, 1.0 - (-1f64.exp()).exp());
        near(-10.0, 1.0 - (-(-10f64).exp()).exp());
        near(50.0, 1.0);
        near(-50.0, 0.0);
        near(SURE, 1.0);
        near(NEVER, 0.0);
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
            Expected::of(&sample, log_weights, &[1; 4], (share, None), 2).unwrap().density
        };
        assert_eq!(density(&[5.0; 4], 0.3), [0.75, 0.25]);
        let heaviest = density(&[0.0, 0.0, 0.0, 100.0], 0.25);
        assert!(heaviest[1] > 0.999_999, "{heaviest:?}");
        // All of it, whatever the weights.
        assert_eq!(density(&[0.0, 3.0, 40.0, -90.0], 1.0), [0.75, 0.25]);
        assert!(Expected::of(&sample_of(&[]), &[], &[], (0.5, None), 2).is_none());
    }
}
