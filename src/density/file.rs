//! The model file: one JSON object, laid out in `docs/formats.md`.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Counts, Error, Model, RawCounts, Refined, Target};
use crate::featurizer::FeatureSpace;
use crate::storage;

/// The last format that is read and written: of it are models of targets too small to hold out a part of.
pub(super) const VERSION: u64 = 2;

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
        let targets = self.targets.iter().map(|Target { name, counts, refined }| TargetFile {
            name: name.clone(),
            documents: counts.documents,
            tokens: counts.tokens,
            counts: counts.counts.clone(),
            refined: refined.clone(),
        });
        let is_small = |target: &Target| target.refined.as_ref().is_some_and(Refined::is_of_small_target);
        let file = ModelFile {
            dsir_model: if self.targets.iter().any(is_small) { VERSION } else { 1 },
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
            if target.refined.as_ref().is_some_and(|refined| !refined.is_sound(self.space)) {
                return Some(format!("refined log-ratios of target `{}` that make no sense", target.name));
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
        let targets =
            file.targets.into_iter().map(|TargetFile { name, documents, tokens, counts, refined }| Target {
                name,
                counts: Counts { documents, tokens, counts },
                refined,
            });
        Model {
            space: file.feature_space,
            smoothing: file.smoothing,
            raw: file.raw,
            targets: targets.collect(),
        }
    }
}
