use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::npy::{self, Header};
use super::{Error, Layout, REPEATED_TOKENS, Row, unsound};
use crate::storage::{self, GrowingFile, LocalFile, Stamp, Storage};

/// Writes the weights of one shard, row after row; until [finished](WeightsWriter::finish), the file is refused as
/// weights.
pub struct WeightsWriter {
    out: BufWriter<GrowingFile>,
    layout: Layout,
    rows: u64,
}

impl WeightsWriter {
    /// Begins the file `path`, for so many targets, and makes the folders it needs.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path, targets: usize) -> Result<Self, storage::Error> {
        WeightsWriter::create_in(&Storage::default(), path, Layout::of_targets(targets))
    }

    /// The same in a layout of the project's own.
    pub(crate) fn create_in(storage: &Storage, path: &Path, layout: Layout) -> Result<Self, storage::Error> {
        let mut file = storage.grow(path)?;
        file.append(&npy::header(layout, 0))?;
        Ok(WeightsWriter { out: BufWriter::new(file), layout, rows: 0 })
    }

    /// Resumes the file `path`, which must be there, after its first `rows` rows.
    pub(crate) fn resume(path: &Path, layout: Layout, rows: u64) -> Result<Self, storage::Error> {
        let file = GrowingFile::resume(path, Self::len(layout, rows))?;
        Ok(WeightsWriter { out: BufWriter::new(file), layout, rows })
    }

    /// How long a file with so many rows is.
    pub(crate) fn len(layout: Layout, rows: u64) -> u64 {
        npy::header(layout, rows).len() as u64 + rows * layout.row as u64
    }

    /// Appends whole rows in the file's layout and returns how many they were.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&mut self, rows: &[u8]) -> Result<u64, storage::Error> {
        let count = (rows.len() / self.layout.row) as u64;
        self.rows += count;
        match self.out.write_all(rows) {
            Ok(()) => Ok(count),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Hands all rows over to the system: if only this process ends, they are in the file.
    pub(crate) fn flush(&mut self) -> Result<(), storage::Error> {
        self.out.flush().map_err(|source| self.failed(source))
    }

    /// Writes the number of rows into the header.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(mut self) -> Result<(), storage::Error> {
        let header = npy::header(self.layout, self.rows);
        let seek = self.out.seek(SeekFrom::Start(0));
        let written = seek.and_then(|_| self.out.write_all(&header)).and_then(|()| self.out.flush());
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> storage::Error {
        storage::Error::new(self.out.get_ref().path(), source)
    }
}

/// How many rows are compared at a time.
const PIECE: u64 = 1 << 14;
/// How many rows are changed at a time.
const NEAR: u64 = 128;

/// A weights file whose header was checked against its length; it holds no handle.
#[derive(Clone, Debug)]
pub struct WeightsFile {
    path: PathBuf,
    /// It, or a copy of an object.
    file: LocalFile,
    header: Header,
    stamp: Stamp,
}

impl WeightsFile {
    /// Reads and checks the header of `path`.
    ///
    /// # Errors
    /// A file that cannot be read or does not hold weights, or not as many as it says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason| Error::NotWeights { path: path.into(), reason };
        let (file, header, stamp) = npy::open(path, npy::parse, refuse)?;
        let found = stamp.bytes;
        let Header { layout, rows, data } = header;
        let expected = rows.checked_mul(layout.row as u64).and_then(|bytes| bytes.checked_add(data));
        if expected != Some(found) {
            return Err(refuse(format!("its header promises {rows} rows, its length is {found} bytes")));
        }
        Ok(WeightsFile { path: path.into(), file, header, stamp })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows, and so records, there are.
    pub fn rows(&self) -> u64 {
        self.header.rows
    }

    /// Where the fields of a row are.
    pub fn layout(&self) -> Layout {
        self.header.layout
    }

