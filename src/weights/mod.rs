//! Weights: from a record and the log-ratios to its log weight, tokens and bytes, kept row by row.
//!
//! Source: the reference's `HashedNgramDSIR.importance_estimator` and `get_perexample_metadata`.

mod error;
mod file;
mod folder;
mod npy;
mod of_texts;
mod rows;
mod scores;
mod source;

pub use error::Error;
pub use file::{RowBlock, WeightsFile, WeightsWriter};
pub use folder::{ConditionParts, StoredConditions, StoredQuality, TargetSize, WeightsFolder, WeightsInfo};
pub use of_texts::{WeighedTexts, weigh_texts};
pub use rows::{RowFields, Rows};
pub use scores::{Scale, ScoresFile};
pub use source::{RowSource, UntilCancelled};

use crate::density::{LogRatios, Sum};
use crate::featurizer::{Featurizer, Featurizers};

/// Where the fields of a row are, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    row: usize,
    targets: usize,
    log_weight: usize,
    record: Option<usize>,
    tokens: Option<usize>,
    bytes: Option<usize>,
    group: Option<usize>,
    text: Option<usize>,
}

impl Layout {
    /// The project's own layout: log weights, content hash, tokens, bytes.
    pub(crate) const fn of_targets(targets: usize) -> Self {
        let after = 8 * targets;
        Layout {
            row: after + 16,
            targets,
            log_weight: 0,
            record: Some(after),
            tokens: Some(after + 8),
            bytes: Some(after + 12),
            group: None,
            text: None,
        }
    }

    /// The same, and the group, where records are drawn by groups.
    pub(crate) const fn with_group(self) -> Self {
        Layout { row: self.row + 8, group: Some(self.row), ..self }
    }

    /// The same, and behind all else the hash of the text.
    pub(crate) const fn with_text(self) -> Self {
        Layout { row: self.row + 8, text: Some(self.row), ..self }
    }

    /// The project's own layout, with the group if `grouped`.
    pub(crate) const fn own(targets: usize, grouped: bool) -> Self {
        let layout = Layout::of_targets(targets);
        if grouped { layout.with_group() } else { layout }
    }

    /// The bytes of a row.
    pub(crate) fn bytes(&self) -> usize {
        self.row
    }

    /// Whether a row has all fields.
    pub fn is_full(&self) -> bool {
        self.record.is_some() && self.tokens.is_some() && self.bytes.is_some()
    }

    /// Whether a row has the tokens.
    pub fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// How many log weights a row has.
    pub fn targets(&self) -> usize {
        self.targets
    }
}

/// One row of weights, wherever its fields are.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    layout: Layout,
    bytes: &'a [u8],
}

impl<'a> Row<'a> {
    /// The log weight for a target.
    #[inline]
    pub fn log_weight(&self, target: usize) -> f64 {
        f64::from_le_bytes(self.array(self.layout.log_weight + 8 * target))
    }

    /// All log weights.
    pub fn log_weights(self) -> impl ExactSizeIterator<Item = f64> + 'a {
        (0..self.layout.targets).map(move |target| self.log_weight(target))
    }

    /// The content hash; 0 if the row does not have it.
    #[inline]
    pub fn record(&self) -> u64 {
        self.layout.record.map_or(0, |at| u64::from_le_bytes(self.array(at)))
    }

    /// The number of tokens; 0 if the row does not have it.
    #[inline]
    pub fn tokens(&self) -> u32 {
        self.layout.tokens.map_or(0, |at| u32::from_le_bytes(self.array(at)))
    }

    /// The length of the record with its newline; 0 if the row does not have it.
    #[inline]
    pub fn bytes(&self) -> u32 {
        self.layout.bytes.map_or(0, |at| u32::from_le_bytes(self.array(at)))
    }

    /// Appends the row with another log weight for its only target.
    pub(crate) fn push_with(&self, log_weight: f64, rows: &mut Vec<u8>) {
        let (start, at) = (rows.len(), self.layout.log_weight);
        rows.extend_from_slice(self.bytes);
        rows[start + at..start + at + 8].copy_from_slice(&log_weight.to_le_bytes());
    }

    /// The number of the record's group, if the row has one.
    #[inline]
    pub fn group(&self) -> Option<u64> {
        self.layout.group.map(|at| u64::from_le_bytes(self.array(at)))
    }

    /// The hash of the text; 0 if the row does not have it.
    #[inline]
    pub(crate) fn text(&self) -> u64 {
        self.layout.text.map_or(0, |at| u64::from_le_bytes(self.array(at)))
    }

    /// Whether the record was left out since another one has its text.
    pub(crate) fn is_repeated(&self) -> bool {
        self.tokens() == REPEATED_TOKENS
            && self.log_weights().all(|log_weight| log_weight == f64::NEG_INFINITY)
    }

    #[inline]
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[at..at + N]);
        array
    }
}

