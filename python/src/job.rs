//! The commands, watched from Python.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use dsir::cli::{self, Outcome};
use dsir::resample::SelectedRecord;
use dsir::{Engine, Observer};
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::engine::PythonEngine;
use crate::error;
use crate::watch::watched;

type Array<'py> = Bound<'py, PyArray1<i64>>;
/// The shard, the row and the target of each record.
type Records<'py> = (Array<'py>, Array<'py>, Array<'py>);
/// The report as JSON and in words, what is printed, and the shards and the records of each draw.
type Done<'py> = (String, String, String, Option<(Vec<PathBuf>, Vec<Records<'py>>)>);

/// Run a command: its report as JSON and in words, what it prints, and what it selected but did not write: the paths of
/// the shards, and for each draw the shard, the row and the target of each record.
#[pyfunction]
#[pyo3(signature = (args: "Sequence[str]", on_warning: "Callable[[str], object]",
                    on_progress: "Callable[[str, int, int | None], object] | None",
                    engine: "Engine | None"=None)
       -> "tuple[str, str, str, tuple[list[str], list[tuple[npt.NDArray[np.int64], ...]]] | None]")]
pub(crate) fn run<'py>(
    py: Python<'py>,
    args: Vec<OsString>,
    on_warning: &Bound<'py, PyAny>,
    on_progress: Option<&Bound<'py, PyAny>>,
    engine: Option<Py<PyAny>>,
) -> PyResult<Done<'py>> {
    let engine = shared(engine);
    let (tell, warnings) = channel();
    let tell = Mutex::new(tell);
    let observer = Observer::new(move |warning| {
        let tell = tell.lock().unwrap_or_else(PoisonError::into_inner);
        // Once nobody listens any more, the warning is in the report all the same.
        tell.send(cli::words_of(warning)).unwrap_or_default();
    });
    let look = || {
        for words in warnings.try_iter() {
            on_warning.call1((words,))?;
        }
        if let Some(on_progress) = on_progress {
            let (stage, done) = observer.now();
            on_progress.call1((stage.name, done, stage.total))?;
        }
        Ok(())
    };
    let done = watched(py, &observer, || cli::run_on(engine.as_ref(), args, &observer), look)?;
    let Outcome { report, told, printed, selected, shards, .. } =
        done.map_err(|failure| error::of_failure(py, &failure))?;
    let records = |draws: Vec<Vec<SelectedRecord>>| draws.iter().map(|records| arrays(py, records)).collect();
    let selected = selected.map(|draws| (shards, records(draws)));
    Ok((report.to_string(), told.join("\n"), printed, selected))
}

fn arrays<'py>(py: Python<'py>, records: &[SelectedRecord]) -> Records<'py> {
    let shards = records.iter().map(|record| record.position.shard as i64);
    let rows = records.iter().map(|record| record.position.record as i64);
    let targets = records.iter().map(|record| record.target as i64);
    (PyArray1::from_iter(py, shards), PyArray1::from_iter(py, rows), PyArray1::from_iter(py, targets))
}

/// The program; returns its exit code.
#[pyfunction]
#[pyo3(signature = (args: "Sequence[str]", engine: "Engine | None"=None) -> "int")]
pub(crate) fn main(py: Python<'_>, args: Vec<OsString>, engine: Option<Py<PyAny>>) -> u8 {
    let engine = shared(engine);
    py.detach(|| cli::main_on(engine.as_ref(), args))
}

fn shared(engine: Option<Py<PyAny>>) -> Option<Arc<dyn Engine>> {
    engine.map(|engine| Arc::new(PythonEngine(engine)) as Arc<dyn Engine>)
}
