//! Reader: from paths to blocks of whole records, in order, with their position.
//!
//! ```text
//! paths ─► shards ─► source (file, stream, spool) ─► decompress ─► blocks of records ─► text
//! ```

mod array;
mod block;
mod blocks;
mod conditions;
mod content;
mod decompress;
mod delimited;
mod error;
mod escape;
mod exclude;
mod field;
mod foreign;
mod glob;
mod id;
mod integers;
mod json;
mod last;
mod records;
mod shard_file;
mod shards;
pub(crate) mod skim;
mod source;
mod span;
#[cfg(feature = "parquet")]
mod table;
#[cfg(not(feature = "parquet"))]
#[path = "no_table.rs"]
mod table;
mod text;

pub use block::{Block, Record};
pub use blocks::{BlockReader, Bookmark};
pub use conditions::{Condition, Conditions};
pub use error::{Error, Fault};
pub use exclude::Exclude;
pub(crate) use field::score_at;
pub use field::{FieldPath, field_names, field_number, field_text};
pub use id::IdFields;
pub(crate) use shard_file::{ShardFile, path_bytes};
pub(crate) use shards::{Content, ending_of_content, name_without_endings, plain_path};
pub use shards::{Shard, Shards};
pub use source::Reread;
pub(crate) use span::Span;
#[cfg(feature = "cli")]
pub(crate) use table::is_guarded;
#[cfg(feature = "parquet")]
pub(crate) use table::with_leaves;
pub(crate) use table::{Batch as TableBatch, Strings, TableSchema, table_schema};
pub use text::{FieldKind, TextFields, TextReader};

/// What a text may begin with, and is no part of.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

use std::hash::Hasher;
#[cfg(fuzzing)]
use std::{io::Read, path::Path};

/// The content hash of a record: 64-bit XXH3 (seed 0) of its line without its end.
pub fn content_hash(record: &[u8]) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    hasher.write(record);
    hasher.finish()
}

/// The decompressed content of a shard of these bytes.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn decompressed(raw: impl Read + Send + 'static, shard: &Path) -> Result<Box<dyn Read + Send>, Error> {
    decompress::content(raw, shard).map(|(content, _)| content)
}
