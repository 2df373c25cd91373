//! How a model is counted, by itself or on the way to a selection.

use crate::density::FitBudget;
use crate::featurizer::FeatureSpace;

/// How targets and the raw corpus are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountOptions {
    /// The feature space.
    pub space: FeatureSpace,
    /// What is added to every count of a target.
    pub smoothing: f64,
    /// Whether [`Target::rare`](crate::density::Target::rare) is a target, too, behind the others.
    pub rare: bool,
    /// How many n-grams of the raw corpus are counted at most.
    pub budget: FitBudget,
}

impl Default for CountOptions {
    fn default() -> Self {
        let space = FeatureSpace::default();
        CountOptions { space, smoothing: 0.0, rare: false, budget: FitBudget::auto(space.buckets) }
    }
}
