use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dsir::featurizer::FeatureSpace;
use dsir::passes::{self, Candidates, Measuring, ReadOptions, Source, WeightSource, WriteOptions};
use dsir::reader::{Exclude, Shards};
use dsir::resample::{Combine, Draw, DrawOptions, Method};
use dsir::weights::{Scale, ScoresFile, TargetSize, WeightsFile, WeightsFolder, WeightsInfo};
use dsir::writer::{self, Destination};

use crate::cli::args::{MethodArg, OutputArgs, Resample};
use crate::cli::drawing::{Asked, field_path, fields_asked_for};
use crate::cli::failure::Failure;
use crate::cli::mix_in::{self, DrawnBeside, FileMixedIn, draw_beside};
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::summary::{Scores, Summary};

pub(crate) fn resample(mut args: Resample) -> Result<(), Failure> {
    args.draw.method = args.method;
    let args = &args;
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    let read = args.records.options(&args.punkt)?;
    let mut draw = args.draw.options()?;
    let filter = args.draw.filter(Asked(&args.r#where, &args.quality, &args.punkt))?;
    let mix_in = args.draw.files_mixed_in()?;
    let run = Run::new(&args.run, [&raw])?.printing_to(args.output.output.as_deref());
    if args.records.rejects.is_some() {
        return Err(Failure::usage("--rejects belongs to weigh: it keeps what was skipped there"));
    }

    mix_in::refuse_twice(&raw, &mix_in)?;
    let given = given(args, &raw)?;
    let folder = args.weights.as_deref().map(WeightsFolder::new);
    let info = folder.as_ref().map(WeightsFolder::info).transpose()?.flatten();
    let scores = match &given {
        WeightSource::None => Scores::None,
        _ if draw.method == Method::Pareto => Scores::Probabilities,
        WeightSource::Weights(_) => match &info {
            Some(info) => Scores::of_sums(draw.normalize, &info.targets),
            None => Scores::Others,
        },
        _ => Scores::Others,
    };
    if let Some(conditions) = info.as_ref().map(WeightsInfo::conditions).filter(|there| !there.is_empty())
        && !filter.mix_in.is_empty()
    {
        return Err(Failure::usage(format!(
            "--mix-in: the weights were made with {}, and may lack what is mixed in; weigh without it, and pass it here",
            conditions.join(" ")
        )));
    }
    let meta = args.weights.as_ref().map(|weights| weights.join(WeightsInfo::FILE));
    let read_too = given.files().into_iter().chain(meta.as_deref()).chain(args.input.inputs(&raw));
    let read_too = read_too.chain(mix_in.iter().flat_map(FileMixedIn::inputs));
    let output = Destined::new(&args.output, args.draw.draws, &raw, &mix_in, args.run.outputs(), read_too)?;
    output.refuse_inside(&raw, &exclude)?;
    run.warn_of_unused(&exclude);
    output.warn_of_files(&raw, false, &run);
    let score_field = match &given {
        WeightSource::Field(field, _) => Some(field),
        _ => None,
    };
    passes::look_for_fields(&raw, &fields_asked_for(&filter, score_field), &run.observer);
    let targets = info.as_ref().map(|info| info.targets.as_slice());
    let mut summary = Summary::new("resample", args, &run);
    run.work(|| {
        let completed = run.temporary_folder()?;
        let space = tokens_of(args, info.as_ref(), &read)?;
        args.punkt.check(space.tokenizer, Some(&args.quality))?;
        let beside = draw_beside(&mix_in, space, &draw, &read, &run, &mut summary)?;
        let weights = match given {
            WeightSource::Weights(weights)
                if filter.is_plain() && weights.iter().all(|file| file.layout().is_full()) =>
            {
                weights
            }
            given => {
                raw.keep_streams(&run.temp_dir);
                let folder = WeightsFolder::new(completed.path());
                let weighed = passes::fill_in(&given, &filter, &raw, space, &folder, &read, &run.observer)?;
                summary.stage("complete", &weighed.read);
                draw.set_group_names(weighed.groups);
                folder.open(&raw)?
            }
        };
        let drawing = Drawing {
            options: &draw,
            weights: &weights,
            targets,
            raw: &raw,
            candidates: None,
            beside: &beside,
            scores,
            measuring: None,
        };
        draw_and_write(&drawing, &output, &run, &mut summary)
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

/// Where the log weights come from.
fn given(args: &Resample, raw: &Shards) -> Result<WeightSource, Failure> {
    let scale = match (args.draw.method, args.log_scores) {
        (MethodArg::Pareto, true) => {
            return Err(Failure::usage("--method pareto takes scores from 0 to 1, not --log-scores"));
        }
        (MethodArg::Pareto, false) => Scale::Probability,
        (_, true) => Scale::Log,
        (_, false) => Scale::Weight,
    };
    if args.log_scores && args.scores.is_none() && args.score_field.is_none() {
        return Err(Failure::usage("--log-scores says what scores are: pass --scores or --score-field"));
    }
    if let Some(field) = &args.score_field {
        return Ok(WeightSource::Field(field_path("--score-field", field)?, scale));
    }
    if let Some(path) = &args.scores {
        let files = if path.is_dir() {
            let folder = WeightsFolder::new(path);
            raw.iter().map(|shard| ScoresFile::open(&folder.path_of(shard))).collect::<Result<_, _>>()?
        } else {
            vec![ScoresFile::open(path)?]
        };
        return Ok(WeightSource::Scores(files, scale));
    }
    match (&args.weights, args.draw.method) {
        (_, MethodArg::Pareto) => {
            Err(Failure::usage("--method pareto draws by scores: pass --scores or --score-field"))
        }
        (Some(weights), _) => Ok(WeightSource::Weights(WeightsFolder::new(weights).open(raw)?)),
        (None, MethodArg::Random) => Ok(WeightSource::None),
        (None, _) => {
            Err(Failure::usage("by what? Pass --weights, --scores or --score-field, or --method random"))
        }
    }
}

/// The feature space whose tokens are counted: that of the weights, if they tell.
fn tokens_of(
    args: &Resample,
    info: Option<&WeightsInfo>,
    read: &ReadOptions,
) -> Result<FeatureSpace, Failure> {
    match (args.tokenizer, info) {
        (Some(tokenizer), _) => tokenizer.space(read.punkt.as_deref()),
        (None, Some(info)) => Ok(info.feature_space),
        (None, None) => Ok(FeatureSpace::default()),
    }
}

/// Where and how selections are written.
pub(super) struct Destined {
    /// As it was asked for.
    pub(super) destination: Destination,
    /// Of each draw.
    each: Vec<Destination>,
    draws: Option<u32>,
    /// All that is written to one place each, with the options that name them.
    named: Vec<(&'static str, PathBuf)>,
    shuffle: bool,
    annotate: bool,
}

impl Destined {
    /// Checks, before the work, that all outputs make sense, can be written and overwrite no input.
    pub(super) fn new<'a>(
        args: &'a OutputArgs,
        draws: Option<u32>,
        raw: &Shards,
        mix_in: &[FileMixedIn],
        others: impl IntoIterator<Item = Output<'a>>,
        inputs: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Self, Failure> {
        let destination = Destination::new(args.output.as_deref());
        let inputs: Vec<&Path> = inputs.into_iter().collect();
        let each: Vec<Destination> = match draws {
            Some(_) if destination == Destination::Stdout => {
                return Err(Failure::usage("--draws makes several selections: name their place with -o"));
            }
            Some(draws) => (0..draws).map(|draw| destination.of_epoch(draw)).collect(),
            None => vec![destination.clone()],
        };
        let shards = || std::iter::once(raw).chain(mix_in.iter().map(|file| &file.shards));
        let files = shards().flat_map(|shards| each.iter().flat_map(|one| one.files(shards)));
        writer::refuse_overwriting(files, inputs.iter().copied())?;
        if matches!(destination, Destination::Folder(_)) {
            refuse_one_name(shards())?;
        }
        let mut outputs: Vec<Output<'_>> = others.into_iter().collect();
        if let Destination::File(path) = &destination {
            // There will be folders of epochs in its folder, which may as well be new.
            if let (Some(_), Some(folder)) = (draws, path.parent()) {
                let made = fs::create_dir_all(folder);
                made.map_err(|source| dsir::storage::whole_file::Error::new(path, source))?;
            }
            outputs.push(Output::records("-o", path));
        }
        if args.shuffle && matches!(destination, Destination::Folder(_)) {
            return Err(Failure::usage("--shuffle mixes the shards: give it one output, not a folder"));
        }
        outputs::check(&outputs, destination == Destination::Stdout, inputs)?;
        let named = outputs.iter().map(Output::named).collect();
        let (shuffle, annotate) = (args.shuffle, args.annotate);
        Ok(Destined { destination, each, draws, named, shuffle, annotate })
    }

    /// All files that `raw` makes.
    fn files<'a>(&'a self, raw: &'a Shards) -> impl Iterator<Item = PathBuf> + 'a {
        self.each.iter().flat_map(|one| one.files(raw))
    }

    /// Refuses outputs that the next run would read as raw.
    pub(super) fn refuse_inside(&self, raw: &Shards, exclude: &Exclude) -> Result<(), Failure> {
        let files = self.each.iter().filter_map(|one| one.files(raw).next()).map(|path| ("-o", path));
        outputs::refuse_inside(self.named.iter().cloned().chain(files), raw, exclude)
    }

    /// Warns of files of earlier runs, if this one does not resume one of them.
    pub(super) fn warn_of_files(&self, raw: &Shards, resumes: bool, run: &Run) {
        outputs::warn_of_files(&self.destination, self.draws, self.files(raw), resumes, &run.observer);
    }
}

/// In a folder, no two shards can have one name.
fn refuse_one_name<'a>(shards: impl Iterator<Item = &'a Shards>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for shard in shards.flat_map(Shards::iter) {
        if !seen.insert(shard.relative()) {
            return Err(Failure::usage(format!(
                "--mix-in: two files would be written as {}; write to one file instead of a folder",
                shard.relative().display()
            )));
        }
    }
    Ok(())
}

/// What a selection is made of.
pub(super) struct Drawing<'a> {
    pub(super) options: &'a DrawOptions,
    pub(super) weights: &'a [WeightsFile],
    pub(super) targets: Option<&'a [TargetSize]>,
    pub(super) raw: &'a Shards,
    pub(super) candidates: Option<&'a Candidates>,
    /// What was drawn from the files that are mixed in.
    pub(super) beside: &'a [DrawnBeside<'a>],
    /// What it is drawn by.
    pub(super) scores: Scores,
    /// What the selection is measured with.
    pub(super) measuring: Option<Measuring<'a>>,
}

/// Draws, writes the selection, and tells the summary of both.
pub(super) fn draw_and_write(
    drawing: &Drawing<'_>,
    output: &Destined,
    run: &Run,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let Drawing { options, weights, targets, raw: shards, candidates, .. } = *drawing;
    run.observer.begin("draw", None);
    let start = Instant::now();
    let mut draw = Draw::new(weights, targets, options)?;
    summary.stage_without_bytes("draw", start.elapsed().as_secs_f64());
    let beside = drawing.beside;
    let write = WriteOptions {
        destinations: &output.each,
        shuffle: output.shuffle.then_some(options.seed),
        annotate: output.annotate,
        temp_dir: &run.temp_dir,
    };
    let main =
        Source { draw: &draw, weights, shards, candidates, is_weighed: drawing.scores != Scores::None };
    let sources: Vec<Source<'_>> =
        std::iter::once(main).chain(beside.iter().map(DrawnBeside::source)).collect();
    let written = passes::write(&sources, &write, drawing.measuring, &run.observer)?;
    summary.stage("write", &written.read);
    draw.groups.extend(beside.iter().map(DrawnBeside::told));
    let names: Vec<String> = match options.combine {
        Combine::Product(_) => vec!["product".into()],
        Combine::Apart => targets.unwrap_or_default().iter().map(|target| target.name.clone()).collect(),
    };
    summary.draw(&draw, options, drawing.scores, &names, &written);
    Ok(())
}
