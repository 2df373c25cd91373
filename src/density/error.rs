use std::io;
use std::path::{Path, PathBuf};

use crate::featurizer::FeatureSpace;

/// What went wrong with counts or a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model file that cannot be opened.
    #[error("model {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that does not hold a model.
    #[error("{}: not a dsir model: {reason}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model of a later format.
    #[error("{}: a model of format {version}; this dsir reads formats up to {}: use a newer one",
            path.display(), super::file::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// The format it states.
        version: u64,
    },
    /// A model that lacks the raw counts.
    #[error("the model has no raw counts; fit it on raw shards, or merge it with a model that has them")]
    NoRaw,
    /// A model that lacks targets.
    #[error("the model has no target; fit it with one, or merge it with a model that has one")]
    NoTarget,
    /// Raw counts that are in both of two models.
    #[error(
        "the raw counts of one model are in the other already, as an earlier merge leaves them: they would count twice"
    )]
    CountedTwice,
    /// A target without documents.
    #[error("target `{name}` is empty: it has no document")]
    EmptyTarget {
        /// The target.
        name: String,
    },
    /// A target whose documents have no token.
    #[error("target `{name}` has no features: none of its {documents} documents has a token")]
    NoTargetFeatures {
        /// The target.
        name: String,
        /// How many documents it has.
        documents: u64,
    },
    /// A selection whose documents have no token.
    #[error("selection `{name}` has no features: none of its {documents} documents has a token")]
    NoSelectedFeatures {
        /// The selection.
        name: String,
        /// How many documents it has.
        documents: u64,
    },
    /// A raw corpus without records.
    #[error("the raw corpus has no document to fit on")]
    EmptyRaw,
    /// A raw corpus, or its sample, without a token.
    #[error("nothing to fit on: none of the {documents} raw documents in the sample has a token")]
    NoRawFeatures {
        /// How many documents were counted.
        documents: u64,
    },
    /// Models that do not count the same things.
    #[error("models of different feature spaces: {first}; and {second}")]
    FeatureSpaces {
        /// The first model's.
        first: FeatureSpace,
        /// The other's.
        second: FeatureSpace,
    },
    /// Models that differ in another option.
    #[error("the models differ in {what}; fit them with the same options")]
    Options {
        /// The option.
        what: &'static str,
    },
    /// A target that is in two models with different counts.
    #[error("target `{name}` differs between the models")]
    TargetDiffers {
        /// The target.
        name: String,
    },
    /// Nothing to tell a target from, or nothing of the target itself.
    #[error(
        "no document to tell target `{name}` from others by: all of one kind have no token, are not eligible, or are larger \
             than 1 MB"
    )]
    NothingToClassify {
        /// The target.
        name: String,
    },
    /// Learned log-ratios among models that are to be added up.
    #[error(
        "the log-ratios of target `{name}` were learned for the raw corpus that it was fitted on, so nothing can be added \
             to its model; \
             merge plain models, or fit all shards at once"
    )]
    Learned {
        /// The target.
        name: String,
    },
    /// Counts past what 64 bits hold.
    #[error("the counts are too large to add up")]
    Overflow,
}

impl Error {
    /// The file that it is about, if it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Error::Open { path, .. } | Error::NotAModel { path, .. } | Error::Version { path, .. } => {
                Some(path)
            }
            _ => None,
        }
    }
}
