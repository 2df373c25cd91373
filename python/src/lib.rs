//! The hidden module `dsir._dsir`: the library of dsir for the Python package around it.
//!
//! It turns Python's values into the library's and back, releases the interpreter's lock while the library works, and
//! looks for signals. What users see, and its documentation, is in `dsir/`.

use pyo3::prelude::*;

mod arrow;
mod draw;
mod error;
mod ids;
mod job;
mod model;
mod ngrams;
mod options;
mod pool;
mod records;
mod spool;
mod texts;

#[pymodule]
fn _dsir(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_class::<ngrams::HashedNgrams>()?;
    module.add_class::<records::JsonlTexts>()?;
    module.add_class::<texts::Texts>()?;
    module.add_function(wrap_pyfunction!(draw::draw, module)?)?;
    module.add_function(wrap_pyfunction!(draw::gumbel, module)?)?;
    module.add_function(wrap_pyfunction!(ids::hash_ids, module)?)?;
    module.add_function(wrap_pyfunction!(job::main, module)?)?;
    module.add_function(wrap_pyfunction!(job::run, module)?)?;
    module.add_function(wrap_pyfunction!(ngrams::word_tokenize, module)?)?;
    module.add_function(wrap_pyfunction!(options::options, module)?)?;
    module.add_function(wrap_pyfunction!(records::write_records, module)?)?;
    module.add_function(wrap_pyfunction!(spool::spool, module)?)?;
    Ok(())
}
