//! What a row is known by: the hash of its id.

use std::borrow::Cow;

use dsir::reader::content_hash;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// The content hash of each id: of a string its UTF-8, of an integer its decimal digits.
#[pyfunction]
#[pyo3(signature = (ids: "Iterable[str] | Iterable[int] | npt.NDArray[Any]") -> "npt.NDArray[np.uint64]")]
pub(crate) fn hash_ids<'py>(ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let py = ids.py();
    if let Ok(numbers) = ids.extract::<PyReadonlyArray1<'py, i64>>() {
        return Ok(PyArray1::from_vec(py, of_numbers(py, numbers.as_slice()?)));
    }
    if let Ok(numbers) = ids.extract::<PyReadonlyArray1<'py, u64>>() {
        return Ok(PyArray1::from_vec(py, of_numbers(py, numbers.as_slice()?)));
    }
    let mut hashes = Vec::new();
    for (row, id) in ids.try_iter()?.enumerate() {
        let id = id?;
        if row % (1 << 14) == 0 {
            py.check_signals()?;
        }
        let text: Cow<'_, str> = match id.cast::<PyString>() {
            Ok(text) => Cow::Owned(text.to_str()?.to_owned()),
            // An index, as Python calls it: an int or a NumPy integer, but not a float.
            Err(_) => match id.call_method0("__index__").and_then(|number| Ok(number.str()?.to_string())) {
                Ok(digits) => Cow::Owned(digits),
                Err(_) => {
                    let kind = id.get_type().name()?;
                    return Err(PyTypeError::new_err(format!(
                        "ids[{row}] is a {kind}, neither a str nor an int"
                    )));
                }
            },
        };
        hashes.push(content_hash(text.as_bytes()));
    }
    Ok(PyArray1::from_vec(py, hashes))
}

fn of_numbers<T: ToString + Sync>(py: Python<'_>, numbers: &[T]) -> Vec<u64> {
    py.detach(|| numbers.iter().map(|number| content_hash(number.to_string().as_bytes())).collect())
}
