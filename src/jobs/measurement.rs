//! What measuring selections has found.

use serde::{Serialize, Serializer};

use crate::density::{Closeness, Counts, Error, Model, lone_share};
use crate::featurizer::FeatureSpace;
use crate::passes::{MeasuredSelection, Overlap, Repeats};
use crate::resample::{LogWeights, Survey};
use crate::warning::Warning;

/// The format of the measurement that is written.
pub const MEASUREMENT_VERSION: u64 = 1;

/// All that was measured, which serializes to the JSON of `docs/formats.md`.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// The format: 1.
    pub dsir_measurement: u64,
    /// The version of the library.
    pub dsir: &'static str,
    /// The feature space that was measured in.
    pub feature_space: FeatureSpace,
    /// What was added to every count of a target.
    pub smoothing: f64,
    /// What was added to every density before its logarithm.
    pub epsilon: f64,
    /// How many documents were counted at most.
    pub sample: Option<usize>,
    /// The seed of the sample.
    pub seed: u64,
    /// The raw corpus.
    pub raw: Corpus,
    /// The targets.
    pub targets: Vec<MeasuredTarget>,
    /// The selections.
    pub selections: Vec<SelectionReport>,
    /// What every two selections have in common.
    pub overlaps: Vec<OverlapReport>,
    /// The weights, if they were looked through, for each target.
    pub weights: Vec<WeightsReport>,
    /// What takes the meaning from what was measured, in sentences.
    #[serde(serialize_with = "as_sentences")]
    pub warnings: Vec<Warning>,
}

fn as_sentences<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(warnings.iter().map(Warning::to_string))
}

/// How large a corpus is.
#[derive(Clone, Debug, Serialize)]
pub struct Corpus {
    /// How many documents there are.
    pub documents: u64,
    /// How many of them were counted; what follows is of these.
    pub counted: u64,
    /// Their tokens.
    pub tokens: u64,
    /// The mean.
    pub tokens_per_document: f64,
    /// Their n-grams.
    pub ngrams: u64,
}

/// A target.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredTarget {
    /// What it is called.
    pub name: String,
    /// How large it is.
    #[serde(flatten)]
    pub corpus: Corpus,
    /// The share of its n-grams that are alone in their bucket.
    pub lone_ngrams: f64,
}

/// A selection.
#[derive(Clone, Debug, Serialize)]
pub struct SelectionReport {
    /// What it is called.
    pub name: String,
    /// How large it is.
    #[serde(flatten)]
    pub corpus: Corpus,
    /// The bytes of the records counted, newlines included.
    pub bytes: u64,
    /// About how many different n-grams there are: to within 0.8 percent, as a standard deviation.
    pub distinct_ngrams: u64,
    /// About how many different records there are.
    pub distinct_records: u64,
    /// How much are records that occurred before.
    pub repeated_records: Repeats,
    /// How much are texts that occurred before; unknown of a sample.
    pub repeated_texts: Option<Repeats>,
    /// How close it came to each target.
    pub kl: Vec<Closeness>,
    /// Means over the targets.
    pub kl_mean: MeanCloseness,
}

/// Means over the targets, in nats.
#[derive(Clone, Debug, Serialize)]
pub struct MeanCloseness {
    /// KL(target ‖ raw).
    pub raw: f64,
    /// KL(target ‖ selected).
    pub selected: f64,
    /// The difference.
    pub reduction: f64,
}

/// What two selections have in common.
#[derive(Clone, Debug, Serialize)]
pub struct OverlapReport {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// What they have in common.
    #[serde(flatten)]
    pub overlap: Overlap,
}

/// Weights for one target.
#[derive(Clone, Debug, Serialize)]
pub struct WeightsReport {
    /// The target.
    pub target: String,
    /// How many records are eligible.
    pub eligible: u64,
    /// The least number of tokens of an eligible record.
    pub min_tokens: u32,
    /// What log weights were divided by.
    pub temperature: f64,
    /// How the log weights spread.
    pub log_weights: LogWeights,
}

/// Weights that were looked through.
pub(super) struct SurveyedWeights {
    pub(super) survey: Survey,
    /// The targets, if they are told.
    pub(super) names: Vec<String>,
    pub(super) min_tokens: u32,
    pub(super) temperature: f64,
}

/// How selections were measured.
pub(super) struct How {
    pub(super) epsilon: f64,
    pub(super) sample: Option<usize>,
    pub(super) seed: u64,
}

/// A target of whose n-grams more are alone in their buckets is mostly noise.
const MOST_LONE: f64 = 0.5;
/// Weights with an effective sample size of a larger share of the records are all but equal.
const ALL_BUT_EQUAL: f64 = 0.99;

