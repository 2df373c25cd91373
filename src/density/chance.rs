//! What random selections of a raw corpus would give, told from the levels of its counts, which are random selections
//! of whole documents.

use super::{Counts, RawCounts, kl_divergence_with, normalized};
use crate::ln::{exp, ln};

/// The mean KL reduction of random selections, by their size.
///
/// Of a sample of n-grams drawn one by one, the counts are Poisson, and the mean of KL(target ‖ sample) follows from
/// the densities alone. A sample of documents is worth fewer n-grams, since they come together in documents: how many
/// times fewer, the levels tell, each for itself; their median is taken.
#[derive(Clone, Debug)]
pub(super) struct Random {
    poisson: Poisson,
    /// The n-grams of the raw corpus.
    all: f64,
    /// How many n-grams of documents are worth one that is drawn by itself.
    clustering: f64,
}

/// Levels of fewer documents say too little.
const LEAST_DOCUMENTS: u64 = 8;

impl Random {
    /// For a target and a raw corpus with these densities; `variance` is that of a reduction times its n-grams, to
    /// first order. `None` if the corpus is too small to tell.
    pub(super) fn new(
        target: &[f64],
        density: &[f64],
        raw: &RawCounts,
        epsilon: f64,
        variance: Option<f64>,
    ) -> Option<Self> {
        let poisson = Poisson::new(target, density, epsilon);
        let all: f64 = raw.levels.iter().filter_map(Counts::ngrams).map(|ngrams| ngrams as f64).sum();
        let from_raw = kl_divergence_with(target, density, epsilon);
        let mut points = Vec::new();
        for level in raw.levels.iter().filter(|level| level.documents >= LEAST_DOCUMENTS) {
            let ngrams = level.ngrams().map_or(0.0, |ngrams| ngrams as f64);
            let Some(sample) = normalized(&level.counts).filter(|_| ngrams < all) else { continue };
            let reduction = from_raw - kl_divergence_with(target, &sample, epsilon);
            let Some(worth) = poisson.size_of(reduction) else { continue };
            // How far the clustering may stray, as a part of it: by first order for large levels, by few documents
            // for small ones.
            let strays = variance.map_or(0.0, |variance| variance / ngrams) / (reduction * reduction);
            let variance = SURE + strays + 2.0 / level.documents as f64;
            points.push((ngrams / (worth * (1.0 - ngrams / all)), 1.0 / variance));
        }
        Some(Random { poisson, all, clustering: weighted_median(points)?.max(1.0) })
    }

    /// The mean for so many n-grams.
    pub(super) fn mean(&self, ngrams: f64) -> f64 {
        let left = 1.0 - ngrams / self.all;
        if left <= 0.0 {
            return 0.0;
        }
        self.poisson.reduction(ngrams / (self.clustering * left))
    }
}

/// A level tells the clustering to within this variance of its logarithm, though chance were none.
const SURE: f64 = 0.02;

/// The value below which half of the weights are; `None` if there are no values.
fn weighted_median(mut values: Vec<(f64, f64)>) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    values.into_iter().find_map(|(value, weight)| {
        below += weight;
        (below >= half).then_some(value)
    })
}

/// The mean reduction of samples of n-grams that are drawn one by one.
#[derive(Clone, Debug)]
struct Poisson {
    epsilon: f64,
    /// Densities of buckets in the raw corpus, and the part of the target in buckets of about that density.
    bins: Vec<(f64, f64)>,
    table: Vec<f64>,
}

/// Densities that differ by less than one part in so many are counted together.
const BINS: f64 = 64.0;
/// A mean count above which the logarithm's mean is told by its expansion.
const LARGE: f64 = 200.0;
/// The table of [`mean_ln`] begins here, below which it is nothing, and has so many points for each factor of e.
const SMALLEST: f64 = 1e-6;
const POINTS: f64 = 50.0;

impl Poisson {
    fn new(target: &[f64], density: &[f64], epsilon: f64) -> Self {
        let mut parts: Vec<(i64, f64, f64)> = target
            .iter()
            .zip(density)
            .filter(|(p, q)| **p > 0.0 && **q > 0.0)
            .map(|(p, q)| ((ln(*q) * BINS) as i64, *q, *p))
            .collect();
        parts.sort_unstable_by_key(|(bin, ..)| *bin);
        let together = parts.chunk_by(|a, b| a.0 == b.0).map(|bin| {
            let part: f64 = bin.iter().map(|(.., p)| p).sum();
            let density: f64 = bin.iter().map(|(_, q, p)| q * p).sum::<f64>() / part;
            (density, part)
        });
        let bins = together.collect();
        let points = (ln(LARGE / SMALLEST) * POINTS) as usize + 2;
        let table = (0..points).map(|point| mean_ln(SMALLEST * exp_up(point as f64 / POINTS))).collect();
        Poisson { epsilon, bins, table }
    }

    /// The mean for a sample of so many n-grams: Σ p · (E ln(X / n + ε) − ln(q + ε)), X ~ Poisson(n q).
    fn reduction(&self, ngrams: f64) -> f64 {
        let (ln_epsilon, ln_ngrams) = (ln(self.epsilon), ln(ngrams));
        let change = |(q, p): &(f64, f64)| {
            let mean = ngrams * q;
            if mean > LARGE {
                return p * (-0.5 / mean);
            }
            let none = exp(-mean);
            // What is there is much more than ε.
            let expected = none * ln_epsilon + self.mean_ln(mean) - (1.0 - none) * ln_ngrams;
            p * (expected - ln(q + self.epsilon))
        };
        self.bins.iter().map(change).sum::<f64>().min(0.0)
    }

