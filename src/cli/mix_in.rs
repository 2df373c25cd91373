//! What is drawn beside the budget: from sets of the raw records, and from files of its own.

use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dsir::featurizer::FeatureSpace;
use dsir::passes::{self, Filter, ReadOptions, Source, WeightSource};
use dsir::reader::{Condition, Conditions, Shard, Shards};
use dsir::resample::{Budget, Draw, DrawOptions, Error, FromGroup, Method, MixIn};
use dsir::storage::unfinished::TemporaryFolder;
use dsir::weights::{WeightsFile, WeightsFolder};

use super::args::DrawArgs;
use super::args::amount::some;
use super::failure::Failure;
use super::options::Run;
use super::summary::Summary;

/// `FIELD=VALUE=N` or `FILE=N`.
enum Wanted {
    Set(MixIn),
    File(MixIn),
}

impl DrawArgs {
    fn wanted_beside(&self) -> Result<Vec<Wanted>, Failure> {
        let parse = |given: &'_ String| {
            let (what, records) = given.rsplit_once('=')?;
            let records = some(records).ok()?;
            let mix_in = MixIn { name: what.to_owned(), records };
            let is_path = what.starts_with(['/', '.']) || !what.contains(['=', '<', '>']);
            Some((mix_in, is_path)).filter(|_| !what.is_empty())
        };
        let mut wanted = Vec::new();
        for given in &self.mix_in {
            let (mix_in, is_path) = parse(given).ok_or_else(|| {
                Failure::usage(format!(
                    "--mix-in {given}: write FIELD=VALUE=N or FILE=N, N being a number of records above 0"
                ))
            })?;
            wanted.push(if is_path { Wanted::File(mix_in) } else { Wanted::Set(mix_in) });
        }
        Ok(wanted)
    }

    /// The sets of the raw records that are mixed in.
    pub(super) fn sets_mixed_in(&self) -> Result<Vec<(MixIn, Conditions)>, Failure> {
        let mut sets = Vec::new();
        for wanted in self.wanted_beside()? {
            if let Wanted::Set(mix_in) = wanted {
                let condition = &mix_in.name;
                let wanted = condition.parse::<Condition>();
                let wanted = wanted.map_err(|why| Failure::usage(format!("--mix-in {condition}: {why}")))?;
                sets.push((mix_in, Conditions::new(vec![wanted], Vec::new())));
            }
        }
        Ok(sets)
    }

    /// The files that are mixed in.
    pub(crate) fn files_mixed_in(&self) -> Result<Vec<FileMixedIn>, Failure> {
        let mut files = Vec::new();
        for wanted in self.wanted_beside()? {
            if let Wanted::File(mix_in) = wanted {
                let shards = Shards::find([Path::new(&mix_in.name)])?;
                files.push(FileMixedIn { mix_in, shards });
            }
        }
        Ok(files)
    }
}

/// A file, or a folder of files, of which random records are mixed in.
pub(crate) struct FileMixedIn {
    mix_in: MixIn,
    pub(crate) shards: Shards,
}

impl FileMixedIn {
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(Shard::path)
    }

    /// Draws from it, as `options` want it but whatever the weights; tokens are those of `space`.
    fn draw(
        &self,
        space: FeatureSpace,
        options: &DrawOptions,
        read: &ReadOptions,
        run: &Run,
        summary: &mut Summary,
    ) -> Result<DrawnBeside<'_>, Failure> {
        let FileMixedIn { mix_in: MixIn { name, records }, shards } = self;
        shards.keep_streams(&run.temp_dir);
        let folder = run.temporary_folder()?;
        let weights = WeightsFolder::new(folder.path());
        let (given, filter) = (WeightSource::None, Filter::default());
        let weighed = passes::fill_in(&given, &filter, shards, space, &weights, read, &run.observer)?;
        summary.stage(&format!("mix in {name}"), &weighed.read);
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
        let too_small = |there| Error::MixInTooSmall { name: name.clone(), asked: *records, there };
        let draw = Draw::new(&weights, None, &options).map_err(|error| match error {
            Error::TooFew { eligible, .. } => too_small(eligible.records),
            Error::NoneEligible { .. } => too_small(0),
            other => other,
        })?;
        Ok(DrawnBeside { name, draw, weights, shards, _folder: folder })
    }
}

/// Draws from all files that are mixed in: before the long work, so that what is wrong with them is found out soon.
pub(crate) fn draw_beside<'a>(
    files: &'a [FileMixedIn],
    space: FeatureSpace,
    options: &DrawOptions,
    read: &ReadOptions,
    run: &Run,
    summary: &mut Summary,
) -> Result<Vec<DrawnBeside<'a>>, Failure> {
    files.iter().map(|file| file.draw(space, options, read, run, summary)).collect()
}

/// Refuses files that are mixed in twice, or are also raw: their records could be selected twice.
pub(crate) fn refuse_twice(raw: &Shards, files: &[FileMixedIn]) -> Result<(), Failure> {
    let identity =
        |path: &Path| path.metadata().ok().filter(Metadata::is_file).map(|it| (it.dev(), it.ino()));
    let mut seen: HashSet<(u64, u64)> = raw.iter().filter_map(|shard| identity(shard.path())).collect();
    for path in files.iter().flat_map(FileMixedIn::inputs) {
        if identity(path).is_some_and(|identity| !seen.insert(identity)) {
            let path = path.display();
            return Err(Failure::usage(format!(
                "--mix-in: {path} is given twice, or is among RAW too: its records could be selected twice"
            )));
        }
    }
    Ok(())
}

/// What was drawn from a file that is mixed in.
pub(crate) struct DrawnBeside<'a> {
    name: &'a str,
    draw: Draw,
    weights: Vec<WeightsFile>,
    shards: &'a Shards,
    _folder: TemporaryFolder,
}

impl DrawnBeside<'_> {
    pub(crate) fn source(&self) -> Source<'_> {
        let DrawnBeside { draw, weights, shards, .. } = self;
        Source { draw, weights, shards, candidates: None, is_weighed: false }
    }

    /// As it stands in the summary.
    pub(crate) fn told(&self) -> FromGroup {
        FromGroup {
            name: self.name.to_owned(),
            is_mixed_in: true,
            there: self.draw.survey.eligible,
            selected: (0..self.draw.selections.len()).map(|number| self.draw.total_of(number)).collect(),
        }
    }
}
