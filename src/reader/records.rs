//! Records that are not lines of their own: the rows of CSV, the elements of a JSON array.

use std::io::{self, Read};
use std::path::Path;

use super::array::{self, Array};
use super::block::Places;
use super::delimited::Delimited;
use super::{Error, foreign, shards};

/// Reads records one after the other.
pub(super) trait RecordSource: Send {
    /// Adds records until there is enough for a block; false at the end.
    fn next(&mut self, places: &mut Places<'_>) -> Result<bool, Failure>;
    /// The line that comes next, from 1, or that the last record ends on.
    fn line(&self) -> u64;
    /// Passes over so many records.
    fn skip(&mut self, records: u64) -> Result<(), Failure>;
}

/// Why records cannot be had.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the system or the decompressor said.
    Read(io::Error),
    /// What is not as it must be.
    Structure {
        /// The line, from 1.
        line: u64,
        what: String,
    },
}

impl Failure {
    /// The same of a shard, of whose content so many bytes were read.
    pub(super) fn in_shard(self, shard: &Path, at: u64) -> Error {
        match self {
            Failure::Read(source) => Error::of_reading(source, shard, at),
            Failure::Structure { line, what } => {
                Error::Structure { shard: shard.into(), line: Some(line), what }
            }
        }
    }
}

/// The records of content that is called `name` and begins so, if they are no lines; otherwise the content again.
pub(super) fn of_content(
    name: &Path,
    start: &[u8],
    content: Box<dyn Read + Send>,
) -> Result<Result<Box<dyn RecordSource>, Failure>, Box<dyn Read + Send>> {
    let boxed = |source| Box::new(source) as Box<dyn RecordSource>;
    if array::begins(start) {
        return Ok(Ok(Box::new(Array::new(content))));
    }
    let separator = match shards::ending_of_content(name).as_deref() {
        Some("csv") => b',',
        Some("tsv") => b'\t',
        _ => return Err(content),
    };
    // Whatever its name is, JSONL is read as such, and what is neither is called by its own name.
    if foreign::has_object(start) || foreign::of_content(start).is_some() {
        return Err(content);
    }
    Ok(Delimited::open(content, separator).map(boxed))
}
