//! Batches of texts on their way through the threads: while some are worked on, Python gives the next.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};

use pyo3::prelude::*;
use rayon::ThreadPool;

use crate::texts::{Batch, Source, Text};

/// So many batches are worked on at a time, so that no thread waits for the end of one, or for Python.
const UNDER_WAY: usize = 2;

/// Does `work` with the texts of every batch, in the threads of the pool and without the interpreter's lock, and gives
/// what comes of it to `take`, in order.
///
/// # Errors
/// Those of the texts and of `take`; a signal.
pub(crate) fn each_batch<T: Send>(
    py: Python<'_>,
    pool: &ThreadPool,
    source: &mut Source,
    work: impl Fn(&[Text]) -> T + Sync,
    mut take: impl FnMut(T) -> PyResult<()>,
) -> PyResult<()> {
    pool.in_place_scope(|scope| {
        let mut under_way = VecDeque::new();
        let mut all = || {
            let mut is_over = false;
            while !(is_over && under_way.is_empty()) {
                if !is_over && under_way.len() < UNDER_WAY {
                    match source.next(py)? {
                        None => is_over = true,
                        Some(batch) => {
                            let (send, receive) = channel::<(T, Batch)>();
                            let work = &work;
                            scope.spawn(move |_| {
                                let done = work(batch.texts());
                                // The batch goes back to be dropped there, under the lock; somebody waits for it.
                                send.send((done, batch)).unwrap_or_default();
                            });
                            under_way.push_back(receive);
                        }
                    }
                } else if let Some(receive) = under_way.pop_front() {
                    // Nothing comes of work that has panicked; leaving the scope goes on with the panic.
                    let Some((done, _batch)) = wait(py, receive) else { return Ok(()) };
                    take(done)?;
                    py.check_signals()?;
                }
            }
            Ok(())
        };
        let done = all();
        // After an error too, batches are waited for without the lock and dropped under it: the scope would wait with
        // it, and a thread that drops what belongs to Python may need it.
        under_way.into_iter().for_each(|receive| drop(wait(py, receive)));
        done
    })
}

/// What comes of a batch, and the batch; `None` if the work has panicked.
fn wait<T: Send>(py: Python<'_>, receive: Receiver<(T, Batch)>) -> Option<(T, Batch)> {
    py.detach(move || receive.into_iter().next())
}
