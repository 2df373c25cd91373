//! Models of texts that are in memory.

use super::{Counts, Error, FitBudget, Model, RawCounter, RawCounts, Target};
use crate::featurizer::{Featurizer, Featurizers};
use crate::reader::content_hash;

impl Counts {
    /// Counts the n-grams of all texts.
    pub fn of_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, featurizer: &mut Featurizer) -> Self {
        let mut counts = Counts::new(featurizer.space().buckets);
        for text in texts {
            counts.documents += 1;
            counts.tokens += featurizer.featurize(text.as_ref(), |buckets| {
                buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
            });
        }
        counts
    }
}

impl RawCounts {
    /// Counts the n-grams of all texts, each of which is a record of its own: what it is known by is the hash of its
    /// bytes.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub fn of_texts<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
        featurizer: &mut Featurizer,
    ) -> Result<Self, Error> {
        let counter = RawCounter::new(FitBudget(None), featurizer.space().buckets);
        let mut thread = counter.thread();
        for text in texts {
            let bytes = text.as_ref().as_bytes();
            let length = bytes.len() as u64 + 1;
            if let Some(mut counts) = thread.begin(&counter, content_hash(bytes), length) {
                let tokens = featurizer.featurize(text.as_ref(), |buckets| counts.add(buckets));
                counts.end(tokens);
            }
        }
        counter.finish([thread])
    }
}

impl Model {
    /// Counts all n-grams of raw texts and of the texts of one target, called [`Model::ONE_TARGET`].
    ///
    /// Models of parts of a corpus can be [merged](Model::merge). The log-ratios are those that the program finds for
    /// the same documents, as long as it counts all of them.
    ///
    /// ```
    /// use dsir::density::Model;
    /// use dsir::featurizer::{FeatureSpace, Featurizers};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let featurizers = Featurizers::new(FeatureSpace::default(), None)?;
    /// let model = Model::of_texts(["tax form", "the sea"], ["the tide of the sea"], &featurizers)?;
    /// let weighed = model.log_weights(&["a sea", "a form"], &featurizers)?;
    /// assert!(weighed.row(0)[0] > weighed.row(1)[0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No target text, or none with a token; counts past 64 bits.
    pub fn of_texts<R: AsRef<str>, T: AsRef<str>>(
        raw: impl IntoIterator<Item = R>,
        target: impl IntoIterator<Item = T>,
        featurizers: &Featurizers,
    ) -> Result<Self, Error> {
        let mut featurizer = featurizers.featurizer();
        let raw = RawCounts::of_texts(raw, &mut featurizer)?;
        let counts = Counts::of_texts(target, &mut featurizer);
        let target = Target { name: Model::ONE_TARGET.into(), counts, learned: None };
        let space = featurizers.space();
        let model = Model { space, smoothing: 0.0, raw: Some(raw), targets: vec![target] };
        model.target_density(&model.targets[0])?;
        Ok(model)
    }
}
