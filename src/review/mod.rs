//! What a selection is like: documents of it and beside it, where they come from, how long they are, and what another
//! budget would have given.

mod bins;
mod curve;
mod documents;
mod gather;
mod hash_sample;
mod interval;
mod lengths;
mod ngrams;
mod picks;
mod rows;
mod sources;
mod weights;

pub use bins::HistogramBin;
pub use curve::CurvePoint;
pub use documents::{DocumentKind, ReviewedDocument};
pub(crate) use gather::{Gathered, Gathering, GatheringThread, Reading};
pub(crate) use hash_sample::HashSample;
pub use interval::Interval;
pub use lengths::LengthBin;
pub use ngrams::{NgramShift, NgramShifts};

pub use rows::DrawnBy;
pub(crate) use rows::{RowsReview, read as read_rows};
pub use sources::{SourceKind, SourceNames, SourceReview};
pub use weights::sources_of_weights;

use std::path::PathBuf;

use crate::density::{EPSILON, Error, Evaluator, Model};
use crate::featurizer::Featurizers;

/// Of fewer documents, no interval is told.
const FEWEST: usize = 20;

/// What the first draw of a selection is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// For each target that draws, in the order of the [draw](crate::jobs::EpochReport); of many, the first.
    pub targets: Vec<TargetReview>,
    /// What decided which records were selected.
    pub drawn_by: DrawnBy,
    /// The 95% intervals of the KL reductions, for each target of the model; none without a model, if it has too many
    /// buckets, if records are mixed in, or of fewer than 20 documents.
    pub intervals: Vec<Interval>,
    /// What sources are.
    pub source_kind: SourceKind,
    /// Where documents come from.
    pub sources: Vec<SourceReview>,
    /// How many documents are how long.
    pub lengths: Vec<LengthBin>,
    /// What other budgets would give, in rising order; none where records are not ranked by one key, or without a
    /// model.
    pub curve: Vec<CurvePoint>,
    /// Documents to look at.
    pub documents: Vec<ReviewedDocument>,
    /// The n-grams that the selection has more and less of; `None` without a model, or without documents.
    pub ngrams: Option<NgramShifts>,
    /// The fingerprint of the model, if it is known.
    pub model: Option<u64>,
}

/// What a selection is like for one target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetReview {
    /// The histogram of the log weights that decide, of eligible and of selected documents.
    pub histogram: Vec<HistogramBin>,
    /// The log weight whose key would be at the threshold if there were no noise; `None` if nothing was selected, or
    /// not by log weights.
    pub threshold: Option<f64>,
}

/// What was drawn by, to put a review together.
pub(crate) struct ReviewInput<'a> {
    /// What the rows tell.
    pub(crate) rows: RowsReview,
    /// What was gathered while documents were read.
    pub(crate) gathered: Gathered,
    /// What they were weighed by, if it is known.
    pub(crate) model: Option<(&'a Model, &'a Featurizers)>,
    /// The paths of the raw shards.
    pub(crate) paths: Vec<PathBuf>,
}

impl Review {
    /// Puts together what was found.
    ///
    /// # Errors
    /// A model of which one side was not counted.
    pub(crate) fn new(input: ReviewInput<'_>) -> Result<Self, Error> {
        let ReviewInput { rows, gathered, model, paths } = input;
        let find_intervals = || match model {
            Some((model, _)) if !rows.has_mixed_in && rows.selected.len() >= FEWEST => {
                interval::intervals(model, &gathered.blocks, rows.sampled_part())
            }
            _ => Ok(Vec::new()),
        };
        let find_ngrams = || {
            let (_, featurizers) = model?;
            NgramShifts::new(&gathered.texts, rows.selected_share(), featurizers)
        };
        let (intervals, ngrams) = rayon::join(find_intervals, find_ngrams);
        let intervals = intervals?;
        let curve = match model {
            Some((model, _)) if !gathered.levels.is_empty() => {
                curve::curve(&rows, &gathered, &Evaluator::new(model, EPSILON)?)
            }
            _ => Vec::new(),
        };
        let targets = rows.targets.iter().map(|of_target| TargetReview {
            histogram: of_target.bins.histogram(&of_target.eligible, &of_target.selected),
            threshold: of_target.threshold,
        });
        Ok(Review {
            targets: targets.collect(),
            drawn_by: rows.drawn_by,
            intervals,
            source_kind: rows.sources.kind,
            sources: rows.sources.review(),
            lengths: lengths::bins(&rows.lengths),
            curve,
            documents: documents::documents(
                &rows,
                &gathered.texts,
                model.filter(|_| !rows.is_combined),
                &paths,
            )?,
            ngrams,
            model: model.map(|(model, _)| model.fingerprint()),
        })
    }
}
