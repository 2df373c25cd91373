use std::sync::{Mutex, PoisonError};

use super::copies::{Copies, Overlap, Repeats};
use super::count::{CountInput, Watch, count_watched};
use super::count_raw::{RawCorpus, count_raw, count_raw_sample};
use super::documents::{Hashed, ReadReport};
use super::rejects::Rejects;
use super::sample::{FixedSizeSample, Order, Population};
use super::{ReadOptions, SelectionShards};
use crate::density::{Counts, FitBudget, RawCounts};
use crate::error::Error;
use crate::featurizer::{Distinct, FeatureSpace, Featurizer};
use crate::observer::Observer;
use crate::reader::{Shards, content_hash};

/// How selections, and the raw corpus beside them, are measured.
#[derive(Clone, Debug)]
pub(crate) struct MeasuringOptions {
    /// The feature space.
    pub space: FeatureSpace,
    /// How records become documents.
    pub read: ReadOptions,
    /// Count so many documents, chosen by their content, if there are more; they are read twice.
    pub sample: Option<usize>,
    /// Another seed, another sample.
    pub seed: u64,
}

/// What was read for measuring: each stage with its name.
pub(super) type Stages = Vec<(&'static str, ReadReport)>;

/// The raw corpus, counted.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredRaw {
    /// How many documents there are.
    pub documents: u64,
    /// What was counted of them.
    pub counts: RawCounts,
}

/// One selection, counted.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredSelection {
    /// What it is called.
    pub name: String,
    /// How many documents there are.
    pub documents: u64,
    /// What was counted of them: these, or a sample.
    pub counts: Counts,
    /// The bytes of the records counted, newlines included.
    pub bytes: u64,
    distinct: Distinct,
    records: Copies,
    /// Not of a sample, in which the texts that are equal are not together.
    texts: Option<Copies>,
}

impl MeasuredSelection {
    /// About how many different n-grams were counted.
    pub(crate) fn distinct_ngrams(&self) -> f64 {
        self.distinct.estimate()
    }

    /// About how many different records there are.
    pub(crate) fn different_records(&self) -> f64 {
        self.records.different()
    }

    /// How much of it are records that occurred before, byte for byte.
    pub(crate) fn repeated_records(&self) -> Repeats {
        self.records.repeats()
    }

    /// How much of it are texts that occurred before, in equal records or in others; unknown of a sample.
    pub(crate) fn repeated_texts(&self) -> Option<Repeats> {
        self.texts.as_ref().map(Copies::repeats)
    }

    /// What records it has in common with another selection measured with the same seed.
    pub(crate) fn overlap(&self, other: &MeasuredSelection) -> Overlap {
        self.records.overlap(&other.records)
    }
}

/// Counts a raw corpus, or a sample of it, to measure selections against.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn measure_raw(
    shards: &Shards,
    options: &MeasuringOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(MeasuredRaw, Stages), Error> {
    let MeasuringOptions { space, ref read, sample, seed } = *options;
    let corpus = RawCorpus { shards, space, budget: FitBudget(None), read, elsewhere: None };
    let Some(size) = sample else {
        let (counts, report) = count_raw(corpus, rejects, None, observer)?;
        return Ok((MeasuredRaw { documents: counts.documents_read, counts }, vec![("fit", report)]));
    };
    let population = Population { what: "raw", shards, read, kind: space.tokenizer.field_kind() };
    let (sample, found) = FixedSizeSample::find(population, size, seed, rejects, observer)?;
    let (counts, report) = count_raw_sample(corpus, &sample, observer)?;
    Ok((MeasuredRaw { documents: sample.documents(), counts }, vec![("sample", found), ("fit", report)]))
}

/// Counts a selection, or a sample of it, and what occurs in it twice.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn measure_selection(
    selection: &SelectionShards,
    options: &MeasuringOptions,
    mut rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(MeasuredSelection, Stages), Error> {
    let MeasuringOptions { space, ref read, sample, seed } = *options;
    let (shards, what) = (&selection.shards, format!("selection `{}`", selection.name));
    let mut stages = Stages::new();
    let sample = match sample {
        Some(size) => {
            let population = Population { what: &what, shards, read, kind: space.tokenizer.field_kind() };
            let (sample, found) = FixedSizeSample::find(population, size, seed, rejects.take(), observer)?;
            stages.push(("sample", found));
            Some(sample)
        }
        None => None,
    };
    observer.begin("measure", shards.total_bytes());
    let is_part = sample.as_ref().is_some_and(FixedSizeSample::is_part);
    let last = sample.as_ref().map_or(u64::MAX, FixedSizeSample::last);
    let records = Copies::new(Order::new(seed), last, Copies::MOST);
    let texts = (!is_part).then(|| Copies::new(Order::new(seed), u64::MAX, Copies::MOST));
    let copies = Mutex::new((records, texts));
    let watch = || Watching { copies: &copies, found: Vec::new(), bytes: 0, distinct: Distinct::new() };
    let input = CountInput { what: &what, shards, space, read, only: sample.as_ref() };
    let (counts, report, watches) = count_watched(input, watch, rejects, observer)?;

    let documents = sample.as_ref().map_or(counts.documents, FixedSizeSample::documents);
    let bytes = watches.iter().map(|watch| watch.bytes).sum();
    let mut distinct = Distinct::new();
    watches.iter().for_each(|watch| distinct.merge(&watch.distinct));
    drop(watches);
    let (records, texts) = copies.into_inner().unwrap_or_else(PoisonError::into_inner);
    stages.push(("measure", report));
    let name = selection.name.clone();
    Ok((MeasuredSelection { name, documents, counts, bytes, distinct, records, texts }, stages))
}

/// What one thread sees of a selection.
struct Watching<'a> {
    /// Of records, and of texts.
    copies: &'a Mutex<(Copies, Option<Copies>)>,
    /// What is not yet among the copies.
    found: Vec<Found>,
    bytes: u64,
    distinct: Distinct,
}

/// The hashes of a record and of its text.
struct Found {
    record: u64,
    text: u64,
    tokens: u32,
}

impl Watch for Watching<'_> {
    fn prepare(&self, featurizer: Featurizer) -> Featurizer {
        featurizer.with_distinct()
    }

    fn document(&mut self, record: Hashed<'_>, text: &str, tokens: u64) {
        self.bytes += record.bytes.len() as u64 + 1;
        self.found.push(Found {
            record: record.hash,
            text: content_hash(text.as_bytes()),
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
        });
    }

    fn end_of_block(&mut self) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let (records, texts) = &mut *copies;
        for Found { record, text, tokens } in self.found.drain(..) {
            records.add(record, tokens);
            if let Some(texts) = texts {
                texts.add(text, tokens);
            }
        }
    }

    fn end(mut self, featurizer: &Featurizer) -> Self {
        featurizer.distinct().inspect(|distinct| self.distinct.merge(distinct));
        self
    }
}
