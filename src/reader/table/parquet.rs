//! Parquet: stretches of rows, each decoded on its own.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowSelection, RowSelector,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use super::schema::with_leaves;
use crate::storage::SharedInput;

/// The uncompressed bytes of a stretch, if a row group is not many times as large: where a stretch begins and ends
/// within a page, that page is decompressed twice.
const STRETCH: u64 = 16 << 20;
/// A row group has no more stretches than this: to skip rows, the headers of their pages are read.
const MOST_STRETCHES: u64 = 32;
/// What is decoded at a time, in uncompressed bytes: as much as the lines of a block.
const BATCH: u64 = 256 << 10;

/// A Parquet file.
pub(super) struct ParquetFile {
    bytes: FileBytes,
    metadata: ArrowReaderMetadata,
    /// What the file says that its columns are.
    schema: SchemaRef,
}

/// Rows of one row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    row_group: usize,
    /// Of the rows of the row group.
    rows: Range<u64>,
    /// About what it takes in the file.
    pub(super) stored: u64,
}

impl Stretch {
    pub(super) fn rows(&self) -> u64 {
        self.rows.end - self.rows.start
    }
}

impl ParquetFile {
    /// Reads what the file says of itself.
    pub(super) fn open(file: SharedInput, len: u64) -> Result<Self> {
        let bytes = FileBytes { file: Arc::new(file), len };
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let options = options.with_column_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(&bytes, options.clone())?;
        let pairs = metadata.metadata().file_metadata().key_value_metadata();
        let is_by_arrow =
            pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA_META_KEY));
        if !is_by_arrow && metadata.schema().flattened_fields().into_iter().any(is_interval) {
            // The library would give days and milliseconds without the months.
            return Err(ParquetError::NYI(
                "a column is of the type INTERVAL, which dsir does not read".to_owned(),
            ));
        }
        let schema =
            with_metadata(metadata.schema(), metadata.metadata().file_metadata().key_value_metadata());
        // Strings are not copied out of their pages.
        let views = Schema::new(metadata.schema().fields().iter().map(with_views).collect::<Vec<_>>());
        let metadata =
            ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options.with_schema(views.into()))?;
        Ok(ParquetFile { bytes, metadata, schema })
    }

    /// What the rows are.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What else the file says of itself.
    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        let all = self.metadata.metadata().file_metadata().key_value_metadata();
        all.into_iter().flatten().filter(|pair| pair.key != ARROW_SCHEMA_META_KEY).cloned().collect()
    }

    fn row_groups(&self) -> &[RowGroupMetaData] {
        self.metadata.metadata().row_groups()
    }

    /// All stretches of rows from `first` on, of the row groups that begin in `span`, which are what is counted.
    pub(super) fn stretches(
        &self,
        first: u64,
        span: Option<Range<u64>>,
    ) -> impl Iterator<Item = Stretch> + '_ {
        let mut skip = first;
        let groups = self.row_groups().iter().enumerate();
        let groups =
            groups.filter(move |(_, group)| span.as_ref().is_none_or(|span| span.contains(&start(group))));
        groups.flat_map(move |(row_group, group)| {
            let rows = rows(group);
            let skipped = skip.min(rows);
            skip -= skipped;
            stretches_of(row_group, group, skipped)
        })
    }

    /// How many rows are before the first row group that begins at byte `at` or after.
    pub(super) fn rows_before(&self, at: u64) -> u64 {
        self.row_groups().iter().filter(|group| start(group) < at).map(rows).sum()
    }

    /// Decodes the rows of a stretch, batch by batch.
    pub(super) fn read(&self, stretch: &Stretch) -> Result<Batches> {
        let Range { start, end } = stretch.rows;
        let group = &self.row_groups()[stretch.row_group];
        let batch =
            (BATCH * stretch.rows()).checked_div(share(uncompressed(group), stretch.rows(), rows(group)));
        let selection = RowSelection::from(vec![
            RowSelector::skip(start as usize),
            RowSelector::select((end - start) as usize),
            RowSelector::skip((rows(group) - end) as usize),
        ]);
        ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone())
            .with_row_groups(vec![stretch.row_group])
            .with_row_selection(selection)
            .with_batch_size(batch.unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS) as usize)
            .build()
            .map(|batches| Batches(Mutex::new(batches)))
    }
}

