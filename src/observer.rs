//! How far a run is, and what it has to tell meanwhile: counters and warnings that anyone may look at.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::warning::Warning;

/// A handle on the counters of one run; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Observer(Arc<Counters>);

type Listener = Box<dyn Fn(&Warning) + Send + Sync>;

#[derive(Default)]
struct Counters {
    stage: Mutex<Stage>,
    done: AtomicU64,
    warnings: Mutex<Vec<Warning>>,
    on_warning: Option<Listener>,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters")
            .field("stage", &self.stage)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What it is called, as in `fit`.
    pub name: &'static str,
    /// How many bytes it will read, as stored; `None` if a stream is among them.
    pub total: Option<u64>,
}

impl Observer {
    /// A handle that calls `on_warning` with every warning as soon as it is known.
    pub fn new(on_warning: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        Observer(Arc::new(Counters { on_warning: Some(Box::new(on_warning)), ..Counters::default() }))
    }

    /// Begins a stage that will read `total` bytes.
    pub fn begin(&self, name: &'static str, total: Option<u64>) {
        *lock(&self.0.stage) = Stage { name, total };
        self.0.done.store(0, Ordering::Relaxed);
    }

    /// Counts bytes that were read.
    pub fn add(&self, bytes: u64) {
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The stage under way and the bytes that it has read.
    pub fn now(&self) -> (Stage, u64) {
        (*lock(&self.0.stage), self.0.done.load(Ordering::Relaxed))
    }

    /// Warns; of the same twice, as two readings of the same shards would, only once.
    pub fn warn(&self, warning: Warning) {
        let mut warnings = lock(&self.0.warnings);
        if warnings.contains(&warning) {
            return;
        }
        if let Some(tell) = &self.0.on_warning {
            tell(&warning);
        }
        warnings.push(warning);
    }

    /// All warnings so far.
    pub fn warnings(&self) -> Vec<Warning> {
        lock(&self.0.warnings).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
