//! Which records are eligible, and which log weight decides.

use super::{DrawOptions, Normalize};
use crate::weights::{Row, TargetSize};

/// What a draw makes of a row, apart from its key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) min_tokens: u32,
    /// Of each target; nothing is done to the log weights of others.
    pub(super) normalize: Vec<Normalize>,
    /// The exponents of a product of all targets; `None` if each draws for itself.
    pub(super) exponents: Option<Vec<f64>>,
    /// Whether groups are drawn from apart.
    pub(super) grouped: bool,
}

impl Rule {
    pub(super) fn new(min_tokens: u32) -> Self {
        Rule { min_tokens, normalize: Vec::new(), exponents: None, grouped: false }
    }

    /// For rows of `count` log weights; `targets` describes their targets.
    pub(super) fn of(
        options: &DrawOptions,
        exponents: Option<Vec<f64>>,
        targets: Option<&[TargetSize]>,
        count: usize,
    ) -> Self {
        let is_per_token =
            |target: usize| targets.and_then(|all| all.get(target)).is_some_and(|one| one.per_token);
        // A product is normalized as one: by tokens if any of its targets must be.
        let per_token_as_one = exponents.is_some() && (0..count).any(is_per_token);
        let normalize = |target: usize| match options.normalize {
            Some(normalize) => normalize,
            None if is_per_token(target) || per_token_as_one => Normalize::Tokens,
            None => Normalize::None,
        };
        Rule {
            min_tokens: options.min_tokens,
            normalize: (0..count).map(normalize).collect(),
            exponents,
            grouped: options.has_strata(),
        }
    }

    /// How many of `targets` targets draw: one if their weights are combined.
    pub(super) fn drawing_targets(&self, targets: usize) -> usize {
        if self.exponents.is_some() { 1 } else { targets }
    }

    /// The group that a record is drawn in; `None` if all are drawn together.
    #[inline]
    pub(super) fn group(&self, row: &Row<'_>) -> Option<u64> {
        if self.grouped { row.group() } else { None }
    }

    #[inline]
    pub(super) fn is_eligible(&self, row: &Row<'_>) -> bool {
        row.tokens() >= self.min_tokens && self.is_weighed(row)
    }

    /// Whether the record was neither skipped as invalid nor left out.
    #[inline]
    pub(super) fn is_weighed(&self, row: &Row<'_>) -> bool {
        let is_finite = |log_weight: f64| log_weight > f64::NEG_INFINITY;
        match &self.exponents {
            None => row.log_weights().any(is_finite),
            Some(_) => row.log_weights().all(is_finite),
        }
    }

    /// The log weight that decides for a target: combined, and normalized by length.
    #[inline]
    pub(super) fn log_weight(&self, of: impl Fn(usize) -> f64, tokens: u32, target: usize) -> f64 {
        let log_weight = match &self.exponents {
            None => of(target),
            Some(exponents) => {
                let sum: f64 =
                    exponents.iter().enumerate().map(|(target, exponent)| exponent * of(target)).sum();
                // Weights made by other programs may be so large that their sum is no number.
                if sum.is_nan() { f64::NEG_INFINITY } else { sum.clamp(f64::MIN, f64::MAX) }
            }
        };
        let normalize = self.normalize.get(target).copied().unwrap_or_default();
        normalize.apply(log_weight, tokens)
    }

    #[inline]
    pub(super) fn log_weight_of(&self, row: &Row<'_>, target: usize) -> f64 {
        self.log_weight(|target| row.log_weight(target), row.tokens(), target)
    }
}
