//! The whole job: count, weigh, draw and write.

use std::path::PathBuf;

use super::classify::{self, Against};
use super::count_options::CountOptions;
use super::decontaminate;
use super::draw::{Beside, DrawInput, Keeper, OutputOptions, Outputs, paths};
use super::fit::{add_raw, check_punkt, count_targets, create_rejects, finish_rejects, tell_of_model};
use super::mix_in::{self, FileMixIn};
use super::place;
use super::refine::{self, KeptRejects};
use super::report::{RawReport, Report, ScoreKind};
use super::review::Reviewed;
use super::run::{Run, RunOptions};
use super::unique::make_unique;
use crate::density::{Model, Target};
use crate::error::Error;
use crate::invalid_options::InvalidOptions;
use crate::observer::Observer;
use crate::passes::{
    self, Candidates, DecontaminateOptions, Eligible, Filter, Measuring, ReadOptions, TargetShards,
    TextHashes, Weighed, look_for_fields,
};
use crate::reader::{self, Shards};
use crate::refine::Aim;
use crate::resample::{self, Budget, DrawOptions, Method, Screen, Totals, target_shares};
use crate::storage::WorkDir;
use crate::weights::{TargetSize, WeightsFolder, WeightsInfo};

/// What [`select`] selects, from what, and where it goes.
#[derive(Debug)]
pub struct SelectOptions {
    /// The raw shards.
    pub raw: Shards,
    /// What records are weighed by.
    pub model: ModelSource,
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
    /// What the selection is kept clean of.
    pub decontaminate: Option<DecontaminateOptions>,
    /// Where the records go that are skipped as invalid.
    pub rejects: Option<PathBuf>,
    /// Where the selection goes.
    pub output: OutputOptions,
    /// The work directory; `None`: beside the output.
    pub work_dir: Option<PathBuf>,
    /// How the job runs.
    pub run: RunOptions,
}

impl SelectOptions {
    /// Draws from `raw` for these targets, and writes to standard output; all else is as by default.
    pub fn new(raw: Shards, targets: Vec<TargetShards>, draw: DrawOptions) -> Self {
        SelectOptions {
            raw,
            model: ModelSource::Fit { targets, count: CountOptions::default(), learn: Learn::Plain },
            draw,
            filter: Filter::default(),
            mix_in: Vec::new(),
            read: ReadOptions::default(),
            punkt_is_named: false,
            decontaminate: None,
            rejects: None,
            output: OutputOptions::default(),
            work_dir: None,
            run: RunOptions::default(),
        }
    }
}

/// What records are weighed by.
#[derive(Debug)]
pub enum ModelSource {
    /// A model file.
    File(PathBuf),
    /// A model that is fitted on the raw shards and these targets.
    Fit {
        /// The targets.
        targets: Vec<TargetShards>,
        /// How they are counted.
        count: CountOptions,
        /// How log weights come from the counts.
        learn: Learn,
    },
}

/// How log weights come from counts.
#[derive(Debug, Default)]
pub enum Learn {
    /// As published.
    #[default]
    Plain,
    /// With log-ratios with which the selection as a whole comes closest to the target.
    Refined,
    /// With log-ratios that tell documents of a target from others.
    Classifier(Against),
}

