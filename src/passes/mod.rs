//! Passes: one reading of the shards each, in parallel over shards and over the blocks of each.

mod candidates;
mod copies;
mod count;
mod count_raw;
mod count_targets;
mod decontaminate;
mod documents;
mod eligible;
mod elsewhere;
mod fields;
mod fill_in;
mod filter;
mod glimpse;
mod keep;
mod measure;
mod oversampled;
mod prepare;
mod rejects;
mod sample;
mod score_files;
mod scores;
mod selected;
mod sidecar;
mod stored_filter;
mod texts;
mod unique;
mod weigh;
mod write;

pub(crate) use candidates::Candidates;
pub use copies::{Overlap, Repeats};
pub(crate) use count_raw::{RawCorpus, count_raw, count_raw_and_sample};
pub(crate) use count_targets::{CountedTarget, check_documents, count_target, count_target_and_half};
pub(crate) use decontaminate::Decontamination;
pub use decontaminate::{DecontaminateOptions, Decontaminated, DecontaminatedSet, SharedNgram};
pub use documents::ReadReport;
pub use eligible::Eligible;
pub(crate) use elsewhere::Elsewhere;
pub use elsewhere::do_piece;
pub(crate) use fields::look_for_fields;
pub(crate) use fill_in::{FillInOptions, WeightSource, fill_in};
pub use filter::Filter;
pub(crate) use filter::fields_of;
pub(crate) use glimpse::{Glimpse, glimpse, stored_bytes};
pub(crate) use measure::{MeasuredSelection, MeasuringOptions, measure_raw, measure_selection};
pub use prepare::Prepared;
pub(crate) use prepare::{PreparingOptions, prepare};
pub(crate) use rejects::Rejects;
pub use score_files::ScoreFiles;
pub(crate) use score_files::write_score_files;
pub use selected::SelectedRecords;
pub(crate) use selected::TextHashes;
pub(crate) use sidecar::Sidecar;
pub(crate) use stored_filter::{StoredFilter, StoredFilterError};
pub(crate) use texts::{featurize_texts, sample_texts};
pub(crate) use unique::make_unique;
pub(crate) use weigh::{Weighed, WeighingOptions, refuse_weights_of_others, weigh};
pub(crate) use write::{
    Looks, Measuring, Source, WeighedElsewhere, WriteOptions, Written, check_tables, write,
};

use std::path::PathBuf;

use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizers};
use crate::reader::{Block, IdFields, Shard, Shards, TextFields};
use crate::weights::{self, RowBlock, WeightsFile};
use documents::Tally;

/// How records become documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The fields that make up the text.
    pub fields: TextFields,
    /// Leave invalid records out instead of stopping at the first.
    pub skip_invalid: bool,
    /// By what records are known: noise and samples go by it.
    pub ids: IdFields,
    /// The folder with the sentence model, for the feature spaces that need one: see
    /// [`Punkt::read`](crate::featurizer::Punkt).
    pub punkt: Option<PathBuf>,
}

impl ReadOptions {
    /// For texts that are not drawn from: what a raw record is known by need not be in them.
    pub(crate) fn without_ids(&self) -> Self {
        ReadOptions { ids: IdFields::default(), ..self.clone() }
    }

    /// Makes featurizers for `space`.
    pub(crate) fn featurizers(&self, space: FeatureSpace) -> Result<Featurizers, Error> {
        Ok(Featurizers::open(space, self.punkt.as_deref())?)
    }
}

/// The shards of one target.
#[derive(Debug)]
pub struct TargetShards {
    /// What the target is called.
    pub name: String,
    /// Its shards.
    pub shards: Shards,
}

/// The shards of one selection, whoever made it.
#[derive(Debug)]
pub struct SelectionShards {
    /// What the selection is called.
    pub name: String,
    /// Its shards.
    pub shards: Shards,
}

/// Reads the rows of the records in `block`.
fn read_rows(weights: &WeightsFile, shard: &Shard, block: &Block, rows: &mut RowBlock) -> Result<(), Error> {
    if block.first_record() + block.len() as u64 > weights.rows() {
        return Err(other_rows(weights, shard, None));
    }
    Ok(weights.read(block.first_record(), block.len(), rows)?)
}

/// Makes sure that a shard had as many records as there are weights.
fn check_rows(weights: &WeightsFile, shard: &Shard, records: u64) -> Result<(), Error> {
    if records == weights.rows() { Ok(()) } else { Err(other_rows(weights, shard, Some(records))) }
}

fn other_rows(weights: &WeightsFile, shard: &Shard, records: Option<u64>) -> Error {
    let (path, rows, shard) = (weights.path().into(), weights.rows(), shard.path().into());
    weights::Error::Rows { path, rows, shard, records }.into()
}
