//! The directory in which a long run keeps what it has done, from which the same run is resumed after it was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Storage;
use super::platform::FileId;
use super::temporary::TemporaryFolder;
use super::work_files::{self, LOCK, PARTS, STATE, states};

/// What went wrong with a work directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the system said.
    #[error("work directory {}: {source}", folder.display())]
    System {
        /// The folder.
        folder: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another run uses it.
    #[error("work directory {}: another run is at work there", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder with something else in it.
    #[error("work directory {}: there are other files in it", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
}

impl Error {
    /// The directory.
    pub fn folder(&self) -> &Path {
        match self {
            Error::System { folder, .. } | Error::Busy { folder } | Error::Foreign { folder } => folder,
        }
    }
}

/// Where a run keeps what it makes on the way.
#[derive(Debug)]
pub(crate) enum WorkDir {
    /// In a directory that stays, from which the same run can be resumed.
    Resumable(ResumableDir),
    /// In a folder that is gone when the run ends, however it ends.
    Temporary(TemporaryFolder),
}

impl WorkDir {
    /// Where the files of shards are, done and under way.
    pub(crate) fn parts(&self) -> PathBuf {
        match self {
            WorkDir::Resumable(work) => work.folder.join(PARTS),
            WorkDir::Temporary(folder) => folder.path().into(),
        }
    }

    /// Keeps what is in it for others, though the run ends.
    pub(crate) fn keep(self) {
        if let WorkDir::Temporary(folder) = self {
            folder.keep();
        }
    }

    /// The work directory, if it is one.
    pub(crate) fn resumable(&self) -> Option<&ResumableDir> {
        match self {
            WorkDir::Resumable(work) => Some(work),
            WorkDir::Temporary(_) => None,
        }
    }

    /// Takes the place away, when the run has done all its work.
    pub(crate) fn remove(self) {
        if let WorkDir::Resumable(work) = self {
            states(&work.folder).for_each(|state| fs::remove_file(state).unwrap_or_default());
        }
    }
}

/// A work directory, held by one run at a time. When dropped it stays if something was kept in it, and is gone
/// otherwise.
#[derive(Debug)]
pub(crate) struct ResumableDir {
    folder: PathBuf,
    storage: Storage,
    /// Locked as long as it is open, which ends with the process however that ends.
    _lock: File,
}

impl ResumableDir {
    /// Makes `folder` a work directory, or takes it up from an earlier run.
    ///
    /// # Errors
    /// A folder that another run uses, that has other files in it, or that cannot be written.
    pub(super) fn open(folder: &Path, storage: &Storage) -> Result<Self, Error> {
        let failed = |source| Error::System { folder: folder.into(), source };
        loop {
            storage.unfinished.unless_abandoned(|| fs::create_dir_all(folder)).map_err(failed)?;
            let path = folder.join(LOCK);
            // Parts alone are of another machine, which came too late for a run that had ended.
            let is_foreign =
                |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() != PARTS);
            if !path.exists() && fs::read_dir(folder).map_err(failed)?.any(is_foreign) {
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
            if fs::metadata(&path).is_ok_and(|there| FileId::of(&there) == FileId::of(&ours)) {
                storage.unfinished.note_work_dir(folder);
                return Ok(ResumableDir { folder: folder.into(), storage: storage.clone(), _lock: lock });
            }
        }
    }

    /// Where the files of the job are made.
    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Notes that there is something to be resumed from, kept by the stage called `stage` in a way of its own.
    pub(crate) fn note(&self, stage: &str) -> Result<(), super::Error> {
        let path = self.state(stage);
        self.storage.create(&path)?.finish_soon()
    }

    /// Where it is told how far the stage called `stage` is.
    pub(crate) fn state(&self, stage: &str) -> PathBuf {
        self.folder.join(stage).with_extension(STATE)
    }
}

impl Drop for ResumableDir {
    fn drop(&mut self) {
        work_files::sweep(&self.folder);
    }
}
