//! How keys are made, and an integer that orders them.

use super::{DrawOptions, Method, Noise, noise};

/// How keys are made in every draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyRules {
    pub(super) method: Method,
    /// Of each draw.
    pub(super) temperatures: Vec<f64>,
    pub(super) seed: u64,
}

impl KeyRules {
    pub(super) fn of(options: &DrawOptions) -> Self {
        let temperatures = (0..options.draws).map(|draw| options.temperature_of(draw)).collect();
        KeyRules { method: options.method, temperatures, seed: options.seed }
    }

    /// With temperatures in log weights, which were told in standard deviations of this size. Where all log weights are
    /// the same, any temperature draws the same.
    pub(super) fn of_deviation(mut self, deviation: f64) -> Self {
        let scale = if deviation > 0.0 && deviation.is_finite() { deviation } else { 1.0 };
        self.temperatures.iter_mut().for_each(|temperature| *temperature *= scale);
        self
    }

    /// How they are made in one draw for one target; without regard to the log weights if `at_random`.
    pub(super) fn rule(&self, draw: usize, target: usize, at_random: bool) -> KeyRule {
        let noise = Noise::new(self.seed, draw as u64, target as u64);
        let method = if at_random { Method::Random } else { self.method };
        KeyRule { target, method, temperature: self.temperatures[draw], noise }
    }
}

/// How keys are made in one draw for one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct KeyRule {
    pub(super) target: usize,
    method: Method,
    temperature: f64,
    noise: Noise,
}

/// Where a key is, relative to a range of keys.
pub(super) enum KeyPlace {
    /// Below the range.
    Below,
    /// Above the range.
    Above,
    /// This key: in the range or outside.
    At(f64),
}

impl KeyRule {
    /// The key of a record with this log weight.
    #[inline]
    pub(super) fn key(self, log_weight: f64, content_hash: u64) -> f64 {
        match self.scaled(log_weight) {
            Some(scaled) => scaled + self.noise.gumbel(content_hash),
            // A record without weight for this target; the Pareto noise is made for probabilities.
            None if log_weight == f64::NEG_INFINITY => log_weight,
            None => self.unscaled(log_weight, content_hash),
        }
    }

    /// The key of a finite log weight that Gumbel noise is not added to.
    #[inline]
    fn unscaled(self, log_weight: f64, content_hash: u64) -> f64 {
        match self.method {
            Method::Pareto => self.noise.pareto(content_hash, log_weight),
            _ => log_weight,
        }
    }

    /// The key, or on which side of a range it is, if that is certain without the logarithms of the noise.
    #[inline]
    pub(super) fn place(self, log_weight: f64, content_hash: u64, (low, high): (f64, f64)) -> KeyPlace {
        if log_weight == f64::NEG_INFINITY && self.method != Method::Random {
            return KeyPlace::Below; // It has no weight for this target.
        }
        let Some(scaled) = self.scaled(log_weight) else {
            return KeyPlace::At(self.unscaled(log_weight, content_hash));
        };
        let bits = self.noise.bits(content_hash);
        let (least, most) = noise::bounds(bits);
        if scaled + most < low {
            return KeyPlace::Below;
        }
        if scaled + least > high {
            return KeyPlace::Above;
        }
        KeyPlace::At(scaled + noise::gumbel(bits))
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

/// The order of a key: an integer that grows as the key does.
#[inline]
pub(crate) fn order(key: f64) -> u64 {
    let bits = key.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The key that has this order.
pub(super) fn key_of_order(order: u64) -> f64 {
    let sign = if order >> 63 == 1 { 1 << 63 } else { u64::MAX };
    f64::from_bits(order ^ sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_grow_as_keys_do() {
        let keys = [f64::NEG_INFINITY, f64::MIN, -1.5, -0.0, 0.0, f64::MIN_POSITIVE, 1.5, f64::INFINITY];
        assert!(keys.map(order).is_sorted_by(|one, other| one < other));
        for key in keys {
            assert_eq!(key_of_order(order(key)).to_bits(), key.to_bits());
        }
    }
}
