use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::write::GzEncoder;

use super::parquet::ParquetSink;
use super::{Error, RowForm};
use crate::storage::{self, ClosedFile, Storage, WholeFile};

const BUFFER: usize = 128 << 10;
/// The level at which zstd's own tool compresses.
const ZSTD_LEVEL: i32 = 3;

/// The ending of a name that makes an output a table.
const PARQUET: &str = "parquet";

/// Whether an output of this name is a table.
pub(crate) fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(PARQUET))
}

/// One output: a file, a table or compressed as its name says, or standard output.
pub(crate) struct Sink {
    kind: Kind,
    path: PathBuf,
}

enum Kind {
    Stdout(BufWriter<io::Stdout>),
    Plain(BufWriter<WholeFile>),
    Gzip(InPieces<GzEncoder<BufWriter<WholeFile>>>),
    Zstd(InPieces<zstd::Encoder<'static, BufWriter<WholeFile>>>),
    Parquet(Box<ParquetSink<BufWriter<WholeFile>>>),
}

/// Writes in pieces of one size, however it comes: what a compressor makes may depend on where its input is cut.
struct InPieces<W> {
    to: W,
    piece: Vec<u8>,
}

impl<W: Write> InPieces<W> {
    fn new(to: W) -> Self {
        InPieces { to, piece: Vec::with_capacity(BUFFER) }
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while self.piece.len() + bytes.len() >= BUFFER {
            let (fits, rest) = bytes.split_at(BUFFER - self.piece.len());
            self.piece.extend_from_slice(fits);
            self.to.write_all(&self.piece)?;
            self.piece.clear();
            bytes = rest;
        }
        self.piece.extend_from_slice(bytes);
        Ok(())
    }

    fn into_inner(mut self) -> io::Result<W> {
        self.to.write_all(&self.piece)?;
        Ok(self.to)
    }
}

impl Sink {
    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Sink { kind: Kind::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())), path: PathBuf::from("-") }
    }

    /// The file `path`, whose folder must be there.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(path: &Path, storage: &Storage) -> Result<Self, Error> {
        Sink::over(storage.create(path)?, path, None, storage)
    }

    /// Makes sure that `path` can be created, without leaving anything.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn check(path: &Path, storage: &Storage) -> Result<(), Error> {
        if path.exists() && !path.is_file() && !path.is_dir() {
            return Ok(()); // A device or a pipe: opening it could wait for its reader.
        }
        Ok(storage.check(path)?)
    }

    /// The file `path`, with the folders it needs: of rows of `form`, or of lines if there is none.
    ///
    /// # Errors
    /// What the system says; columns that cannot be written.
    pub(crate) fn create_with_folders(
        path: &Path,
        form: Option<Arc<RowForm>>,
        storage: &Storage,
    ) -> Result<Self, Error> {
        Sink::over(storage.create_with_folders(path)?, path, form, storage)
    }

    fn over(
        file: WholeFile,
        path: &Path,
        form: Option<Arc<RowForm>>,
        storage: &Storage,
    ) -> Result<Self, Error> {
        let file = BufWriter::with_capacity(BUFFER, file);
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let kind = match ending.as_str() {
            "gz" | "gzip" => Kind::Gzip(InPieces::new(GzEncoder::new(file, flate2::Compression::default()))),
            "zst" | "zstd" => {
                let encoder = zstd::Encoder::new(file, ZSTD_LEVEL).and_then(|mut encoder| {
                    encoder.include_checksum(true)?;
                    Ok(encoder)
                });
                Kind::Zstd(encoder.map(InPieces::new).map_err(|source| storage::Error::new(path, source))?)
            }
            PARQUET => Kind::Parquet(Box::new(ParquetSink::create(file, path, form, storage.temp_dir())?)),
            _ => Kind::Plain(file),
        };
        Ok(Sink { kind, path: path.into() })
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.kind {
            Kind::Stdout(out) => return out.write_all(bytes).map_err(Error::Stdout),
            Kind::Plain(out) => out.write_all(bytes),
            Kind::Gzip(out) => out.write_all(bytes),
            Kind::Zstd(out) => out.write_all(bytes),
            Kind::Parquet(out) => return out.write(bytes),
        };
        Ok(written.map_err(|source| storage::Error::new(&self.path, source))?)
    }

    /// Completes the output; a file still waits for its name. Nothing waits for standard output.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn close(self) -> Result<Option<ClosedFile>, Error> {
        let path = self.path;
        let failed = |source| storage::Error::new(&path, source);
        let buffer = match self.kind {
            Kind::Stdout(mut out) => {
                out.flush().map_err(Error::Stdout)?;
                return Ok(None);
            }
            Kind::Plain(out) => out,
            Kind::Gzip(out) => out.into_inner().and_then(GzEncoder::finish).map_err(failed)?,
            Kind::Zstd(out) => out.into_inner().and_then(zstd::Encoder::finish).map_err(failed)?,
            Kind::Parquet(out) => out.close()?,
        };
        let file = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Some(file.close()?))
    }
}