    /// How many n-grams give this reduction; `None` if it is none that a sample has on average.
    fn size_of(&self, reduction: f64) -> Option<f64> {
        let (mut low, mut high) = (0.0, ln(1e15));
        let at = |size: f64| self.reduction(exp_up(size));
        if !(at(low)..at(high)).contains(&reduction) {
            return None;
        }
        while high - low > 0.01 {
            let middle = (low + high) / 2.0;
            *(if at(middle) < reduction { &mut low } else { &mut high }) = middle;
        }
        Some(exp_up(low))
    }

    /// [`mean_ln`] by the table.
    fn mean_ln(&self, mean: f64) -> f64 {
        if mean <= SMALLEST {
            return 0.0;
        }
        let at = ln(mean / SMALLEST) * POINTS;
        let point = (at as usize).min(self.table.len() - 2);
        let (below, above) = (self.table[point], self.table[point + 1]);
        below + (at - point as f64) * (above - below)
    }
}

/// e^x for x of at least 0.
fn exp_up(x: f64) -> f64 {
    1.0 / exp(-x)
}

/// Σ P(k) ln k over k > 0, for a Poisson distribution with this mean.
fn mean_ln(mean: f64) -> f64 {
    let last = (mean + 12.0 * mean.sqrt() + 20.0) as u32;
    let (mut probability, mut sum) = (exp(-mean), 0.0);
    for k in 1..=last {
        probability *= mean / f64::from(k);
        sum += probability * ln(f64::from(k));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::FitBudget;
    use crate::density::closeness::chance_variance;

    #[test]
    fn half_of_the_weight_is_below_the_median() {
        assert_eq!(weighted_median(vec![(3.0, 1.0), (1.0, 1.0), (2.0, 1.0)]), Some(2.0));
        assert_eq!(weighted_median(vec![(9.0, 5.0), (1.0, 1.0), (2.0, 1.0)]), Some(9.0));
        assert_eq!(weighted_median(vec![]), None);
    }

    #[test]
    fn the_mean_logarithm_of_poisson_counts() {
        // One draw in a million is one, and hardly any is two; of many, ln λ − 1 / 2λ.
        assert!(mean_ln(1e-6) < 1e-12);
        assert!((mean_ln(150.0) - (ln(150.0) - 0.5 / 150.0)).abs() < 1e-4);
        // e^-1 Σ ln k / k!: (0.34657 + 0.18310 + 0.05776 + 0.01341 + 0.00249 + 0.00044) / 2.71828.
        assert!((mean_ln(1.0) - 0.2221).abs() < 1e-4, "{}", mean_ln(1.0));
        let poisson = Poisson::new(&[0.5, 0.5], &[0.5, 0.5], 1e-8);
        for mean in [1e-3, 0.1, 1.0, 7.3, 40.0, 199.0] {
            assert!((poisson.mean_ln(mean) - mean_ln(mean)).abs() < 1e-4, "{mean}");
        }
    }

    /// A corpus of documents that hold each of their words `times` times: a sample is worth so many times fewer
    /// n-grams.
    #[test]
    fn the_mean_of_random_samples() {
        let buckets = 200;
        let mut state = 7u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for times in [1u64, 5] {
            let mut document = || {
                // Some words are five times as common as others.
                let mut word = || if random(2) == 0 { random(buckets) } else { random(buckets / 4) };
                let words: Vec<u64> = (0..20).map(|_| word()).collect();
                let mut counts = Counts::new(buckets as u32);
                counts.documents = 1;
                words.iter().for_each(|word| counts.counts[*word as usize] += times);
                counts
            };
            let mut sample = |documents: usize| {
                let mut sum = Counts::new(buckets as u32);
                (0..documents).for_each(|_| sum.add(&document()).unwrap());
                sum
            };
            let levels: Vec<Counts> = (4..13).rev().map(|log2| sample(1 << log2)).collect();
            let raw = RawCounts { fit_ngrams: FitBudget(None), levels, ..RawCounts::default() };
            let density = normalized(&raw.total(buckets as u32).unwrap().counts).unwrap();
            let target: Vec<f64> = vec![1.0 / buckets as f64; buckets as usize];
            let variance = chance_variance(&target, &density, &raw, 1e-8);
            let found = Random::new(&target, &density, &raw, 1e-8, variance).unwrap();
            let from_raw = kl_divergence_with(&target, &density, 1e-8);
            for documents in [10, 40, 200, 1000] {
                let reduction = |counts: &Counts| {
                    from_raw - kl_divergence_with(&target, &normalized(&counts.counts).unwrap(), 1e-8)
                };
                let mean = (0..50).map(|_| reduction(&sample(documents))).sum::<f64>() / 50.0;
                let ngrams = (documents as u64 * 20 * times) as f64;
                let (told, spread) = (found.mean(ngrams), (variance.unwrap() / ngrams).sqrt());
                let near = (told - mean).abs() < 0.25 * mean.abs() + spread;
                assert!(near, "{times} {documents}: {told}, not {mean} within {spread}");
            }
            assert_eq!(found.mean(1e9), 0.0);
        }
    }
}
