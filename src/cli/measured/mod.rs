//! What `measure` has found: for programs one JSON object, for people words.

mod warnings;
mod words;

use dsir::density::{Closeness, Counts, Error, Model, lone_share};
use dsir::featurizer::FeatureSpace;
use dsir::passes::{MeasuredSelection, Overlap, Repeats};
use dsir::resample::{LogWeights, Survey};
use serde::Serialize;
use serde_json::Value;

use super::args::Measure;

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Measured {
    dsir: &'static str,
    feature_space: FeatureSpace,
    smoothing: f64,
    epsilon: f64,
    /// How many documents were counted at most.
    sample: Option<usize>,
    seed: u64,
    raw: Corpus,
    targets: Vec<TargetRow>,
    selections: Vec<SelectionRow>,
    overlaps: Vec<OverlapRow>,
    weights: Vec<WeightsRow>,
    warnings: Vec<String>,
    /// How many --target count as one.
    #[serde(skip)]
    joined: usize,
}

/// How large a corpus is.
#[derive(Serialize)]
struct Corpus {
    /// How many documents there are.
    documents: u64,
    /// How many of them were counted; what follows is of these.
    counted: u64,
    tokens: u64,
    tokens_per_document: f64,
    ngrams: u64,
}

#[derive(Serialize)]
struct TargetRow {
    name: String,
    #[serde(flatten)]
    corpus: Corpus,
    /// The share of its n-grams that are alone in their bucket.
    lone_ngrams: f64,
}

#[derive(Serialize)]
struct SelectionRow {
    name: String,
    #[serde(flatten)]
    corpus: Corpus,
    bytes: u64,
    /// Estimated: to within 0.8 percent, as a standard deviation.
    distinct_ngrams: u64,
    /// About how many different records there are.
    distinct_records: u64,
    repeated_records: Repeats,
    repeated_texts: Option<Repeats>,
    kl: Vec<Closeness>,
    kl_mean: Mean,
}

/// Means over the targets.
#[derive(Serialize)]
struct Mean {
    raw: f64,
    selected: f64,
    reduction: f64,
}

#[derive(Serialize)]
struct OverlapRow {
    first: String,
    second: String,
    #[serde(flatten)]
    overlap: Overlap,
}

/// Weights for one target.
#[derive(Serialize)]
struct WeightsRow {
    target: String,
    eligible: u64,
    min_tokens: u32,
    temperature: f64,
    log_weights: LogWeights,
}

/// Weights that were looked through.
pub(crate) struct Weights {
    pub(crate) survey: Survey,
    /// The targets, if they are told.
    pub(crate) names: Vec<String>,
    pub(crate) min_tokens: u32,
    pub(crate) temperature: f64,
}

impl Measured {
    /// Of a raw corpus with so many `documents`, counted in `model` as the targets are, and of selections, with the closeness
    /// of each to the targets.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn new(
        model: &Model,
        documents: u64,
        selections: &[MeasuredSelection],
        closeness: Vec<Vec<Closeness>>,
        args: &Measure,
    ) -> Result<Self, Error> {
        let raw = model.raw.as_ref().ok_or(Error::NoRaw)?.total(model.space.buckets)?;
        let targets = model.targets.iter().map(|target| {
            let (name, lone_ngrams) = (target.name.clone(), lone_share(&target.counts));
            let corpus = Corpus::new(target.counts.documents, &target.counts)?;
            Ok(TargetRow { name, corpus, lone_ngrams })
        });
        let rows = selections.iter().zip(closeness).map(|(selection, kl)| SelectionRow::new(selection, kl));
        let separate = args.model.is_some() && args.count.target.is_empty() || args.count.separate_targets;
        let mut measured = Measured {
            dsir: env!("CARGO_PKG_VERSION"),
            feature_space: model.space,
            smoothing: model.smoothing,
            epsilon: args.epsilon,
            sample: args.sample,
            seed: args.seed,
            raw: Corpus::new(documents, &raw)?,
            targets: targets.collect::<Result<_, Error>>()?,
            selections: rows.collect::<Result<_, Error>>()?,
            overlaps: overlaps(selections),
            weights: Vec::new(),
            warnings: Vec::new(),
            joined: if separate { 0 } else { args.count.target.len() },
        };
        measured.warnings = measured.find_warnings();
        Ok(measured)
    }

    /// Also tells of weights.
    pub(crate) fn with_weights(mut self, weights: Option<Weights>) -> Self {
        let Some(Weights { survey, names, min_tokens, temperature }) = weights else { return self };
        for (index, log_weights) in survey.log_weights.into_iter().enumerate() {
            let target = names.get(index).cloned().unwrap_or_else(|| format!("#{}", index + 1));
            let eligible = survey.eligible.records;
            let row = WeightsRow { target, eligible, min_tokens, temperature, log_weights };
            self.warnings.extend(row.warning());
            self.weights.push(row);
        }
        self
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        // Numbers, strings and their rows always make JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Corpus {
    fn new(documents: u64, counts: &Counts) -> Result<Self, Error> {
        let Counts { documents: counted, tokens, .. } = *counts;
        let tokens_per_document = if counted == 0 { 0.0 } else { tokens as f64 / counted as f64 };
        let ngrams = counts.ngrams().ok_or(Error::Overflow)?;
        Ok(Corpus { documents, counted, tokens, tokens_per_document, ngrams })
    }
}

impl SelectionRow {
    fn new(selection: &MeasuredSelection, kl: Vec<Closeness>) -> Result<Self, Error> {
        let mean = |of: fn(&Closeness) -> f64| kl.iter().map(of).sum::<f64>() / kl.len() as f64;
        Ok(SelectionRow {
            name: selection.name.clone(),
            corpus: Corpus::new(selection.documents, &selection.counts)?,
            bytes: selection.bytes,
            distinct_ngrams: selection.distinct_ngrams().round() as u64,
            distinct_records: selection.different_records().round() as u64,
            repeated_records: selection.repeated_records(),
            repeated_texts: selection.repeated_texts(),
            kl_mean: Mean {
                raw: mean(|kl| kl.raw),
                selected: mean(|kl| kl.selected),
                reduction: mean(|kl| kl.reduction),
            },
            kl,
        })
    }
}

/// Of every two selections.
fn overlaps(selections: &[MeasuredSelection]) -> Vec<OverlapRow> {
    let pairs = selections
        .iter()
        .enumerate()
        .flat_map(|(index, first)| selections[index + 1..].iter().map(move |second| (first, second)));
    let row = |(first, second): (&MeasuredSelection, &MeasuredSelection)| OverlapRow {
        first: first.name.clone(),
        second: second.name.clone(),
        overlap: first.overlap(second),
    };
    pairs.map(row).collect()
}
