//! What the caller of a job sees of it while it runs, and how the job is stopped.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::storage::Unfinished;
use crate::warning::Warning;

/// A handle on one job, for any thread: its progress, its warnings, and a way to stop it. Clones are of the same job.
///
/// ```
/// use dsir::Observer;
///
/// let observer = Observer::new(|warning| eprintln!("{warning}"));
/// let job = observer.clone(); // ... given to a job in another thread
/// job.cancel();
/// assert!(observer.is_cancelled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Observer(Arc<State>);

type Listener = Box<dyn Fn(&Warning) + Send + Sync>;

#[derive(Default)]
struct State {
    stage: Mutex<Stage>,
    done: AtomicU64,
    /// The bits of a number; zero if there is none.
    threshold: AtomicU64,
    warnings: Mutex<Vec<Warning>>,
    on_warning: Option<Listener>,
    is_cancelled: AtomicBool,
    unfinished: Unfinished,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("stage", &self.stage).field("done", &self.done).finish_non_exhaustive()
    }
}

/// A part of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What it is called, as in `fit`; empty before the first.
    pub name: &'static str,
    /// How many bytes it will read, as stored; `None` if a stream is among them.
    pub total: Option<u64>,
}

impl Observer {
    /// A handle that calls `on_warning` with every warning as soon as it is known, from any thread.
    pub fn new(on_warning: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        Observer(Arc::new(State { on_warning: Some(Box::new(on_warning)), ..State::default() }))
    }

    /// The stage that the job is in, and the bytes that it has read of it.
    pub fn now(&self) -> (Stage, u64) {
        (*lock(&self.0.stage), self.0.done.load(Ordering::Relaxed))
    }

    /// While records are weighed for a draw: about where its threshold would be if there were no more of them. `None`
    /// if they do not have one threshold, or all so far would be selected.
    pub fn threshold(&self) -> Option<f64> {
        let bits = self.0.threshold.load(Ordering::Relaxed);
        (bits != 0).then(|| f64::from_bits(bits))
    }

    /// All warnings so far.
    pub fn warnings(&self) -> Vec<Warning> {
        lock(&self.0.warnings).clone()
    }

    /// Asks the job to stop: it ends with an error of kind [`Cancelled`](crate::ErrorKind::Cancelled) as soon as the
    /// blocks that are being worked on are done, leaves no partial output, and can be resumed where it has a work
    /// directory.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Relaxed)
    }

    /// Stops the job at once, for a program that is about to end: removes what is unfinished, whether the job has come
    /// to a place where it can stop or not. From now on it can complete nothing. Returns the work directory from which
    /// it can be resumed, if there is one.
    pub fn abandon(&self) -> Option<PathBuf> {
        self.cancel();
        self.0.unfinished.abandon();
        self.resumable()
    }

    /// The work directory from which a job that has failed or was stopped can be resumed, if there is one.
    pub fn resumable(&self) -> Option<PathBuf> {
        self.0.unfinished.resumable()
    }

    /// Ends what was asked to stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Begins a stage that will read `total` bytes.
    pub(crate) fn begin(&self, name: &'static str, total: Option<u64>) {
        *lock(&self.0.stage) = Stage { name, total };
        self.0.done.store(0, Ordering::Relaxed);
        self.0.threshold.store(0, Ordering::Relaxed);
    }

    /// Notes about where the threshold is.
    pub(crate) fn set_threshold(&self, threshold: f64) {
        self.0.threshold.store(threshold.to_bits(), Ordering::Relaxed);
    }

    /// Counts bytes that were read.
    pub(crate) fn add(&self, bytes: u64) {
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Warns; of the same twice, as two readings of the same shards would, only once.
    pub(crate) fn warn(&self, warning: Warning) {
        let mut warnings = lock(&self.0.warnings);
        if warnings.contains(&warning) {
            return;
        }
        if let Some(tell) = &self.0.on_warning {
            tell(&warning);
        }
        warnings.push(warning);
    }

    /// What the job has under way on disk.
    pub(crate) fn unfinished(&self) -> &Unfinished {
        &self.0.unfinished
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
