//! How a job runs: its threads, where its files are made, and who watches it.

use std::path::{Path, PathBuf};

use super::report::Report;
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Exclude, Shards};
use crate::storage::{Storage, TemporaryFolder};
use crate::warning::Warning;

/// How a job runs, and what its caller reads and writes itself.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The most threads; `None`: as many as the machine and its cgroup allow. No more are used than there is work for.
    pub threads: Option<usize>,
    /// The folder for temporary data; `None`: that of the system.
    pub temp_dir: Option<PathBuf>,
    /// Files that the caller has read, such as a list of shards: no output may replace them.
    pub also_read: Vec<PathBuf>,
    /// Where the caller is going to write the report: no other output may go there.
    pub summary: Option<PathBuf>,
}

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
        let bytes: Option<u64> = shards.into_iter().map(Shards::total_bytes).sum();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(options.threads, bytes)).build();
        let pool = pool.map_err(|error| Error::Threads(error.to_string()))?;
        let storage = Storage::new(&temp_dir, observer.unfinished());
        Ok(Run { observer: observer.clone(), storage, pool })
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
