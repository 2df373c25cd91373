//! Log weights in files that other tools read: columns beside the shards, or attributes as Dolma has them.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::documents::Documents;
use super::{ReadOptions, read_rows};
use crate::density::Model;
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{
    Block, BlockReader, FieldPath, Shard, Shards, TextReader, ending_of_content, name_without_endings,
};
use crate::scan::{self, Job};
use crate::storage::{ClosedFile, Storage};
use crate::weights::{RowBlock, WeightsFile, WeightsFolder};
use crate::writer::{self, Sink};

/// In what form log weights are written beside the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScoreFiles {
    /// A Parquet file for each shard, with a row for each record.
    Parquet,
    /// A file of attributes for each shard, with a line for each document.
    Dolma,
}

impl ScoreFiles {
    /// Where the scores of `shard` are in `folder`.
    pub(crate) fn path(self, folder: &Path, shard: &Shard) -> PathBuf {
        let name = shard.relative();
        let is_json = || {
            ending_of_content(name)
                .is_some_and(|ending| ["json", "jsonl", "ndjson"].contains(&ending.as_str()))
        };
        // Dolma looks for attributes under the very name of the documents.
        if self == ScoreFiles::Dolma && is_json() {
            return folder.join(name);
        }
        let mut path = folder.join(name_without_endings(name)).into_os_string();
        path.push(match self {
            ScoreFiles::Parquet => ".parquet",
            ScoreFiles::Dolma => ".jsonl.gz",
        });
        path.into()
    }
}

/// Writes the log weights of `shards`, weighed with `model` into `folder`, beside them.
///
/// # Errors
/// Weights or shards that cannot be read; what the system says.
pub(crate) fn write_score_files(
    form: ScoreFiles,
    folder: &WeightsFolder,
    model: &Model,
    shards: &Shards,
    read: &ReadOptions,
    storage: &Storage,
    observer: &Observer,
) -> Result<(), Error> {
    let names: Vec<String> = match &model.targets[..] {
        [_] => vec!["log_weight".to_owned()],
        several => several.iter().map(|target| format!("log_weight_{}", target.name)).collect(),
    };
    let weights = folder.open(shards)?;
    let path = |shard: usize| form.path(folder.path(), &shards[shard]);
    let create = |shard: usize| Sink::create_with_folders(&path(shard), None, storage);
    let closed = match form {
        ScoreFiles::Parquet => {
            observer.begin("scores", None);
            let write = |shard: usize| {
                observer.check()?;
                columns(&weights[shard], &names, create(shard)?)
            };
            (0..shards.len()).into_par_iter().map(write).collect::<Result<Vec<_>, Error>>()?
        }
        ScoreFiles::Dolma => {
            observer.begin("scores", shards.total_bytes());
            // What is wrong with records was told when they were weighed.
            let read = ReadOptions { skip_invalid: true, ..read.clone() };
            let documents =
                Documents::new(shards, &read, model.space.tokenizer.field_kind(), false, observer);
            let id = FieldPath::new("id");
            let job = Attributes { documents, shards, weights: &weights, names: &names, id, create: &create };
            scan::scan(&job, shards, observer)?.shards
        }
    };
    Ok(ClosedFile::finish_all(closed.into_iter().flatten().collect())?)
}

/// Rows of these many records are written at a time.
const PIECE: u64 = 1 << 12;

/// Writes a row for each record: its log weights, null if it was skipped as invalid, and its tokens.
fn columns(weights: &WeightsFile, names: &[String], mut sink: Sink) -> Result<Option<ClosedFile>, Error> {
    let mut rows = RowBlock::default();
    for first in (0..weights.rows()).step_by(PIECE as usize) {
        weights.read(first, (weights.rows() - first).min(PIECE) as usize, &mut rows)?;
        let mut lines = Vec::new();
        for row in rows.rows() {
            let mut columns = serde_json::Map::new();
            for (name, weight) in names.iter().zip(row.log_weights()) {
                columns.insert(name.clone(), finite(weight).into());
            }
            columns.insert("tokens".to_owned(), row.tokens().into());
            push_object(&mut lines, columns);
            lines.push(b'\n');
        }
        sink.write(&lines)?;
    }
    Ok(sink.close()?)
}

fn finite(weight: f64) -> Option<f64> {
    Some(weight).filter(|weight| weight.is_finite())
}

fn push_object(lines: &mut Vec<u8>, object: serde_json::Map<String, Value>) {
    lines.extend_from_slice(Value::Object(object).to_string().as_bytes());
}

/// Writes a line for each document: its `id`, and for each target an attribute of its whole text.
struct Attributes<'a, C> {
    documents: Documents<'a>,
    shards: &'a Shards,
    weights: &'a [WeightsFile],
    names: &'a [String],
    id: Option<FieldPath>,
    create: &'a C,
}

impl<'a, C: Fn(usize) -> Result<Sink, writer::Error> + Sync> Job for Attributes<'a, C> {
    type Thread = (TextReader<'a>, RowBlock);
    type Made = Vec<u8>;
    type Gathered = Sink;
    type Ended = Option<ClosedFile>;

    fn thread(&self) -> Self::Thread {
        (self.documents.thread(), RowBlock::default())
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Sink, Error> {
        Ok((self.create)(shard)?)
    }

    fn make(&self, (texts, rows): &mut Self::Thread, shard: usize, block: &Block) -> Result<Vec<u8>, Error> {
        read_rows(&self.weights[shard], &self.shards[shard], block, rows)?;
        let mut row = rows.rows();
        let mut lines = Vec::new();
        self.documents.each(texts, shard, block, |record, text| {
            let Some(row) = row.next() else { return Ok(()) };
            let len = text.map_or(0, |text| text.chars().count());
            let attribute = |weight: f64| match finite(weight) {
                Some(weight) => json!([[0, len, weight]]),
                None => json!([]),
            };
            let weights = self.names.iter().zip(row.log_weights());
            let attributes = weights.map(|(name, weight)| (format!("dsir__{name}"), attribute(weight)));
            let id = self.id.as_ref().and_then(|id| id.place(record.bytes));
            lines.extend_from_slice(b"{\"id\":");
            lines.extend_from_slice(id.map_or(b"null", |place| &record.bytes[place]));
            lines.extend_from_slice(b",\"attributes\":");
            push_object(&mut lines, attributes.collect());
            lines.extend_from_slice(b"}\n");
            Ok(())
        })?;
        Ok(lines)
    }

    fn gather(&self, sink: &mut Sink, lines: Vec<u8>) -> Result<(), Error> {
        Ok(sink.write(&lines)?)
    }

    fn end(&self, sink: Sink) -> Result<Option<ClosedFile>, Error> {
        Ok(sink.close()?)
    }
}
