use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, WeightsFile};
use crate::density::{Model, Target};
use crate::featurizer::FeatureSpace;
use crate::reader::{IdFields, Shard, Shards, TextFields};
use crate::storage::{self, Storage};

/// The size of a target, by which shares are made when none are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSize {
    /// What the target is called.
    pub name: String,
    /// The tokens of its documents.
    pub tokens: u64,
    /// Whether its log-ratios were learned: then they are meant for log weights normalized by tokens.
    #[serde(rename = "refined", default, skip_serializing_if = "std::ops::Not::not")]
    pub per_token: bool,
}

impl TargetSize {
    /// The size of `target`.
    pub fn of(target: &Target) -> Self {
        let (tokens, per_token) = (target.counts.tokens, target.learned.is_some());
        TargetSize { name: target.name.clone(), tokens, per_token }
    }
}

/// What was asked of records when they were weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StoredConditions {
    /// As format 1 has them: in words.
    InWords(Vec<String>),
    /// In their parts.
    InParts(ConditionParts),
}

/// Conditions in their parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionParts {
    /// Those that must hold: field, operator and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wanted: Vec<(String, String, String)>,
    /// Those that must not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwanted: Vec<(String, String, String)>,
    /// The bounds of quality, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<StoredQuality>,
    /// The fingerprint of the evaluation sets of which documents must be clean, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_of: Option<String>,
}

/// Bounds of quality, and by what it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredQuality {
    /// The bounds in words.
    pub bounds: String,
    /// The fingerprint of the sentence model, in hexadecimal.
    pub punkt: String,
}

impl Default for StoredConditions {
    fn default() -> Self {
        StoredConditions::InParts(ConditionParts::default())
    }
}

impl StoredConditions {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        match self {
            StoredConditions::InWords(words) => words.is_empty(),
            StoredConditions::InParts(parts) => *parts == ConditionParts::default(),
        }
    }
}

impl std::fmt::Display for StoredConditions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = match self {
            StoredConditions::InWords(words) => return f.write_str(&words.join(", ")),
            StoredConditions::InParts(parts) => parts,
        };
        let joined =
            |(field, operator, value): &(String, String, String)| format!("{field}{operator}{value}");
        let wanted = parts.wanted.iter().map(joined);
        let unwanted = parts.unwanted.iter().map(|condition| format!("not {}", joined(condition)));
        let quality = parts.quality.iter().map(|quality| format!("quality {}", quality.bounds));
        let clean = parts.clean_of.iter().map(|_| "clean of evaluation sets".to_owned());
        f.write_str(&wanted.chain(unwanted).chain(quality).chain(clean).collect::<Vec<_>>().join(", "))
    }
}

/// The last format that is read.
const LAST_VERSION: u64 = 3;

/// The part of any format by which its version is known.
#[derive(Deserialize)]
struct Version {
    dsir_weights: u64,
}

/// What the weights in a folder were made with; `weights.meta` beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsInfo {
    /// The format of this file: 3 if there are ids or evaluation sets, 2 if there are conditions, and otherwise 1.
    dsir_weights: u64,
    /// The fingerprint of the model, in hexadecimal.
    model: String,
    /// The feature space of the model.
    pub feature_space: FeatureSpace,
    /// The fields that made up the text.
    text_fields: Vec<String>,
    /// What was asked of records; the others have no weight.
    #[serde(default, skip_serializing_if = "StoredConditions::is_empty")]
    conditions: StoredConditions,
    /// The fields by whose values records are known, if they are not known by their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    id_fields: Vec<String>,
    /// The targets, in the order of the log weights.
    pub targets: Vec<TargetSize>,
}

impl WeightsInfo {
    /// The name of the file; not that of a shard, so that a folder searched for shards does not give it.
    pub const FILE: &str = "weights.meta";

    /// For weights of `model`, of the records for which `conditions` hold.
    pub fn new(model: &Model, fields: &TextFields, conditions: StoredConditions, ids: &IdFields) -> Self {
        WeightsInfo {
            dsir_weights: match &conditions {
                _ if !ids.is_empty() => 3,
                StoredConditions::InParts(ConditionParts { clean_of: Some(_), .. }) => 3,
                conditions if !conditions.is_empty() => 2,
                _ => 1,
            },
            model: format!("{:016x}", model.fingerprint()),
            feature_space: model.space,
            text_fields: fields.names().collect(),
            conditions,
            id_fields: ids.names(),
            targets: WeightsInfo::sizes(model),
        }
    }

    /// The fingerprint of the model, in hexadecimal.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// What was asked of records when they were weighed; the others have no weight.
    pub fn conditions(&self) -> &StoredConditions {
        &self.conditions
    }

    /// By what records are known.
    pub fn ids(&self) -> IdFields {
        IdFields::new(&self.id_fields).unwrap_or_default()
    }

