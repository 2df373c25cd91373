//! The published program's features and sums, for `dsir.data_selection`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use dsir::cli::punkt_folder;
use dsir::featurizer::{self, FeatureSpace, Featurizers, Hash, Punkt, Tokenizer, WordTokenizer};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArrayDyn, PyReadwriteArray1, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::batches::each_batch;
use crate::error;
use crate::pool::pool;
use crate::texts::{Batch, Content, Source, Text, Texts};

/// Counts n-grams into buckets by SHA-256, and adds up what they weigh in double precision.
///
/// Args:
///     tokenizer: ``"wordpunct"`` or ``"word_tokenize"``.
///     threads: At most so many.
///     punkt: The folder of NLTK's sentence model.
#[pyclass(module = "dsir._dsir", frozen)]
pub(crate) struct HashedNgrams {
    featurizers: Featurizers,
    threads: Option<usize>,
}

/// So many texts are a task.
const TASK: usize = 16;

#[pymethods]
impl HashedNgrams {
    #[classattr]
    const MAX_NGRAMS: u8 = FeatureSpace::MAX_NGRAMS;
    #[classattr]
    const MAX_BUCKETS: u32 = FeatureSpace::MAX_BUCKETS;

    #[new]
    #[pyo3(signature = (ngrams: "int", buckets: "int", tokenizer: "str", threads: "int | None" = None,
                        punkt: "Path | None" = None))]
    fn new(
        py: Python<'_>,
        ngrams: u8,
        buckets: u32,
        tokenizer: &str,
        threads: Option<usize>,
        punkt: Option<PathBuf>,
    ) -> PyResult<Self> {
        let space = FeatureSpace { ngrams, buckets, hash: Hash::Sha256, ..FeatureSpace::default() };
        let made = match tokenizer {
            "wordpunct" => Featurizers::new(space, None),
            "word_tokenize" => sentence_model(punkt).and_then(|punkt| {
                let fingerprint = Some(punkt.fingerprint());
                let space = FeatureSpace { tokenizer: Tokenizer::WordTokenize, punkt: fingerprint, ..space };
                Featurizers::new(space, Some(punkt))
            }),
            _ => return Err(PyValueError::new_err(format!("no tokenizer `{tokenizer}`"))),
        };
        Ok(HashedNgrams { featurizers: made.map_err(|failed| error::plain(py, failed))?, threads })
    }

    /// Add the n-grams of the texts to ``counts``, shape (buckets,).
    ///
    /// Text number j is of shard ``(first + j) % len(sums)``. It is counted if the n-grams of its shard so far,
    /// ``sums[shard]``, are no more than ``limit``. Returns whether all shards are past it.
    #[pyo3(signature = (texts: "Texts | Iterable[str]", counts: "npt.NDArray[np.int64]",
                        sums: "npt.NDArray[np.int64]", first: "int", limit: "int | None")
           -> "bool")]
    fn count(
        &self,
        texts: &Bound<'_, PyAny>,
        mut counts: PyReadwriteArray1<'_, i64>,
        mut sums: PyReadwriteArray1<'_, i64>,
        first: usize,
        limit: Option<i64>,
    ) -> PyResult<bool> {
        let py = texts.py();
        let pool = pool(py, self.threads)?;
        let (counts, sums) = (counts.as_slice_mut()?, sums.as_slice_mut()?);
        if counts.len() != self.featurizers.space().buckets as usize || sums.is_empty() {
            return Err(PyValueError::new_err(
                "counts must have one number for each bucket, and sums one for each shard",
            ));
        }
        let is_over = |sum: i64| limit.is_some_and(|limit| sum > limit);
        let mut number = first;
        let work = |texts: &[Text]| self.buckets(texts);
        each_text_of(texts, &pool, work, |all| {
            for buckets in all {
                let shard = number % sums.len();
                number += 1;
                if !is_over(sums[shard]) {
                    sums[shard] += buckets.len() as i64;
                    buckets.iter().for_each(|bucket| counts[*bucket as usize] += 1);
                }
            }
            Ok(())
        })?;
        Ok(sums.iter().all(|sum| is_over(*sum)))
    }

    /// The dot product of each text's counts with ``log_diff``, shape (buckets,) or (targets, buckets).
    ///
    /// Returns:
    ///     The products, shape (texts,) or (texts, targets), and each text's number of n-grams, shape (texts,).
    #[pyo3(signature = (texts: "Texts | Iterable[str]", log_diff: "npt.NDArray[np.float64]")
           -> "tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]")]
    fn weigh<'py>(
        &self,
        texts: &Bound<'py, PyAny>,
        log_diff: PyReadonlyArrayDyn<'py, f64>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyArray1<i64>>)> {
        let py = texts.py();
        let pool = pool(py, self.threads)?;
        let buckets = self.featurizers.space().buckets as usize;
        let targets = match *log_diff.shape() {
            [width] if width == buckets => None,
            [targets, width] if width == buckets && targets > 0 => Some(targets),
            _ => return Err(PyValueError::new_err("log_diff must have one number for each bucket")),
        };
        let tables: Vec<&[f64]> = log_diff.as_slice()?.chunks_exact(buckets).collect();
        let (mut weights, mut ngrams) = (Vec::new(), Vec::new());
        let work = |texts: &[Text]| self.sums(texts, &tables);
        each_text_of(texts, &pool, work, |all| {
            for (sums, count) in all {
                weights.extend(sums);
                ngrams.push(count);
            }
            Ok(())
        })?;
        let rows = ngrams.len();
        let weights = PyArray1::from_vec(py, weights);
        let weights = match targets {
            None => weights.into_any(),
            Some(targets) => weights.reshape([rows, targets])?.into_any(),
        };
        Ok((weights, PyArray1::from_vec(py, ngrams)))
    }
}

