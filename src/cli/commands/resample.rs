use std::path::Path;
use std::time::Instant;

use dsir::density::Model;
use dsir::featurizer::FeatureSpace;
use dsir::pipeline::{self, Candidates, ReadOptions, WriteOptions};
use dsir::reader::Shards;
use dsir::resample::{Draw, DrawOptions};
use dsir::weights::{TargetSize, WeightsFile, WeightsFolder, WeightsInfo};
use dsir::writer::{self, Destination};

use crate::cli::args::{OutputArgs, Resample};
use crate::cli::failure::Failure;
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::summary::Summary;

pub(crate) fn resample(args: &Resample) -> Result<(), Failure> {
    let raw = args.input.shards()?;
    let read = args.records.options(&args.punkt)?;
    let draw = args.draw.options()?;
    let run = Run::new(&args.run)?;
    if args.records.rejects.is_some() {
        return Err(Failure::usage("--rejects belongs to weigh: resample does not judge records again"));
    }

    let folder = WeightsFolder::new(&args.weights);
    let mut weights = folder.open(&raw)?;
    let info = folder.info()?;
    let meta = args.weights.join(WeightsInfo::FILE);
    let inputs = weights.iter().map(WeightsFile::path).chain([meta.as_path()]).chain(args.input.inputs(&raw));
    let output = Destined::new(&args.output, args.draw.draws, &raw, args.run.outputs(), inputs)?;
    let targets = info.as_ref().map(|info| info.targets.as_slice());
    let mut summary = Summary::new("resample", args, run.threads());
    run.work(|| {
        let given = weights.iter().all(|file| file.layout().is_full());
        let completed = run.temporary_folder()?;
        if !given {
            raw.keep_streams(&run.temp_dir);
            let folder = WeightsFolder::new(completed.path());
            let space = tokens_of(args, info.as_ref(), &read)?;
            let report = pipeline::complete(&weights, &raw, space, &folder, &read, &run.progress)?;
            summary.stage("complete", &report);
            weights = folder.open(&raw)?;
        }
        draw_and_write(&draw, &weights, targets, &raw, &output, None, None, &run, &mut summary)
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
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
    shuffle: bool,
    annotate: bool,
}

impl Destined {
    /// Checks, before the work, that all outputs make sense, can be written and overwrite no input.
    pub(super) fn new<'a>(
        args: &'a OutputArgs,
        draws: Option<u32>,
        raw: &Shards,
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
        writer::refuse_overwriting(each.iter().flat_map(|one| one.files(raw)), inputs.iter().copied())?;
        let mut outputs: Vec<Output<'_>> = others.into_iter().collect();
        if let Destination::File(path) = &destination {
            outputs.push(Output::records("-o", path));
        }
        if args.shuffle && matches!(destination, Destination::Folder(_)) {
            return Err(Failure::usage("--shuffle mixes the shards: give it one output, not a folder"));
        }
        outputs::check(&outputs, destination == Destination::Stdout, inputs)?;
        Ok(Destined { destination, each, shuffle: args.shuffle, annotate: args.annotate })
    }
}

/// Draws from `weights`, writes the selection, and tells the summary of both.
#[expect(clippy::too_many_arguments, reason = "the end of both ways to a selection")]
pub(super) fn draw_and_write(
    options: &DrawOptions,
    weights: &[WeightsFile],
    targets: Option<&[TargetSize]>,
    raw: &Shards,
    output: &Destined,
    candidates: Option<&Candidates>,
    measured: Option<(&Model, &ReadOptions)>,
    run: &Run,
    summary: &mut Summary,
) -> Result<(), Failure> {
    run.progress.begin("draw", None);
    let start = Instant::now();
    let draw = Draw::new(weights, targets, options)?;
    summary.stage_without_bytes("draw", start.elapsed().as_secs_f64());
    let write = WriteOptions {
        destinations: &output.each,
        shuffle: output.shuffle.then_some(options.seed),
        annotate: output.annotate,
        temp_dir: &run.temp_dir,
    };
    let (report, reductions) =
        pipeline::write(&draw, weights, raw, &write, candidates, measured, &run.progress)?;
    summary.stage("write", &report);
    let names: Vec<String> = targets.unwrap_or_default().iter().map(|target| target.name.clone()).collect();
    summary.draw(&draw, &names, &reductions);
    Ok(())
}
