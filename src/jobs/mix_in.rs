//! What is drawn beside the budget from files of its own.

use std::collections::HashSet;
use std::path::Path;

use super::draw_rows::draw_rows;
use super::plan_file::PlannedSource;
use super::report::{GroupReport, Report};
use super::run::Run;
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::invalid_options::InvalidOptions;
use crate::passes::{FillInOptions, Filter, ReadOptions, Source, WeightSource, fill_in};
use crate::reader::{Shard, Shards};
use crate::resample::{self, Budget, Draw, DrawOptions, Method, Totals};
use crate::storage::{FileId, TemporaryFolder};
use crate::weights::{WeightsFile, WeightsFolder};

/// A file, or a folder of files, of which random records are mixed in.
#[derive(Debug)]
pub struct FileMixIn {
    /// What it is called in messages and in the report.
    pub name: String,
    /// Its shards.
    pub shards: Shards,
    /// How many records are mixed in.
    pub records: u64,
}

impl FileMixIn {
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(Shard::path)
    }
}

/// What was drawn from a file that is mixed in.
pub(super) struct MixedIn<'a> {
    name: &'a str,
    draw: Draw,
    weights: Vec<WeightsFile>,
    shards: &'a Shards,
    _folder: TemporaryFolder,
}

/// Refuses files that are mixed in twice, or are also raw: their records could be selected twice.
pub(super) fn refuse_twice(raw: &Shards, files: &[FileMixIn]) -> Result<(), InvalidOptions> {
    let id = |path: &Path| path.metadata().ok().filter(|it| it.is_file()).and_then(|it| FileId::of(&it));
    let mut seen: HashSet<FileId> = raw.iter().filter_map(|shard| id(shard.path())).collect();
    for path in files.iter().flat_map(FileMixIn::inputs) {
        if id(path).is_some_and(|id| !seen.insert(id)) {
            return Err(InvalidOptions::MixedInTwice { path: path.into() });
        }
    }
    Ok(())
}

/// Draws from all files that are mixed in, as `options` want it but whatever the weights; tokens are those of `space`.
/// This comes before the long work, so that what is wrong with the files is found out soon.
pub(super) fn draw<'a>(
    files: &'a [FileMixIn],
    space: FeatureSpace,
    options: &DrawOptions,
    read: &ReadOptions,
    run: &Run,
    report: &mut Report,
) -> Result<Vec<MixedIn<'a>>, Error> {
    files.iter().map(|file| draw_from(file, space, options, read, run, report)).collect()
}

fn draw_from<'a>(
    file: &'a FileMixIn,
    space: FeatureSpace,
    options: &DrawOptions,
    read: &ReadOptions,
    run: &Run,
    report: &mut Report,
) -> Result<MixedIn<'a>, Error> {
    let FileMixIn { name, shards, records } = file;
    shards.keep_streams(run.temp_dir());
    let folder = run.temporary_folder()?;
    let weights = WeightsFolder::new(folder.path());
    let filter = Filter::default();
    let fill = FillInOptions {
        source: &WeightSource::None,
        filter: &filter,
        space,
        read: &read.without_ids(),
        storage: &run.storage,
    };
    let weighed = fill_in(shards, fill, &weights, &run.observer)?;
    report.read(&format!("mix in {name}"), &weighed.read);
    let weights = weights.open(shards)?;
    let options = DrawOptions {
        budget: Budget::Records(*records),
        method: Method::Random,
        min_tokens: options.min_tokens,
        seed: options.seed,
        allow_fewer: options.allow_fewer,
        draws: options.draws,
        disjoint: options.disjoint,
        ..DrawOptions::default()
    };
    let too_small = |there| resample::Error::MixInTooSmall { name: name.clone(), asked: *records, there };
    let draw = draw_rows(&weights, None, &options, &run.observer).map_err(|error| match error {
        Error::Resample(resample::Error::TooFew { eligible, .. }) => too_small(eligible.records).into(),
        Error::Resample(resample::Error::NoneEligible { .. }) => too_small(0).into(),
        other => other,
    })?;
    Ok(MixedIn { name, draw, weights, shards, _folder: folder })
}

impl MixedIn<'_> {
    pub(super) fn source(&self) -> Source<'_> {
        let MixedIn { draw, weights, shards, .. } = self;
        Source::of_draw(draw, weights, shards, false)
    }

    /// What a plan has of it.
    pub(super) fn planned(&self) -> Result<PlannedSource, Error> {
        PlannedSource::new(Some(self.name), &self.draw, self.shards, &self.weights)
    }

    /// What one draw has selected.
    pub(super) fn total_of(&self, draw: usize) -> Totals {
        self.draw.total_of(draw)
    }

    /// As it stands in the report.
    pub(super) fn report(&self) -> GroupReport {
        GroupReport {
            name: self.name.to_owned(),
            mixed_in: true,
            eligible: self.draw.survey.eligible,
            selected: (0..self.draw.selections.len()).map(|number| self.draw.total_of(number)).collect(),
        }
    }
}
