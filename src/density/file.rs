//! The model file: one JSON object, laid out in `docs/formats.md`.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Classifier, Counts, Error, Learned, Model, RawCounts, Refined, Target};
use crate::featurizer::FeatureSpace;
use crate::storage;

/// The last format that is read and written: of it are models with a classifier. Of 2 are those of refined targets too
/// small to hold out a part of.
pub(super) const VERSION: u64 = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    dsir_model: u64,
    feature_space: FeatureSpace,
    smoothing: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<RawCounts>,
    targets: Vec<TargetFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    name: String,
    documents: u64,
    tokens: u64,
    counts: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refined: Option<Refined>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classifier: Option<Classifier>,
}

/// The part of any format by which its version is known.
#[derive(Deserialize)]
struct Version {
    dsir_model: u64,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// A file that cannot be read, is no model, or is of another format.
    pub fn read(path: &Path) -> Result<Model, Error> {
        let opened = |source| Error::Open { path: path.into(), source };
        let json = storage::read(path).map_err(opened)?;
        Model::of_json(&json, path)
    }

    /// The model that [`Model::write`] wrote as `json`. Errors call it `path`.
    ///
    /// # Errors
    /// What is no model, or is of another format.
    pub fn of_json(json: &[u8], path: &Path) -> Result<Model, Error> {
        let not_a_model = |reason: String| Error::NotAModel { path: path.into(), reason };
        let Version { dsir_model: version } =
            serde_json::from_slice(json).map_err(|error| not_a_model(error.to_string()))?;
        if !(1..=VERSION).contains(&version) {
            return Err(Error::Version { path: path.into(), version });
        }
        let file: ModelFile = serde_json::from_slice(json).map_err(|error| not_a_model(error.to_string()))?;
        if let Some(both) = file.targets.iter().find(|one| one.refined.is_some() && one.classifier.is_some())
        {
            return Err(not_a_model(format!("two kinds of log-ratios of target `{}`", both.name)));
        }
        let model = Model::from(file);
        match model.flaw() {
            None => Ok(model),
            Some(flaw) => Err(not_a_model(flaw)),
        }
    }

    /// Writes the model file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, mut out: impl Write) -> std::io::Result<()> {
        let targets = self.targets.iter().map(|Target { name, counts, learned }| {
            let (refined, classifier) = match learned {
                Some(Learned::Refined(refined)) => (Some(refined.clone()), None),
                Some(Learned::Classifier(classifier)) => (None, Some(classifier.clone())),
                None => (None, None),
            };
            let Counts { documents, tokens, counts } = counts.clone();
            TargetFile { name: name.clone(), documents, tokens, counts, refined, classifier }
        });
        let version = |target: &Target| match &target.learned {
            Some(Learned::Classifier(_)) => VERSION,
            Some(Learned::Refined(refined)) if refined.is_of_small_target() => 2,
            _ => 1,
        };
        let file = ModelFile {
            dsir_model: self.targets.iter().map(version).max().unwrap_or(1),
            feature_space: self.space,
            smoothing: self.smoothing,
            raw: self.raw.clone(),
            targets: targets.collect(),
        };
        serde_json::to_writer(&mut out, &file)?;
        out.write_all(b"\n")
    }

    /// The 64-bit XXH3 of the model file: weights carry it, so as not to be mixed.
    pub fn fingerprint(&self) -> u64 {
        let mut bytes = Vec::new();
        match self.write(&mut bytes) {
            Ok(()) => crate::reader::content_hash(&bytes),
            Err(_) => unreachable!("a vector takes every byte"),
        }
    }

    /// What makes the numbers of a well-formed file no model.
    fn flaw(&self) -> Option<String> {
        let buckets = self.space.buckets;
        if !self.space.is_valid() {
            return Some(format!("a feature space out of limits ({})", self.space));
        }
        if !(self.smoothing >= 0.0 && self.smoothing.is_finite()) {
            return Some(format!("smoothing {}", self.smoothing));
        }
        if let Some(raw) = &self.raw
            && !(raw.is_sound(buckets) && raw.total(buckets).is_ok())
        {
            return Some("raw counts that do not fit the feature space".into());
        }
        for (index, target) in self.targets.iter().enumerate() {
            if target.counts.counts.len() != buckets as usize || target.counts.ngrams().is_none() {
                return Some(format!("counts of target `{}` that do not fit the feature space", target.name));
            }
            if target.learned.as_ref().is_some_and(|learned| !learned.is_sound(self.space)) {
                return Some(format!("learned log-ratios of target `{}` that make no sense", target.name));
            }
            if self.targets[..index].iter().any(|earlier| earlier.name == target.name) {
                return Some(format!("two targets named `{}`", target.name));
            }
        }
        None
    }
}

impl From<ModelFile> for Model {
    fn from(file: ModelFile) -> Self {
        let target = |file: TargetFile| {
            let TargetFile { name, documents, tokens, counts, refined, classifier } = file;
            let learned = refined.map(Learned::Refined).or(classifier.map(Learned::Classifier));
            Target { name, counts: Counts { documents, tokens, counts }, learned }
        };
        Model {
            space: file.feature_space,
            smoothing: file.smoothing,
            raw: file.raw,
            targets: file.targets.into_iter().map(target).collect(),
        }
    }
}
