//! Files that grow in a work directory, and can be resumed after the run was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::unfinished::Unfinished;

/// A file that grows.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: File,
    path: PathBuf,
}

impl GrowingFile {
    /// Begins the file `path`, empty, and makes the folders it needs.
    pub(super) fn create(path: &Path, unfinished: &Unfinished) -> Result<Self, Error> {
        let create = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            File::create(path)
        };
        let file = unfinished.unless_abandoned(create).map_err(|source| Error::new(path, source))?;
        Ok(GrowingFile { file, path: path.into() })
    }

    /// Resumes the file `path`, which must be there, after its first `len` bytes; the rest of it is dropped.
    pub(crate) fn resume(path: &Path, len: u64) -> Result<Self, Error> {
        let failed = |source| Error::new(path, source);
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        file.set_len(len).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(GrowingFile { file, path: path.into() })
    }

    /// Appends `bytes`.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|source| Error::new(&self.path, source))
    }

    /// How long it is.
    pub(crate) fn len(&mut self) -> Result<u64, Error> {
        self.file.stream_position().map_err(|source| Error::new(&self.path, source))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for GrowingFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
