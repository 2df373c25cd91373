//! What a record's key is made of, and which records have one.

use super::{DrawOptions, Method, Noise, Normalize, noise};
use crate::weights::{Row, TargetSize};

#[derive(Clone, Debug)]
pub(super) struct Rule {
    min_tokens: u32,
    /// Of each target; nothing is done to the log weights of others.
    normalize: Vec<Normalize>,
    /// The exponents of a product of all targets; `None` if each is for itself.
    exponents: Option<Vec<f64>>,
    /// Whether groups are told apart.
    grouped: bool,
}

/// What one draw for one target takes keys from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) target: usize,
    method: Method,
    temperature: f64,
    noise: Noise,
}

impl Lane {
    /// For draw number `draw` as `options` want it.
    pub(super) fn new(options: &DrawOptions, draw: u32, target: usize) -> Self {
        let noise = Noise::new(options.seed, draw.into(), target as u64);
        Lane { target, method: options.method, temperature: options.temperature_of(draw), noise }
    }

    /// The same, whatever the log weights.
    pub(super) fn at_random(self) -> Self {
        Lane { method: Method::Random, ..self }
    }
}

impl Rule {
    pub(super) fn new(min_tokens: u32) -> Self {
        Rule { min_tokens, normalize: Vec::new(), exponents: None, grouped: false }
    }

    /// For weights of `count` targets, which `targets` tells about.
    pub(super) fn of(
        options: &DrawOptions,
        exponents: Option<Vec<f64>>,
        targets: Option<&[TargetSize]>,
        count: usize,
    ) -> Self {
        let is_refined =
            |target: usize| targets.and_then(|all| all.get(target)).is_some_and(|one| one.refined);
        // A product is normalized as one: by tokens if any of its targets must be.
        let refined_as_one = exponents.is_some() && (0..count).any(is_refined);
        let normalize = |target: usize| match options.normalize {
            Some(normalize) => normalize,
            None if is_refined(target) || refined_as_one => Normalize::Tokens,
            None => Normalize::None,
        };
        Rule {
            min_tokens: options.min_tokens,
            normalize: (0..count).map(normalize).collect(),
            exponents,
            grouped: options.has_strata(),
        }
    }

    /// How many targets draw: one if their weights are combined.
    pub(super) fn lanes(&self, targets: usize) -> usize {
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

    /// The log weight that decides in a lane: combined, and normalized by length.
    #[inline]
    pub(super) fn log_weight(&self, of: impl Fn(usize) -> f64, tokens: u32, target: usize) -> f64 {
        let log_weight = match &self.exponents {
            None => of(target),
            Some(exponents) => {
                let sum: f64 =
                    exponents.iter().enumerate().map(|(target, exponent)| exponent * of(target)).sum();
                // Of weights of other makers, which may be anything, the sum may be no number.
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

    #[inline]
    pub(super) fn key(&self, row: &Row<'_>, lane: Lane) -> f64 {
        lane.key(self.log_weight_of(row, lane.target), row.record())
    }

    /// The key, unless it is certain without the noise's logarithms that it is below or above a range.
    #[inline]
    pub(super) fn key_within(&self, row: &Row<'_>, lane: Lane, (low, high): (f64, f64)) -> Where {
        let log_weight = self.log_weight_of(row, lane.target);
        if log_weight == f64::NEG_INFINITY && lane.method != Method::Random {
            return Where::Below; // It has no weight for this target.
        }
        let Some(scaled) = lane.scaled(log_weight) else {
            return Where::Key(lane.key(log_weight, row.record()));
        };
        let bits = lane.noise.bits(row.record());
        let (least, most) = noise::bounds(bits);
        if scaled + most < low {
            return Where::Below;
        }
        if scaled + least > high {
            return Where::Above;
        }
        Where::Key(scaled + noise::gumbel(bits))
    }
}

impl Lane {
    #[inline]
    pub(super) fn key(self, log_weight: f64, content_hash: u64) -> f64 {
        match (self.scaled(log_weight), self.method) {
            (Some(scaled), _) => scaled + self.noise.gumbel(content_hash),
            (None, Method::Pareto) => self.noise.pareto(content_hash, log_weight),
            (None, _) => log_weight,
        }
    }

    /// What Gumbel noise is added to; `None` if none is.
    #[inline]
    fn scaled(self, log_weight: f64) -> Option<f64> {
        match self.method {
            Method::Gumbel if self.temperature == 0.0 => None,
            Method::Gumbel => Some(log_weight / self.temperature),
            Method::Random => Some(0.0),
            Method::Pareto => None,
        }
    }
}

/// Where a key is, seen from a range.
pub(super) enum Where {
    Below,
    Above,
    /// Here: it may still be outside.
    Key(f64),
}
