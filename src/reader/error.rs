use std::io;
use std::path::{Path, PathBuf};

use crate::storage::{StoreError, is_url};

/// The forms that are read.
#[cfg(feature = "parquet")]
const READ: &str =
    "JSONL, JSON arrays, CSV and TSV, plain or compressed with gzip or zstd, Parquet and Arrow files";
#[cfg(not(feature = "parquet"))]
const READ: &str = "JSONL, JSON arrays, CSV and TSV, plain or compressed with gzip or zstd";

/// What went wrong while reading, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path that cannot be opened or looked at.
    #[error("{}: {source}{}", path.display(), pattern_hint(path))]
    Open {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A shard whose bytes cannot be had to the end.
    #[error("{}: cannot be read past byte {at} of its content: {source}", shard.display())]
    Read {
        /// The shard.
        shard: PathBuf,
        /// Bytes of decompressed content that came before.
        at: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A file that is no longer what it was when the run began.
    #[error("{}: the file changed while the run was reading it; run the same again when nothing writes to \
        it", shard.display())]
    Changed {
        /// The shard.
        shard: PathBuf,
    },
    /// A file that has other records than an earlier reading has found, though its size and time are the same.
    #[error("{}: the file changed while the run was reading it, though not its size and time: two readings found \
             different records; run the same again when nothing writes to it", shard.display())]
    OtherRecords {
        /// The shard.
        shard: PathBuf,
    },
    /// Content in a form that is not read.
    #[error("{}: this is {what}\n  dsir reads {READ}", shard.display())]
    Foreign {
        /// The shard.
        shard: PathBuf,
        /// What it looks like.
        what: &'static str,
        /// Whether the shard was found in a folder, and may be none.
        walked: bool,
    },
    /// Content that is not what its form demands, so that its records cannot be told apart.
    #[error("{}{}: {what}", shard.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Structure {
        /// The shard.
        shard: PathBuf,
        /// The line, or the row of a table, where that was found out, from 1, if it is known.
        line: Option<u64>,
        /// What is wrong.
        what: String,
    },
    /// A compressed shard that ends before its data begin.
    #[error("{}: truncated: it ends before its compressed data begin; fetch or make the file again", shard.display())]
    Truncated {
        /// The shard.
        shard: PathBuf,
    },
    /// A line that is not a record.
    #[error("{}:{line}: {fault}", shard.display())]
    Record {
        /// The shard.
        shard: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
        /// Whether the shard was found in a folder, and may be none.
        walked: bool,
    },
    /// A record too long for its length to be stored.
    #[error("{}:{line}: a record of 4 GiB or more; split it", shard.display())]
    TooLong {
        /// The shard.
        shard: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// A record that a shard does not have.
    #[error("{}: no row {row}: it has {records} records, of which the first is row 0", shard.display())]
    NoRecord {
        /// The shard.
        shard: PathBuf,
        /// Which record, from 0.
        row: u64,
        /// How many there are.
        records: u64,
    },
    /// A folder without shards.
    #[error("{}: no shard in this folder; a shard's name ends in .jsonl, .ndjson, .json, \
             .csv or .tsv, with or without .gz or .zst, or in .parquet, .arrow or .feather. Name other files one by \
             one", folder.display())]
    NoShard {
        /// The folder.
        folder: PathBuf,
    },
    /// A list without paths.
    #[error("{}: the list names no file", list.display())]
    EmptyList {
        /// The list.
        list: PathBuf,
    },
    /// One shard reached by two of the given paths.
    #[error("{}: given twice; its records would count twice", shard.display())]
    Twice {
        /// The shard.
        shard: PathBuf,
    },
    /// A temporary copy of a stream that could not be written or read.
    #[error("temporary copy of {} in {}: {source}",
            shard.display(), folder.display())]
    Spool {
        /// The stream.
        shard: PathBuf,
        /// Where the copy is.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Of content of which so many bytes were read before.
    pub(super) fn of_reading(error: io::Error, shard: &Path, at: u64) -> Self {
        match error.downcast::<Error>() {
            Ok(ours) => ours,
            Err(source) if StoreError::is_of_change(&source) => Error::Changed { shard: shard.into() },
            Err(source) => Error::Read { shard: shard.into(), at, source },
        }
    }

    /// The file or folder that it is about.
    pub fn path(&self) -> Option<&Path> {
        Some(match self {
            Error::Open { path, .. } => path,
            Error::NoShard { folder } => folder,
            Error::EmptyList { list } => list,
            Error::Read { shard, .. }
            | Error::Changed { shard }
            | Error::OtherRecords { shard }
            | Error::Foreign { shard, .. }
            | Error::Structure { shard, .. }
            | Error::Truncated { shard }
            | Error::Record { shard, .. }
            | Error::TooLong { shard, .. }
            | Error::NoRecord { shard, .. }
            | Error::Twice { shard }
            | Error::Spool { shard, .. } => shard,
        })
    }
}

