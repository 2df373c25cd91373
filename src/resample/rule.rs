//! What a record's key is made of, and which records have one.

use super::{DrawOptions, Noise, noise};
use crate::weights::Row;

#[derive(Clone, Debug)]
pub(super) struct Rule {
    min_tokens: u32,
    temperature: f64,
}

/// What one draw for one target takes keys from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) target: usize,
    noise: Noise,
}

impl Lane {
    pub(super) fn new(seed: u64, draw: u32, target: usize) -> Self {
        Lane { target, noise: Noise::new(seed, draw.into(), target as u64) }
    }
}

impl Rule {
    pub(super) fn new(min_tokens: u32, temperature: f64) -> Self {
        Rule { min_tokens, temperature }
    }

    pub(super) fn of(options: &DrawOptions) -> Self {
        Rule::new(options.min_tokens, options.temperature)
    }

    pub(super) fn temperature(&self) -> f64 {
        self.temperature
    }

    #[inline]
    pub(super) fn is_eligible(&self, row: &Row<'_>) -> bool {
        row.tokens() >= self.min_tokens && row.log_weight(0) > f64::NEG_INFINITY
    }

    #[inline]
    pub(super) fn key(&self, row: &Row<'_>, lane: Lane) -> f64 {
        self.key_of(row.log_weight(lane.target), row.record(), lane)
    }

    #[inline]
    pub(super) fn key_of(&self, log_weight: f64, content_hash: u64, lane: Lane) -> f64 {
        if self.temperature == 0.0 {
            return log_weight;
        }
        log_weight / self.temperature + lane.noise.gumbel(content_hash)
    }

    /// The key, unless it is certain without the noise's logarithms that it is below or above a range.
    #[inline]
    pub(super) fn key_within(&self, row: &Row<'_>, lane: Lane, (low, high): (f64, f64)) -> Where {
        let log_weight = row.log_weight(lane.target);
        let key = if self.temperature == 0.0 {
            log_weight
        } else {
            let scaled = log_weight / self.temperature;
            let bits = lane.noise.bits(row.record());
            let (least, most) = noise::bounds(bits);
            if scaled + most < low {
                return Where::Below;
            }
            if scaled + least > high {
                return Where::Above;
            }
            scaled + noise::gumbel(bits)
        };
        Where::Key(key)
    }
}

/// Where a key is, seen from a range.
pub(super) enum Where {
    Below,
    Above,
    /// Here: it may still be outside.
    Key(f64),
}