impl Measurement {
    /// Of a raw corpus with so many `documents`, counted in `model` as the targets are, and of selections, with the
    /// closeness of each to the targets.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(super) fn new(
        model: &Model,
        documents: u64,
        selections: &[MeasuredSelection],
        closeness: Vec<Vec<Closeness>>,
        how: &How,
    ) -> Result<Self, Error> {
        let raw = model.raw.as_ref().ok_or(Error::NoRaw)?.total(model.space.buckets)?;
        let targets = model.targets.iter().map(|target| {
            let (name, lone_ngrams) = (target.name.clone(), lone_share(&target.counts));
            let corpus = Corpus::new(target.counts.documents, &target.counts)?;
            Ok(MeasuredTarget { name, corpus, lone_ngrams })
        });
        let reports = selections.iter().zip(closeness);
        let reports = reports.map(|(selection, kl)| SelectionReport::new(selection, kl));
        let mut measured = Measurement {
            dsir_measurement: MEASUREMENT_VERSION,
            dsir: env!("CARGO_PKG_VERSION"),
            feature_space: model.space,
            smoothing: model.smoothing,
            epsilon: how.epsilon,
            sample: how.sample,
            seed: how.seed,
            raw: Corpus::new(documents, &raw)?,
            targets: targets.collect::<Result<_, Error>>()?,
            selections: reports.collect::<Result<_, Error>>()?,
            overlaps: overlaps(selections),
            weights: Vec::new(),
            warnings: Vec::new(),
        };
        measured.warnings = measured.find_warnings();
        Ok(measured)
    }

    /// Also tells of weights.
    pub(super) fn with_weights(mut self, weights: Option<SurveyedWeights>) -> Self {
        let Some(SurveyedWeights { survey, names, min_tokens, temperature }) = weights else { return self };
        for (index, log_weights) in survey.log_weights.into_iter().enumerate() {
            let target = names.get(index).cloned().unwrap_or_else(|| format!("#{}", index + 1));
            let eligible = survey.eligible.records;
            let report = WeightsReport { target, eligible, min_tokens, temperature, log_weights };
            self.warnings.extend(report.warning());
            self.weights.push(report);
        }
        self
    }

    /// What takes the meaning from what was measured.
    fn find_warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for target in self.targets.iter().filter(|target| target.lone_ngrams > MOST_LONE) {
            warnings.push(Warning::TargetIsNoise { target: target.name.clone(), lone: target.lone_ngrams });
        }
        for selection in &self.selections {
            if selection.distinct_records <= 1 {
                let (selection, repeated) = (selection.name.clone(), selection.corpus.documents > 1);
                warnings.push(Warning::SingleRecord { selection, repeated });
            }
            let no_signal = selection.kl.iter().filter(|kl| !kl.is_beyond_chance());
            warnings.extend(no_signal.map(|kl| Warning::NoSignal {
                selection: selection.name.clone(),
                target: kl.target.clone(),
                reduction: kl.reduction,
                chance: kl.by_chance(),
            }));
        }
        warnings
    }
}

impl WeightsReport {
    fn warning(&self) -> Option<Warning> {
        let WeightsReport { target, eligible, min_tokens, log_weights, .. } = self;
        if *eligible == 0 {
            return Some(Warning::NoneEligible { target: target.clone(), min_tokens: *min_tokens });
        }
        let size = log_weights.effective_sample_size.filter(|size| *size > ALL_BUT_EQUAL * *eligible as f64);
        let equal = size.is_some() || log_weights.deviation == 0.0;
        let warning = || Warning::EqualWeights { target: target.clone(), records: *eligible };
        (equal && *eligible > 1).then(warning)
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

impl SelectionReport {
    fn new(selection: &MeasuredSelection, kl: Vec<Closeness>) -> Result<Self, Error> {
        let mean = |of: fn(&Closeness) -> f64| kl.iter().map(of).sum::<f64>() / kl.len() as f64;
        Ok(SelectionReport {
            name: selection.name.clone(),
            corpus: Corpus::new(selection.documents, &selection.counts)?,
            bytes: selection.bytes,
            distinct_ngrams: selection.distinct_ngrams().round() as u64,
            distinct_records: selection.different_records().round() as u64,
            repeated_records: selection.repeated_records(),
            repeated_texts: selection.repeated_texts(),
            kl_mean: MeanCloseness {
                raw: mean(|kl| kl.raw),
                selected: mean(|kl| kl.selected),
                reduction: mean(|kl| kl.reduction),
            },
            kl,
        })
    }
}

/// Of every two selections.
fn overlaps(selections: &[MeasuredSelection]) -> Vec<OverlapReport> {
    let pairs = selections
        .iter()
        .enumerate()
        .flat_map(|(index, first)| selections[index + 1..].iter().map(move |second| (first, second)));
    let report = |(first, second): (&MeasuredSelection, &MeasuredSelection)| OverlapReport {
        first: first.name.clone(),
        second: second.name.clone(),
        overlap: first.overlap(second),
    };
    pairs.map(report).collect()
}