    /// The sizes of the targets of `model`.
    pub fn sizes(model: &Model) -> Vec<TargetSize> {
        model.targets.iter().map(TargetSize::of).collect()
    }

    /// What is written in the file `path`; `None` if it is not there.
    ///
    /// # Errors
    /// A file that cannot be read or says something else.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = match storage::read(path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(source) => {
                return Err(Error::Read { path: path.into(), source });
            }
        };
        let refuse =
            |error: serde_json::Error| Error::NotWeights { path: path.into(), reason: error.to_string() };
        let Version { dsir_weights: version } = serde_json::from_slice(&text).map_err(refuse)?;
        if !(1..=LAST_VERSION).contains(&version) {
            return Err(Error::Version { path: path.into(), version });
        }
        serde_json::from_slice(&text).map(Some).map_err(refuse)
    }
}

/// A folder with one weights file for each shard, or a single weights file for a single shard.
#[derive(Clone, Debug)]
pub struct WeightsFolder {
    path: PathBuf,
}

impl WeightsFolder {
    /// The folder at `path`.
    pub fn new(path: &Path) -> Self {
        WeightsFolder { path: path.into() }
    }

    /// Makes the folder, or joins it if it holds weights made in the same way.
    ///
    /// # Errors
    /// A folder that holds weights of another model, or cannot be written.
    pub(crate) fn prepare(&self, info: &WeightsInfo, storage: &Storage) -> Result<(), Error> {
        let path = self.path.join(WeightsInfo::FILE);
        match WeightsInfo::read(&path)? {
            Some(there) if there == *info => Ok(()),
            Some(_) => Err(Error::OtherModel { folder: self.path.clone() }),
            None => {
                let mut file = storage.create_with_folders(&path)?;
                let written = serde_json::to_writer_pretty(&mut file, info)
                    .map_err(std::io::Error::from)
                    .and_then(|()| file.write_all(b"\n"));
                written.map_err(|source| storage::Error::new(&path, source))?;
                Ok(file.finish()?)
            }
        }
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that describes what the weights were made with.
    pub fn info_path(&self) -> PathBuf {
        self.path.join(WeightsInfo::FILE)
    }

    /// Where the weights of `shard` are.
    pub fn path_of(&self, shard: &Shard) -> PathBuf {
        WeightsFolder::path_in(&self.path, shard.relative())
    }

    /// Where the weights of the shard that is called `name` are in `folder`.
    pub(crate) fn path_in(folder: &Path, name: &Path) -> PathBuf {
        let mut name = folder.join(name).into_os_string();
        name.push(".npy");
        name.into()
    }

    /// What the weights were made with, if the folder says.
    ///
    /// # Errors
    /// A `weights.meta` that cannot be read.
    pub fn info(&self) -> Result<Option<WeightsInfo>, Error> {
        WeightsInfo::read(&self.path.join(WeightsInfo::FILE))
    }

    /// Opens every weights file in the folder, in the order of their paths.
    ///
    /// # Errors
    /// A folder or a file that cannot be read; a folder without weights.
    pub fn all(&self) -> Result<Vec<WeightsFile>, Error> {
        let failed = |source| Error::Read { path: self.path.clone(), source };
        let mut files = Vec::new();
        for path in storage::files_below(&self.path).map_err(failed)? {
            if path.extension().is_some_and(|extension| extension == "npy") {
                push_alike(&mut files, WeightsFile::open(&path)?)?;
            }
        }
        if files.is_empty() {
            let reason = "no .npy file in this folder".to_owned();
            return Err(Error::NotWeights { path: self.path.clone(), reason });
        }
        Ok(files)
    }

    /// Opens the weights of all shards, one after the other, and keeps no handle open.
    ///
    /// # Errors
    /// A weights file that is missing, cannot be read, or has other targets than the first.
    pub fn open(&self, shards: &Shards) -> Result<Vec<WeightsFile>, Error> {
        let mut files: Vec<WeightsFile> = Vec::with_capacity(shards.len());
        for shard in shards.iter() {
            let single =
                shards.len() == 1 && !storage::is_folder(&self.path) && storage::is_there(&self.path);
            let path = if single { self.path.clone() } else { self.path_of(shard) };
            let file = match WeightsFile::open(&path) {
                Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    return Err(Error::Missing { path, shard: shard.path().into() });
                }
                file => file?,
            };
            push_alike(&mut files, file)?;
        }
        Ok(files)
    }
}

/// Appends a file that has as many targets as those before it.
fn push_alike(files: &mut Vec<WeightsFile>, file: WeightsFile) -> Result<(), Error> {
    let found = file.layout().targets();
    let expected = files.first().map_or(found, |first| first.layout().targets());
    if found != expected {
        return Err(Error::Targets { path: file.path().into(), found, expected });
    }
    files.push(file);
    Ok(())
}
