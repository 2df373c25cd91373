//! The hidden module `dsir._dsir`: the library of dsir for the Python package around it.
//!
//! It turns Python's values into the library's and back, releases the interpreter's lock while the library works, and
//! looks for signals. What users see is in `dsir/`; the comments of what is exported here are its documentation in
//! Python, and `dsir/_dsir.pyi` is made of them.

mod arrow;
mod batches;
mod draw;
mod engine;
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
mod watch;

/// The library of dsir for the Python package around it.
#[pyo3::pymodule(gil_used = false)]
mod _dsir {
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "it is Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::{
        draw::{draw, gumbel},
        engine::do_piece,
        ids::hash_ids,
        job::{main, run},
        model::Model,
        ngrams::{HashedNgrams, word_tokenize},
        options::options,
        records::{JsonlLines, JsonlTexts, write_records},
        spool::spool,
        texts::Texts,
    };
}
