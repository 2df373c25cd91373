//! `dsir.Model`: a model in memory, which weighs texts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dsir::cli::punkt_folder;
use dsir::density::{Learned, LogRatios, Model as Counted, RawCounts, Target};
use dsir::explain::Explanation;
use dsir::featurizer::{Featurizer, Featurizers, Hash, Tokenizer};
use dsir::jobs::ExplainedDocument;
use dsir::weights::{WeighedTexts, weigh_texts};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use rayon::prelude::*;

use crate::batches::each_batch;
use crate::error;
use crate::pool::pool;
use crate::texts::{Content, Source, Text};

/// What was counted of a raw corpus and of targets, and the log weights that follow from it.
///
/// :func:`dsir.fit` makes one. It may be partial, raw counts or targets alone: :meth:`merge` joins such models, so that
/// parts of a corpus can be counted anywhere. Models can be pickled and compared; the pickle holds the JSON of a model
/// file and no code.
///
///     >>> model = dsir.fit(["tax form", "the sea"], ["the tide of the sea"])
///     >>> model.log_weights(["the sea", "tax form"]).round(1)
///     array([ -0.5, -49.9])
///     >>> model.tokens(["a sea", "one two, three"])
///     array([2, 4])
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

    fn weigh(
        &self,
        texts: &Bound<'_, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<WeighedTexts> {
        let py = texts.py();
        let Ready { featurizers, log_ratios } = self.ready(py)?;
        let pool = pool(py, threads)?;
        let mut source = Source::new(texts, text_field, self.content())?;
        let mut all = WeighedTexts::default();
        let weigh = |texts: &[Text]| weigh_texts(texts, featurizers, log_ratios);
        each_batch(py, &pool, &mut source, weigh, |some| {
            all.log_weights.extend(some.log_weights);
            all.tokens.extend(some.tokens);
            Ok(())
        })?;
        Ok(all)
    }

    /// Numbers for each text and target, as an array that has a dimension for several targets alone.
    fn by_target<'py>(&self, py: Python<'py>, numbers: Vec<f64>) -> PyResult<Bound<'py, PyAny>> {
        let targets = self.counted.targets.len();
        let rows = numbers.len() / targets.max(1);
        let array = PyArray1::from_vec(py, numbers);
        Ok(if targets == 1 { array.into_any() } else { array.reshape([rows, targets])?.into_any() })
    }

    pub(crate) fn counted(&self) -> &Counted {
        &self.counted
    }
}

/// So many texts are a task.
const TASK: usize = 64;

fn of_target(target: &Target) -> String {
    let Target { name, counts, learned } = target;
    let learned = match learned {
        Some(Learned::Refined(_)) => ", refined",
        Some(Learned::Classifier(_)) => ", classifier",
        None => "",
    };
    format!("{name} ({} documents, {} tokens{learned})", counts.documents, counts.tokens)
}

fn of_raw(raw: &RawCounts) -> String {
    let sampled = if raw.first_level > 0 { ", sampled" } else { "" };
    format!("{} documents{sampled}", raw.documents_read)
}

#[pymethods]
impl Model {
    /// Read a model file.
    ///
    /// Args:
    ///     path: The file, as :meth:`save`, :func:`dsir.fit` or ``dsir fit`` has written it.
    ///     punkt: The folder of NLTK's sentence model, for the tokenizer ``word_tokenize``; by default it is looked for
    ///         where NLTK would.
    ///
    /// Raises:
    ///     Error: A file that cannot be read, is no model, or is of a later version.
    #[staticmethod]
    #[pyo3(signature = (path: "Path", *, punkt: "Path | None" = None) -> "Model")]
    fn load(py: Python<'_>, path: PathBuf, punkt: Option<PathBuf>) -> PyResult<Self> {
        error::refuse_dash(py, &path)?;
        let read = py.detach(|| Counted::read(&path));
        Ok(Model::new(read.map_err(|failed| error::of(py, failed))?, punkt))
    }

