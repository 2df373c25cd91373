//! Work that goes on in a thread of its own while this one, Python's, looks for signals.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use dsir::{Error, Observer};
use pyo3::prelude::*;

use crate::error;

/// So often it is looked whether there was a signal.
const PERIOD: Duration = Duration::from_millis(50);

/// Does `work` without the interpreter's lock, and calls `look` now and then, the last time when it is done. If there
/// was a signal, or `look` has raised an exception, `observer` is cancelled and the work waited for.
///
/// # Errors
/// The exception of a signal or of `look`.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    observer: &Observer,
    work: impl FnOnce() -> T + Send,
    mut look: impl FnMut() -> PyResult<()>,
) -> PyResult<T> {
    thread::scope(|scope| {
        let (working, mut wait) = channel::<()>();
        let work = move || {
            // It is dropped when the work is done, even by a panic.
            let _working = working;
            work()
        };
        let started = thread::Builder::new().name("dsir".into()).spawn_scoped(scope, work);
        let worker = started.map_err(|failed| error::of(py, Error::Threads(failed.to_string())))?;
        let mut raised = None;
        loop {
            let receiver = &mut wait;
            let waited = py.detach(move || receiver.recv_timeout(PERIOD));
            if raised.is_none() {
                raised = py.check_signals().and_then(|()| look()).err();
                if raised.is_some() {
                    observer.cancel();
                }
            }
            if waited != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        let done = py.detach(|| worker.join());
        match (done, raised) {
            (Err(panic), _) => resume_unwind(panic),
            (Ok(_), Some(raised)) => Err(raised),
            (Ok(done), None) => Ok(done),
        }
    })
}
