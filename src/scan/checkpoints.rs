//! When and how what a scan has done is saved for a later run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::open_shard::{Reader, lock};
use super::{Checkpoints, Done, Job, Scan};

/// When to save what is done: soon after the end of a shard, and now and then within a long one, but never so often
/// that saving takes more than a small part of the time.
#[derive(Debug)]
pub(crate) struct CheckpointTimer {
    shard_has_ended: AtomicBool,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    end: Instant,
    took: Duration,
}

/// At most so much is lost of a long shard.
const LONGEST: Duration = Duration::from_secs(1);
/// Saving may take one part in so many of the time.
const SHARE: u32 = 50;

impl CheckpointTimer {
    /// From now on.
    pub(crate) fn new() -> Self {
        let last = Last { end: Instant::now(), took: Duration::ZERO };
        CheckpointTimer { shard_has_ended: AtomicBool::new(false), last: Mutex::new(last) }
    }

    pub(crate) fn shard_has_ended(&self) {
        self.shard_has_ended.store(true, Ordering::Relaxed);
    }

    /// Calls `save` if it is time, unless another thread is at it.
    fn in_time(&self, save: impl FnOnce()) {
        let mut last = match self.last.try_lock() {
            Ok(last) => last,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let since = last.end.elapsed();
        let ended = self.shard_has_ended.load(Ordering::Relaxed);
        if since < SHARE * last.took || since < LONGEST && !ended {
            return;
        }
        self.shard_has_ended.store(false, Ordering::Relaxed);
        let start = Instant::now();
        save();
        *last = Last { end: Instant::now(), took: start.elapsed() };
    }
}

impl<J: Job> Scan<'_, J> {
    /// Saves what is done, if it is time.
    pub(super) fn save_in_time(&self) {
        if let Some(checkpoints) = self.checkpoints {
            checkpoints.timer().in_time(|| self.save(checkpoints));
        }
    }

    /// Saves what is done, as soon as no block is under way; not after a failure, whose block is missing.
    pub(super) fn save(&self, checkpoints: &dyn Checkpoints<J>) {
        let _shut = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        if lock(&self.failure).is_some() || self.has_panicked() {
            return;
        }
        let open = lock(&self.schedule).open.clone();
        let mut outputs = Vec::new();
        for open in &open {
            if let Reader::Open(reader) = &lock(&open.input).reader {
                outputs.push((open.shard, reader.bookmark(), lock(&open.output)));
            }
        }
        let under_way = outputs
            .iter_mut()
            .filter_map(|(shard, at, output)| Some((*shard, *at, output.gathered.as_mut()?)))
            .collect();
        let mut threads: Vec<_> = self.threads.iter().map(lock).collect();
        let threads = threads.iter_mut().map(|thread| &mut **thread).collect();
        let ended = lock(&self.ended);
        let saved = checkpoints.save(self.job, Done { threads, ended: &ended, under_way });
        drop(ended);
        if let Err(error) = saved {
            self.fail_at((0, 0), error);
        }
    }

    fn has_panicked(&self) -> bool {
        self.stop.load(Ordering::Relaxed) == 0
    }
}
