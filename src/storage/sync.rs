//! Data brought to where a power cut does not reach them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::input::is_url;
use super::platform;

/// More files at a time are not waited for one by one: one call for all that their file system has to write takes less.
const MANY: usize = 32;

/// Waits for the data of one file.
pub(crate) fn file(file: &File) -> io::Result<()> {
    supported(file.sync_data())
}

/// Waits for the data of files that are called the first of each pair, for outputs that messages call the second.
pub(crate) fn files<'a>(files: impl Iterator<Item = (PathBuf, &'a Path)>) -> Result<(), Error> {
    let files: Vec<(PathBuf, &Path)> = files.collect();
    if files.len() > MANY
        && let Some((path, output)) = files.first()
    {
        let failed = |source| Error::new(output, source);
        if let Some(synced) = platform::sync_file_system(&File::open(path).map_err(failed)?) {
            return supported(synced).map_err(failed);
        }
    }
    let sync = |path: &Path| File::open(path).and_then(|of| file(&of));
    files.iter().try_for_each(|(path, output)| sync(path).map_err(|source| Error::new(output, source)))
}

/// Waits for the names of files in their folders.
pub(crate) fn folders<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
    let folder = |path: &'a Path| match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    // A store says that an object is complete when it is.
    let files = files.into_iter().filter(|file| !is_url(file));
    let folders: BTreeSet<&Path> = files.map(folder).collect();
    folders.into_iter().try_for_each(|folder| {
        // A folder of devices, or one that may be written but not read, need not be known to last.
        let Ok(open) = File::open(folder) else { return Ok(()) };
        supported(open.sync_all()).map_err(|source| Error::new(folder, source))
    })
}

/// Some file systems know no such thing, and do what they do.
fn supported(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => {
            Ok(())
        }
        synced => synced,
    }
}
