//! Parquet as an output, of rows that were read from tables or of lines.

mod infer;
mod lines;
mod rows;

pub(crate) use rows::{Pick, RowForm};

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{CdcOptions, WriterProperties};

use self::infer::Shape;
use super::Error;
use crate::storage;

/// Rows are encoded together until their bytes are as many: a cut that depends on the rows alone.
const BATCH: usize = 1 << 20;
/// What a row group holds, encoded and before it is compressed: readers go through row groups in parallel.
const ROW_GROUP: usize = 32 << 20;

/// A Parquet file that is written.
pub(super) struct ParquetSink<W: Write + Send> {
    path: PathBuf,
    content: Content<W>,
}

enum Content<W: Write + Send> {
    Rows {
        form: Arc<RowForm>,
        writer: Box<ArrowWriter<W>>,
        waiting: Vec<u8>,
        whole: usize,
    },
    /// Lines wait until all are there, for any of them may have a field that the others have not.
    Lines {
        to: W,
        spool: zstd::Encoder<'static, File>,
        folder: PathBuf,
        unended: Vec<u8>,
        shape: Shape,
    },
}

impl<W: Write + Send> ParquetSink<W> {
    /// Writes rows of `form`, or lines if there is none, to `to`, which messages call `path`.
    ///
    /// # Errors
    /// A column that Parquet has no place for; what the system says.
    pub(super) fn create(
        to: W,
        path: &Path,
        form: Option<Arc<RowForm>>,
        folder: &Path,
    ) -> Result<Self, Error> {
        let content = match form {
            Some(form) => {
                let writer =
                    writer(to, form.schema(), &form.key_values).map_err(|error| failed(path, error))?;
                Content::Rows { form, writer: Box::new(writer), waiting: Vec::new(), whole: 0 }
            }
            None => {
                let spool = tempfile::tempfile_in(folder).and_then(|file| zstd::Encoder::new(file, 1));
                let spool = spool.map_err(|source| Error::Temporary { folder: folder.into(), source })?;
                Content::Lines { to, spool, folder: folder.into(), unended: Vec::new(), shape: Shape::Null }
            }
        };
        Ok(ParquetSink { path: path.into(), content })
    }

    /// Takes bytes of rows or lines, cut anywhere.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        match &mut self.content {
            Content::Rows { form, writer, waiting, whole } => {
                waiting.extend_from_slice(bytes);
                while let Some((row, _)) = rows::split_row(&waiting[*whole..]) {
                    *whole += 4 + row.len();
                    if *whole >= BATCH {
                        let written = form.batch(&waiting[..*whole]).map_err(ParquetError::from);
                        let written = written.and_then(|batch| writer.write(&batch));
                        written.map_err(|error| failed(&self.path, error))?;
                        waiting.drain(..std::mem::take(whole));
                    }
                }
            }
            Content::Lines { spool, folder, unended, shape, .. } => {
                let spooled = spool.write_all(bytes);
                spooled.map_err(|source| Error::Temporary { folder: folder.clone(), source })?;
                while let Some(newline) = memchr::memchr(b'\n', bytes) {
                    if unended.is_empty() {
                        shape.add(&bytes[..newline]);
                    } else {
                        unended.extend_from_slice(&bytes[..newline]);
                        shape.add(unended);
                        unended.clear();
                    }
                    bytes = &bytes[newline + 1..];
                }
                unended.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// Records that make no table; what the system says.
    pub(super) fn close(self) -> Result<W, Error> {
        let path = self.path;
        match self.content {
            Content::Rows { form, mut writer, waiting, .. } => {
                let written = match waiting.is_empty() {
                    true => Ok(()),
                    false => {
                        form.batch(&waiting).map_err(ParquetError::from).and_then(|rows| writer.write(&rows))
                    }
                };
                written.and_then(|()| writer.into_inner()).map_err(|error| failed(&path, error))
            }
            Content::Lines { to, spool, folder, shape, .. } => {
                let temporary = |source| Error::Temporary { folder: folder.clone(), source };
                let mut spool = spool.finish().map_err(temporary)?;
                spool.rewind().map_err(temporary)?;
                let mut spool = BufReader::new(zstd::Decoder::new(spool).map_err(temporary)?);
                let schema = shape.schema();
                let mut writer = writer(to, &schema, &[]).map_err(|error| failed(&path, error))?;
                let mut batch = Vec::new();
                loop {
                    let read = spool.read_until(b'\n', &mut batch).map_err(temporary)?;
                    if batch.len() >= BATCH || read == 0 {
                        let written = lines::batch(&batch, &shape, &schema).map_err(ParquetError::from);
                        let written = written.and_then(|batch| writer.write(&batch));
                        written.map_err(|error| failed(&path, error))?;
                        batch.clear();
                    }
                    if read == 0 {
                        return writer.into_inner().map_err(|error| failed(&path, error));
                    }
                }
            }
        }
    }
}

fn writer<W: Write + Send>(
    to: W,
    schema: &SchemaRef,
    key_values: &[KeyValue],
) -> Result<ArrowWriter<W>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_content_defined_chunking(Some(CdcOptions::default()))
        .set_max_row_group_bytes(Some(ROW_GROUP))
        // Dates as dates, and the names of a list's parts, as the format has them.
        .set_coerce_types(true)
        .set_created_by(concat!("dsir ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata((!key_values.is_empty()).then(|| key_values.to_vec()));
    ArrowWriter::try_new(to, Arc::clone(schema), Some(properties.build()))
}

fn failed(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => storage::Error::new(path, *source).into(),
            Err(other) => Error::Parquet { path: path.into(), what: other.to_string() },
        },
        other => Error::Parquet { path: path.into(), what: other.to_string() },
    }
}