/// Selects the raw records that are distributed like the targets, and writes them.
///
/// # Errors
/// Options that make no sense, shards that cannot be read or without a document, an impossible request, an output that
/// cannot be written; [`Observer::cancel`], after which the same job resumes where it was.
pub fn select(options: SelectOptions, observer: &Observer) -> Result<Report, Error> {
    let (run, outputs) = check(&options, false, observer)?;
    let SelectOptions { raw, model, mut draw, mut filter, mix_in, read, rejects, output, .. } = options;
    let decontaminate = options.decontaminate;
    let measures_quality = filter.quality.is_some();
    let check_punkt = |tokenizer| check_punkt(options.punkt_is_named, measures_quality, tokenizer);
    let work_dir = place::beside_output(options.work_dir.as_deref(), &output.destination, &raw, &run)?;
    outputs.warn_of_files(&raw, run.observer.resumable().is_some(), &run.observer);
    output.tell_apart(&mut filter)?;
    let elsewhere = run.elsewhere(&raw, &work_dir)?;
    let elsewhere = elsewhere.as_ref();
    let done = run.work(Report::new(run.threads()), |report| {
        let eligible = Eligible { min_tokens: draw.min_tokens, filter: filter.clone() };
        let mut rejects = create_rejects(rejects.as_deref(), &run)?;
        let (model, texts): (Model, Option<TextHashes>) = match model {
            ModelSource::File(path) => {
                let model = Model::read(&path)?;
                check_punkt(model.space.tokenizer)?;
                (model, None)
            }
            ModelSource::Fit { targets, count, learn: Learn::Refined } => {
                // As from a corpus that is there so many times.
                let aim = |eligible: &Totals| Aim::new(draw.budget, &eligible.times(draw.repeat));
                let of = refine::Of { targets: &targets, raw: &raw, eligible: &eligible, elsewhere };
                let kept = KeptRejects { rejects: &mut rejects, of_raw: false };
                let mut counted = refine::count(&count, of, (&aim, &draw), &read, kept, &run, report)?;
                refuse_too_many(&counted.model, &draw)?;
                let texts = std::mem::take(&mut counted.texts);
                (counted.refine(&run, report)?, Some(texts))
            }
            ModelSource::Fit { targets, count, learn } => {
                // Counting comes first, and weighing reads once more.
                raw.keep_streams(run.temp_dir());
                let against = match &learn {
                    Learn::Classifier(against) => Some(against),
                    _ => None,
                };
                if let Some(against) = against {
                    let all = targets.iter().map(|target| &target.shards).chain(against.shards());
                    classify::keep_streams(all, &run);
                }
                let (mut model, texts) = count_targets(&count, &targets, &read, &mut rejects, &run, report)?;
                if let Some(against) = against {
                    classify::check(against, count.space, &read, &mut rejects, &run, report)?;
                }
                let resumable = work_dir.resumable();
                add_raw(&mut model, &count, &raw, &read, None, resumable, elsewhere, &run, report)?;
                refuse_too_many(&model, &draw)?;
                if let Some(against) = against {
                    let of = refine::Of { targets: &targets, raw: &raw, eligible: &eligible, elsewhere };
                    classify::learn(&mut model, &of, against, &read, &run, report)?;
                }
                (model, Some(texts))
            }
        };

        let mixed_in = mix_in::draw(&mix_in, model.space, &draw, &read, &run, report)?;
        let decontamination = decontaminate::read(decontaminate.as_ref(), &model, &read, &run)?;
        let targets = WeightsInfo::sizes(&model);
        let screen = Screen::new(&targets, &draw)?;
        let unique = filter.unique;
        let screen = if unique { screen.of_repeated_texts() } else { screen };
        let candidates = Candidates::new(&work_dir.parts(), screen, output.review.is_some());
        let grouped = filter.group_by.is_some();
        let options = passes::WeighingOptions {
            rejects: rejects.as_mut(),
            candidates: Some(&candidates),
            publish_to: None,
            filter,
            decontamination: decontamination.as_ref(),
            elsewhere,
        };
        let weighed = passes::weigh(&model, &raw, &read, &work_dir, options, &run.storage, &run.observer);
        let Weighed { read: was_read, groups, decontaminated, elsewhere } = finish_rejects(rejects, weighed)?;
        let reviewed =
            output.review.as_ref().map(|_| Reviewed::new(&raw, grouped, &groups, Some(&model), &read));
        draw.set_group_names(groups);
        report.read("weigh", &was_read);
        report.decontaminated = decontaminated;
        report.raw = Some(RawReport::new(&raw, &was_read));
        tell_of_model(&model, draw.method != Method::Random, report, &run);

        let weights = match &elsewhere {
            Some(elsewhere) => elsewhere.weights.clone(),
            None => WeightsFolder::new(&work_dir.parts()).open(&raw)?,
        };
        let weights = make_unique(unique, weights, &run, report)?;
        let kept = elsewhere.as_ref().map_or(Keeper::Weighing(&candidates), Keeper::Elsewhere);
        let selection = DrawInput {
            options: &draw,
            weights: &weights,
            targets: Some(&targets),
            raw: &raw,
            kept: Some(kept),
            mixed_in: &mixed_in,
            ids: &read.ids,
            scores: ScoreKind::of_sums(draw.normalize, &targets),
            measuring: Some(Measuring { model: &model, read: &read, target: texts.as_ref() }),
            reviewed,
        };
        selection.make(&outputs, &run, report)
    });
    end(done, work_dir)
}

