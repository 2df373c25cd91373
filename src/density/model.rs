use std::borrow::Cow;

use super::{Counts, Error, Learned, LogRatios, RawCounts};
use crate::featurizer::FeatureSpace;

/// The counts of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What the target is called.
    pub name: String,
    /// What was counted in it.
    pub counts: Counts,
    /// Log-ratios that were learned, if those of the counts are not to be used.
    pub learned: Option<Learned>,
}

impl Target {
    /// The name of the target in which all buckets are as likely.
    pub const RARE: &str = "rare";

    /// The target in which all buckets are as likely. Its importance weight is 1 / p(raw), times a number for each
    /// n-gram that is the same for all: the rarer a text is in raw, the larger (as SoftDedup samples, arXiv 2407.06654).
    pub fn rare(space: FeatureSpace) -> Self {
        let buckets = u64::from(space.buckets);
        let counts = vec![EVERYWHERE; space.buckets as usize];
        let counts = Counts { documents: buckets, tokens: EVERYWHERE * buckets, counts };
        Target { name: Self::RARE.into(), counts, learned: None }
    }
}

/// So often is every n-gram of a target in which all are as likely: one alone would seem to be chance.
const EVERYWHERE: u64 = 2;

/// What was counted, in which feature space. It may be partial: raw counts or targets alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What decides the bucket of an n-gram.
    pub space: FeatureSpace,
    /// α, added to every count of a target.
    pub smoothing: f64,
    /// The raw corpus.
    pub raw: Option<RawCounts>,
    /// The targets, in the order in which they draw.
    pub targets: Vec<Target>,
}

impl Model {
    /// The name of the target that all target files make up when they are not kept apart.
    pub const ONE_TARGET: &str = "target";

    /// The log-ratio of every bucket for every target.
    ///
    /// # Errors
    /// A partial model, or one that counted nothing on one side.
    pub fn log_ratios(&self) -> Result<LogRatios, Error> {
        let raw = self.raw.as_ref().ok_or(Error::NoRaw)?;
        if self.targets.is_empty() {
            return Err(Error::NoTarget);
        }
        if raw.documents_read == 0 {
            return Err(Error::EmptyRaw);
        }
        let total = raw.total(self.space.buckets)?;
        let raw = density(&total.counts, 0.0).ok_or(Error::NoRawFeatures { documents: total.documents })?;
        let mut tables = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            let plain = self.target_density(target)?;
            tables.push(match &target.learned {
                Some(learned) => Cow::Borrowed(learned.log_ratios()),
                None => Cow::Owned(LogRatios::table(self.space.hash, &plain, &raw)),
            });
        }
        Ok(LogRatios::of_tables(self.space.hash, &tables))
    }

    /// The density of `target`, one probability for each bucket.
    ///
    /// # Errors
    /// A target without documents or without features.
    pub fn target_density(&self, target: &Target) -> Result<Vec<f64>, Error> {
        let Counts { documents, ref counts, .. } = target.counts;
        if documents == 0 {
            return Err(Error::EmptyTarget { name: target.name.clone() });
        }
        let no_features = || Error::NoTargetFeatures { name: target.name.clone(), documents };
        density(counts, 0.0).ok_or_else(no_features)?;
        density(counts, self.smoothing).ok_or_else(no_features)
    }

    /// The density of the raw corpus, one probability for each bucket.
    ///
    /// # Errors
    /// A model without raw counts, or without features in them.
    pub fn raw_density(&self) -> Result<Vec<f64>, Error> {
        let total = self.raw.as_ref().ok_or(Error::NoRaw)?.total(self.space.buckets)?;
        density(&total.counts, 0.0).ok_or(Error::NoRawFeatures { documents: total.documents })
    }

    /// Adds the raw counts of `other` and joins its targets by name.
    ///
    /// A target that is the same in both is kept once; one that differs is added up if `add_targets`.
    ///
    /// # Errors
    /// Models made with different options; a target that differs; learned log-ratios, which are of their own counts
    /// alone.
    pub fn merge(&mut self, other: Model, add_targets: bool) -> Result<(), Error> {
        if let Some(target) =
            self.targets.iter().chain(&other.targets).find(|target| target.learned.is_some())
        {
            return Err(Error::Learned { name: target.name.clone() });
        }
        if self.space != other.space {
            return Err(Error::FeatureSpaces { first: self.space, second: other.space });
        }
        if self.smoothing != other.smoothing {
            return Err(Error::Options { what: "smoothing" });
        }
        self.raw = match (self.raw.take(), other.raw) {
            (Some(ours), Some(theirs)) => Some(ours.merge(&theirs, self.space.buckets)?),
            (ours, theirs) => ours.or(theirs),
        };
        for target in other.targets {
            match self.targets.iter_mut().find(|ours| ours.name == target.name) {
                None => self.targets.push(target),
                Some(ours) if ours.counts == target.counts => {}
                Some(ours) if add_targets => ours.counts.add(&target.counts)?,
                Some(_) => return Err(Error::TargetDiffers { name: target.name }),
            }
        }
        Ok(())
    }
}

/// p(b) = c(b) / Σ c; `None` if the sum is zero.
pub fn normalized(counts: &[u64]) -> Option<Vec<f64>> {
    density(counts, 0.0)
}

/// p(b) = (c(b) + α) / Σ (c + α); `None` if the sum is zero.
pub(crate) fn density(counts: &[u64], smoothing: f64) -> Option<Vec<f64>> {
    let ngrams = counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count))?;
    let sum = ngrams as f64 + smoothing * counts.len() as f64;
    (sum > 0.0).then(|| counts.iter().map(|count| (*count as f64 + smoothing) / sum).collect())
}
