//! Where a run keeps what it makes on the way.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dsir::reader::Shards;
use dsir::storage::unfinished::TemporaryFolder;
use dsir::storage::work_dir::{ResumableDir, WorkDir};
use dsir::writer::Destination;

use super::args::WorkArgs;
use super::failure::Failure;
use super::options::Run;
use super::signals;

/// The ending of a work folder beside an output.
const ENDING: &str = ".dsir-work";

impl WorkArgs {
    /// The workplace of a run that writes to `destination`: the work folder that is asked for or beside the output, or a
    /// temporary folder if nothing could be gone on from.
    pub(crate) fn work_dir(
        &self,
        destination: &Destination,
        raw: &Shards,
        run: &Run,
    ) -> Result<WorkDir, Failure> {
        let output = match destination {
            Destination::Stdout => None,
            Destination::File(path) | Destination::Folder(path) => Some(path.as_path()),
        };
        if let (Some(output), Some(work)) = (output, &self.work)
            && std::path::absolute(output).ok() == std::path::absolute(work).ok()
        {
            return Err(Failure::usage(format!(
                "--work {}: the output goes there; name another",
                work.display()
            )));
        }
        self.open(output.and_then(|output| beside(output, "")), raw, || run.temporary_folder())
    }

    /// The workplace of weighing into `folder`.
    pub(crate) fn work_dir_of_weights(&self, folder: &Path, raw: &Shards) -> Result<WorkDir, Failure> {
        // On a cluster, many may weigh their shards into one folder at a time.
        let shards = format!(".{:016x}", raw.fingerprint_of_paths());
        let temporary = || {
            let failed = |source| dsir::storage::whole_file::Error::new(folder, source);
            Ok(TemporaryFolder::create_in(folder).map_err(failed)?)
        };
        self.open(beside(folder, &shards), raw, temporary)
    }

    fn open(
        &self,
        beside: Option<PathBuf>,
        raw: &Shards,
        temporary: impl FnOnce() -> Result<TemporaryFolder, Failure>,
    ) -> Result<WorkDir, Failure> {
        let any_file = raw.iter().any(|shard| !shard.is_stream());
        let Some(folder) = self.work.clone().or(beside.filter(|_| any_file)) else {
            return Ok(WorkDir::Temporary(temporary()?));
        };
        let work = ResumableDir::open(&folder)?;
        signals::mention_work(folder);
        Ok(WorkDir::Resumable(work))
    }
}

/// The work folder beside an output; none for a device or a pipe.
fn beside(output: &Path, more: &str) -> Option<PathBuf> {
    if dsir::storage::descriptor::of_path(output).is_some()
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