/// All that can be found out before the work; of a rehearsal, without making so much as a folder.
pub(super) fn check(
    options: &SelectOptions,
    is_rehearsal: bool,
    observer: &Observer,
) -> Result<(Run, Outputs), Error> {
    let SelectOptions { raw, model, draw, filter, mix_in, rejects, output, .. } = options;
    draw.check().map_err(InvalidOptions::from)?;
    mix_in::refuse_twice(raw, mix_in)?;
    if !mix_in.is_empty() && (filter.unique || options.decontaminate.is_some()) {
        return Err(InvalidOptions::MixedInUnclean.into());
    }
    let measures_quality = filter.quality.is_some();
    let check_punkt = |tokenizer| check_punkt(options.punkt_is_named, measures_quality, tokenizer);
    if let ModelSource::Fit { count, learn, .. } = model {
        check_punkt(count.space.tokenizer)?;
        if !matches!(learn, Learn::Plain) && count.rare {
            return Err(InvalidOptions::RareLearned.into());
        }
        if matches!(learn, Learn::Refined) {
            refine::refuse_other_draws(draw)?;
        }
    }
    if output.review.is_some() && options.run.engine.is_some() {
        return Err(InvalidOptions::ReviewOnEngine.into());
    }
    let run = Run::new(&options.run, observer, [raw])?;
    if let ModelSource::Fit { targets, count, .. } = model {
        // Shares that do not fit the targets are found out now, whatever their tokens will be.
        let names = targets.iter().map(|target| target.name.as_str());
        let names = names.chain(count.rare.then_some(Target::RARE));
        let size = |name: &str| TargetSize { name: name.to_owned(), tokens: 1, per_token: false };
        target_shares(draw, &names.map(size).collect::<Vec<_>>())?;
    }
    let mut inputs: Vec<_> = paths(raw).chain(mix_in.iter().flat_map(FileMixIn::inputs)).collect();
    inputs.extend(decontaminate::inputs(options.decontaminate.as_ref()));
    match model {
        ModelSource::File(path) => inputs.push(path),
        ModelSource::Fit { targets, learn, .. } => {
            inputs.extend(targets.iter().flat_map(|target| paths(&target.shards)));
            if let Learn::Classifier(against) = learn {
                inputs.extend(against.shards().flat_map(paths));
            }
        }
    }
    let beside = Beside {
        raw,
        others: mix_in.iter().map(|file| &file.shards).collect(),
        inputs,
        rejects: rejects.as_deref(),
        left_out: decontaminate::output(options.decontaminate.as_ref()),
        is_rehearsal,
    };
    let outputs = Outputs::check(output, draw.draws, beside, &options.run, &run)?;
    run.warn_of_unused(raw.exclude());
    let asked = filter.fields().chain(output.tell_apart(&mut filter.clone())?);
    look_for_fields(raw, &asked.collect::<Vec<_>>(), &run.observer);
    Ok((run, outputs))
}

/// More records than the corpus has are refused before it is weighed.
fn refuse_too_many(model: &Model, draw: &DrawOptions) -> Result<(), Error> {
    let documents = model.raw.as_ref().map_or(0, |raw| raw.documents_read);
    match draw.budget {
        Budget::Records(asked)
            if asked > documents.saturating_mul(draw.repeat.into()) && !draw.allow_fewer =>
        {
            Err(resample::Error::MoreThanThereAre { asked, documents }.into())
        }
        _ => Ok(()),
    }
}

/// Removes the work directory of a job that is done, or from which no corrected job could go on.
pub(super) fn end(done: Result<Report, Error>, work_dir: WorkDir) -> Result<Report, Error> {
    match &done {
        Ok(_) => work_dir.remove(),
        // Nothing was found in the shards, or they are not what they were.
        Err(
            Error::NoDocument { .. }
            | Error::Reader(reader::Error::OtherRecords { .. })
            | Error::Resample(resample::Error::NoneEligible { too_short: 0, .. }),
        ) => work_dir.remove(),
        Err(_) => {}
    }
    done
}
