//! Reads shards with all threads at once and brings what is made of them back into order.
//!
//! Every thread reads a block and then works on it; while it works, another reads. A thread begins a
//! shard of its own while there are more, and otherwise helps with one that others have begun: one big
//! shard keeps all threads busy, and so do a thousand small ones. At most as many shards are open as
//! there are threads, and each thread holds one block.
//!
//! What is done can be saved for a later run: now and then, one thread waits until no block is under way. Then all
//! that was read is gathered, and to resume it takes no more than what was gathered and where the reading was.

pub(crate) mod checkpoint_file;
mod checkpoints;
mod open_shard;

pub(crate) use checkpoints::CheckpointTimer;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use open_shard::{Input, Open, Reader, Settled, lock};

use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Bookmark, Reread, Shards};
use crate::storage;

/// What is to be done with shards.
pub(crate) trait Job: Sync {
    /// What one thread keeps from block to block.
    type Thread: Send;
    /// What is made of one block.
    type Made: Send;
    /// What a shard's blocks are gathered in.
    type Gathered: Send;
    /// What a shard comes to.
    type Ended: Send;

    /// Begins a thread.
    fn thread(&self) -> Self::Thread;
    /// Opens a shard; by default, the `shard`-th of `shards`.
    fn open(&self, shard: usize, shards: &Shards, observer: &Observer) -> Result<BlockReader, Error> {
        Ok(BlockReader::open(&shards[shard], observer)?)
    }
    /// Whether the records of a shard need not have their lines, if they are rows of a table.
    fn takes_rows(&self, _shard: usize) -> bool {
        false
    }
    /// Begins a shard, just opened.
    fn begin(&self, shard: usize, reader: &BlockReader) -> Result<Self::Gathered, Error>;
    /// Works on a block: on any thread, in any order.
    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Self::Made, Error>;
    /// Gathers what was made of the blocks of a shard: one after the other, in order.
    fn gather(&self, gathered: &mut Self::Gathered, made: Self::Made) -> Result<(), Error>;
    /// Ends a shard: all its blocks are gathered.
    fn end(&self, gathered: Self::Gathered) -> Result<Self::Ended, Error>;
}

/// How what a scan has done is kept for a later run, which resumes there.
pub(crate) trait Checkpoints<J: Job>: Sync {
    /// What the shards that an earlier run has ended have come to: they are not read.
    fn ended_before(&self, job: &J) -> BTreeMap<usize, J::Ended>;
    /// When to save what is done.
    fn timer(&self) -> &CheckpointTimer;
    /// Saves what is done.
    fn save(&self, job: &J, done: Done<'_, J>) -> Result<(), Error>;
}

/// All that a scan has done, while no block is under way.
pub(crate) struct Done<'a, J: Job> {
    /// What the threads hold.
    pub(crate) threads: Vec<&'a mut J::Thread>,
    /// The shards that have ended, and what they have come to.
    pub(crate) ended: &'a BTreeMap<usize, J::Ended>,
    /// The shards that are open, where their reading is, and what is gathered up to there.
    pub(crate) under_way: Vec<(usize, Bookmark, &'a mut J::Gathered)>,
}

/// What came of a scan.
pub(crate) struct Scanned<J: Job> {
    /// What the threads hold.
    pub(crate) threads: Vec<J::Thread>,
    /// What the shards have come to, in input order.
    pub(crate) shards: Vec<J::Ended>,
}

/// Does `job` on all of `shards`. Of several errors, the first in input order is returned.
pub(crate) fn scan<J: Job>(job: &J, shards: &Shards, observer: &Observer) -> Result<Scanned<J>, Error> {
    scan_all(job, None, shards, observer)
}

/// The same, resuming where an earlier run was, and saving what is done for a later one.
pub(crate) fn scan_with_checkpoints<J: Job>(
    job: &J,
    checkpoints: &impl Checkpoints<J>,
    shards: &Shards,
    observer: &Observer,
) -> Result<Scanned<J>, Error> {
    scan_all(job, Some(checkpoints), shards, observer)
}

fn scan_all<J: Job>(
    job: &J,
    checkpoints: Option<&dyn Checkpoints<J>>,
    shards: &Shards,
    observer: &Observer,
) -> Result<Scanned<J>, Error> {
    let threads = rayon::current_num_threads();
    let ended = checkpoints.map(|checkpoints| checkpoints.ended_before(job)).unwrap_or_default();
    observer.add(ended.keys().map(|shard| shards[*shard].bytes()).sum());
    let scan = Scan {
        job,
        checkpoints,
        shards,
        observer,
        threads: (0..threads).map(|_| Mutex::new(job.thread())).collect(),
        gate: RwLock::new(()),
        schedule: Mutex::new(Schedule { next: 0, open: Vec::new() }),
        ended: Mutex::new(ended),
        failure: Mutex::new(None),
        stop: AtomicUsize::new(usize::MAX),
    };
    rayon::broadcast(|context| scan.work(context.index()));
    storage::expect_no_more();
    // Of a job that was cancelled too: all blocks that were read are gathered.
    if let Some(checkpoints) = checkpoints {
        scan.save(checkpoints);
    }
    if observer.is_cancelled() {
        scan.fail_at((usize::MAX, 0), Error::Cancelled);
    }
    match scan.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => {
            let unlocked = |thread: Mutex<_>| thread.into_inner().unwrap_or_else(PoisonError::into_inner);
            let ended = scan.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok(Scanned {
                threads: scan.threads.into_iter().map(unlocked).collect(),
                shards: ended.into_values().collect(),
            })
        }
    }
}

