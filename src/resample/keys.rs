//! How keys are made, and an integer that orders them.

use serde::{Deserialize, Serialize};

use super::{DrawOptions, Method, Noise, noise};

/// What keys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyMethod {
    /// The log weight over the temperature, and Gumbel noise.
    Gumbel,
    /// Gumbel noise alone.
    Random,
    /// Scores, and Pareto noise.
    Pareto,
    /// How often a record is expected.
    Curve,
}

impl KeyMethod {
    fn of(options: &DrawOptions) -> Self {
        match (options.method, &options.curve) {
            (Method::Gumbel, Some(_)) => KeyMethod::Curve,
            (Method::Gumbel, None) => KeyMethod::Gumbel,
            (Method::Random, _) => KeyMethod::Random,
            (Method::Pareto, _) => KeyMethod::Pareto,
        }
    }
}

/// How keys are made in every draw.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyRules {
    pub(super) method: KeyMethod,
    /// Of each draw.
    pub(super) temperatures: Vec<f64>,
    pub(super) seed: u64,
}

impl KeyRules {
    pub(super) fn of(options: &DrawOptions) -> Self {
        let temperatures = (0..options.draws).map(|draw| options.temperature_of(draw)).collect();
        KeyRules { method: KeyMethod::of(options), temperatures, seed: options.seed }
    }

    /// The keys are the log weights.
    pub(super) fn of_log_weights() -> Self {
        KeyRules { method: KeyMethod::Gumbel, temperatures: vec![0.0], seed: 0 }
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
        let method = if at_random { KeyMethod::Random } else { self.method };
        KeyRule { target, method, temperature: self.temperatures[draw], noise }
    }
}

/// How keys are made in one draw for one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct KeyRule {
    pub(super) target: usize,
    method: KeyMethod,
    temperature: f64,
    noise: Noise,
}

/// What the keys of a record are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Keyed {
    /// The log weight that decides or, if keys are made by a curve, how often the record is expected.
    pub(super) value: f64,
    pub(super) content_hash: u64,
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
    /// The key with which a record is selected once more, after `repeat` times.
    #[inline]
    pub(super) fn key(self, of: Keyed, repeat: u32) -> f64 {
        match self.scaled(of.value) {
            Some(scaled) => scaled + self.noise.of_repeat(repeat).gumbel(of.content_hash),
            // A record without weight for this target; the Pareto noise is made for probabilities.
            None if of.value == f64::NEG_INFINITY => of.value,
            None => self.unscaled(of, repeat),
        }
    }

    /// The key of a finite value that Gumbel noise is not added to.
    #[inline]
    fn unscaled(self, Keyed { value, content_hash }: Keyed, repeat: u32) -> f64 {
        match self.method {
            KeyMethod::Pareto => self.noise.of_repeat(repeat).pareto(content_hash, value),
            KeyMethod::Curve if value > 0.0 => {
                // Expected s · value times, it is selected ⌊s · value + u⌋ times: minus the s from which on it is
                // once more.
                let u = noise::uniform(self.noise.bits(content_hash));
                (u - f64::from(repeat + 1)) / value
            }
            KeyMethod::Curve => f64::NEG_INFINITY,
            KeyMethod::Gumbel | KeyMethod::Random => value,
        }
    }

    /// The key, or on which side of a range it is, if that is certain without the logarithms of the noise.
    #[inline]
    pub(super) fn place(self, of: Keyed, repeat: u32, (low, high): (f64, f64)) -> KeyPlace {
        if of.value == f64::NEG_INFINITY && self.method != KeyMethod::Random {
            return KeyPlace::Below; // It has no weight for this target.
        }
        let Some(scaled) = self.scaled(of.value) else {
            return match self.unscaled(of, repeat) {
                f64::NEG_INFINITY => KeyPlace::Below,
                key => KeyPlace::At(key),
            };
        };
        let bits = self.noise.of_repeat(repeat).bits(of.content_hash);
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
    fn scaled(self, value: f64) -> Option<f64> {
        match self.method {
            KeyMethod::Gumbel if self.temperature == 0.0 => None,
            KeyMethod::Gumbel => Some(value / self.temperature),
            KeyMethod::Random => Some(0.0),
            KeyMethod::Pareto | KeyMethod::Curve => None,
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