/// The rows in this layout that `bytes` are.
pub(crate) fn rows(bytes: &[u8], layout: Layout) -> impl Iterator<Item = Row<'_>> {
    bytes.chunks_exact(layout.row).map(move |bytes| Row { layout, bytes })
}

/// In the rows of records that were left out, which are not weighed; those of records that were skipped have none.
pub(crate) const LEFT_OUT_TOKENS: u64 = 1;
/// The same for those that were left out since another one has their text.
pub(crate) const REPEATED_TOKENS: u32 = 2;

/// What a row keeps of its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordId {
    /// The content hash.
    pub(crate) hash: u64,
    /// The length with its newline.
    pub(crate) bytes: u32,
    /// The hash of its text, where rows have one.
    pub(crate) text: Option<u64>,
}

/// Appends a row in the project's own layout, with a group if there is one, to `rows`.
pub(crate) fn push_row(
    rows: &mut Vec<u8>,
    log_weights: impl Iterator<Item = f64>,
    record: RecordId,
    tokens: u64,
    group: Option<u64>,
) {
    for log_weight in log_weights {
        rows.extend_from_slice(&log_weight.to_le_bytes());
    }
    rows.extend_from_slice(&record.hash.to_le_bytes());
    rows.extend_from_slice(&u32::try_from(tokens).unwrap_or(u32::MAX).to_le_bytes());
    rows.extend_from_slice(&record.bytes.to_le_bytes());
    if let Some(group) = group {
        rows.extend_from_slice(&group.to_le_bytes());
    }
    if let Some(text) = record.text {
        rows.extend_from_slice(&text.to_le_bytes());
    }
}

/// Weighs texts; holds the buffers of one thread.
pub struct Weigher<'m> {
    featurizer: Featurizer,
    log_ratios: &'m LogRatios,
    sums: Vec<Sum>,
}

impl<'m> Weigher<'m> {
    /// A weigher for texts of the feature space that `log_ratios` is of, as the featurizers are.
    pub fn new(featurizers: &Featurizers, log_ratios: &'m LogRatios) -> Self {
        Weigher { featurizer: featurizers.featurizer(), log_ratios, sums: vec![0; log_ratios.targets()] }
    }

    /// A weigher that keeps the hashes of the tokens of the last text.
    pub(crate) fn with_token_hashes(self) -> Self {
        Weigher { featurizer: self.featurizer.with_token_hashes(), ..self }
    }

    /// The hashes of the tokens of the last text, if they are kept.
    pub(crate) fn token_hashes(&self) -> &[u64] {
        self.featurizer.token_hashes()
    }

    /// The log weights of the last text.
    pub(crate) fn log_weights(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.iter().map(|sum| self.log_ratios.log_weight(*sum))
    }

    /// The tokens of `text`, and its log weight for each target.
    pub fn weigh(&mut self, text: &str) -> (u64, impl Iterator<Item = f64> + '_) {
        let Weigher { featurizer, log_ratios, sums } = self;
        sums.fill(0);
        let tokens = featurizer.featurize(text, |buckets| log_ratios.add(buckets, sums));
        (tokens, self.log_weights())
    }
}

/// The first of these log weights that no record can have.
#[inline]
fn unsound(mut log_weights: impl Iterator<Item = f64>) -> Option<f64> {
    log_weights.find(|value| value.is_nan() || *value == f64::INFINITY)
}
