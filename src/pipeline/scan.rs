//! Reads shards with all threads at once and brings what is made of them back into order.
//!
//! Every thread reads a block and then works on it; while it works, another reads. A thread begins a
//! shard of its own while there are more, and otherwise helps with one that others have begun: one big
//! shard keeps all threads busy, and so do a thousand small ones. At most as many shards are open as
//! there are threads, and each thread holds one block.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Reread, Shards};

/// What is to be done with shards.
pub(super) trait Job: Sync {
    /// What one thread keeps from block to block.
    type Thread: Send;
    /// What is made of one block.
    type Made: Send;
    /// What a shard's blocks are gathered in.
    type Gathered: Send;

    /// Begins a thread.
    fn thread(&self) -> Self::Thread;
    /// Opens a shard; by default, the `shard`-th of `shards`.
    fn open(&self, shard: usize, shards: &Shards, progress: &Progress) -> Result<BlockReader, Error> {
        Ok(BlockReader::open(&shards[shard], progress)?)
    }
    /// Begins a shard, just opened.
    fn begin(&self, shard: usize, reader: &BlockReader) -> Result<Self::Gathered, Error>;
    /// Works on a block: on any thread, in any order.
    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<Self::Made, Error>;
    /// Gathers what was made of the blocks of a shard: one after the other, in order.
    fn gather(&self, gathered: &mut Self::Gathered, made: Self::Made) -> Result<(), Error>;
    /// Ends a shard: all its blocks are gathered.
    fn end(&self, gathered: Self::Gathered) -> Result<(), Error>;
}

/// What came of a scan.
pub(super) struct Scanned<T> {
    /// What the threads kept.
    pub(super) threads: Vec<T>,
    /// Bytes of decompressed content.
    pub(super) bytes: u64,
}

/// Does `job` on all of `shards`. Of several errors, the first in input order is returned.
pub(super) fn scan<J: Job>(
    job: &J,
    shards: &Shards,
    progress: &Progress,
) -> Result<Scanned<J::Thread>, Error> {
    let scan = Scan {
        job,
        shards,
        progress,
        most_open: rayon::current_num_threads(),
        schedule: Mutex::new(Schedule { next: 0, open: Vec::new() }),
        failure: Mutex::new(None),
        stop: AtomicUsize::new(usize::MAX),
        bytes: AtomicU64::new(0),
    };
    let threads = rayon::broadcast(|_| scan.work());
    match unlocked(scan.failure) {
        Some((_, error)) => Err(error),
        None => Ok(Scanned { threads, bytes: scan.bytes.into_inner() }),
    }
}

struct Scan<'a, J: Job> {
    job: &'a J,
    shards: &'a Shards,
    progress: &'a Progress,
    most_open: usize,
    schedule: Mutex<Schedule<J>>,
    /// The first failure in input order, so far: shard and block.
    failure: Mutex<Option<((usize, u64), Error)>>,
    /// Shards after this one need not be read: it has failed.
    stop: AtomicUsize,
    bytes: AtomicU64,
}

struct Schedule<J: Job> {
    /// The next shard to begin.
    next: usize,
    open: Vec<Arc<Open<J>>>,
}

/// A shard under way.
struct Open<J: Job> {
    shard: usize,
    /// How many threads are with it.
    threads: AtomicUsize,
    input: Mutex<Input>,
    /// Whether reading keeps a processor busy, with decompressing.
    busy_reading: AtomicBool,
    output: Mutex<Output<J>>,
    /// Told whenever a block is gathered.
    gathered: Condvar,
}

struct Input {
    reader: Reader,
    /// Blocks read.
    blocks: u64,
}

/// What reading on has given.
enum Next {
    Block,
    /// The end of the shard, reached just now.
    End,
    /// Nothing: another thread has reached the end, or the run has failed.
    Nothing,
}

enum Reader {
    Closed,
    Open(BlockReader),
    Ended,
}

struct Output<J: Job> {
    /// From the first block to the end of the shard.
    gathered: Option<J::Gathered>,
    /// The next block to gather.
    next: u64,
    /// Blocks that came before their turn.
    early: BTreeMap<u64, J::Made>,
    /// How many blocks there are, once known.
    blocks: Option<u64>,
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
    fn work(&self) -> J::Thread {
        let _guard = StopOnPanic(&self.stop);
        let mut thread = self.job.thread();
        let mut block = Block::default();
        while let Some(open) = self.next_shard() {
            while self.next_block(&open, &mut thread, &mut block) {}
            open.threads.fetch_sub(1, Ordering::Relaxed);
        }
        thread
    }

