//! Engines written in Python: they run pieces of a job on other machines.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dsir::{Engine, EngineError, Observer, cli, jobs};
use pyo3::prelude::*;

use crate::error;
use crate::watch::watched;

/// An object with the methods of `dsir._engine.Engine`.
pub(crate) struct PythonEngine(pub(crate) Py<PyAny>);

impl PythonEngine {
    fn call<T>(
        &self,
        call: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
    ) -> Result<T, EngineError> {
        Python::attach(|py| call(self.0.bind(py)).map_err(|raised| EngineError(raised.to_string())))
    }
}

impl Engine for PythonEngine {
    fn piece_bytes(&self, corpus: u64) -> u64 {
        let asked = self.call(|engine| engine.getattr("piece_bytes")?.extract::<Option<u64>>());
        asked.ok().flatten().unwrap_or_else(|| dsir::piece_bytes(corpus))
    }

    fn places(&self) -> Result<usize, EngineError> {
        self.call(|engine| engine.call_method0("places")?.extract())
    }

    fn begin(&self, piece: &Path) -> Result<(), EngineError> {
        self.call(|engine| engine.call_method1("begin", (piece.as_os_str(),)).map(drop))
    }

    fn ended(&self) -> Result<Vec<PathBuf>, EngineError> {
        self.call(|engine| engine.call_method0("ended")?.extract())
    }

    fn stop(&self) {
        // There is nobody to tell.
        self.call(|engine| engine.call_method0("stop").map(drop)).unwrap_or_default();
    }
}

/// Do a piece of a job's work, which is written down in the file ``path``, with so many threads.
#[pyfunction]
#[pyo3(signature = (path: "Path", threads: "int") -> "None")]
pub(crate) fn do_piece(py: Python<'_>, path: OsString, threads: usize) -> PyResult<()> {
    let observer = Observer::default();
    let piece = PathBuf::from(path);
    let work = || jobs::do_piece(&piece, threads, &cli::words_of_error, &observer);
    watched(py, &observer, work, || Ok(()))?.map_err(|failed| error::of(py, failed))
}