    /// Reads `count` rows from row `first` on, which must be there, into `block`.
    ///
    /// # Errors
    /// A file that cannot be read; a log weight that is NaN or +inf.
    pub fn read(&self, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
        let Header { layout, data, .. } = self.header;
        block.layout = layout;
        block.bytes.resize(count * layout.row, 0);
        let at = data + first * layout.row as u64;
        let read = npy::read_at(self.file.path(), self.stamp, at, &mut block.bytes);
        let path = || self.path.clone();
        read.map_err(|source| Error::Read { path: path(), source })?
            .ok_or_else(|| Error::FileChanged { path: path() })?;
        for (index, row) in block.rows().enumerate() {
            if let Some(value) = unsound(row.log_weights()) {
                return Err(Error::Unsound { path: self.path.clone(), row: first + index as u64, value });
            }
        }
        Ok(())
    }

    /// Leaves out these records, in rising order, in a file of a work directory: another one has their text.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn leave_out_repeated(&self, rows: &[u64]) -> Result<(), Error> {
        let Header { layout, data, .. } = self.header;
        let none = f64::NEG_INFINITY.to_le_bytes().repeat(layout.targets);
        let write = || -> io::Result<()> {
            let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&self.path)?;
            let mut bytes = Vec::new();
            for near in rows.chunk_by(|a, b| a / NEAR == b / NEAR) {
                let (first, last) = (near[0], near[near.len() - 1]);
                let at = SeekFrom::Start(data + first * layout.row as u64);
                bytes.resize((last - first + 1) as usize * layout.row, 0);
                file.seek(at)?;
                file.read_exact(&mut bytes)?;
                for row in near {
                    let bytes = &mut bytes[(row - first) as usize * layout.row..][..layout.row];
                    bytes[layout.log_weight..][..none.len()].copy_from_slice(&none);
                    if let Some(at) = layout.tokens {
                        bytes[at..at + 4].copy_from_slice(&REPEATED_TOKENS.to_le_bytes());
                    }
                }
                file.seek(at)?;
                file.write_all(&bytes)?;
            }
            Ok(())
        };
        write().map_err(|source| storage::Error::new(&self.path, source).into())
    }

    /// Writes the rows of the files `parts`, which have the same layout, to the file `path`, unless they are there.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(crate) fn join(parts: &[PathBuf], path: &Path, storage: &Storage) -> Result<Self, Error> {
        let parts: Vec<WeightsFile> =
            parts.iter().map(|part| WeightsFile::open(part)).collect::<Result<_, _>>()?;
        let rows = parts.iter().map(WeightsFile::rows).sum();
        let layout = parts.first().map_or(Layout::of_targets(1), WeightsFile::layout);
        if let Ok(there) = WeightsFile::open(path)
            && there.rows() == rows
            && there.layout() == layout
        {
            return Ok(there);
        }
        let mut file = storage.create_with_folders(path)?;
        let failed = |source| storage::Error::new(path, source);
        file.write_all(&npy::header(layout, rows)).map_err(failed)?;
        let mut block = RowBlock::default();
        for part in parts {
            for first in (0..part.rows()).step_by(PIECE as usize) {
                part.read(first, (part.rows() - first).min(PIECE) as usize, &mut block)?;
                file.write_all(&block.bytes).map_err(failed)?;
            }
        }
        file.finish()?;
        WeightsFile::open(path)
    }

    /// Whether the rows of both are of the same records, one by one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn has_records_of(&self, other: &WeightsFile) -> Result<bool, Error> {
        if self.rows() != other.rows() {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (RowBlock::default(), RowBlock::default());
        for first in (0..self.rows()).step_by(PIECE as usize) {
            let count = (self.rows() - first).min(PIECE) as usize;
            self.read(first, count, &mut ours)?;
            other.read(first, count, &mut theirs)?;
            if !ours.rows().zip(theirs.rows()).all(|(ours, theirs)| ours.record() == theirs.record()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Consecutive rows of one shard, in a buffer that is used again and again.
#[derive(Debug)]
pub struct RowBlock {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Default for RowBlock {
    fn default() -> Self {
        RowBlock { layout: Layout::of_targets(1), bytes: Vec::new() }
    }
}

impl RowBlock {
    /// Replaces the rows by those that `bytes` are in this layout.
    pub(super) fn set(&mut self, layout: Layout, bytes: &[u8]) {
        self.layout = layout;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> + Clone {
        let layout = self.layout;
        self.bytes.chunks_exact(layout.row).map(move |bytes| Row { layout, bytes })
    }
}
