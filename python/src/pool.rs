//! Threads for what is done in memory: one pool for all calls of the process that ask for the same number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dsir::Error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error;

struct Pools {
    /// The process that has started them: the threads of a parent are not there after a fork.
    process: u32,
    by_threads: HashMap<usize, Arc<ThreadPool>>,
}

static POOLS: Mutex<Option<Pools>> = Mutex::new(None);

/// The pool of so many threads, but no more than there are processors; `None`: as many as the machine and its cgroup
/// allow.
pub(crate) fn pool(py: Python<'_>, threads: Option<usize>) -> PyResult<Arc<ThreadPool>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.unwrap_or(processors).min(processors);
    if threads == 0 {
        return Err(PyValueError::new_err("threads must be at least 1"));
    }
    // Nothing of Python's is done while the pools are locked.
    get_or_build(threads).map_err(|failed| error::of(py, Error::Threads(failed)))
}

fn get_or_build(threads: usize) -> Result<Arc<ThreadPool>, String> {
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if pools.as_ref().is_some_and(|pools| pools.process != process) {
        // Dropping them would talk to threads that do not exist.
        std::mem::forget(pools.take());
    }
    let pools = pools.get_or_insert_with(|| Pools { process, by_threads: HashMap::new() });
    if let Some(pool) = pools.by_threads.get(&threads) {
        return Ok(Arc::clone(pool));
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().map_err(|failed| failed.to_string())?;
    let pool = Arc::new(pool);
    pools.by_threads.insert(threads, Arc::clone(&pool));
    Ok(pool)
}
