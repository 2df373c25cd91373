//! Tables as shards: Parquet and Arrow IPC, whose rows become lines of JSON.
//!
//! What is read of a table is handed out in stretches of rows, which any thread turns into lines.

mod arrow;
mod batch;
mod guard;
mod lines;
mod parquet;
mod schema;

pub(crate) use batch::Batch;
pub(crate) use batch::Strings;
#[cfg(feature = "cli")]
pub(crate) use guard::is_guarded;
pub(crate) use schema::{TableSchema, with_leaves};

use std::io::{Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use ::parquet::file::metadata::KeyValue;
use arrow_array::RecordBatch;

use self::arrow::ArrowFile;
use self::guard::guarded;
use self::lines::Lines;
use self::parquet::{Batches, ParquetFile, Stretch};
use super::block::Places;
use super::content::{Content, Origin, Start, open_file};
use super::source::Observed;
use super::{Error, Shard};
use crate::observer::Observer;
use crate::storage::Input;

/// A kind of table, recognised by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Parquet,
    Arrow,
}

impl Format {
    /// Of a file that begins so.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            start if start.starts_with(b"PAR1") => Some(Format::Parquet),
            start if start.starts_with(arrow::FILE) || start.starts_with(&arrow::STREAM) => {
                Some(Format::Arrow)
            }
            _ => None,
        }
    }
}

/// A table under way.
pub(super) struct Table {
    origin: Arc<Origin>,
    kind: Kind,
    observer: Observer,
}

enum Kind {
    Parquet {
        file: Arc<ParquetFile>,
        stretches: std::vec::IntoIter<Stretch>,
    },
    /// A file, and the rest of the last batch, with how many of its rows are handed out at a time.
    Arrow {
        file: Box<ArrowInput>,
        rest: Option<(RecordBatch, usize)>,
    },
}

type ArrowInput = ArrowFile<Observed<Input>>;

/// What the rows of a shard are, if it is a file that holds a table.
///
/// # Errors
/// A shard that cannot be opened.
pub(crate) fn table_schema(shard: &Shard) -> Result<Option<TableSchema>, Error> {
    if shard.is_stream() {
        return Ok(None);
    }
    let content = open_file(&Arc::new(Origin::from(shard)), Start::default(), &Observer::default())?.0;
    Ok(match content {
        Content::Table(table) => Some(table.schema()),
        Content::Lines(_) | Content::Records(_) => None,
    })
}

/// Which rows of a table are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// So many rows are passed over.
    pub(super) first: u64,
    /// Only row groups that begin in these bytes of the file; `first` counts their rows alone.
    pub(super) span: Option<Range<u64>>,
}

/// Rows that are still to become lines.
pub(super) struct Rows {
    origin: Arc<Origin>,
    source: Source,
    /// The row of the table that comes next, from 0, to be told to people.
    at: u64,
    /// What it takes in the file, told to the observer at the end.
    stored: u64,
    observer: Observer,
}

enum Source {
    Stretch(Arc<ParquetFile>, Stretch),
    /// What is being decoded, the rest of the last batch, and how many rows are still to come.
    Batches(Batches, Option<RecordBatch>, u64),
    Batch(RecordBatch),
}

/// Arrow batches are handed out in pieces of so many bytes.
const PIECE: u64 = 4 << 20;

impl Table {
    /// Opens the table that begins at the start of `file`, which is that of `origin`.
    pub(super) fn open(
        format: Format,
        mut file: Input,
        origin: &Arc<Origin>,
        part: Part,
        observer: &Observer,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Open { path: origin.shard.clone(), source };
        let damaged = |what: String| origin.damaged(None, what);
        let len = file.stamp().map_err(failed)?.bytes;
        let kind = match format {
            Format::Parquet => {
                let file = file.shared(part.span.is_none()).map_err(failed)?;
                let open = || ParquetFile::open(file, len).map_err(|error| error.to_string());
                let file = Arc::new(guarded(open).map_err(damaged)?);
                let is_whole = part.span.is_none();
                let stretches: Vec<Stretch> = file.stretches(part.first, part.span).collect();
                if is_whole {
                    // What will not be told by those who read the stretches.
                    observer.add(len.saturating_sub(stretches.iter().map(|stretch| stretch.stored).sum()));
                }
                Kind::Parquet { file, stretches: stretches.into_iter() }
            }
            Format::Arrow => {
                file.seek(SeekFrom::Start(0)).map_err(failed)?;
                let input = Observed { inner: file, observer: observer.clone() };
                let open = || {
                    let mut file = ArrowFile::open(input, len)?;
                    let rest = skip(&mut file, part.first)?;
                    Ok((file, rest))
                };
                let (file, rest) = guarded(open).map_err(damaged)?;
                Kind::Arrow { file: Box::new(file), rest: rest.map(in_pieces) }
            }
        };
        Ok(Table { origin: Arc::clone(origin), kind, observer: observer.clone() })
    }

