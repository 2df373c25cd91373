//! What can be wrong with the file of a plan.

use std::path::{Path, PathBuf};

/// The last format of plans that is read and written.
pub const PLAN_VERSION: u64 = 2;

/// What went wrong with a plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A plan that cannot be opened.
    #[error("plan {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that does not hold a plan.
    #[error("{}: not a dsir plan: {reason}", path.display())]
    NotAPlan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A plan of a later format.
    #[error("{}: a plan of format {version}; this dsir reads formats up to {PLAN_VERSION}: use a newer one", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format it states.
        version: u64,
    },
    /// A shard about which the plan says nothing.
    #[error("{}: the plan does not name this shard; give the shards that it was made of", shard.display())]
    NotPlanned {
        /// The shard.
        shard: PathBuf,
    },
    /// A shard that may be one of several that the plan names.
    #[error("{}: the plan names several shards so; give them under the paths that they had", shard.display())]
    Ambiguous {
        /// The shard.
        shard: PathBuf,
    },
    /// Rows that are not those that the plan was made of.
    #[error("{}: its weights are not those that the plan was made of; make the plan anew", shard.display())]
    OtherWeights {
        /// The shard.
        shard: PathBuf,
    },
}

impl PlanError {
    /// The file that it is about.
    pub fn path(&self) -> &Path {
        match self {
            PlanError::Open { path, .. }
            | PlanError::NotAPlan { path, .. }
            | PlanError::Version { path, .. } => path,
            PlanError::NotPlanned { shard }
            | PlanError::Ambiguous { shard }
            | PlanError::OtherWeights { shard } => shard,
        }
    }
}
