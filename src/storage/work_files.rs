//! What lies in a work directory.

use std::fs;
use std::path::{Path, PathBuf};

/// The file by which a work directory is known.
pub(super) const LOCK: &str = "dsir-work.lock";
/// The folder with the files of shards, done and under way.
pub(super) const PARTS: &str = "parts";
/// What is told of the stages has names that end so.
pub(super) const STATE: &str = "state";

/// The files that say how far each stage is.
pub(super) fn states(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == STATE))
}

/// Whether anything is kept in `folder`, from which a run could be resumed.
pub(super) fn holds_something(folder: &Path) -> bool {
    states(folder).next().is_some()
}

/// Takes the work directory `folder` away if nothing is kept in it.
pub(super) fn sweep(folder: &Path) {
    if !holds_something(folder) {
        // What cannot be removed stays: there is nobody to tell, and the next run copes with it.
        fs::remove_dir_all(folder.join(PARTS)).unwrap_or_default();
        fs::remove_file(folder.join(LOCK)).unwrap_or_default();
        fs::remove_dir(folder).unwrap_or_default();
    }
}
