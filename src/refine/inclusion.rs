//! Probabilities of being selected, as integers, so that their sums are the same in any order.

use crate::ln::exp;

/// A probability of 1.
pub(super) const ONE: u64 = 1 << 32;
/// A document this far above the threshold is certainly selected: exp(−exp(4)) is below 2^-33.
pub(super) const CERTAIN: f64 = 4.0;
/// A document this far below it never is: exp(−23) is below 2^-33.
pub(super) const NEVER: f64 = -23.0;

/// The probability, in units of 2^-32, that the key of a document is above the threshold, given how far its log weight
/// is above it.
pub(super) fn inclusion(above: f64) -> u64 {
    if above > CERTAIN {
        return ONE;
    }
    if above < NEVER {
        return 0;
    }
    let rate = if above > 0.0 { 1.0 / exp(-above) } else { exp(above) };
    ((1.0 - exp(-rate)) * ONE as f64 + 0.5) as u64
}

/// The unit in which documents are counted, together with those that they represent: so large that sums over a sample
/// keep within 63 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// How many bits too long sums are in which every n-gram counts 2^32 times.
    pub(super) excess_bits: u32,
}

impl Unit {
    /// For a sample of documents, given by their numbers of n-grams and their weights as powers of two.
    pub(super) fn new(documents: impl Iterator<Item = (u64, u8)>) -> Self {
        let ngrams = documents.map(|(ngrams, weight_log2)| u128::from(ngrams) << weight_log2).sum::<u128>();
        let bits = ngrams.checked_ilog2().map_or(0, |log| log + 1);
        Unit { excess_bits: (32 + bits).saturating_sub(63) }
    }

    /// How often a document of this weight counts if it is selected with this probability.
    pub(super) fn times(self, inclusion: u64, weight_log2: u8) -> u64 {
        ((u128::from(inclusion) << weight_log2) >> self.excess_bits) as u64
    }
}

#[cfg(test)]
mod tests {
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
        near(CERTAIN, 1.0);
        near(NEVER, 0.0);
    }
}
