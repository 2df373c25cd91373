//! The file of a plan: what was decided about which shards, laid out in `docs/formats.md`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::passes::{Filter, ReadOptions, StoredFilter, StoredFilterError};
use crate::plan_error::{PLAN_VERSION, PlanError};
use crate::reader::{IdFields, Shards, TextFields, plain_path};
use crate::resample::{Draw, Plan, Totals};
use crate::storage::{self, Storage};
use crate::weights::{self, RowBlock, RowSource, Scale, WeightsFile};

/// What draws decided about the records of some shards, so that each shard can be written anywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    /// The format: 1.
    dsir_plan: u64,
    /// The version of the program that made it.
    dsir: String,
    /// The fingerprint of the model by which records were weighed, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    /// What was drawn by.
    pub(super) by: PlannedBy,
    /// The feature space whose tokens are counted where the weights do not tell.
    pub(super) feature_space: FeatureSpace,
    /// The fields that make up the text.
    text_fields: Vec<String>,
    /// Whether invalid records are left out.
    skip_invalid: bool,
    /// By what records are known, if not by their content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    id_fields: Vec<String>,
    /// What is asked of every record.
    #[serde(default, skip_serializing_if = "StoredFilter::is_empty")]
    filter: StoredFilter,
    /// What was asked for, in words.
    pub(super) budget: String,
    /// The seed, by which outputs are shuffled too.
    pub(super) seed: u64,
    /// Whether each draw goes into a folder of its own.
    pub(super) epochs: bool,
    /// The raw corpus, and the files that are mixed in.
    pub(super) sources: Vec<PlannedSource>,
}

/// What records were drawn by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum PlannedBy {
    Weights,
    Scores { scale: Scale },
    Field { field: String, scale: Scale },
    Nothing,
}

/// A corpus of which records were drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedSource {
    /// What it is called, if it is mixed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mixed_in: Option<String>,
    /// Its shards, in input order.
    pub(super) shards: Vec<PlannedShard>,
    /// What each draw has selected.
    pub(super) selected: Vec<Totals>,
    /// What was decided.
    pub(super) plan: Plan,
}

impl PlannedSource {
    /// What `draw` decided about `shards`, which have these rows of weights.
    pub(super) fn new(
        mixed_in: Option<&str>,
        draw: &Draw,
        shards: &Shards,
        weights: &[WeightsFile],
    ) -> Result<Self, Error> {
        Ok(PlannedSource {
            mixed_in: mixed_in.map(str::to_owned),
            shards: planned_shards(shards, weights)?,
            selected: (0..draw.selections.len()).map(|number| draw.total_of(number)).collect(),
            plan: draw.plan().clone(),
        })
    }
}

/// A shard about whose records was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedShard {
    /// Where it was.
    pub(super) path: String,
    /// Its path from the shards' common folder, under which weights and outputs are named.
    pub(super) name: String,
    /// How many rows of weights it has.
    pub(super) rows: u64,
    /// The 64-bit XXH3 of its rows, in hexadecimal.
    pub(super) weights: String,
}

/// What a plan is made of beside its sources.
pub(super) struct Planned<'a> {
    pub(super) model: Option<String>,
    pub(super) by: PlannedBy,
    pub(super) space: FeatureSpace,
    pub(super) read: &'a ReadOptions,
    pub(super) filter: &'a Filter,
    pub(super) budget: String,
    pub(super) seed: u64,
    pub(super) epochs: bool,
}

impl PlanFile {
    pub(super) fn new(planned: Planned<'_>, sources: Vec<PlannedSource>) -> Self {
        let Planned { model, by, space, read, filter, budget, seed, epochs } = planned;
        // What the first format has not is in the second alone.
        let is_plain = read.ids.is_empty() && !sources.iter().any(|source| source.plan.repeats());
        PlanFile {
            dsir_plan: if is_plain { 1 } else { PLAN_VERSION },
            dsir: env!("CARGO_PKG_VERSION").into(),
            model,
            by,
            feature_space: space,
            text_fields: read.fields.names().collect(),
            skip_invalid: read.skip_invalid,
            id_fields: read.ids.names(),
            filter: StoredFilter::of(filter),
            budget,
            seed,
            epochs,
            sources,
        }
    }

    /// Writes the file `path`.
    pub(super) fn write(&self, path: &Path, storage: &Storage) -> Result<(), Error> {
        let mut file = storage.create(path)?;
        let written = serde_json::to_writer_pretty(&mut file, self).map_err(std::io::Error::from);
        let written = written.and_then(|()| file.write_all(b"\n"));
        written.map_err(|source| storage::Error::new(path, source))?;
        Ok(file.finish()?)
    }