    /// A shard to begin, or else the one with the fewest threads to help with.
    fn next_shard(&self) -> Option<Arc<Open<J>>> {
        let mut schedule = lock(&self.schedule);
        schedule
            .open
            .retain(|open| !open.input.try_lock().is_ok_and(|input| matches!(input.reader, Reader::Ended)));
        let more = schedule.next < self.shards.len() && schedule.next <= self.stop.load(Ordering::Relaxed);
        let open = if more && schedule.open.len() < self.most_open {
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
    fn next_block(&self, open: &Open<J>, thread: &mut J::Thread, block: &mut Block) -> bool {
        let busy = open.busy_reading.load(Ordering::Relaxed);
        let mut input = if busy { lock_soon(&open.input) } else { lock(&open.input) };
        let number = input.blocks;
        match self.read(open, &mut input, block) {
            Ok(Next::Block) => input.blocks += 1,
            Ok(Next::End) => {
                input.reader = Reader::Ended;
                drop(input);
                self.settle(open, |output| output.blocks = Some(number));
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
        self.bytes.fetch_add(block.content_bytes(), Ordering::Relaxed);
        match self.job.make(thread, open.shard, block) {
            Ok(made) => self.settle(open, |output| {
                output.early.insert(number, made);
            }),
            Err(error) => self.fail(open, number, error),
        }
        true
    }

    fn read(&self, open: &Open<J>, input: &mut Input, block: &mut Block) -> Result<Next, Error> {
        if matches!(input.reader, Reader::Ended) || self.has_failed(open.shard) {
            return Ok(Next::Nothing);
        }
        if matches!(input.reader, Reader::Closed) {
            let reader = self.job.open(open.shard, self.shards, self.progress)?;
            open.busy_reading.store(reader.reread() == Reread::Costly, Ordering::Relaxed);
            lock(&open.output).gathered = Some(self.job.begin(open.shard, &reader)?);
            input.reader = Reader::Open(reader);
        }
        self.wait_for_gathering(open, input.blocks);
        match &mut input.reader {
            Reader::Open(reader) => Ok(if reader.next_block(block)? { Next::Block } else { Next::End }),
            Reader::Closed | Reader::Ended => Ok(Next::Nothing),
        }
    }

    /// Waits until block `number` is not too far ahead of the last one gathered: what waits for its turn
    /// takes memory.
    fn wait_for_gathering(&self, open: &Open<J>, number: u64) {
        let ahead = 4 * open.threads.load(Ordering::Relaxed) as u64;
        let mut output = lock(&open.output);
        while number > output.next + ahead && !self.has_failed(open.shard) {
            let waited = open.gathered.wait_timeout(output, Duration::from_millis(100));
            output = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Notes something of a shard's output and gathers all blocks whose turn it is.
    fn settle(&self, open: &Open<J>, note: impl FnOnce(&mut Output<J>)) {
        let mut output = lock(&open.output);
        note(&mut output);
        let gathered = self.gather(&mut output);
        let at = output.next;
        drop(output);
        open.gathered.notify_all();
        if let Err(error) = gathered {
            self.fail(open, at, error);
        }
    }

    fn gather(&self, output: &mut Output<J>) -> Result<(), Error> {
        let Output { gathered, next, early, blocks } = output;
        let Some(into) = gathered else { return Ok(()) };
        while let Some(made) = early.remove(next) {
            self.job.gather(into, made)?;
            *next += 1;
        }
        match (*blocks == Some(*next)).then(|| gathered.take()).flatten() {
            Some(complete) => self.job.end(complete),
            None => Ok(()),
        }
    }

    fn has_failed(&self, shard: usize) -> bool {
        shard >= self.stop.load(Ordering::Relaxed)
    }

    fn fail(&self, open: &Open<J>, block: u64, error: Error) {
        let at = (open.shard, block);
        let mut failure = lock(&self.failure);
        if failure.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
            *failure = Some((at, error));
        }
        self.stop.fetch_min(open.shard, Ordering::Relaxed);
    }
}

impl<J: Job> Open<J> {
    fn new(shard: usize) -> Self {
        Open {
            shard,
            threads: AtomicUsize::new(0),
            input: Mutex::new(Input { reader: Reader::Closed, blocks: 0 }),
            busy_reading: AtomicBool::new(false),
            output: Mutex::new(Output { gathered: None, next: 0, early: BTreeMap::new(), blocks: None }),
            gathered: Condvar::new(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
