//! Log weights in files that other tools read: columns beside the shards, or attributes as Dolma has them.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::documents::Documents;
use super::{ReadOptions, read_rows};
use crate::density::{Classifier, Learned, Model, Target};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{
    Block, BlockReader, FieldPath, Shard, Shards, TextReader, ending_of_content, name_without_endings,
};
use crate::scan::{self, Job};
use crate::storage::{ClosedFile, Storage};
use crate::weights::{Row, RowBlock, WeightsFile, WeightsFolder};
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
    let scores = Score::all_of(model);
    let weights = folder.open(shards)?;
    let path = |shard: usize| form.path(folder.path(), &shards[shard]);
    let create = |shard: usize| Sink::create_with_folders(&path(shard), None, storage);
    let closed = match form {
        ScoreFiles::Parquet => {
            observer.begin("scores", None);
            let write = |shard: usize| {
                observer.check()?;
                columns(&weights[shard], &scores, create(shard)?)
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
            let job =
                Attributes { documents, shards, weights: &weights, scores: &scores, id, create: &create };
            scan::scan(&job, shards, observer)?.shards
        }
    };
    Ok(ClosedFile::finish_all(closed.into_iter().flatten().collect())?)
}

/// A score of each record.
struct Score<'a> {
    name: String,
    /// The place of its target.
    target: usize,
    /// What makes the log weight a probability, if that is the score.
    classifier: Option<&'a Classifier>,
}

impl<'a> Score<'a> {
    /// For each target its log weight, and the probability of it where it has a classifier.
    fn all_of(model: &'a Model) -> Vec<Self> {
        let named = |name: &str, target: &Target| match &model.targets[..] {
            [_] => name.to_owned(),
            _ => format!("{name}_{}", target.name),
        };
        let mut scores = Vec::new();
        for (place, target) in model.targets.iter().enumerate() {
            scores.push(Score { name: named("log_weight", target), target: place, classifier: None });
            if let Some(Learned::Classifier(classifier)) = &target.learned {
                let name = named("probability", target);
                scores.push(Score { name, target: place, classifier: Some(classifier) });
            }
        }
        scores
    }

    /// Its value for a record; `None` if the record was skipped as invalid.
    fn of(&self, row: &Row<'_>) -> Option<f64> {
        let log_weight = Some(row.log_weight(self.target)).filter(|weight| weight.is_finite())?;
        Some(match self.classifier {
            None => log_weight,
            Some(classifier) => classifier.probability(log_weight, row.tokens()),
        })
    }
}

/// Rows of these many records are written at a time.
const PIECE: u64 = 1 << 12;

/// Writes a row for each record: its scores, null if it was skipped as invalid, and its tokens.
fn columns(weights: &WeightsFile, scores: &[Score<'_>], mut sink: Sink) -> Result<Option<ClosedFile>, Error> {
    let mut rows = RowBlock::default();
    for first in (0..weights.rows()).step_by(PIECE as usize) {
        weights.read(first, (weights.rows() - first).min(PIECE) as usize, &mut rows)?;
        let mut lines = Vec::new();
        for row in rows.rows() {
            let mut columns = serde_json::Map::new();
            for score in scores {
                columns.insert(score.name.clone(), score.of(&row).into());
            }
            columns.insert("tokens".to_owned(), row.tokens().into());
            push_object(&mut lines, columns);
            lines.push(b'\n');
        }
        sink.write(&lines)?;
    }
    Ok(sink.close()?)
}

fn push_object(lines: &mut Vec<u8>, object: serde_json::Map<String, Value>) {
    lines.extend_from_slice(Value::Object(object).to_string().as_bytes());
}

/// Writes a line for each document: its `id`, and for each target an attribute of its whole text.
struct Attributes<'a, C> {
    documents: Documents<'a>,
    shards: &'a Shards,
    weights: &'a [WeightsFile],
    scores: &'a [Score<'a>],
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
            let attribute = |score: &Score<'_>| match score.of(&row) {
                Some(value) => json!([[0, len, value]]),
                None => json!([]),
            };
            let attributes =
                self.scores.iter().map(|score| (format!("dsir__{}", score.name), attribute(score)));
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
