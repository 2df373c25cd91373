//! How close a selection came to the targets, measured against what chance gives.

use super::chance::Random;
use super::{Counts, Error, Model, RawCounts, kl_divergence_with, normalized};

/// How close a selection came to one target, in nats.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Closeness {
    /// The target.
    pub target: String,
    /// KL(target ‖ raw).
    pub raw: f64,
    /// KL(target ‖ selected).
    pub selected: f64,
    /// The difference.
    pub reduction: f64,
    /// The standard deviation of the reduction of random selections of as many n-grams; `None` if the raw corpus is too
    /// small to tell.
    pub chance: Option<f64>,
    /// The mean of that reduction, which is not above zero, and the farther below the smaller the selection; `None`
    /// if the raw corpus is too small to tell.
    pub random: Option<f64>,
}

impl Closeness {
    /// A reduction of up to so many standard deviations is what chance gives: a random selection seldom passes them.
    pub const DEVIATIONS: f64 = 3.0;

    /// The standard deviation of the reduction of small random selections, as a part of its mean, and of how well
    /// that is known.
    const SPREAD_OF_MEAN: f64 = 0.12;

    /// Up to where the reduction of a random selection could well go.
    ///
    /// On average a random selection is never closer than the raw corpus is: −ln is convex, so by Jensen's inequality
    /// the mean of KL(target ‖ sample) is not below KL(target ‖ raw). To that mean comes the spread, which is some
    /// part of it for small selections, whose empty buckets decide, and the first-order one for large ones.
    pub fn by_chance(&self) -> f64 {
        let (mean, spread) = (self.random.unwrap_or(0.0), self.chance.unwrap_or(0.0));
        let of_mean = Self::SPREAD_OF_MEAN * mean;
        mean + Self::DEVIATIONS * (spread * spread + of_mean * of_mean).sqrt()
    }

    /// Whether anything is known of chance.
    pub fn is_chance_known(&self) -> bool {
        self.random.is_some() || self.chance.is_some()
    }

    /// Whether the selection is closer to the target than a random one could well be.
    pub fn is_beyond_chance(&self) -> bool {
        self.reduction > self.by_chance()
    }
}

/// What selections are measured with: the densities of the raw corpus and of the targets of one model.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator {
    epsilon: f64,
    targets: Vec<Measure>,
}

#[derive(Clone, Debug)]
struct Measure {
    name: String,
    density: Vec<f64>,
    from_raw: f64,
    /// The variance by chance for one n-gram.
    chance: Option<f64>,
    /// What random selections give; `None` if the raw corpus is too small to tell.
    random: Option<Random>,
}

impl Evaluator {
    /// From the counts in `model`, with `epsilon` (positive and normal) added to every density before its logarithm.
    ///
    /// # Errors
    /// A partial model, or one that counted nothing on one side.
    pub(crate) fn new(model: &Model, epsilon: f64) -> Result<Self, Error> {
        let raw = model.raw.as_ref().ok_or(Error::NoRaw)?;
        let raw_density = model.raw_density()?;
        if model.targets.is_empty() {
            return Err(Error::NoTarget);
        }
        let mut targets = Vec::with_capacity(model.targets.len());
        for target in &model.targets {
            let density = model.target_density(target)?;
            let from_raw = kl_divergence_with(&density, &raw_density, epsilon);
            let chance = chance_variance(&density, &raw_density, raw, epsilon);
            targets.push(Measure {
                name: target.name.clone(),
                from_raw,
                random: Random::new(&density, &raw_density, raw, epsilon, chance),
                chance,
                density,
            });
        }
        Ok(Evaluator { epsilon, targets })
    }

    /// How close the selection that `counts` are of came to each target.
    ///
    /// # Errors
    /// A selection, called `name`, without features.
    pub(crate) fn measure(&self, name: &str, counts: &Counts) -> Result<Vec<Closeness>, Error> {
        let none = || Error::NoSelectedFeatures { name: name.into(), documents: counts.documents };
        let density = normalized(&counts.counts).ok_or_else(none)?;
        let ngrams = counts.ngrams().ok_or(Error::Overflow)? as f64;
        let measured = self.targets.iter().map(|target| {
            let (raw, selected) =
                (target.from_raw, kl_divergence_with(&target.density, &density, self.epsilon));
            let chance = target.chance.map(|variance| (variance / ngrams).sqrt());
            let random = target.random.as_ref().map(|random| random.mean(ngrams));
            Closeness {
                target: target.name.clone(),
                raw,
                selected,
                reduction: raw - selected,
                chance,
                random,
            }
        });
        Ok(measured.collect())
    }
}

/// Levels of fewer documents say too little.
const LEAST_DOCUMENTS: u64 = 8;
/// From fewer levels a variance is not worth its name.
const LEAST_LEVELS: usize = 3;

