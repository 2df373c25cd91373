//! Drawing records by weights or scores that are there, and writing them.

use std::path::{Path, PathBuf};

use super::draw::{Beside, DrawInput, OutputOptions, Outputs, paths};
use super::fit::check_punkt;
use super::mix_in::{self, FileMixIn};
use super::plan_file::{Planned, PlannedBy};
use super::report::{Report, ScoreKind};
use super::review::{Reviewed, model_of_weights};
use super::run::{Run, RunOptions};
use super::unique::make_unique;
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::invalid_options::InvalidOptions;
use crate::observer::Observer;
use crate::passes::{
    FillInOptions, Filter, Measuring, ReadOptions, Sidecar, WeightSource, fill_in, look_for_fields,
};
use crate::reader::{FieldPath, Shards};
use crate::resample::InvalidDraw;
use crate::resample::{DrawOptions, Groups, Method};
use crate::storage;
use crate::warning::AskedBy;
use crate::weights::{Scale, ScoresFile, WeightsFolder, WeightsInfo};

/// What [`resample`] draws by and from, and where the selection goes.
#[derive(Debug)]
pub struct ResampleOptions {
    /// The raw shards.
    pub raw: Shards,
    /// What records are drawn by.
    pub by: DrawBy,
    /// The feature space whose tokens are counted where the weights do not tell; `None`: that of the weights, or the
    /// default.
    pub space: Option<FeatureSpace>,
    /// What is drawn.
    pub draw: DrawOptions,
    /// What is asked of every record.
    pub filter: Filter,
    /// Files of which random records are mixed in, beside the budget.
    pub mix_in: Vec<FileMixIn>,
    /// How records become documents.
    pub read: ReadOptions,
    /// Whether the sentence model was named, and is an error if nothing uses it.
    pub punkt_is_named: bool,
    /// Where the selection goes.
    pub output: OutputOptions,
    /// How the job runs.
    pub run: RunOptions,
}

impl ResampleOptions {
    /// Draws from `raw`, and writes to standard output; all else is as by default.
    pub fn new(raw: Shards, by: DrawBy, draw: DrawOptions) -> Self {
        ResampleOptions {
            raw,
            by,
            space: None,
            draw,
            filter: Filter::default(),
            mix_in: Vec::new(),
            read: ReadOptions::default(),
            punkt_is_named: false,
            output: OutputOptions::default(),
            run: RunOptions::default(),
        }
    }
}

/// What records are drawn by.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawBy {
    /// A folder with one weights file for each shard, or the weights file of a single shard.
    Weights(PathBuf),
    /// One score for each record: in a `.npy` file, or a folder with one such file for each shard; or, as `PATH:FIELD`,
    /// in a column or field of a file of any form, or of a folder with one such file for each shard.
    Scores(PathBuf, Scale),
    /// A number in a field of each record.
    Field(FieldPath, Scale),
    /// Nothing: at random.
    Nothing,
}

impl DrawBy {
    pub(super) fn open(&self, raw: &Shards) -> Result<WeightSource, Error> {
        if let DrawBy::Scores(path, scale) = self
            && !storage::is_there(path)
            && let Some((path, field)) = path_and_field(path)
        {
            return Ok(WeightSource::Sidecar(Sidecar::find(raw, path, field)?, *scale));
        }
        Ok(match self {
            DrawBy::Weights(path) => WeightSource::Weights(WeightsFolder::new(path).open(raw)?),
            DrawBy::Scores(path, scale) if storage::is_folder(path) => {
                let folder = WeightsFolder::new(path);
                let open = |shard| ScoresFile::open(&folder.path_of(shard));
                WeightSource::Scores(raw.iter().map(open).collect::<Result<_, _>>()?, *scale)
            }
            DrawBy::Scores(path, scale) => WeightSource::Scores(vec![ScoresFile::open(path)?], *scale),
            DrawBy::Field(field, scale) => WeightSource::Field(field.clone(), *scale),
            DrawBy::Nothing => WeightSource::None,
        })
    }

    /// As a plan has it.
    fn planned(&self) -> PlannedBy {
        match self {
            DrawBy::Weights(_) => PlannedBy::Weights,
            DrawBy::Scores(_, scale) => PlannedBy::Scores { scale: *scale },
            DrawBy::Field(field, scale) => PlannedBy::Field { field: field.to_string(), scale: *scale },
            DrawBy::Nothing => PlannedBy::Nothing,
        }
    }

    fn weights(&self) -> Option<&Path> {
        match self {
            DrawBy::Weights(path) => Some(path),
            _ => None,
        }
    }
}

/// The path and the field of `PATH:FIELD`; what follows the scheme of a URL is no field.
fn path_and_field(path: &Path) -> Option<(&Path, FieldPath)> {
    let (path, field) = path.to_str()?.rsplit_once(':')?;
    if field.starts_with("//") { None } else { Some((Path::new(path), FieldPath::new(field)?)) }
}

/// Draws records by weights or scores that are there, and writes them.
///
/// # Errors
/// Options that make no sense, shards or weights that cannot be read, an impossible request, an output that cannot be
/// written; [`Observer::cancel`].
pub fn resample(options: ResampleOptions, observer: &Observer) -> Result<Report, Error> {
    draw_then(options, None, observer)
}

/// Draws records by weights or scores that are there, and writes to `plan` what was decided, and nothing else:
/// [`write_part`](super::write_part) writes the records of any shards by it. The output options say only whether each
/// draw goes into a folder of its own.
///
/// # Errors
/// As [`resample`].
pub fn plan(options: ResampleOptions, plan: &Path, observer: &Observer) -> Result<Report, Error> {
    draw_then(options, Some(plan), observer)
}

