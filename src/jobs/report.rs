//! What a job tells when it is done: values that serialize to the JSON of `docs/formats.md`.

use std::time::Instant;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::density::{Closeness, Model, Target};
use crate::featurizer::FeatureSpace;
use crate::observer::Observer;
use crate::passes::{Decontaminated, Prepared, ReadReport, SelectedRecords};
use crate::reader::Shards;
use crate::refine::{Classification, Refinement};
use crate::resample::{Budget, LogWeights, Normalize, SelectedRecord, Totals};
use crate::review::Review;
use crate::warning::Warning;
use crate::weights::TargetSize;

/// The format of the summary that is written.
pub const SUMMARY_VERSION: u64 = 1;

/// What came of a job. What a job has nothing to tell of is `None`, and not in the JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The format: 1.
    pub dsir_summary: u64,
    /// The version of the library.
    pub dsir: &'static str,
    /// How many threads worked.
    pub threads: usize,
    /// What was done, one part after the other.
    pub stages: Vec<StageReport>,
    /// What the raw corpus holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawReport>,
    /// The feature space of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_space: Option<FeatureSpace>,
    /// What was counted of the raw corpus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Fitted>,
    /// What was counted of each target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetReport>>,
    /// What came of refining each target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refined: Option<Vec<Refinement>>,
    /// What came of learning a classifier for each target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classified: Option<Vec<Classification>>,
    /// How many records were left out since another one has their text, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated_texts: Option<u64>,
    /// What was found of evaluation sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decontaminated: Option<Decontaminated>,
    /// What was drawn.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub draw: Option<DrawReport>,
    /// How many records each draw has written of a part of the shards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Vec<u64>>,
    /// What was made of the records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Prepared>,
    /// Wall time.
    pub seconds: f64,
    /// All warnings, in sentences.
    #[serde(serialize_with = "as_sentences")]
    pub warnings: Vec<Warning>,
    /// The records that each draw has selected, in input order, if they were written
    /// [nowhere](crate::writer::Destination::Nowhere).
    #[serde(skip)]
    pub selected: Option<Vec<Vec<SelectedRecord>>>,
    /// What the first draw is like, if that was asked for.
    #[serde(skip)]
    pub review: Option<Review>,
    #[serde(skip)]
    start: Instant,
}

fn as_sentences<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(warnings.iter().map(Warning::to_string))
}

/// One stage of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageReport {
    /// What it is called.
    pub stage: String,
    /// What it has read, if it reads shards.
    #[serde(flatten)]
    pub read: Option<StageRead>,
    /// Wall time.
    pub seconds: f64,
}

/// What a stage has read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageRead {
    /// Records.
    pub records: u64,
    /// Those that were skipped as invalid; `None` if not all records were looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<u64>,
    /// Bytes of decompressed content.
    pub bytes: u64,
    /// Of these, what an earlier run had done; `None` if the stage cannot be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_before: Option<u64>,
    /// Bytes in millions for each second, those that an earlier run had done not counted.
    pub mb_per_second: f64,
}

impl StageReport {
    /// Of a stage that reads all records.
    pub(super) fn reading(stage: &str, report: &ReadReport) -> Self {
        let ReadReport { records, invalid, bytes, bytes_before, seconds } = *report;
        let mb_per_second = (bytes - bytes_before) as f64 / 1e6 / seconds;
        let (invalid, bytes_before) = (Some(invalid), Some(bytes_before));
        let read = StageRead { records, invalid, bytes, bytes_before, mb_per_second };
        StageReport { stage: stage.into(), read: Some(read), seconds }
    }

    /// Of a stage that reads all shards and looks into a few records.
    pub(super) fn sampling(stage: &str, report: &ReadReport) -> Self {
        let ReadReport { records, bytes, seconds, .. } = *report;
        let mb_per_second = bytes as f64 / 1e6 / seconds;
        let read = StageRead { records, invalid: None, bytes, bytes_before: None, mb_per_second };
        StageReport { stage: stage.into(), read: Some(read), seconds }
    }

    /// Of a stage that reads no shards.
    pub(super) fn computing(stage: &str, seconds: f64) -> Self {
        StageReport { stage: stage.into(), read: None, seconds }
    }
}

/// What the raw corpus holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RawReport {
    /// How many shards.
    pub shards: usize,
    /// How many records.
    pub records: u64,
    /// Those that were skipped as invalid.
    pub invalid: u64,
    /// The others.
    pub documents: u64,
    /// Bytes of decompressed content.
    pub bytes: u64,
    /// Files in folders whose names are not those of shards.
    pub files_passed_over: u64,
}

impl RawReport {
    pub(super) fn new(shards: &Shards, report: &ReadReport) -> Self {
        let ReadReport { records, invalid, bytes, .. } = *report;
        let files_passed_over = shards.passed_over();
        RawReport {
            shards: shards.len(),
            records,
            invalid,
            documents: records - invalid,
            bytes,
            files_passed_over,
        }
    }
}

/// What was counted of the raw corpus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// The documents that were read.
    pub documents_read: u64,
    /// Of these, those that were counted.
    pub documents: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Whether that is a sample.
    pub sampled: bool,
}

