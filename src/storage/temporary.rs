use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::unfinished::{Mark, Unfinished};

/// A folder for temporary data, gone when it is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    // In this order: first it is removed, then forgotten.
    folder: TempDir,
    _mark: Mark,
}

impl TemporaryFolder {
    /// Makes a folder in `folder`, which is made too if it is not there.
    pub(super) fn create_in(folder: &Path, unfinished: &Unfinished) -> io::Result<Self> {
        let make = || {
            fs::create_dir_all(folder)?;
            tempfile::Builder::new().prefix(".dsir-").tempdir_in(folder)
        };
        let (folder, mark) = unfinished.make(make, TempDir::path)?;
        Ok(TemporaryFolder { folder, _mark: mark })
    }

    /// Leaves it where it is.
    pub(super) fn keep(self) {
        drop(self.folder.keep());
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}
