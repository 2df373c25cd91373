//! Where a job keeps what it makes on the way.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::run::Run;
use crate::error::Error;
use crate::invalid_options::InvalidOptions;
use crate::reader::Shards;
use crate::storage::{self, WorkDir, descriptor_of_path, is_url};
use crate::writer::Destination;

/// The ending of a work directory beside an output.
const ENDING: &str = ".dsir-work";

/// The work directory of a job that writes to `destination`: the one that is `asked` for or one beside the output, or
/// a temporary folder if nothing could be resumed.
pub(super) fn beside_output(
    asked: Option<&Path>,
    destination: &Destination,
    raw: &Shards,
    run: &Run,
) -> Result<WorkDir, Error> {
    let output = match destination {
        Destination::Stdout | Destination::Nowhere => None,
        Destination::File(path) | Destination::Folder(path) => Some(path.as_path()),
    };
    if let (Some(output), Some(asked)) = (output, asked)
        && std::path::absolute(output).ok() == std::path::absolute(asked).ok()
    {
        return Err(InvalidOptions::WorkDirIsOutput { folder: asked.into() }.into());
    }
    refuse_url(asked)?;
    match folder(asked, output.and_then(|output| beside(output, "")), raw) {
        Some(folder) => Ok(WorkDir::Resumable(run.storage.work_dir(&folder)?)),
        None => Ok(WorkDir::Temporary(run.temporary_folder()?)),
    }
}

/// The work directory of weighing into `weights`.
pub(super) fn beside_weights(
    asked: Option<&Path>,
    weights: &Path,
    raw: &Shards,
    run: &Run,
) -> Result<WorkDir, Error> {
    // On a cluster, many may weigh their shards into one folder at a time.
    refuse_url(asked)?;
    let shards = format!(".{:016x}", raw.fingerprint_of_paths());
    match folder(asked, beside(weights, &shards), raw) {
        Some(folder) => Ok(WorkDir::Resumable(run.storage.work_dir(&folder)?)),
        None if is_url(weights) => Ok(WorkDir::Temporary(run.temporary_folder()?)),
        None => {
            let failed = |source| storage::Error::new(weights, source);
            Ok(WorkDir::Temporary(run.storage.temporary_folder_in(weights).map_err(failed)?))
        }
    }
}

/// Nothing of a stream can be resumed.
fn folder(asked: Option<&Path>, beside: Option<PathBuf>, raw: &Shards) -> Option<PathBuf> {
    let any_file = raw.iter().any(|shard| !shard.is_stream());
    asked.map(Path::to_path_buf).or(beside.filter(|_| any_file))
}

/// Files grow in a work directory, which objects do not.
fn refuse_url(asked: Option<&Path>) -> Result<(), InvalidOptions> {
    match asked.filter(|folder| is_url(folder)) {
        Some(folder) => Err(InvalidOptions::WorkDirIsUrl { folder: folder.into() }),
        None => Ok(()),
    }
}

/// The work directory beside an output; none for an object, a device or a pipe.
fn beside(output: &Path, more: &str) -> Option<PathBuf> {
    if is_url(output)
        || descriptor_of_path(output).is_some()
        || output.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir())
    {
        return None;
    }
    let named = match output.file_name() {
        Some(_) => output.to_path_buf(),
        None => std::path::absolute(output).ok()?,
    };
    let mut name = OsString::from(named.file_name()?);
    name.push(more);
    name.push(ENDING);
    Some(named.with_file_name(name))
}
