//! One shard under way: what is read of it, and what is gathered from its blocks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Job;
use crate::error::Error;
use crate::reader::BlockReader;

/// So many parts of a block may wait for its turn: more than a block has but for a table that decompresses to far more
/// than it says.
const MOST_PARTS: usize = 192;

/// A shard under way.
pub(crate) struct Open<J: Job> {
    pub(crate) shard: usize,
    /// How many threads are with it.
    pub(crate) threads: AtomicUsize,
    pub(crate) input: Mutex<Input>,
    /// Whether reading keeps a processor busy, with decompressing.
    pub(crate) busy_reading: AtomicBool,
    pub(crate) output: Mutex<Gathering<J>>,
    /// Told whenever a block is gathered.
    gathered: Condvar,
}

pub(crate) struct Input {
    pub(crate) reader: Reader,
    /// Blocks read.
    pub(crate) blocks: u64,
}

pub(crate) enum Reader {
    Closed,
    Open(Box<BlockReader>),
    Ended,
}

pub(crate) struct Gathering<J: Job> {
    /// From the first block to the end of the shard.
    pub(crate) gathered: Option<J::Gathered>,
    /// The next block to gather.
    next: u64,
    /// Blocks that came before their turn.
    early: BTreeMap<u64, Early<J>>,
    /// How many blocks there are, once known.
    blocks: Option<u64>,
}

/// What was made of a block before its turn: of one part, or of several that follow each other.
struct Early<J: Job> {
    parts: Vec<J::Made>,
    is_whole: bool,
}

/// What came of gathering.
pub(crate) struct Settled<E> {
    /// The next block to gather.
    pub(crate) next: u64,
    /// What the shard has come to, if it has just ended.
    pub(crate) ended: Result<Option<E>, Error>,
}

impl<J: Job> Open<J> {
    pub(crate) fn new(shard: usize) -> Self {
        Open {
            shard,
            threads: AtomicUsize::new(0),
            input: Mutex::new(Input { reader: Reader::Closed, blocks: 0 }),
            busy_reading: AtomicBool::new(false),
            output: Mutex::new(Gathering { gathered: None, next: 0, early: BTreeMap::new(), blocks: None }),
            gathered: Condvar::new(),
        }
    }

    /// The lock of the input; busily waited for if reading is decompressing.
    pub(crate) fn input(&self) -> MutexGuard<'_, Input> {
        if self.busy_reading.load(Ordering::Relaxed) { lock_soon(&self.input) } else { lock(&self.input) }
    }

    /// Waits until block `number` is not too far ahead of the last one gathered, for what waits for its turn takes
    /// memory; or until there is no sense in it.
    pub(crate) fn wait_for_gathering(&self, number: u64, is_over: impl Fn() -> bool) {
        let ahead = 4 * self.threads.load(Ordering::Relaxed) as u64;
        let mut output = lock(&self.output);
        while number > output.next + ahead && !is_over() {
            let waited = self.gathered.wait_timeout(output, Duration::from_millis(100));
            output = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits, if block `number` has many parts, until its turn has come: what waits for it takes memory.
    pub(crate) fn wait_for_turn(&self, number: u64, is_over: impl Fn() -> bool) {
        let mut output = lock(&self.output);
        while output.early.get(&number).is_some_and(|early| early.parts.len() >= MOST_PARTS) && !is_over() {
            let waited = self.gathered.wait_timeout(output, Duration::from_millis(100));
            output = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes in what was made of block `number`, or of a part of it with `more` to come, and gathers all blocks whose
    /// turn it is.
    pub(crate) fn take_in(&self, job: &J, number: u64, made: J::Made, more: bool) -> Settled<J::Ended> {
        self.settle(job, |output| {
            let early = output.early.entry(number).or_insert(Early { parts: Vec::new(), is_whole: false });
            early.parts.push(made);
            early.is_whole = !more;
        })
    }

    /// Takes in that there are `blocks` blocks.
    pub(crate) fn end(&self, job: &J, blocks: u64) -> Settled<J::Ended> {
        self.settle(job, |output| output.blocks = Some(blocks))
    }

    fn settle(&self, job: &J, note: impl FnOnce(&mut Gathering<J>)) -> Settled<J::Ended> {
        let mut output = lock(&self.output);
        note(&mut output);
        let ended = output.gather(job);
        let next = output.next;
        drop(output);
        self.gathered.notify_all();
        Settled { next, ended }
    }
}

impl<J: Job> Gathering<J> {
    fn gather(&mut self, job: &J) -> Result<Option<J::Ended>, Error> {
        let Gathering { gathered, next, early, blocks } = self;
        let Some(into) = gathered else { return Ok(None) };
        while let Some(Early { parts, is_whole }) = early.get_mut(next) {
            parts.drain(..).try_for_each(|made| job.gather(into, made))?;
            if !*is_whole {
                break;
            }
            early.remove(next);
            *next += 1;
        }
        let complete = (*blocks == Some(*next)).then(|| gathered.take()).flatten();
        complete.map(|complete| job.end(complete)).transpose()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`lock`], for a lock that is likely free within the time that going to sleep and waking up would take.
fn lock_soon<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..SPINS {
        if let Ok(guard) = mutex.try_lock() {
            return guard;
        }
        std::hint::spin_loop();
    }
    lock(mutex)
}

/// A fraction of the time that a block takes.
const SPINS: usize = 20_000;
