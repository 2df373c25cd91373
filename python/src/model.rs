//! `dsir.Model`: a model in memory, which weighs texts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dsir::cli::punkt_folder;
use dsir::density::{LogRatios, Model as Counted, RawCounts, Target};
use dsir::featurizer::{Featurizers, Hash, Tokenizer};
use dsir::weights::weigh_texts;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use rayon::prelude::*;

use crate::error;
use crate::pool::pool;
use crate::texts::{Content, Source};

/// What was counted of a raw corpus and of targets; see `dsir/_dsir.pyi`.
#[pyclass(module = "dsir", frozen)]
pub(crate) struct Model {
    counted: Counted,
    punkt: Option<PathBuf>,
    /// What it weighs with, once it has weighed.
    ready: OnceLock<Ready>,
}

struct Ready {
    featurizers: Featurizers,
    log_ratios: LogRatios,
}

impl Model {
    fn new(counted: Counted, punkt: Option<PathBuf>) -> Self {
        Model { counted, punkt, ready: OnceLock::new() }
    }

    fn featurizers(&self) -> Result<Featurizers, dsir::Error> {
        let folder = punkt_folder(self.punkt.as_deref());
        Ok(Featurizers::open(self.counted.space, folder.as_deref())?)
    }

    fn ready(&self, py: Python<'_>) -> PyResult<&Ready> {
        if let Some(ready) = self.ready.get() {
            return Ok(ready);
        }
        let made = py.detach(|| -> Result<Ready, dsir::Error> {
            Ok(Ready { log_ratios: self.counted.log_ratios()?, featurizers: self.featurizers()? })
        });
        let made = made.map_err(|failed| error::of(py, failed))?;
        Ok(self.ready.get_or_init(|| made))
    }

    fn content(&self) -> Content {
        match self.counted.space.tokenizer {
            Tokenizer::Ids => Content::Ids,
            _ => Content::Text,
        }
    }

    fn json(&self) -> std::io::Result<Vec<u8>> {
        let mut json = Vec::new();
        self.counted.write(&mut json)?;
        Ok(json)
    }

    pub(crate) fn counted(&self) -> &Counted {
        &self.counted
    }
}

fn of_target(target: &Target) -> String {
    let Target { name, counts, refined } = target;
    let refined = if refined.is_some() { ", refined" } else { "" };
    format!("{name} ({} documents, {} tokens{refined})", counts.documents, counts.tokens)
}

fn of_raw(raw: &RawCounts) -> String {
    let sampled = if raw.first_level > 0 { ", sampled" } else { "" };
    format!("{} documents{sampled}", raw.documents_read)
}

#[pymethods]
impl Model {
    #[staticmethod]
    #[pyo3(signature = (path, *, punkt=None))]
    fn load(py: Python<'_>, path: PathBuf, punkt: Option<PathBuf>) -> PyResult<Self> {
        let read = py.detach(|| Counted::read(&path));
        Ok(Model::new(read.map_err(|failed| error::of(py, failed))?, punkt))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let saved = py.detach(|| {
            let json = self.json()?;
            Ok(dsir::jobs::write_whole(&path, &json))
        });
        let saved: std::io::Result<_> = saved;
        let saved = saved.map_err(|failed| error::of_io(py, &path, &failed))?;
        saved.map_err(|failed| error::of(py, failed))
    }

    #[pyo3(signature = (*others, add_targets=false))]
    fn merge(&self, py: Python<'_>, others: &Bound<'_, PyTuple>, add_targets: bool) -> PyResult<Self> {
        let mut counted = self.counted.clone();
        for other in others {
            let other: PyRef<'_, Model> = other.extract()?;
            let merged = counted.merge(other.counted.clone(), add_targets);
            merged.map_err(|failed| error::of(py, failed))?;
        }
        Ok(Model::new(counted, self.punkt.clone()))
    }