impl HashedNgrams {
    /// The bucket of every n-gram of each text.
    fn buckets(&self, texts: &[Text]) -> Vec<Vec<u32>> {
        let begin = || self.featurizers.featurizer();
        let of_text = |featurizer: &mut featurizer::Featurizer, text: &Text| {
            let mut buckets = Vec::new();
            featurizer.featurize(text.as_ref(), |run| buckets.extend_from_slice(run));
            buckets
        };
        texts.par_iter().with_min_len(TASK).map_init(begin, of_text).collect()
    }

    /// The sum of each text by each table, and its number of n-grams.
    fn sums(&self, texts: &[Text], tables: &[&[f64]]) -> Vec<(Vec<f64>, i64)> {
        let begin = || self.featurizers.featurizer();
        let of_text = |featurizer: &mut featurizer::Featurizer, text: &Text| {
            let (mut sums, mut ngrams) = (vec![Sum::default(); tables.len()], 0);
            featurizer.featurize(text.as_ref(), |run| {
                ngrams += run.len() as i64;
                for (sum, table) in sums.iter_mut().zip(tables) {
                    run.iter().for_each(|bucket| sum.add(table[*bucket as usize]));
                }
            });
            (sums.iter().map(Sum::total).collect(), ngrams)
        };
        texts.par_iter().with_min_len(TASK).map_init(begin, of_text).collect()
    }
}

/// A compensated sum (Neumaier), which is as good as the published program's dot product in whatever order it adds.
#[derive(Clone, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.lost +=
            if self.sum.abs() >= term.abs() { (self.sum - sum) + term } else { (term - sum) + self.sum };
        self.sum = sum;
    }

    fn total(&self) -> f64 {
        self.sum + self.lost
    }
}

/// Works on the texts of a batch that was read elsewhere, or of an iterable.
fn each_text_of<T: Send>(
    texts: &Bound<'_, PyAny>,
    pool: &ThreadPool,
    work: impl Fn(&[Text]) -> T + Sync,
    mut take: impl FnMut(T) -> PyResult<()>,
) -> PyResult<()> {
    let py = texts.py();
    if let Ok(batch) = texts.cast::<Texts>() {
        let batch: &Batch = &batch.get().0;
        return take(py.detach(|| pool.install(|| work(batch.texts()))));
    }
    each_batch(py, pool, &mut Source::new(texts, "text", Content::Text)?, work, take)
}

/// Sentence models that were read, by their folders.
static MODELS: Mutex<BTreeMap<PathBuf, Arc<Punkt>>> = Mutex::new(BTreeMap::new());

fn sentence_model(named: Option<PathBuf>) -> Result<Arc<Punkt>, featurizer::Error> {
    let folder = punkt_folder(named.as_deref()).ok_or(featurizer::Error::NoPunkt)?;
    let mut models = MODELS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = models.get(&folder) {
        return Ok(Arc::clone(model));
    }
    let model = Arc::new(Punkt::read(&folder)?);
    models.insert(folder, Arc::clone(&model));
    Ok(model)
}

/// The tokens of NLTK's `word_tokenize`, of the text as it is.
#[pyfunction]
#[pyo3(signature = (text: "str", punkt: "Path | None" = None) -> "list[str]")]
pub(crate) fn word_tokenize(py: Python<'_>, text: &str, punkt: Option<PathBuf>) -> PyResult<Vec<String>> {
    let punkt = sentence_model(punkt).map_err(|failed| error::plain(py, failed))?;
    let mut tokens = Vec::new();
    WordTokenizer::new(punkt).tokens(text, |token| tokens.push(token.to_owned()));
    Ok(tokens)
}
