//! Density: exact counts of n-grams, the model they make up, and the log-ratios it gives.
//!
//! Source: the reference's `HashedNgramDSIR.fit_importance_estimator`.

mod chance;
mod closeness;
mod copies;
mod counter;
mod error;
mod file;
mod learned;
mod log_ratio;
mod model;
mod of_texts;
mod raw;

pub use closeness::Closeness;
pub(crate) use closeness::{Evaluator, lone_share};
pub(crate) use copies::Cells;
pub(crate) use counter::CountsSoFar;
pub(crate) use counter::{DocumentCounts, RawCounter, ThreadCounts};
pub use error::Error;
pub use learned::{Classifier, HeldOut, Learned, Refined};
pub(crate) use learned::{UNCHANGED_TOKENS, length};
pub(crate) use log_ratio::kl_divergence_with;
pub(crate) use log_ratio::sum_of;
pub use log_ratio::{EPSILON, LogRatios, Sum, kl_divergence};
pub(crate) use model::density;
pub use model::{Model, Target, normalized};
pub use raw::{FitBudget, RawCounts};

use serde::{Deserialize, Serialize};

/// How often each bucket occurs in some documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The documents counted.
    pub documents: u64,
    /// Their tokens.
    pub tokens: u64,
    /// The n-grams in each bucket.
    pub counts: Vec<u64>,
}

impl Counts {
    /// Nothing counted yet, in so many buckets.
    pub fn new(buckets: u32) -> Self {
        Counts { documents: 0, tokens: 0, counts: vec![0; buckets as usize] }
    }

    /// All n-grams counted; `None` past 64 bits, which only a made-up model reaches.
    pub fn ngrams(&self) -> Option<u64> {
        self.counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count))
    }

    /// Adds what `other` counted in as many buckets.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub fn add(&mut self, other: &Counts) -> Result<(), Error> {
        debug_assert_eq!(self.counts.len(), other.counts.len());
        let add = |a: &mut u64, b: u64| a.checked_add(b).map(|sum| *a = sum).ok_or(Error::Overflow);
        add(&mut self.documents, other.documents)?;
        add(&mut self.tokens, other.tokens)?;
        self.counts.iter_mut().zip(&other.counts).try_for_each(|(a, b)| add(a, *b))
    }
}
