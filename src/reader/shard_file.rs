//! A shard as another machine is told of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::span::Span;
use crate::storage::Stamp;

/// A file that is a shard, or a span of one, as another machine is told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ShardFile {
    /// What messages call it.
    #[serde(with = "path_bytes")]
    pub(super) path: PathBuf,
    /// Where it is.
    #[serde(with = "path_bytes")]
    pub(super) file: PathBuf,
    /// The path under which outputs are named.
    #[serde(with = "path_bytes")]
    pub(super) relative: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) walked: bool,
    pub(super) span: Option<Span>,
}

/// Paths as the bytes that they are.
pub(crate) mod path_bytes {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::storage;

    pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_encoded_bytes().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Vec::deserialize(deserializer).map(|bytes: Vec<u8>| storage::path_of_bytes(&bytes))
    }
}

impl ShardFile {
    /// A span of it.
    pub(crate) fn with_span(&self, span: Span) -> Self {
        ShardFile { span: Some(span), ..self.clone() }
    }

    /// The path under which outputs are named.
    pub(crate) fn relative(&self) -> &Path {
        &self.relative
    }

    /// What is read of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.span.map_or(self.stamp.bytes, Span::bytes)
    }
}
