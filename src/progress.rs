//! How far a run is: counters that the stages move and anyone may look at.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A handle on the counters of one run; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    stage: Mutex<Stage>,
    done: AtomicU64,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What it is called, as in `fit`.
    pub name: &'static str,
    /// How many bytes it will read, as stored; `None` if a stream is among them.
    pub total: Option<u64>,
}

impl Progress {
    /// Begins a stage that will read `total` bytes.
    pub fn begin(&self, name: &'static str, total: Option<u64>) {
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage { name, total };
        self.0.done.store(0, Ordering::Relaxed);
    }

    /// Counts bytes that were read.
    pub fn add(&self, bytes: u64) {
        self.0.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The stage under way and the bytes that it has read.
    pub fn now(&self) -> (Stage, u64) {
        let stage = *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner);
        (stage, self.0.done.load(Ordering::Relaxed))
    }
}
