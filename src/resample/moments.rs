use serde::{Deserialize, Serialize};

use crate::ln::exp;

/// The spread of log weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LogWeights {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// (Σ v)² / Σ v² with v = exp(log weight / T): how many records of equal weight would be as
    /// varied a sample. `None` at temperature 0.
    pub effective_sample_size: Option<f64>,
}

/// Sums over the log weights of consecutive rows. Floating-point sums depend on their order: they are joined in that of
/// the input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[u64; 7]", into = "[u64; 7]")]
pub(super) struct Moments {
    count: f64,
    min: f64,
    max: f64,
    mean: f64,
    /// Σ (w − mean)².
    spread: f64,
    /// Σ exp((w − max) / T) and Σ exp(2 (w − max) / T).
    exps: [f64; 2],
}

impl Moments {
    pub(super) const NONE: Moments = Moments {
        count: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        mean: 0.0,
        spread: 0.0,
        exps: [0.0; 2],
    };

    pub(super) fn of(log_weights: &[f64], temperature: f64) -> Moments {
        if log_weights.is_empty() {
            return Moments::NONE;
        }
        let count = log_weights.len() as f64;
        let min = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
        let max = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = log_weights.iter().sum::<f64>() / count;
        let spread = log_weights.iter().map(|w| (w - mean) * (w - mean)).sum();
        let mut exps = [0.0; 2];
        // Below e^-40 a term is lost in the rounding of the sum, whose largest term is 1.
        for exponent in
            log_weights.iter().map(|w| (w - max) / temperature).filter(|exponent| *exponent > -40.0)
        {
            let exp = exp(exponent);
            exps[0] += exp;
            exps[1] += exp * exp;
        }
        Moments { count, min, max, mean, spread, exps }
    }

    pub(super) fn join(&self, other: &Moments, temperature: f64) -> Moments {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { *other } else { *self };
        }
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        let max = self.max.max(other.max);
        let scale = |of: &Moments| if temperature > 0.0 { exp((of.max - max) / temperature) } else { 0.0 };
        let (ours, theirs) = (scale(self), scale(other));
        Moments {
            count,
            min: self.min.min(other.min),
            max,
            mean: self.mean + apart * (other.count / count),
            spread: self.spread + other.spread + apart * apart * (self.count * other.count / count),
            exps: [
                self.exps[0] * ours + other.exps[0] * theirs,
                self.exps[1] * ours * ours + other.exps[1] * theirs * theirs,
            ],
        }
    }

    pub(super) fn log_weights(&self, temperature: f64) -> LogWeights {
        let [sum, squares] = self.exps;
        LogWeights {
            min: self.min,
            max: self.max,
            mean: self.mean,
            deviation: (self.spread / self.count).sqrt(),
            effective_sample_size: (temperature > 0.0).then_some(sum * sum / squares),
        }
    }
}

/// Bits, since JSON has no infinities.
impl From<Moments> for [u64; 7] {
    fn from(moments: Moments) -> Self {
        let Moments { count, min, max, mean, spread, exps: [sum, squares] } = moments;
        [count, min, max, mean, spread, sum, squares].map(f64::to_bits)
    }
}

impl From<[u64; 7]> for Moments {
    fn from(bits: [u64; 7]) -> Self {
        let [count, min, max, mean, spread, sum, squares] = bits.map(f64::from_bits);
        Moments { count, min, max, mean, spread, exps: [sum, squares] }
    }
}
