//! The folder in which a long run keeps what it has done, so that the same command goes on from there after it was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::storage::unfinished::{self, TemporaryFolder};

/// What went wrong with a work folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the system said.
    #[error("work folder {}: {source}; name another with --work", folder.display())]
    System {
        /// The folder.
        folder: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another run uses it.
    #[error("work folder {}: another run is at work there; wait for it, or name another folder with --work", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder with something else in it.
    #[error("work folder {}: there are other files in it; name a new or an empty folder with --work", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
}

/// Where a run keeps what it makes on the way.
#[derive(Debug)]
pub enum WorkDir {
    /// In a work folder, from which the same run can go on.
    Resumable(ResumableDir),
    /// In a folder that is gone when the run ends, however it ends.
    Temporary(TemporaryFolder),
}

impl WorkDir {
    /// Where the files of shards are, done and under way.
    pub fn parts(&self) -> PathBuf {
        match self {
            WorkDir::Resumable(work) => work.folder.join(PARTS),
            WorkDir::Temporary(folder) => folder.path().into(),
        }
    }

    /// The work folder, if it is one.
    pub fn work(&self) -> Option<&ResumableDir> {
        match self {
            WorkDir::Resumable(work) => Some(work),
            WorkDir::Temporary(_) => None,
        }
    }

    /// Takes the place away, when the run has done all its work.
    pub fn remove(self) {
        if let WorkDir::Resumable(work) = self {
            states(&work.folder).for_each(|state| fs::remove_file(state).unwrap_or_default());
        }
    }
}

/// A work folder, held by one run at a time. When dropped it stays if something was kept in it, and is gone otherwise.
#[derive(Debug)]
pub struct ResumableDir {
    folder: PathBuf,
    /// Locked as long as it is open, which ends with the process however that ends.
    _lock: File,
}

/// The file by which a work folder is known.
const LOCK: &str = "dsir-work.lock";
/// The folder with the files of shards, done and under way.
const PARTS: &str = "parts";
/// What is told of the stages has names that end so.
const STATE: &str = "state";

impl ResumableDir {
    /// Makes `folder` a work folder, or takes it up from an earlier run.
    ///
    /// # Errors
    /// A folder that another run uses, that has other files in it, or that cannot be written.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::System { folder: folder.into(), source };
        loop {
            unfinished::unless_told_to_stop(|| fs::create_dir_all(folder)).map_err(failed)?;
            let path = folder.join(LOCK);
            if !path.exists() && fs::read_dir(folder).map_err(failed)?.next().is_some() {
                return Err(Error::Foreign { folder: folder.into() });
            }
            let lock = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Busy { folder: folder.into() }),
                // Some network file systems have no locks: better without than not at all.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // An earlier run may have ended, and taken the folder away, since we opened the file.
            let ours = lock.metadata().map_err(failed)?;
            if fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                return Ok(ResumableDir { folder: folder.into(), _lock: lock });
            }
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it is told how far the stage called `stage` is.
    pub(crate) fn state(&self, stage: &str) -> PathBuf {
        self.folder.join(stage).with_extension(STATE)
    }

    /// Whether anything is kept in `folder`, from which a run could go on.
    pub fn holds_something(folder: &Path) -> bool {
        states(folder).next().is_some()
    }

    /// Takes the work folder `folder` away if nothing is kept in it.
    pub fn sweep(folder: &Path) {
        if !ResumableDir::holds_something(folder) {
            // What cannot be removed stays: there is nobody to tell, and the next run copes with it.
            fs::remove_dir_all(folder.join(PARTS)).unwrap_or_default();
            fs::remove_file(folder.join(LOCK)).unwrap_or_default();
            fs::remove_dir(folder).unwrap_or_default();
        }
    }
}

fn states(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == STATE))
}

impl Drop for ResumableDir {
    fn drop(&mut self) {
        ResumableDir::sweep(&self.folder);
    }
}
