//! The commands, watched from Python.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use dsir::cli::{self, Failure, Outcome};
use dsir::resample::SelectedRecord;
use dsir::{Error, Observer};
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::error;

/// What a command tells while it runs.
enum News {
    Warning(String),
    Done,
}

/// So often it is looked whether there was a signal, and how far the job is.
const PERIOD: Duration = Duration::from_millis(50);

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// The shards, and for each draw the shard, the row and the target of each record.
type Selected<'py> = (Vec<PathBuf>, Vec<(Array<'py, i64>, Array<'py, i64>, Array<'py, i64>)>);

/// Run a command: its report as JSON and in words, what it prints, and what it selected but did not write: the paths of
/// the shards, and for each draw the shard, the row and the target of each record.
#[pyfunction]
#[pyo3(signature = (args: "Sequence[str]", on_warning: "Callable[[str], object]",
                    on_progress: "Callable[[str, int, int | None], object] | None")
       -> "tuple[str, str, str, tuple[list[str], list[tuple[npt.NDArray[np.int64], ...]]] | None]")]
pub(crate) fn run<'py>(
    py: Python<'py>,
    args: Vec<OsString>,
    on_warning: &Bound<'py, PyAny>,
    on_progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(String, String, String, Option<Selected<'py>>)> {
    let (tell, news) = channel();
    let warn = Mutex::new(tell.clone());
    let observer = Observer::new(move |warning| {
        let tell = warn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Once the caller has stopped listening, the warning is in the report all the same.
        tell.send(News::Warning(cli::words_of(warning))).unwrap_or_default();
    });
    let job = observer.clone();
    let work = move || {
        let done = cli::run(args, &job);
        tell.send(News::Done).unwrap_or_default();
        done
    };
    let started = thread::Builder::new().name("dsir".into()).spawn(work);
    let worker = started.map_err(|failed| error::of(py, Error::Threads(failed.to_string())))?;

    let mut interrupted = None;
    let mut news = Some(news);
    while let Some(receiver) = &mut news {
        let receiver = &mut *receiver;
        let heard = py.detach(move || receiver.recv_timeout(PERIOD));
        let told = match &heard {
            Ok(News::Warning(words)) => on_warning.call1((words,)).map(drop),
            Ok(News::Done) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => py.check_signals(),
        };
        let told = told.and_then(|()| {
            let Some(on_progress) = on_progress else { return Ok(()) };
            let (stage, done) = observer.now();
            on_progress.call1((stage.name, done, stage.total)).map(drop)
        });
        if let Err(raised) = told {
            observer.cancel();
            interrupted = Some(raised);
            news = None;
        }
    }
    let done = py.detach(|| worker.join());
    if let Some(raised) = interrupted {
        return Err(raised);
    }
    match done {
        Ok(done) => outcome(py, done),
        // The message went to standard error; it is a bug.
        Err(_) => Err(pyo3::panic::PanicException::new_err("dsir panicked; please report it")),
    }
}

fn outcome(
    py: Python<'_>,
    done: Result<Outcome, Failure>,
) -> PyResult<(String, String, String, Option<Selected<'_>>)> {
    let done = done.map_err(|failure| error::of_failure(py, &failure))?;
    let Outcome { report, told, printed, selected, shards } = done;
    let selected =
        selected.map(|draws| (shards, draws.iter().map(|records| arrays(py, records)).collect::<Vec<_>>()));
    Ok((report.to_string(), told.join("\n"), printed, selected))
}

fn arrays<'py>(
    py: Python<'py>,
    records: &[SelectedRecord],
) -> (Array<'py, i64>, Array<'py, i64>, Array<'py, i64>) {
    let column =
        |of: fn(&SelectedRecord) -> usize| PyArray1::from_iter(py, records.iter().map(|r| of(r) as i64));
    let rows = PyArray1::from_iter(py, records.iter().map(|record| record.position.record as i64));
    (column(|record| record.position.shard), rows, column(|record| record.target))
}

/// The program; returns its exit code.
#[pyfunction]
#[pyo3(signature = (args: "Sequence[str]") -> "int")]
pub(crate) fn main(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| cli::main(args))
}
