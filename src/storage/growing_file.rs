//! Files that grow in a folder of the run's own, and can be gone on with after a kill.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::storage::unfinished;
use crate::storage::whole_file::Error;

/// A file under way.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: File,
    path: PathBuf,
}

impl GrowingFile {
    /// Begins the file `path`, empty, and makes the folders it needs.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let create = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            File::create(path)
        };
        let file = unfinished::unless_told_to_stop(create).map_err(|source| Error::new(path, source))?;
        Ok(GrowingFile { file, path: path.into() })
    }

    /// Goes on after the first `len` bytes of the file `path`, which must be there; the rest of it is dropped.
    pub(crate) fn go_on(path: &Path, len: u64) -> Result<Self, Error> {
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