    #[pyo3(signature = (texts, *, text_field="text", threads=None))]
    fn log_weights<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = texts.py();
        let Ready { featurizers, log_ratios } = self.ready(py)?;
        let pool = pool(py, threads)?;
        let mut source = Source::new(texts, text_field, self.content())?;
        let mut log_weights: Vec<f64> = Vec::new();
        while let Some(batch) = source.next(py)? {
            let weighed = py.detach(|| pool.install(|| weigh_texts(batch.texts(), featurizers, log_ratios)));
            log_weights.extend(weighed.log_weights);
            py.check_signals()?;
        }
        let targets = log_ratios.targets();
        let rows = log_weights.len() / targets;
        let array = PyArray1::from_vec(py, log_weights);
        Ok(if targets == 1 { array.into_any() } else { array.reshape([rows, targets])?.into_any() })
    }

    #[pyo3(signature = (texts, *, text_field="text", threads=None))]
    fn tokens<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let py = texts.py();
        // A partial model knows how to split a text, too.
        let featurizers = self.featurizers().map_err(|failed| error::of(py, failed))?;
        let pool = pool(py, threads)?;
        let mut source = Source::new(texts, text_field, self.content())?;
        let mut tokens: Vec<i64> = Vec::new();
        while let Some(batch) = source.next(py)? {
            py.detach(|| {
                pool.install(|| {
                    let counted = batch.texts().par_iter().with_min_len(64).map_init(
                        || featurizers.featurizer(),
                        |featurizer, text| featurizer.featurize(text.as_ref(), |_| ()) as i64,
                    );
                    tokens.par_extend(counted);
                });
            });
            py.check_signals()?;
        }
        Ok(PyArray1::from_vec(py, tokens))
    }

    #[getter]
    fn targets(&self) -> Vec<&str> {
        self.counted.targets.iter().map(|target| &target.name[..]).collect()
    }

    #[getter]
    fn tokenizer(&self) -> String {
        self.counted.space.tokenizer.to_string()
    }

    #[getter]
    fn ngrams(&self) -> u8 {
        self.counted.space.ngrams
    }

    #[getter]
    fn buckets(&self) -> u32 {
        self.counted.space.buckets
    }

    #[getter]
    fn hash(&self) -> &'static str {
        match self.counted.space.hash {
            Hash::Dsir1 => "dsir1",
            Hash::Sha256 => "sha256",
        }
    }

    #[getter]
    fn smoothing(&self) -> f64 {
        self.counted.smoothing
    }

    #[getter]
    fn is_refined(&self) -> bool {
        self.counted.targets.iter().any(|target| target.refined.is_some())
    }

    #[getter]
    fn raw_documents(&self) -> Option<u64> {
        self.counted.raw.as_ref().map(|raw| raw.documents_read)
    }

    #[getter]
    fn fingerprint(&self) -> String {
        format!("{:016x}", self.counted.fingerprint())
    }

    fn __repr__(&self) -> String {
        let targets: Vec<String> = self.counted.targets.iter().map(of_target).collect();
        let raw = self.counted.raw.as_ref().map_or("not counted".to_owned(), of_raw);
        let targets = if targets.is_empty() { "none".to_owned() } else { targets.join(", ") };
        format!("<dsir.Model: {}; raw {raw}; targets: {targets}>", self.counted.space)
    }

    fn __eq__(&self, other: &Model) -> bool {
        self.counted == other.counted
    }

    fn __hash__(&self) -> u64 {
        self.counted.fingerprint()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let load = py.get_type::<Model>().getattr("_of_json")?;
        let json = self.json().map_err(|failed| PyValueError::new_err(failed.to_string()))?;
        let punkt = self.punkt.as_ref().map(|folder| OsString::from(folder.as_os_str()));
        Ok((load, (PyBytes::new(py, &json), punkt).into_pyobject(py)?))
    }

    #[staticmethod]
    fn _of_json(py: Python<'_>, json: &[u8], punkt: Option<PathBuf>) -> PyResult<Self> {
        let counted =
            Counted::of_json(json, Path::new("a pickled model")).map_err(|failed| error::of(py, failed))?;
        Ok(Model::new(counted, punkt))
    }
}