/// The variance of the KL reduction of a random selection, times its n-grams.
///
/// To first order the reduction of a sample with density q̂ is Σ r · (q̂ − q), with r = p / (q + ε). The levels of the
/// raw counts are random samples of whole documents that have no document in common, so each shows how far such a sum
/// strays, n-grams that come together in documents included: (Σ r · (q̂ − q))² · m / (1 − m / M) for a level of m of
/// all M n-grams. Their mean is taken.
pub(super) fn chance_variance(target: &[f64], density: &[f64], raw: &RawCounts, epsilon: f64) -> Option<f64> {
    let slopes: Vec<f64> = target.iter().zip(density).map(|(p, q)| p / (q + epsilon)).collect();
    let expected: f64 = slopes.iter().zip(density).map(|(slope, q)| slope * q).sum();
    let all: f64 = raw.levels.iter().filter_map(Counts::ngrams).map(|ngrams| ngrams as f64).sum();
    let levels = raw.levels.iter().filter(|level| level.documents >= LEAST_DOCUMENTS);
    let variances: Vec<f64> = levels
        .filter_map(|level| {
            let ngrams =
                level.ngrams().map(|ngrams| ngrams as f64).filter(|ngrams| (1.0..all).contains(ngrams))?;
            let sum: f64 = slopes.iter().zip(&level.counts).map(|(slope, count)| slope * *count as f64).sum();
            let astray = sum / ngrams - expected;
            Some(astray * astray * ngrams / (1.0 - ngrams / all))
        })
        .collect();
    let count = variances.len();
    (count >= LEAST_LEVELS).then(|| variances.iter().sum::<f64>() / count as f64)
}

/// The share of n-grams that are alone in their bucket; 0 if there are none.
///
/// By Good and Turing, it is the probability that the next n-gram falls into a bucket that has none yet: what the
/// density does not know.
pub(crate) fn lone_share(counts: &Counts) -> f64 {
    let lone = counts.counts.iter().filter(|count| **count == 1).count();
    match counts.ngrams() {
        Some(ngrams) if ngrams > 0 => lone as f64 / ngrams as f64,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::{FitBudget, Target};
    use crate::featurizer::FeatureSpace;

    fn counts(documents: u64, counts: [u64; 3]) -> Counts {
        Counts { documents, tokens: counts.iter().sum(), counts: counts.to_vec() }
    }

    /// A raw corpus whose levels are these.
    fn model(levels: Vec<Counts>, target: Counts) -> Model {
        let documents_read = levels.iter().map(|level| level.documents).sum();
        let raw = RawCounts { fit_ngrams: FitBudget(None), documents_read, levels, ..RawCounts::default() };
        let space = FeatureSpace { buckets: 3, ..FeatureSpace::default() };
        let target = Target { name: "t".into(), counts: target, learned: None };
        Model { space, smoothing: 0.0, raw: Some(raw), targets: vec![target] }
    }

    #[test]
    fn the_reduction_is_that_of_the_formula() {
        // p = (1/2, 1/2, 0), q = (1/4, 1/4, 1/2), selected = (1/2, 1/4, 1/4).
        let model = model(vec![counts(4, [1, 1, 2])], counts(1, [2, 2, 0]));
        let evaluator = Evaluator::new(&model, 1e-10).unwrap();
        let found = evaluator.measure("s", &counts(1, [2, 1, 1])).unwrap().remove(0);
        let ln_2 = std::f64::consts::LN_2;
        assert!((found.raw - ln_2).abs() < 1e-9, "ln (1/2 : 1/4), twice, each with weight 1/2");
        assert!((found.selected - ln_2 / 2.0).abs() < 1e-9);
        assert_eq!(found.reduction, found.raw - found.selected);
        assert_eq!((found.target.as_str(), found.chance), ("t", None), "one level tells nothing of chance");
    }

    #[test]
    fn a_selection_that_is_the_raw_corpus_has_no_reduction() {
        let model = model(vec![counts(4, [1, 5, 2]), counts(2, [0, 3, 1])], counts(1, [2, 2, 7]));
        let found = Evaluator::new(&model, 1e-8).unwrap().measure("s", &counts(6, [1, 8, 3])).unwrap();
        assert_eq!(found[0].reduction, 0.0);
        assert!(!found[0].is_beyond_chance());
    }

    #[test]
    fn a_selection_without_features_is_an_error() {
        let model = model(vec![counts(4, [1, 5, 2])], counts(1, [2, 2, 7]));
        let error = Evaluator::new(&model, 1e-8).unwrap().measure("s", &counts(6, [0, 0, 0])).unwrap_err();
        assert!(matches!(error, Error::NoSelectedFeatures { documents: 6, .. }), "{error}");
    }

    #[test]
    fn chance_is_how_far_the_levels_stray() {
        // q = (1/2, 1/2, 0) and p = (1, 0, 0): r = (2, 0, 0). Levels with 60%, 40% and 50% in the first bucket stray by
        // 0.2, −0.2 and 0; of 100, 100 and 200 n-grams of 400: (0.04 · 100 / (3/4) · 2 + 0) / 3 = 32/9.
        let levels = vec![counts(100, [60, 40, 0]), counts(100, [40, 60, 0]), counts(200, [100, 100, 0])];
        let model = model(levels, counts(1, [9, 0, 0]));
        let found = Evaluator::new(&model, 1e-12).unwrap().measure("s", &counts(5, [80, 20, 0])).unwrap();
        let chance = found[0].chance.unwrap();
        assert!((chance - (32.0f64 / 9.0 / 100.0).sqrt()).abs() < 1e-9, "{chance}");
    }

    #[test]
    fn n_grams_alone_in_their_bucket() {
        assert_eq!(lone_share(&counts(1, [1, 1, 2])), 0.5);
        assert_eq!(lone_share(&counts(1, [0, 0, 0])), 0.0);
        assert_eq!(lone_share(&counts(1, [4, 0, 2])), 0.0);
    }
}
