//! What is under way on disk and has no name of its own yet, so that a program that is told to stop can take it away.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

static UNDER_WAY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn under_way() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all files and folders that this process has under way. From now on it can begin and complete no others: whoever
/// tries waits for ever. For a program that is about to end on a signal.
pub fn remove_all() {
    let paths = under_way();
    for path in paths.iter() {
        // What cannot be removed stays: there is no time to do more.
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap_or_default();
        } else {
            fs::remove_file(path).unwrap_or_default();
        }
    }
    std::mem::forget(paths);
}

/// Does something that must not be done any more once all has been removed.
pub(crate) fn unless_told_to_stop<T>(work: impl FnOnce() -> T) -> T {
    let paths = under_way();
    let done = work();
    drop(paths);
    done
}

/// Keeps a path among those under way for as long as it lives.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl Mark {
    /// Makes something and marks it, in one step.
    pub(crate) fn make<T>(
        make: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<(T, Mark)> {
        let mut paths = under_way();
        let made = make()?;
        let path = path(&made).to_owned();
        paths.insert(path.clone());
        Ok((made, Mark(path)))
    }

    /// Completes what is marked, and lets it go if that went well.
    pub(crate) fn complete<T, E>(self, complete: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut paths = under_way();
        let completed = complete();
        if completed.is_ok() {
            paths.remove(&self.0);
        }
        drop(paths);
        completed
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        under_way().remove(&self.0);
    }
}

/// A folder for temporary data, gone when it is dropped.
#[derive(Debug)]
pub struct TemporaryFolder {
    // In this order: first it is removed, then forgotten.
    folder: TempDir,
    _mark: Mark,
}

impl TemporaryFolder {
    /// A new one in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn create_in(folder: &Path) -> io::Result<Self> {
        let make = || {
            fs::create_dir_all(folder)?;
            tempfile::Builder::new().prefix(".dsir-").tempdir_in(folder)
        };
        let (folder, mark) = Mark::make(make, TempDir::path)?;
        Ok(TemporaryFolder { folder, _mark: mark })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
