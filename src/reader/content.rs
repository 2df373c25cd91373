//! What a file holds: lines, records of another form, or the rows of a table.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::records::{self, RecordSource};
use super::source::Observed;
use super::span::{RecordsOfSpan, Span};
use super::table::{Format, Part, Table};
use super::{Error, Reread, Shard, decompress, foreign};
use crate::observer::Observer;
use crate::storage::{self, Input, Stamp, is_url};

/// The file that a shard is.
#[derive(Debug)]
pub(super) struct Origin {
    /// What messages call it.
    pub(super) shard: PathBuf,
    /// Where it is.
    pub(super) file: PathBuf,
    /// What it must be like until it is read; `None` for a stream, and where that does not matter.
    pub(super) stamp: Option<Stamp>,
}

impl From<&Shard> for Origin {
    fn from(shard: &Shard) -> Self {
        Origin { shard: shard.path().into(), file: shard.file().into(), stamp: shard.stamp() }
    }
}

impl From<&Path> for Origin {
    fn from(path: &Path) -> Self {
        Origin { shard: path.into(), file: path.into(), stamp: None }
    }
}

impl Origin {
    fn open(&self) -> Result<Input, Error> {
        let failed = |source| Error::Open { path: self.shard.clone(), source };
        let file = Input::open_known(&self.file, self.stamp).map_err(failed)?;
        let there = file.stamp().map_err(failed)?;
        match self.stamp.is_some_and(|stamp| stamp != there) {
            true => Err(self.changed()),
            false => Ok(file),
        }
    }

    /// Whether the file was changed while it was read; every part of an object that was read was one of it.
    pub(super) fn has_changed(&self) -> bool {
        !is_url(&self.file) && self.is_another()
    }

    /// Whether the file is no longer what it was; one that is gone was there while it was read.
    fn is_another(&self) -> bool {
        let there = self.stamp.zip(storage::stamp_of(&self.file).ok());
        there.is_some_and(|(stamp, there)| stamp != there)
    }

    /// The error of a file that changed.
    pub(super) fn changed(&self) -> Error {
        Error::Changed { shard: self.shard.clone() }
    }

    /// The error of a table that cannot be read at `row`, from 0: it may have changed.
    #[cfg(feature = "parquet")]
    pub(super) fn damaged(&self, row: Option<u64>, what: String) -> Error {
        match self.is_another() {
            true => self.changed(),
            false => Error::Structure {
                shard: self.shard.clone(),
                line: row.map(|row| row + 1),
                what: format!("the table cannot be read: {what}; is the file damaged?"),
            },
        }
    }
}

/// What a shard holds.
pub(super) enum Content {
    /// Lines, decompressed.
    Lines(Box<dyn Read + Send>),
    /// Rows of CSV, elements of a JSON array.
    Records(Box<dyn RecordSource>),
    /// Rows of columns.
    Table(Box<Table>),
}

/// Where to begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    /// So many bytes of decompressed lines are before it.
    pub(super) byte: u64,
    /// So many records of anything else are.
    pub(super) record: u64,
}

/// The content of a file, which must be what it was, from a place on.
pub(super) fn open_file(
    origin: &Arc<Origin>,
    from: Start,
    observer: &Observer,
) -> Result<(Content, Reread), Error> {
    let counted = |inner| Observed { inner, observer: observer.clone() };
    let failed = |error| Error::of_reading(error, &origin.shard, 0);
    let mut file = origin.open()?;
    if let Some(format) = format_of(&mut file).map_err(failed)? {
        let part = Part { first: from.record, span: None };
        let table = Table::open(format, file, origin, part, observer)?;
        return Ok((Content::Table(Box::new(table)), Reread::Costly));
    }
    let is_called_table = ["parquet", "arrow", "feather"]
        .iter()
        .any(|ending| origin.file.extension().is_some_and(|own| own == *ending));
    if is_called_table && file.stamp().map_err(failed)?.bytes == 0 {
        let what = "the file is empty, which no table is; fetch or make it again".to_owned();
        return Err(Error::Structure { shard: origin.shard.clone(), line: None, what });
    }
    let (content, compressed) = decompress::content(counted(file), &origin.shard)?;
    let (mut content, reread) = recognised(content, compressed, &origin.shard)?;
    match &mut content {
        Content::Records(records) => {
            records.skip(from.record).map_err(|failure| failure.in_shard(&origin.shard, 0))?;
        }
        // What comes before must be decompressed all the same.
        Content::Lines(lines) if from.byte > 0 && compressed => {
            let passed = io::copy(&mut lines.take(from.byte), &mut io::sink()).map_err(failed)?;
            if passed < from.byte {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Content::Lines(lines) if from.byte > 0 => {
            file = origin.open()?;
            file.seek(SeekFrom::Start(from.byte)).map_err(failed)?;
            observer.add(from.byte);
            *lines = Box::new(counted(file));
        }
        Content::Lines(_) | Content::Table(_) => {}
    }
    Ok((content, reread))
}

/// The records of a file that begin in `span`: a plain one, or a table of which spans can be read.
pub(super) fn open_span(
    origin: &Arc<Origin>,
    span: Span,
    observer: &Observer,
) -> Result<(Content, Reread), Error> {
    let failed = |error| Error::of_reading(error, &origin.shard, span.start);
    let mut file = origin.open()?;
    if let Some(format) = format_of(&mut file).map_err(failed)? {
        let part = Part { first: 0, span: Some(span.start..span.end) };
        return Ok((
            Content::Table(Box::new(Table::open(format, file, origin, part, observer)?)),
            Reread::Costly,
        ));
    }
    file.seek(SeekFrom::Start(span.start.saturating_sub(1))).map_err(failed)?;
    let records = RecordsOfSpan::new(Observed { inner: file, observer: observer.clone() }, span);
    Ok((Content::Lines(Box::new(records)), Reread::Cheap))
}

/// What decompressed content is, by its start and, of CSV, its name.
pub(super) fn recognised(
    mut content: Box<dyn Read + Send>,
    compressed: bool,
    name: &Path,
) -> Result<(Content, Reread), Error> {
    let mut start = Vec::new();
    let failure = |failure: records::Failure| failure.in_shard(name, 0);
    let read = content.by_ref().take(foreign::SEEN as u64).read_to_end(&mut start);
    // What cannot be read may be told best by whoever reads it again, after what comes before.
    let whole: Box<dyn Read + Send> = match read {
        Ok(_) => Box::new(Cursor::new(start.clone()).chain(content)),
        Err(error) => Box::new(Cursor::new(start.clone()).chain(Failing(Some(error)))),
    };
    match records::of_content(name, &start, whole) {
        Ok(records) => Ok((Content::Records(records.map_err(failure)?), Reread::Costly)),
        Err(lines) => Ok((Content::Lines(lines), Reread::of_file(compressed))),
    }
}

/// Fails as something did before.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The kind of table that `file`, at its start, is, if it is one; the file is at its start again.
pub(super) fn format_of(file: &mut Input) -> io::Result<Option<Format>> {
    let mut start = Vec::new();
    Read::by_ref(file).take(foreign::MAGIC_LEN as u64).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(Format::of(&start))
}