/// What was counted of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetReport {
    /// What it is called.
    pub name: String,
    /// Its documents.
    pub documents: u64,
    /// Their tokens.
    pub tokens: u64,
}

impl TargetReport {
    /// Of all targets of a model.
    pub(super) fn all_of(model: &Model) -> Vec<Self> {
        let of = |target: &Target| TargetReport {
            name: target.name.clone(),
            documents: target.counts.documents,
            tokens: target.counts.tokens,
        };
        model.targets.iter().map(of).collect()
    }
}

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct DrawReport {
    /// What could be drawn.
    pub eligible: Totals,
    /// How many records have too few tokens.
    pub too_short: u64,
    /// How many were left out by conditions.
    pub left_out: u64,
    /// What each draw has selected.
    #[serde(flatten, serialize_with = "one_or_epochs")]
    pub epochs: Vec<EpochReport>,
    /// What was selected from each group and each set that is mixed in, if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupReport>,
    /// What the records of the first draw are like; `None` if nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records_selected: Option<SelectedRecords>,
    /// The temperatures of the draws, in log weights, if they were told in standard deviations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub temperatures: Vec<f64>,
    /// What the records were drawn by.
    #[serde(skip)]
    pub scores: ScoreKind,
    /// Whether by their ranks, with a curve.
    #[serde(skip)]
    pub by_curve: bool,
    /// What was asked for.
    #[serde(skip)]
    pub budget: Budget,
}

/// The keys of one draw stand in the report itself, those of several in objects of their own.
fn one_or_epochs<S: Serializer>(epochs: &[EpochReport], serializer: S) -> Result<S::Ok, S::Error> {
    if let [only] = epochs {
        return only.serialize(serializer);
    }
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("epochs", epochs)?;
    map.end()
}

/// What one draw has selected.
#[derive(Clone, Debug, Serialize)]
pub struct EpochReport {
    /// For each target.
    pub draw: Vec<TargetDraw>,
    /// In all, with what was mixed in.
    pub selected: Totals,
    /// How many records came once, twice and so on, without what was mixed in; empty if none may come twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<u64>,
    /// How close it came to each target, if that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_reduction: Option<Vec<Closeness>>,
}

/// What one draw has selected for one target.
#[derive(Clone, Debug, Serialize)]
pub struct TargetDraw {
    /// What the target is called.
    pub name: String,
    /// The log weights of what is eligible.
    pub log_weights: LogWeights,
    /// The smallest key that was selected; `None` if nothing was.
    pub threshold: Option<f64>,
    /// Whether other records have that key and were not selected.
    pub ties: bool,
    /// What was selected.
    pub selected: Totals,
}

/// What was selected from one group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// The group, or the set that is mixed in.
    pub name: String,
    /// Which of both it is.
    pub mixed_in: bool,
    /// What was eligible.
    pub eligible: Totals,
    /// What was selected, by each draw.
    pub selected: Vec<Totals>,
}

/// What records are drawn by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreKind {
    /// Nothing.
    None,
    /// Sums over n-grams.
    Sums,
    /// The same, normalized by length.
    Normalized,
    /// What another tool gave.
    Given,
    /// Numbers from 0 to 1.
    Probabilities,
}

impl ScoreKind {
    /// Of sums over n-grams for `targets`, as they are normalized.
    pub(super) fn of_sums(normalize: Option<Normalize>, targets: &[TargetSize]) -> Self {
        match normalize {
            Some(Normalize::None) => ScoreKind::Sums,
            None if targets.iter().all(|target| !target.per_token) => ScoreKind::Sums,
            _ => ScoreKind::Normalized,
        }
    }
}

impl Report {
    pub(super) fn new(threads: usize) -> Self {
        Report {
            dsir_summary: SUMMARY_VERSION,
            dsir: env!("CARGO_PKG_VERSION"),
            threads,
            stages: Vec::new(),
            raw: None,
            feature_space: None,
            fitted: None,
            targets: None,
            refined: None,
            classified: None,
            repeated_texts: None,
            decontaminated: None,
            draw: None,
            written: None,
            prepared: None,
            seconds: 0.0,
            warnings: Vec::new(),
            selected: None,
            review: None,
            start: Instant::now(),
        }
    }

    /// Notes a stage that reads all records.
    pub(super) fn read(&mut self, stage: &str, report: &ReadReport) {
        self.stages.push(StageReport::reading(stage, report));
    }

    /// Notes a stage that reads no shards, and began at `start`.
    pub(super) fn computed(&mut self, stage: &str, start: Instant) {
        self.stages.push(StageReport::computing(stage, start.elapsed().as_secs_f64()));
    }

    /// Notes what the model was fitted on.
    pub(super) fn model(&mut self, model: &Model) {
        self.feature_space = Some(model.space);
        self.fitted = model.raw.as_ref().map(|raw| Fitted {
            documents_read: raw.documents_read,
            documents: raw.levels.iter().map(|level| level.documents).sum(),
            tokens: raw.levels.iter().map(|level| level.tokens).sum(),
            sampled: raw.first_level > 0,
        });
        self.targets = Some(TargetReport::all_of(model));
    }

    /// Takes the time and the warnings.
    pub(super) fn finish(&mut self, observer: &Observer) {
        self.seconds = self.start.elapsed().as_secs_f64();
        self.warnings = observer.warnings();
    }
}