/// Draws, and writes the selection, or a plan of it.
fn draw_then(options: ResampleOptions, plan: Option<&Path>, observer: &Observer) -> Result<Report, Error> {
    let ResampleOptions { raw, by, mut draw, mut filter, mix_in, mut read, output, .. } = options;
    draw.check().map_err(InvalidOptions::from)?;
    let run = Run::new(&options.run, observer, [&raw])?;
    mix_in::refuse_twice(&raw, &mix_in)?;
    if filter.unique && !mix_in.is_empty() {
        return Err(InvalidOptions::MixedInUnclean.into());
    }
    if filter.unique && plan.is_some() {
        return Err(InvalidOptions::PlanOfUnique.into());
    }
    if draw.method == Method::Pareto && !matches!(by, DrawBy::Scores(..) | DrawBy::Field(..)) {
        return Err(InvalidOptions::from(InvalidDraw::ParetoOfNoScores).into());
    }
    let source = by.open(&raw)?;
    let folder = by.weights().map(WeightsFolder::new);
    let info = folder.as_ref().map(WeightsFolder::info).transpose()?.flatten();
    // Records are known by what they were known by when they were weighed.
    if let Some(ids) = info.as_ref().map(WeightsInfo::ids) {
        if !read.ids.is_empty() && read.ids != ids {
            return Err(InvalidOptions::OtherIds { asked: read.ids.names(), there: ids.names() }.into());
        }
        read.ids = ids;
    }
    let read = read;
    let scores = match (&source, &info) {
        (WeightSource::None, _) => ScoreKind::None,
        _ if draw.method == Method::Pareto => ScoreKind::Probabilities,
        (WeightSource::Weights(_), Some(info)) => ScoreKind::of_sums(draw.normalize, &info.targets),
        _ => ScoreKind::Given,
    };
    if let Some(conditions) = info.as_ref().map(WeightsInfo::conditions).filter(|there| !there.is_empty())
        && !filter.mix_in.is_empty()
    {
        return Err(InvalidOptions::MixInUnderConditions { conditions: conditions.clone() }.into());
    }
    let meta = by.weights().map(|weights| weights.join(WeightsInfo::FILE));
    let model_path = output.review.as_ref().and_then(|review| review.model.as_deref());
    let inputs = source.files().into_iter().chain(meta.as_deref()).chain(model_path).chain(paths(&raw));
    let inputs = inputs.chain(mix_in.iter().flat_map(FileMixIn::inputs)).collect();
    let beside = Beside {
        raw: &raw,
        others: mix_in.iter().map(|file| &file.shards).collect(),
        inputs,
        rejects: None,
        left_out: None,
        is_rehearsal: false,
    };
    let outputs = match plan {
        Some(plan) => {
            Outputs::check_plan(plan, beside, &options.run, &run)?;
            None
        }
        None => Some(Outputs::check(&output, draw.draws, beside, &options.run, &run)?),
    };
    run.warn_of_unused(raw.exclude());
    outputs.iter().for_each(|outputs| outputs.warn_of_files(&raw, false, &run.observer));
    let score_field = match &by {
        DrawBy::Field(field, _) => Some((AskedBy::Scores, field.clone())),
        _ => None,
    };
    let asked: Vec<_> = filter.fields().chain(score_field).collect();
    let asked_to_review = output.tell_apart(&mut filter)?;
    look_for_fields(&raw, &asked.into_iter().chain(asked_to_review).collect::<Vec<_>>(), &run.observer);
    let model = model_of_weights(&output, info.as_ref(), &read)?;
    let targets = info.as_ref().map(|info| info.targets.as_slice());
    run.work(Report::new(run.threads()), |report| {
        model.iter().for_each(|model| report.model(model));
        let filled_in = run.temporary_folder()?;
        let of_weights = info.as_ref().map(|info| info.feature_space);
        let space = options.space.or(of_weights).unwrap_or_default();
        check_punkt(options.punkt_is_named, filter.quality.is_some(), space.tokenizer)?;
        let mixed_in = mix_in::draw(&mix_in, space, &draw, &read, &run, report)?;
        let mut groups = Groups::new();
        let weights = match source {
            WeightSource::Weights(weights)
                if filter.is_plain() && weights.iter().all(|file| file.layout().is_full()) =>
            {
                weights
            }
            source => {
                raw.keep_streams(run.temp_dir());
                let folder = WeightsFolder::new(filled_in.path());
                let fill = FillInOptions {
                    source: &source,
                    filter: &filter,
                    space,
                    read: &read,
                    storage: &run.storage,
                };
                let weighed = fill_in(&raw, fill, &folder, &run.observer)?;
                report.read("fill in", &weighed.read);
                groups = weighed.groups;
                draw.set_group_names(groups.clone());
                make_unique(filter.unique, folder.open(&raw)?, &run, report)?
            }
        };
        let selection = DrawInput {
            options: &draw,
            weights: &weights,
            targets,
            raw: &raw,
            kept: None,
            mixed_in: &mixed_in,
            ids: &read.ids,
            scores,
            measuring: model.as_ref().map(|model| Measuring { model, read: &read, target: None }),
            reviewed: output
                .review
                .as_ref()
                .map(|_| Reviewed::new(&raw, filter.group_by.is_some(), &groups, model.as_ref(), &read)),
        };
        if let (Some(path), None) = (plan, &outputs) {
            let planned = Planned {
                model: info.as_ref().map(|info| info.model().to_owned()),
                by: by.planned(),
                space,
                read: &read,
                filter: &filter,
                budget: draw.budget.to_string(),
                seed: draw.seed,
                epochs: output.epochs || draw.draws > 1,
            };
            return selection.plan(planned, path, &run, report);
        }
        outputs.map_or(Ok(()), |outputs| selection.make(&outputs, &run, report))
    })
}