/// The most rows that are decoded together, however small they seem to be.
const MOST_ROWS: u64 = 8192;

/// The rows of a row group from `first` on, in stretches that are the same for every `first`.
fn stretches_of(
    row_group: usize,
    group: &RowGroupMetaData,
    first: u64,
) -> impl Iterator<Item = Stretch> + use<> {
    let rows = rows(group);
    let stored: u64 = group.columns().iter().map(|column| column.compressed_size().max(0) as u64).sum();
    let count = (uncompressed(group) / STRETCH).clamp(1, MOST_STRETCHES).min(rows.max(1));
    let at = move |number: u64| share(rows, number, count);
    let ranges = (0..count).map(move |number| at(number).max(first)..at(number + 1));
    ranges.filter(|rows| !rows.is_empty()).map(move |range| Stretch {
        row_group,
        stored: share(stored, range.end - range.start, rows),
        rows: range,
    })
}

/// `of * part / whole`, without overflow.
fn share(of: u64, part: u64, whole: u64) -> u64 {
    (u128::from(of) * u128::from(part)).checked_div(u128::from(whole)).unwrap_or(0) as u64
}

fn rows(group: &RowGroupMetaData) -> u64 {
    group.num_rows().max(0) as u64
}

fn uncompressed(group: &RowGroupMetaData) -> u64 {
    group.columns().iter().map(|column| column.uncompressed_size().max(0) as u64).fold(0, u64::saturating_add)
}

/// Where the pages of a row group begin in the file.
fn start(group: &RowGroupMetaData) -> u64 {
    let pages = |column: &parquet::file::metadata::ColumnChunkMetaData| {
        column.dictionary_page_offset().unwrap_or(i64::MAX).min(column.data_page_offset()).max(0) as u64
    };
    group.columns().iter().map(pages).min().unwrap_or(0)
}

fn is_interval(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Interval(_))
}

/// The field with views in place of strings and bytes, and with values in place of dictionaries.
fn with_views(field: &FieldRef) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(as_views(field.data_type())))
}

fn as_views(data_type: &DataType) -> DataType {
    with_leaves(data_type, &|leaf| match leaf {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::Dictionary(_, value) => as_views(value),
        other => other.clone(),
    })
}

/// The schema with what the Arrow schema in the file says beside its fields, which the reader passes over.
fn with_metadata(schema: &SchemaRef, pairs: Option<&Vec<KeyValue>>) -> SchemaRef {
    let stored = || {
        let stored = pairs?.iter().find(|pair| pair.key == ARROW_SCHEMA_META_KEY)?.value.as_ref()?;
        let message = STANDARD.decode(stored).ok()?;
        // Behind the mark of a message and its length.
        let message =
            message.strip_prefix(&[0xFF; 4]).map_or(&message[..], |rest| rest.get(4..).unwrap_or_default());
        let fields = arrow_ipc::root_as_message(message).ok()?.header_as_schema()?;
        Some(arrow_ipc::convert::try_fb_to_schema(fields).ok()?.metadata)
    };
    let mut metadata = stored().unwrap_or_default();
    metadata.extend(schema.metadata().clone());
    Arc::new(Schema::clone(schema).with_metadata(metadata))
}

/// Batches of a stretch that is being decoded; behind a lock, since what decodes them cannot be shared.
pub(super) struct Batches(Mutex<ParquetRecordBatchReader>);

impl Batches {
    /// The next batch.
    pub(super) fn next(&mut self) -> std::result::Result<Option<RecordBatch>, String> {
        let batches = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        batches.next().transpose().map_err(|error| error.to_string())
    }
}

/// The bytes of a file, read at several places at a time.
#[derive(Clone)]
struct FileBytes {
    file: Arc<SharedInput>,
    len: u64,
}

impl Length for FileBytes {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for FileBytes {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEADER, At { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF(format!("{length} bytes at byte {start} of {}", self.len)));
        }
        let mut bytes = Vec::with_capacity(length);
        let file = At { file: Arc::clone(&self.file), at: start };
        if file.take(length as u64).read_to_end(&mut bytes)? < length {
            return Err(ParquetError::EOF("the file became shorter".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// The header of a page fits in.
const HEADER: usize = 1 << 10;

/// Reads on from a place.
struct At {
    file: Arc<SharedInput>,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