impl Fault {
    /// What to do about a record with this fault, beside leaving it out.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Fault::NotUtf8 { .. } => {
                Some("text in another encoding? iconv -f ENCODING -t UTF-8 converts the file")
            }
            Fault::SeveralLines => {
                Some("jq -c . makes one line of each object, jq -c '.[]' of each element of an array")
            }
            Fault::NotAnObject("an array") => Some("jq -c '.[]' makes one line of each element of an array"),
            Fault::Missing { .. } | Fault::NoId { .. } | Fault::NotInItem { .. } => None,
            _ => Some("mend the line"),
        }
    }
}

fn pattern_hint(path: &Path) -> &'static str {
    if !is_url(path) && path.to_string_lossy().contains(['*', '?', '[']) {
        " (a pattern that matched no file?)"
    } else {
        ""
    }
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Bytes that are not UTF-8.
    #[error("not UTF-8: byte {at} of the line")]
    NotUtf8 {
        /// Bytes of the line that are well formed.
        at: usize,
    },
    /// Not a JSON value, or something after it.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A row of a table whose fields cannot be told apart.
    #[error("the row {0}")]
    Row(String),
    /// Half of a surrogate pair, which is no character.
    #[error("a lone surrogate in the text, before column {0}")]
    LoneSurrogate(usize),
    /// JSON, but no object.
    #[error("not a JSON object: {0}")]
    NotAnObject(&'static str),
    /// JSON that does not end on its line.
    #[error("not JSON: JSON over several lines? One object on each line is read")]
    SeveralLines,
    /// A text field that is not there.
    #[error("no field `{field}`{}", listed(.there))]
    Missing {
        /// The dotted path.
        field: String,
        /// The fields that are there.
        there: Vec<String>,
    },
    /// An id that is not there, or no string, number, true or false.
    #[error("no id in field `{field}`: it must be a string, a number, true or false{}", listed(.there))]
    NoId {
        /// The dotted path.
        field: String,
        /// The fields that are there.
        there: Vec<String>,
    },
    /// A field of an evaluation item that is not there.
    #[error("no field `{field}` in the evaluation item{}", listed(.there))]
    NotInItem {
        /// The dotted path.
        field: String,
        /// The fields that are there.
        there: Vec<String>,
    },
    /// A text field with a value that is no string.
    #[error("field `{field}` is not a string: {found}")]
    NotText {
        /// The dotted path.
        field: String,
        /// What is there instead.
        found: &'static str,
    },
    /// A score that makes no sense.
    #[error("field `{field}` is no score{}: it must be {must}", listed(.there))]
    NoScore {
        /// The dotted path.
        field: String,
        /// The fields that are there, if it is not.
        there: Vec<String>,
        /// What it must be.
        must: &'static str,
    },
    /// A field that is to be added, and would be there twice.
    #[error("field `{0}`, which is to be added, is there already")]
    Present(String),
    /// A text field that should be an array of integers, and is not.
    #[error("field `{field}` is not an array of integers: {found}")]
    NotIntegers {
        /// The dotted path.
        field: String,
        /// What is there instead.
        found: String,
    },
}

/// The fields of a record, in words; nothing if there are none to tell.
fn listed(there: &[String]) -> String {
    match there {
        [] => String::new(),
        there => format!(
            "; the fields are {}",
            there.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}