    /// Reads the file `path`.
    pub(super) fn read(path: &Path) -> Result<Self, PlanError> {
        #[derive(Deserialize)]
        struct Version {
            dsir_plan: u64,
        }
        let text = storage::read(path).map_err(|source| PlanError::Open { path: path.into(), source })?;
        let refuse =
            |error: serde_json::Error| PlanError::NotAPlan { path: path.into(), reason: error.to_string() };
        let Version { dsir_plan: version } = serde_json::from_slice(&text).map_err(refuse)?;
        if !(1..=PLAN_VERSION).contains(&version) {
            return Err(PlanError::Version { path: path.into(), version });
        }
        let file: PlanFile = serde_json::from_slice(&text).map_err(refuse)?;
        let draws = |source: &PlannedSource| source.plan.draws();
        let first = file.sources.first().map(draws).filter(|draws| {
            file.sources.iter().all(|source| source.plan.draws() == *draws && source.selected.len() == *draws)
        });
        match first {
            Some(_) => Ok(file),
            None => Err(PlanError::NotAPlan {
                path: path.into(),
                reason: "its sources have no draws in common".into(),
            }),
        }
    }

    /// How records become documents, with the sentence model in `punkt` if one is needed.
    pub(super) fn read_options(&self, path: &Path, punkt: Option<PathBuf>) -> Result<ReadOptions, PlanError> {
        let fields = TextFields::new(&self.text_fields);
        let fields = fields
            .ok_or_else(|| PlanError::NotAPlan { path: path.into(), reason: "no text fields".into() })?;
        let ids = IdFields::new(&self.id_fields);
        let ids = ids.ok_or_else(|| PlanError::NotAPlan {
            path: path.into(),
            reason: "a field without name".into(),
        })?;
        Ok(ReadOptions { fields, skip_invalid: self.skip_invalid, ids, punkt })
    }

    pub(super) fn filter(&self, path: &Path, punkt: Option<&Path>) -> Result<Filter, Error> {
        self.filter.filter(punkt).map_err(|error| match error {
            StoredFilterError::Words(reason) => PlanError::NotAPlan { path: path.into(), reason }.into(),
            StoredFilterError::Other(error) => error,
        })
    }

    /// How many draws were made.
    pub(super) fn draws(&self) -> usize {
        self.sources.first().map_or(0, |source| source.plan.draws())
    }

    /// Which shards of the plan `shards` are, by the places of the source and of the shard in it.
    ///
    /// # Errors
    /// A shard that the plan does not name, or does not name alone.
    pub(super) fn places(&self, shards: &Shards) -> Result<Vec<(usize, usize)>, PlanError> {
        let all = || {
            self.sources.iter().enumerate().flat_map(|(source, planned)| {
                planned.shards.iter().enumerate().map(move |(number, shard)| ((source, number), shard))
            })
        };
        let mut places = Vec::new();
        for shard in shards.iter() {
            let path = plain_path(shard.path());
            let at_path = all().find(|(_, planned)| Path::new(&planned.path) == path);
            let mut by_name = all().filter(|(_, planned)| path.ends_with(&planned.name));
            let place = match (at_path, by_name.next(), by_name.next()) {
                (Some((place, _)), ..) | (None, Some((place, _)), None) => place,
                (None, None, _) => return Err(PlanError::NotPlanned { shard: shard.path().into() }),
                (None, Some(_), Some(_)) => return Err(PlanError::Ambiguous { shard: shard.path().into() }),
            };
            places.push(place);
        }
        Ok(places)
    }
}

/// What a plan must know of each of `shards` and its rows.
fn planned_shards(shards: &Shards, rows: &(impl RowSource + ?Sized)) -> Result<Vec<PlannedShard>, Error> {
    let planned = shards.iter().enumerate().map(|(number, shard)| {
        Ok(PlannedShard {
            path: plain_path(shard.path()).to_string_lossy().into_owned(),
            name: shard.relative().to_string_lossy().into_owned(),
            rows: rows.rows(number),
            weights: fingerprint(rows, number)?,
        })
    });
    planned.collect()
}

/// Stands for the rows of a shard.
pub(super) fn fingerprint(rows: &(impl RowSource + ?Sized), shard: usize) -> Result<String, weights::Error> {
    const PIECE: u64 = 1 << 14;
    let mut block = RowBlock::default();
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    let count = rows.rows(shard);
    for first in (0..count).step_by(PIECE as usize) {
        rows.read(shard, first, (count - first).min(PIECE) as usize, &mut block)?;
        for row in block.rows() {
            row.log_weights().for_each(|log_weight| hasher.update(&log_weight.to_bits().to_le_bytes()));
            hasher.update(&row.record().to_le_bytes());
            hasher.update(&row.tokens().to_le_bytes());
            hasher.update(&row.bytes().to_le_bytes());
            hasher.update(&row.group().unwrap_or(0).to_le_bytes());
        }
    }
    Ok(format!("{:016x}", hasher.digest()))
}