    /// Write the model as a file, which appears whole or not at all.
    ///
    /// Raises:
    ///     Error: What the system says.
    #[pyo3(signature = (path: "Path"))]
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        error::refuse_dash(py, &path)?;
        let saved = py.detach(|| {
            let json = self.json()?;
            Ok(dsir::jobs::write_whole(&path, &json))
        });
        let saved: std::io::Result<_> = saved;
        let saved = saved.map_err(|failed| error::of_io(py, &path, &failed))?;
        saved.map_err(|failed| error::of(py, failed))
    }

    /// The model of all that this one and the others have counted.
    ///
    /// Raw counts are added; a target that is the same in several is kept once.
    ///
    /// Args:
    ///     add_targets: Add up targets that have one name and differ, which is an error otherwise.
    ///
    /// Raises:
    ///     Error: Models of different feature spaces or options; refined models.
    #[pyo3(signature = (*others: "Model", add_targets: "bool" = false) -> "Model")]
    fn merge(&self, py: Python<'_>, others: &Bound<'_, PyTuple>, add_targets: bool) -> PyResult<Self> {
        let mut counted = self.counted.clone();
        for other in others {
            let other: PyRef<'_, Model> = other.extract()?;
            let merged = counted.merge(other.counted.clone(), add_targets);
            merged.map_err(|failed| error::of(py, failed))?;
        }
        Ok(Model::new(counted, self.punkt.clone()))
    }

    /// How much likelier each text is under the target than under raw, in nats: the sum over its n-grams.
    ///
    /// The same bits on every machine, and as ``dsir weigh`` gives them. (DSIR, section 3: log p_target − log p_raw.)
    ///
    /// Args:
    ///     texts: Strings, records with a text, or Arrow data, which is not copied. For the tokenizer ``ids``, lists of
    ///         integers.
    ///     text_field: The column of a table, or the field of records.
    ///     threads: At most so many; by default what the machine and its cgroup allow.
    ///
    /// Returns:
    ///     Shape (texts,), or (texts, targets) if the model has several; float64.
    ///
    /// Raises:
    ///     Error: A partial model; a text that is null or has a lone surrogate.
    ///     TypeError: What is no text.
    #[pyo3(signature = (texts: "GivenTexts", *, text_field: "str" = "text", threads: "int | None" = None)
           -> "npt.NDArray[np.float64]")]
    fn log_weights<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let WeighedTexts { log_weights, .. } = self.weigh(texts, text_field, threads)?;
        self.by_target(texts.py(), log_weights)
    }

    /// How likely each text is of the target, where as many texts are of it as are not. For models with a classifier
    /// (``learn="classifier"``).
    ///
    /// Arguments as of :meth:`log_weights`.
    ///
    /// Returns:
    ///     Shape (texts,), or (texts, targets) if the model has several; float64, from 0 to 1.
    ///
    /// Raises:
    ///     Error: As :meth:`log_weights`.
    ///     ValueError: A target without a classifier.
    #[pyo3(signature = (texts: "GivenTexts", *, text_field: "str" = "text", threads: "int | None" = None)
           -> "npt.NDArray[np.float64]")]
    fn probabilities<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let of_target = |target: &Target| match &target.learned {
            Some(Learned::Classifier(classifier)) => Ok(classifier.clone()),
            _ => Err(PyValueError::new_err(format!(
                "target {:?} has no classifier: fit it with learn=\"classifier\"",
                target.name
            ))),
        };
        let classifiers = self.counted.targets.iter().map(of_target).collect::<PyResult<Vec<_>>>()?;
        let WeighedTexts { log_weights, tokens, .. } = self.weigh(texts, text_field, threads)?;
        let mut probabilities = Vec::with_capacity(log_weights.len());
        for (log_weights, tokens) in log_weights.chunks(classifiers.len().max(1)).zip(tokens) {
            for (classifier, log_weight) in classifiers.iter().zip(log_weights) {
                probabilities.push(classifier.probability(*log_weight, tokens));
            }
        }
        self.by_target(texts.py(), probabilities)
    }

    /// What the log weight of a text is made of, n-gram by n-gram.
    ///
    /// Returns:
    ///     What ``dsir explain --json`` prints: ``tokens``, ``log_weights`` and ``targets``, ``ngrams`` whose ``parts``
    ///     add up to the log weights, and ``words`` with their places in the text, in bytes of UTF-8. For the
    ///     tokenizer ``ids``, a text is integers with spaces between them.
    ///
    /// Raises:
    ///     Error: A partial model.
    #[pyo3(signature = (text: "str") -> "dict[str, Any]")]
    fn explain<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
        let Ready { featurizers, log_ratios } = self.ready(py)?;
        let explained = py.detach(|| {
            let explanation = Explanation::of(text, &self.counted, log_ratios, featurizers);
            let targets = self.counted.targets.iter().map(|target| target.name.clone()).collect();
            ExplainedDocument { dsir_explanation: 1, text: text.to_owned(), targets, explanation }
        });
        let json =
            serde_json::to_string(&explained).map_err(|failed| PyValueError::new_err(failed.to_string()))?;
        py.import("json")?.call_method1("loads", (json,))
    }

    /// How many tokens each text has; shape (texts,), int64. Arguments and errors as of :meth:`log_weights`.
    #[pyo3(signature = (texts: "GivenTexts", *, text_field: "str" = "text", threads: "int | None" = None)
           -> "npt.NDArray[np.int64]")]
    fn tokens<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        text_field: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let py = texts.py();
        // A partial model knows how to split a text, too.
        let made = match self.ready.get() {
            Some(ready) => Ok(ready.featurizers.clone()),
            None => py.detach(|| self.featurizers()),
        };
        let featurizers = made.map_err(|failed| error::of(py, failed))?;
        let pool = pool(py, threads)?;
        let mut source = Source::new(texts, text_field, self.content())?;
        let mut tokens: Vec<i64> = Vec::new();
        let count = |texts: &[Text]| -> Vec<i64> {
            let begin = || featurizers.featurizer();
            let of_text =
                |featurizer: &mut Featurizer, text: &Text| featurizer.featurize(text.as_ref(), |_| ()) as i64;
            texts.par_iter().with_min_len(TASK).map_init(begin, of_text).collect()
        };
        each_batch(py, &pool, &mut source, count, |some| {
            tokens.extend(some);
            Ok(())
        })?;
        Ok(PyArray1::from_vec(py, tokens))
    }

    /// The names of the targets, in the order of the columns of log weights.
    #[getter]
    fn targets(&self) -> Vec<&str> {
        self.counted.targets.iter().map(|target| &target.name[..]).collect()
    }

    /// How a text is split into tokens.
    #[getter]
    fn tokenizer(&self) -> String {
        self.counted.space.tokenizer.to_string()
    }

    /// The largest n of the n-grams.
    #[getter]
    fn ngrams(&self) -> u8 {
        self.counted.space.ngrams
    }

    /// How many buckets n-grams are hashed into.
    #[getter]
    fn buckets(&self) -> u32 {
        self.counted.space.buckets
    }

    /// How an n-gram finds its bucket: ``"dsir1"`` or ``"sha256"``.
    #[getter]
    fn hash(&self) -> &'static str {
        match self.counted.space.hash {
            Hash::Dsir1 => "dsir1",
            Hash::Sha256 => "sha256",
        }
    }

    /// What is added to every count of a target.
    #[getter]
    fn smoothing(&self) -> f64 {
        self.counted.smoothing
    }

    /// Whether its log-ratios were learned (``refine_for``, ``learn``): draws then count log weights per token.
    #[getter]
    fn is_learned(&self) -> bool {
        self.counted.targets.iter().any(|target| target.learned.is_some())
    }

    /// How many raw documents were read; ``None`` for a model of targets alone.
    #[getter]
    fn raw_documents(&self) -> Option<u64> {
        self.counted.raw.as_ref().map(|raw| raw.documents_read)
    }

    /// A hash of the model file, by which weights know their model; 16 hexadecimal digits.
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

    #[pyo3(signature = () -> "tuple[Any, ...]")]
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let load = py.get_type::<Model>().getattr("_of_json")?;
        let json = self.json().map_err(|failed| PyValueError::new_err(failed.to_string()))?;
        let punkt = self.punkt.as_ref().map(|folder| OsString::from(folder.as_os_str()));
        Ok((load, (PyBytes::new(py, &json), punkt).into_pyobject(py)?))
    }

    #[staticmethod]
    #[pyo3(signature = (json: "bytes", punkt: "Path | None") -> "Model")]
    fn _of_json(py: Python<'_>, json: &[u8], punkt: Option<PathBuf>) -> PyResult<Self> {
        let counted =
            Counted::of_json(json, Path::new("a pickled model")).map_err(|failed| error::of(py, failed))?;
        Ok(Model::new(counted, punkt))
    }
}
