//! What log-ratios are learned for: the size of a draw.

use super::document_sample::DocumentSample;
use crate::resample::{Budget, Totals};

/// The draws for which the log-ratios should be good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Aim {
    /// The unit that the budget is counted in; its size does not matter.
    pub budget: Budget,
    /// The share that is drawn of all eligible documents, above 0 and up to 1.
    pub share: f64,
}

/// Learning needs at least this number of sampled documents in a selection.
const MIN_SELECTED: f64 = 100.0;

impl Aim {
    /// For a draw of `budget` from all that is eligible.
    pub(crate) fn new(budget: Budget, eligible: &Totals) -> Self {
        let part = |limit: u64| limit as f64 / (budget.price(eligible) as f64).max(1.0);
        let share = match budget {
            Budget::Fraction(fraction) => fraction,
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) => part(limit),
        };
        Aim { budget, share: share.min(1.0) }
    }

    /// Splits it by these shares, one for each target.
    pub(crate) fn split(self, shares: &[f64]) -> Vec<Aim> {
        shares.iter().map(|share| Aim { share: self.share * share, ..self }).collect()
    }

    /// The share to learn for: a larger one than is drawn if the sample would select too few documents to learn from.
    pub(super) fn share_of(&self, sample: &DocumentSample) -> f64 {
        let least = MIN_SELECTED / sample.represented_documents().max(1.0);
        if sample.is_partial() { self.share.max(least.min(1.0)) } else { self.share }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document_sample::tests::{sample_of, weighted_sample_of};
    use super::*;

    #[test]
    fn a_sample_too_small_for_the_share_learns_for_a_larger_one() {
        let eligible = Totals { records: 8000, tokens: 80_000, bytes: 800_000 };
        let aim = Aim::new(Budget::Records(10), &eligible);
        let documents = vec![vec![0; 10]; 1000];
        assert_eq!((aim.share, aim.share_of(&sample_of(&documents))), (0.00125, 0.00125));
        // A hundred of the 8000 documents that it represents.
        assert_eq!(aim.share_of(&weighted_sample_of(&documents, 3)), 0.0125);
        assert_eq!(Aim::new(Budget::Tokens(40_000), &eligible).share, 0.5);
        assert_eq!(Aim::new(Budget::Bytes(1_000_000), &eligible).share, 1.0, "more than there is");
    }
}
