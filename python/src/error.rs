//! The library's errors as Python exceptions.

use std::path::Path;

use dsir::ErrorKind;
use dsir::cli::Failure;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `dsir.Error`, or `dsir.OptionError` for options that make no sense.
pub(crate) fn of_failure(py: Python<'_>, failure: &Failure) -> PyErr {
    match failure.error() {
        Some(error) => raised(py, error, &failure.words(), failure.resumable()),
        None => new(py, "OptionError", &failure.words(), |_| Ok(())),
    }
}

/// The same for an error of the library.
pub(crate) fn of(py: Python<'_>, error: impl Into<dsir::Error>) -> PyErr {
    of_failure(py, &Failure::from(error.into()))
}

/// The same in the error's own words, without what to pass: for functions that have no options.
pub(crate) fn plain(py: Python<'_>, error: impl Into<dsir::Error>) -> PyErr {
    let error = error.into();
    raised(py, &error, &error.to_string(), None)
}

/// `dsir.OptionError` if a path is `-`, which is the command line's name for standard input and output.
pub(crate) fn refuse_dash(py: Python<'_>, path: &Path) -> PyResult<()> {
    let words = "`-` is the command line's standard input and output; pass a path";
    if path == Path::new("-") { Err(new(py, "OptionError", words, |_| Ok(()))) } else { Ok(()) }
}

/// `dsir.Error` for a text that Python has given, by its number.
pub(crate) fn of_text(py: Python<'_>, row: usize, what: &str) -> PyErr {
    new(py, "Error", &format!("text {row}: {what}"), |kwargs| kwargs.set_item("kind", "invalid_record"))
}

/// `dsir.Error` for Arrow data that are broken, or whose maker has failed.
pub(crate) fn of_arrow(py: Python<'_>, what: &str) -> PyErr {
    new(py, "Error", &format!("Arrow data: {what}"), |kwargs| kwargs.set_item("kind", "invalid_file"))
}

/// `dsir.Error` for a file that cannot be read or written.
pub(crate) fn of_io(py: Python<'_>, path: &Path, error: &std::io::Error) -> PyErr {
    new(py, "Error", &format!("{}: {error}", path.display()), |kwargs| {
        kwargs.set_item("kind", "io")?;
        kwargs.set_item("path", path.as_os_str())
    })
}

fn raised(py: Python<'_>, error: &dsir::Error, words: &str, resumable: Option<&Path>) -> PyErr {
    let kind = match error.kind() {
        ErrorKind::InvalidOptions => "invalid_options",
        ErrorKind::Impossible => "impossible",
        ErrorKind::InvalidRecord => "invalid_record",
        ErrorKind::InvalidFile => "invalid_file",
        ErrorKind::UnknownVersion => "unknown_version",
        ErrorKind::Mismatch => "mismatch",
        ErrorKind::Changed => "changed",
        ErrorKind::Io => "io",
        ErrorKind::Busy => "busy",
        ErrorKind::ClosedPipe => "closed_pipe",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Engine => "engine",
        _ => "other",
    };
    let class = if error.kind() == ErrorKind::InvalidOptions { "OptionError" } else { "Error" };
    new(py, class, words, |kwargs| {
        kwargs.set_item("kind", kind)?;
        kwargs.set_item("path", error.path().map(Path::as_os_str))?;
        kwargs.set_item("line", error.line())?;
        kwargs.set_item("byte", error.byte())?;
        kwargs.set_item("resumable", resumable.map(Path::as_os_str))
    })
}

/// An exception of the package, which translates the words of the command line.
fn new(
    py: Python<'_>,
    class: &str,
    words: &str,
    set: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let kwargs = PyDict::new(py);
    let made = set(&kwargs).and_then(|()| {
        let module = py.import("dsir._errors")?;
        let words = module.getattr("in_python")?.call1((words,))?;
        module.getattr(class)?.call((words,), Some(&kwargs))
    });
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
