//! What a job has under way on disk and has no name of its own yet, so that whoever stops it can take it away.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::work_files;

/// The files and folders that one job has under way; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unfinished(Arc<Mutex<UnderWay>>);

#[derive(Debug, Default)]
struct UnderWay {
    paths: BTreeSet<PathBuf>,
    /// The job's work directory.
    work_dir: Option<PathBuf>,
    /// Whether all was removed, and nothing may be made any more.
    is_abandoned: bool,
}

impl Unfinished {
    /// Removes everything that is under way, and a work directory in which nothing is kept. From now on, nothing can be
    /// begun or completed.
    pub(crate) fn abandon(&self) {
        let mut under_way = self.lock();
        under_way.is_abandoned = true;
        for path in std::mem::take(&mut under_way.paths) {
            // What cannot be removed stays: there is no time to do more.
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap_or_default();
            } else {
                fs::remove_file(path).unwrap_or_default();
            }
        }
        under_way.work_dir.as_deref().inspect(|folder| work_files::sweep(folder));
    }

    /// Notes the job's work directory.
    pub(super) fn note_work_dir(&self, folder: &Path) {
        self.lock().work_dir = Some(folder.into());
    }

    /// The job's work directory, if something is kept in it from which the job can be resumed.
    pub(crate) fn resumable(&self) -> Option<PathBuf> {
        self.lock().work_dir.clone().filter(|folder| work_files::holds_something(folder))
    }

    /// Makes something that is of no use after everything was removed, and would be left behind.
    pub(crate) fn unless_abandoned<T>(&self, make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let under_way = self.lock();
        under_way.check()?;
        make()
    }

    /// Makes something and marks it as under way, in one step.
    pub(crate) fn make<T>(
        &self,
        make: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<(T, Mark)> {
        let mut under_way = self.lock();
        under_way.check()?;
        let made = make()?;
        let path = path(&made).to_owned();
        under_way.paths.insert(path.clone());
        Ok((made, Mark { path, unfinished: self.clone() }))
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn check(&self) -> io::Result<()> {
        if self.is_abandoned { Err(io::Error::other("the job was stopped")) } else { Ok(()) }
    }
}

/// Keeps a path among those under way for as long as it lives.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    unfinished: Unfinished,
}

impl Mark {
    /// Completes what is marked, which is then no longer under way if that went well.
    pub(crate) fn complete<T>(self, complete: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut under_way = self.unfinished.lock();
        under_way.check()?;
        let completed = complete()?;
        under_way.paths.remove(&self.path);
        drop(under_way);
        Ok(completed)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.unfinished.lock().paths.remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_abandoned_is_gone_and_nothing_more_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        let make = |path: &PathBuf| fs::write(path, "").map(|()| path.clone());
        let (ours, theirs) = (Unfinished::default(), Unfinished::default());
        let (_, mark) = ours.make(|| make(&file), |path| path).unwrap();
        let (_, kept) = theirs.make(|| make(&other), |path| path).unwrap();
        ours.abandon();
        assert!(!file.exists() && other.exists(), "only what is under way in this job");
        assert!(mark.complete(|| Ok(())).is_err());
        assert!(ours.make(|| make(&file), |path| path).is_err() && !file.exists());
        assert!(kept.complete(|| Ok(())).is_ok() && other.exists());
    }
}
