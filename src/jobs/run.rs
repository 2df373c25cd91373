//! How a job runs: its threads, where its files are made, and who watches it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::report::Report;
use crate::engine::Engine;
use crate::error::Error;
use crate::observer::Observer;
use crate::passes::Elsewhere;
use crate::reader::{Exclude, Shards};
use crate::storage::{self, Storage, TemporaryFolder, WorkDir};
use crate::warning::Warning;

/// How a job runs, and what its caller reads and writes itself.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// The most threads; `None`: as many as the machine and its cgroup allow. No more are used than there is work for.
    pub threads: Option<usize>,
    /// The folder for temporary data; `None`: that of the system.
    pub temp_dir: Option<PathBuf>,
    /// Files that the caller has read, such as a list of shards: no output may replace them.
    pub also_read: Vec<PathBuf>,
    /// Where the caller is going to write the report: no other output may go there.
    pub summary: Option<PathBuf>,
    /// What reads the raw corpus on other machines; `None`: this machine does. [`select`](super::select) alone uses it.
    pub engine: Option<Arc<dyn Engine>>,
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunOptions { threads, temp_dir, also_read, summary, engine } = self;
        f.debug_struct("RunOptions")
            .field("threads", threads)
            .field("temp_dir", temp_dir)
            .field("also_read", also_read)
            .field("summary", summary)
            .field("engine", &engine.is_some())
            .finish()
    }
}

/// The folder for what other machines come to, and the name under which it is known that there is something.
const ELSEWHERE: &str = "elsewhere";

/// For so many bytes as stored, one more thread has something to do.
const BYTES_A_THREAD: u64 = 64 << 10;
/// Threads that wait for a disk or a network may be more than the processors, but not by so much that they are in
/// each other's way.
const THREADS_A_PROCESSOR: usize = 4;
const FEW_THREADS: usize = 16;

/// A job that runs.
pub(super) struct Run {
    pub(super) observer: Observer,
    pub(super) storage: Storage,
    pool: rayon::ThreadPool,
    engine: Option<Arc<dyn Engine>>,
}

impl Run {
    /// Begins a job that reads `shards`.
    pub(super) fn new<'a>(
        options: &RunOptions,
        observer: &Observer,
        shards: impl IntoIterator<Item = &'a Shards>,
    ) -> Result<Self, Error> {
        let temp_dir = options.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        // Found out now rather than after hours of work.
        tempfile::tempfile_in(&temp_dir)
            .map_err(|source| Error::TempDir { folder: temp_dir.clone(), source })?;
        storage::keep_copies_in(&temp_dir);
        let bytes: Option<u64> = shards.into_iter().map(Shards::total_bytes).sum();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(options.threads, bytes)).build();
        let pool = pool.map_err(|error| Error::Threads(error.to_string()))?;
        let storage = Storage::new(&temp_dir, observer.unfinished());
        Ok(Run { observer: observer.clone(), storage, pool, engine: options.engine.clone() })
    }

    /// Does the work with the job's threads, and gathers a report of it.
    pub(super) fn work(
        &self,
        report: Report,
        work: impl FnOnce(&mut Report) -> Result<(), Error> + Send,
    ) -> Result<Report, Error> {
        let mut report = report;
        self.pool.install(|| work(&mut report))?;
        report.finish(&self.observer);
        Ok(report)
    }

    /// The raw corpus on other machines, if an engine is to read it; what they come to is kept in the work directory.
    pub(super) fn elsewhere(&self, raw: &Shards, work_dir: &WorkDir) -> Result<Option<Elsewhere>, Error> {
        let Some(engine) = &self.engine else { return Ok(None) };
        let folder = work_dir.parts().join(ELSEWHERE);
        let elsewhere = Elsewhere::new(Arc::clone(engine), raw, folder, &self.storage)?;
        if let Some(resumable) = work_dir.resumable() {
            // From now on there is something to resume from.
            resumable.note(ELSEWHERE)?;
        }
        Ok(Some(elsewhere))
    }

    pub(super) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// A folder for temporary data of the job.
    pub(super) fn temporary_folder(&self) -> Result<TemporaryFolder, Error> {
        let failed = |source| Error::TempDir { folder: self.temp_dir().into(), source };
        self.storage.temporary_folder().map_err(failed)
    }

    pub(super) fn temp_dir(&self) -> &Path {
        self.storage.temp_dir()
    }

    /// Warns of patterns that have left out nothing.
    pub(super) fn warn_of_unused(&self, exclude: &Exclude) {
        for pattern in exclude.unused() {
            self.observer.warn(Warning::NothingExcluded { pattern: pattern.to_owned() });
        }
    }
}

/// How many threads to work with: as many as asked for, or as there are processors, but none that would have nothing
/// to do.
fn threads(asked: Option<usize>, bytes: Option<u64>) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = asked.unwrap_or(processors).max(1);
    let of_use =
        bytes.map_or(usize::MAX, |bytes| usize::try_from(1 + bytes / BYTES_A_THREAD).unwrap_or(usize::MAX));
    asked.min(of_use).min(FEW_THREADS.max(THREADS_A_PROCESSOR * processors))
}