    /// Hands out the next rows, of which the first is row `at` of the table, and how many they are; `None` at the end.
    pub(super) fn next(&mut self, at: u64) -> Result<Option<(Rows, u64)>, Error> {
        let (source, count, stored) = match &mut self.kind {
            Kind::Parquet { file, stretches } => {
                let Some(stretch) = stretches.next() else { return Ok(None) };
                let (rows, stored) = (stretch.rows(), stretch.stored);
                (Source::Stretch(Arc::clone(file), stretch), rows, stored)
            }
            Kind::Arrow { file, rest } => {
                let batch = match rest.take() {
                    Some(batch) => Some(batch),
                    None => guarded(|| file.next())
                        .map_err(|what| self.origin.damaged(Some(at), what))?
                        .map(in_pieces),
                };
                let Some((batch, piece)) = batch else { return Ok(None) };
                let rows = batch.num_rows().min(piece);
                if rows < batch.num_rows() {
                    *rest = Some((batch.slice(rows, batch.num_rows() - rows), piece));
                }
                (Source::Batch(batch.slice(0, rows)), rows as u64, 0)
            }
        };
        let (origin, observer) = (Arc::clone(&self.origin), self.observer.clone());
        Ok(Some((Rows { origin, source, at, stored, observer }, count)))
    }

    /// How many rows are before the first row group that begins at byte `at` or after.
    pub(super) fn rows_before(&self, at: u64) -> u64 {
        match &self.kind {
            Kind::Parquet { file, .. } => file.rows_before(at),
            Kind::Arrow { .. } => 0,
        }
    }

    fn schema(&self) -> TableSchema {
        match &self.kind {
            Kind::Parquet { file, .. } => {
                TableSchema { schema: file.schema(), key_values: file.key_values() }
            }
            Kind::Arrow { file, .. } => {
                let schema = file.schema();
                let pairs = schema.metadata().iter();
                let key_values =
                    pairs.map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
                TableSchema { schema, key_values }
            }
        }
    }

    /// Whether spans of it can be read.
    pub(super) fn has_spans(&self) -> bool {
        matches!(self.kind, Kind::Parquet { .. })
    }
}

/// A batch, and how many of its rows make up a piece: asked before it is cut, for to the library a part is as large as
/// the whole.
fn in_pieces(batch: RecordBatch) -> (RecordBatch, usize) {
    let size = batch.get_array_memory_size() as u64;
    let rows = (PIECE * batch.num_rows() as u64).checked_div(size).unwrap_or(u64::MAX);
    (batch, usize::try_from(rows).unwrap_or(usize::MAX).max(1))
}

/// Passes over `rows`, and gives what is left of the batch where they end.
fn skip(file: &mut ArrowInput, mut rows: u64) -> Result<Option<RecordBatch>, String> {
    while rows > 0 {
        let Some(batch) = file.next()? else { return Err("it ends too soon".to_owned()) };
        let skipped = rows.min(batch.num_rows() as u64);
        rows -= skipped;
        if (skipped as usize) < batch.num_rows() {
            return Ok(Some(batch.slice(skipped as usize, batch.num_rows() - skipped as usize)));
        }
    }
    Ok(None)
}

impl Rows {
    /// Appends lines until `places` is full, or empty ones for all rows of a batch; false when these were all.
    pub(super) fn fill(&mut self, places: &mut Places<'_>, only_rows: bool) -> Result<bool, Error> {
        match guarded(|| self.try_fill(places, only_rows)) {
            // What was read last may be of a file that changed since its stretches were handed out.
            Ok(false) if self.origin.has_changed() => Err(self.origin.changed()),
            Ok(false) => {
                self.observer.add(self.stored);
                Ok(false)
            }
            Ok(true) => Ok(true),
            Err(what) => Err(self.origin.damaged(Some(self.at), what)),
        }
    }

    fn try_fill(&mut self, places: &mut Places<'_>, only_rows: bool) -> Result<bool, String> {
        if let Source::Stretch(file, stretch) = &self.source {
            let batches = file.read(stretch).map_err(|error| error.to_string())?;
            self.source = Source::Batches(batches, None, stretch.rows());
        }
        let rest = match &mut self.source {
            Source::Stretch(..) => return Ok(false),
            Source::Batches(batches, rest, left) => match rest.take() {
                Some(rest) => rest,
                None => {
                    let Some(batch) = batches.next()? else {
                        return Err("fewer rows than the file says".to_owned());
                    };
                    *left =
                        left.checked_sub(batch.num_rows() as u64).ok_or("more rows than the file says")?;
                    batch
                }
            },
            Source::Batch(rest) => rest.clone(),
        };
        let lines = Lines::new(&rest)?;
        let mut row = 0;
        while row < rest.num_rows() && !places.is_full() {
            places.push(self.at + 1, |out| {
                if !only_rows {
                    lines.push(row, out)
                }
            })?;
            row += 1;
            self.at += 1;
        }
        drop(lines);
        let after = (row < rest.num_rows()).then(|| rest.slice(row, rest.num_rows() - row));
        places.set_batch(Batch::new(rest));
        match (&mut self.source, after) {
            (Source::Batches(_, rest, left), after) => {
                *rest = after;
                Ok(rest.is_some() || *left > 0)
            }
            (Source::Batch(rest), Some(after)) => {
                *rest = after;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
