use std::path::{Path, PathBuf};
use std::time::Instant;

use dsir::density::Model;
use dsir::featurizer::FeatureSpace;
use dsir::pipeline::{self, Candidates, ReadOptions, WriteOptions};
use dsir::reader::{Shard, Shards};
use dsir::resample::{Draw, DrawOptions};
use dsir::weights::{TargetSize, WeightsFile, WeightsFolder};
use dsir::writer::{self, Destination};

use crate::cli::args::{OutputArgs, Resample};
use crate::cli::failure::Failure;
use crate::cli::options::{Run, check_outputs};
use crate::cli::summary::Summary;

pub(crate) fn resample(args: &Resample) -> Result<(), Failure> {
    let raw = args.input.shards()?;
    let read = args.records.options()?;
    let draw = args.draw.options()?;
    let run = Run::new(&args.run)?;
    let output = Output::new(&args.output, &args.run.summary, &raw, [])?;
    if args.records.rejects.is_some() {
        return Err(Failure::usage("--rejects belongs to weigh: resample does not judge records again"));
    }

    let folder = WeightsFolder::new(&args.weights);
    let mut weights = folder.open(&raw)?;
    let info = folder.info()?;
    let targets = info.as_ref().map(|info| info.targets.as_slice());
    let mut summary = Summary::new("resample", args, run.threads());
    run.work(|| {
        let given = weights.iter().all(|file| file.layout().is_full());
        let completed = tempfile::tempdir_in(&run.temp_dir).map_err(|error| run.temp_dir_error(error))?;
        if !given {
            raw.keep_streams(&run.temp_dir);
            let folder = WeightsFolder::new(completed.path());
            let report =
                pipeline::complete(&weights, &raw, FeatureSpace::default(), &folder, &read, &run.progress)?;
            summary.stage("complete", &report);
            weights = folder.open(&raw)?;
        }
        draw_and_write(&draw, &weights, targets, &raw, &output, None, None, &run, &mut summary)
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

/// Where and how the selection is written.
pub(super) struct Output {
    destination: Destination,
    shuffle: bool,
    annotate: bool,
}

impl Output {
    /// Checks, before the work, that the outputs make sense, can be written and overwrite no input.
    pub(super) fn new<'a>(
        args: &'a OutputArgs,
        others: impl IntoIterator<Item = &'a PathBuf>,
        raw: &'a Shards,
        inputs: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Result<Self, Failure> {
        let destination = Destination::new(args.output.as_deref());
        let inputs: Vec<_> =
            raw.iter().map(Shard::path).chain(inputs.into_iter().map(|path| path.as_path())).collect();
        writer::refuse_overwriting(destination.files(raw), inputs.iter().copied())?;
        let mut outputs: Vec<&Path> = others.into_iter().map(|path| path.as_path()).collect();
        if let Destination::File(path) = &destination {
            outputs.push(path);
        }
        if args.shuffle && matches!(destination, Destination::Folder(_)) {
            return Err(Failure::usage("--shuffle mixes the shards: give it one output, not a folder"));
        }
        check_outputs(&outputs, inputs)?;
        Ok(Output { destination, shuffle: args.shuffle, annotate: args.annotate })
    }
}

/// Draws from `weights`, writes the selection, and tells the summary of both.
#[expect(clippy::too_many_arguments, reason = "the end of both ways to a selection")]
pub(super) fn draw_and_write(
    options: &DrawOptions,
    weights: &[WeightsFile],
    targets: Option<&[TargetSize]>,
    raw: &Shards,
    output: &Output,
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
        destination: &output.destination,
        shuffle: output.shuffle.then_some(options.seed),
        annotate: output.annotate,
        temp_dir: &run.temp_dir,
    };
    let (report, reductions) =
        pipeline::write(&draw, weights, raw, &write, candidates, measured, &run.progress)?;
    summary.stage("write", &report);
    let names: Vec<String> = targets.unwrap_or_default().iter().map(|target| target.name.clone()).collect();
    summary.draw(&draw, &names);
    if measured.is_some() {
        summary.kl(&reductions);
    }
    Ok(())
}