struct Scan<'a, J: Job> {
    job: &'a J,
    checkpoints: Option<&'a dyn Checkpoints<J>>,
    shards: &'a Shards,
    observer: &'a Observer,
    /// Each is locked by its own thread while it has a block under way.
    threads: Vec<Mutex<J::Thread>>,
    /// Passed by threads that have a block under way, shut while what is done is saved.
    gate: RwLock<()>,
    schedule: Mutex<Schedule<J>>,
    ended: Mutex<BTreeMap<usize, J::Ended>>,
    /// The first failure in input order, so far: shard and block.
    failure: Mutex<Option<((usize, u64), Error)>>,
    /// Shards after this one need not be read: it has failed.
    stop: AtomicUsize,
}

struct Schedule<J: Job> {
    /// The next shard to begin.
    next: usize,
    open: Vec<Arc<Open<J>>>,
}

/// What reading on has given.
enum Next {
    Block,
    /// The end of the shard, reached just now.
    End,
    /// Nothing: another thread has reached the end, or the run has failed.
    Nothing,
}

/// Lets the other threads end when one panics, instead of waiting for its block for ever.
struct StopOnPanic<'a>(&'a AtomicUsize);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

impl<J: Job> Scan<'_, J> {
    fn work(&self, thread: usize) {
        let _guard = StopOnPanic(&self.stop);
        let mut block = Block::default();
        while let Some(open) = self.next_shard().filter(|_| !self.observer.is_cancelled()) {
            while self.next_block(&open, thread, &mut block) {
                self.save_in_time();
            }
            open.threads.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A shard to begin, or else the one with the fewest threads to help with.
    fn next_shard(&self) -> Option<Arc<Open<J>>> {
        let mut schedule = lock(&self.schedule);
        schedule
            .open
            .retain(|open| !open.input.try_lock().is_ok_and(|input| matches!(input.reader, Reader::Ended)));
        if schedule.open.len() < self.threads.len() {
            let ended = lock(&self.ended);
            while ended.contains_key(&schedule.next) {
                schedule.next += 1;
            }
        }
        let more = schedule.next < self.shards.len() && schedule.next <= self.stop.load(Ordering::Relaxed);
        let open = if more && schedule.open.len() < self.threads.len() {
            let open = Arc::new(Open::new(schedule.next));
            schedule.next += 1;
            schedule.open.push(Arc::clone(&open));
            open
        } else {
            Arc::clone(schedule.open.iter().min_by_key(|open| open.threads.load(Ordering::Relaxed))?)
        };
        open.threads.fetch_add(1, Ordering::Relaxed);
        Some(open)
    }

    /// Reads the next block of a shard and works on it; false if there is none.
    fn next_block(&self, open: &Open<J>, thread: usize, block: &mut Block) -> bool {
        let _passed = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        if self.observer.is_cancelled() {
            return false;
        }
        let mut input = open.input();
        let number = input.blocks;
        match self.read(open, &mut input, block) {
            Ok(Next::Block) => input.blocks += 1,
            Ok(Next::End) => {
                input.reader = Reader::Ended;
                drop(input);
                self.note(open, open.end(self.job, number));
                return false;
            }
            Ok(Next::Nothing) => {
                input.reader = Reader::Ended;
                return false;
            }
            Err(error) => {
                input.reader = Reader::Ended;
                self.fail(open, number, error);
                return false;
            }
        }
        drop(input);
        let mut more = true;
        while more {
            let made = block.fill(self.job.takes_rows(open.shard)).map_err(Error::from).and_then(|again| {
                more = again;
                self.job.make(&mut lock(&self.threads[thread]), open.shard, block)
            });
            match made {
                Ok(made) => self.note(open, open.take_in(self.job, number, made, more)),
                Err(error) => {
                    self.fail(open, number, error);
                    break;
                }
            }
            if more {
                open.wait_for_turn(number, || self.is_over(open));
            }
        }
        true
    }

    /// Whether there is no sense in reading on: an earlier shard has failed, or this one.
    fn is_over(&self, open: &Open<J>) -> bool {
        open.shard >= self.stop.load(Ordering::Relaxed)
    }

    fn read(&self, open: &Open<J>, input: &mut Input, block: &mut Block) -> Result<Next, Error> {
        let is_over = || self.is_over(open);
        if matches!(input.reader, Reader::Ended) || is_over() {
            return Ok(Next::Nothing);
        }
        if matches!(input.reader, Reader::Closed) {
            let reader = self.job.open(open.shard, self.shards, self.observer)?;
            open.busy_reading.store(reader.reread() == Reread::Costly, Ordering::Relaxed);
            lock(&open.output).gathered = Some(self.job.begin(open.shard, &reader)?);
            input.reader = Reader::Open(Box::new(reader));
        }
        open.wait_for_gathering(input.blocks, is_over);
        match &mut input.reader {
            Reader::Open(reader) => Ok(if reader.take(block)? { Next::Block } else { Next::End }),
            Reader::Closed | Reader::Ended => Ok(Next::Nothing),
        }
    }

    fn note(&self, open: &Open<J>, settled: Settled<J::Ended>) {
        match settled.ended {
            Ok(None) => {}
            Ok(Some(ended)) => {
                lock(&self.ended).insert(open.shard, ended);
                self.checkpoints.inspect(|checkpoints| checkpoints.timer().shard_has_ended());
            }
            Err(error) => self.fail(open, settled.next, error),
        }
    }

    fn fail(&self, open: &Open<J>, block: u64, error: Error) {
        self.fail_at((open.shard, block), error);
    }

    fn fail_at(&self, at: (usize, u64), error: Error) {
        let mut failure = lock(&self.failure);
        if failure.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
            *failure = Some((at, error));
        }
        self.stop.fetch_min(at.0, Ordering::Relaxed);
    }
}
