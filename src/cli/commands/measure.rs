use std::path::Path;

use dsir::density::{Error, Evaluator, Model};
use dsir::passes::{self, MeasureOptions, MeasuredSelection, Rejects, SelectionShards, Stages, TargetShards};
use dsir::reader::{Shard, Shards};
use dsir::resample::Survey;
use dsir::weights::{WeightsFile, WeightsFolder};

use super::fit::{add_targets, rejects};
use crate::cli::args::Measure;
use crate::cli::failure::Failure;
use crate::cli::measured::{Measured, Weights};
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::stdout;
use crate::cli::summary::Summary;

pub(crate) fn measure(args: &Measure) -> Result<(), Failure> {
    args.refuse_shared_stdin()?;
    args.model.iter().try_for_each(|path| outputs::refuse_dash("--model", path))?;
    let exclude = args.input.exclude();
    let raw = match args.model {
        None => Some(args.input.shards(&exclude)?),
        Some(_) => args.input.shards_if_any(&exclude)?,
    };
    let (targets, selections) = (args.count.targets(&exclude)?, args.selections(&exclude)?);
    let inputs = Inputs { raw, targets, selections };
    let read = args.records.options(&args.punkt)?;
    stdout::check()?;
    let run = Run::new(&args.run, inputs.shards())?;
    let outputs: Vec<Output<'_>> = args.run.outputs().chain(args.records.outputs()).collect();
    let others = args.input.files_from.iter().chain(&args.model).map(|path| path.as_path());
    outputs::check(&outputs, false, inputs.shards().flat_map(Shards::iter).map(Shard::path).chain(others))?;
    for shards in inputs.shards() {
        outputs::refuse_inside(outputs.iter().map(Output::named), shards, &exclude)?;
    }
    run.warn_of_unused(&exclude);
    let model = match &args.model {
        Some(path) => Model::read(path)?,
        None => Model {
            space: args.count.space(read.punkt.as_deref())?,
            smoothing: args.count.smoothing,
            raw: None,
            targets: Vec::new(),
        },
    };
    args.punkt.check(model.space.tokenizer, None)?;
    // Found out now rather than after the reading.
    if inputs.targets.is_empty() && model.targets.is_empty() {
        return Err(Error::NoTarget.into());
    }
    if inputs.raw.is_none() && model.raw.is_none() {
        return Err(Error::NoRaw.into());
    }
    let weights = args.weights.as_deref().map(open_weights).transpose()?;

    let options = MeasureOptions { space: model.space, read, sample: args.sample, seed: args.seed };
    let mut summary = Summary::new("measure", args, &run);
    let measured = run.work(|| {
        let mut rejects = rejects(args.records.rejects.as_deref(), &run)?;
        let measured = inputs.measure(model, &options, args, &mut rejects, &run, &mut summary);
        // The records skipped are wanted most when none is left.
        rejects.map_or(Ok(()), Rejects::finish)?;
        let measured = measured?;
        let weights = weights.map(|(files, names)| look_through(&files, names, args)).transpose()?;
        Ok(measured.with_weights(weights))
    })?;
    let json = measured.json();
    let text = if args.json { format!("{json:#}\n") } else { measured.words() };
    stdout::print(&text)?;
    summary.note("measured", json);
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

/// The weights files, and the names of their targets if they are told.
fn open_weights(path: &Path) -> Result<(Vec<WeightsFile>, Vec<String>), Failure> {
    outputs::refuse_dash("--weights", path)?;
    if !path.is_dir() {
        return Ok((vec![WeightsFile::open(path)?], Vec::new()));
    }
    let folder = WeightsFolder::new(path);
    let names = folder.info()?.into_iter().flat_map(|info| info.targets).map(|target| target.name);
    Ok((folder.all()?, names.collect()))
}

fn look_through(files: &[WeightsFile], names: Vec<String>, args: &Measure) -> Result<Weights, Failure> {
    let full = files.iter().all(|file| file.layout().is_full());
    let (min_tokens, temperature) = (if full { args.min_tokens } else { 0 }, args.temperature);
    Ok(Weights { survey: Survey::new(files, min_tokens, temperature)?, names, min_tokens, temperature })
}

/// All shards that are read.
struct Inputs {
    raw: Option<Shards>,
    targets: Vec<TargetShards>,
    selections: Vec<SelectionShards>,
}

impl Inputs {
    fn shards(&self) -> impl Iterator<Item = &Shards> {
        let targets = self.targets.iter().map(|target| &target.shards);
        self.raw.iter().chain(targets).chain(self.selections.iter().map(|selection| &selection.shards))
    }

    /// Counts what was given, and takes from `model` what was not.
    fn measure(
        &self,
        mut model: Model,
        options: &MeasureOptions,
        args: &Measure,
        rejects: &mut Option<Rejects>,
        run: &Run,
        summary: &mut Summary,
    ) -> Result<Measured, Failure> {
        if options.sample.is_some() {
            // The sample is found in one reading and counted in the next.
            self.raw.iter().for_each(|raw| raw.keep_streams(&run.temp_dir));
            self.selections.iter().for_each(|selection| selection.shards.keep_streams(&run.temp_dir));
        }
        if !self.targets.is_empty() {
            model.targets.clear();
            add_targets(&mut model, &self.targets, &options.read, rejects, run, summary)?;
        }
        let mut documents = model.raw.as_ref().map_or(0, |raw| raw.documents_read);
        if let Some(raw) = &self.raw {
            let (raw, stages) = passes::measure_raw(raw, options, rejects.as_mut(), &run.observer)?;
            note_stages(summary, &stages);
            documents = raw.documents;
            model.raw = Some(raw.counts);
        }
        let evaluator = Evaluator::new(&model, args.epsilon)?;
        let mut selections: Vec<MeasuredSelection> = Vec::new();
        let mut closeness = Vec::new();
        for selection in &self.selections {
            let (selection, stages) =
                passes::measure_selection(selection, options, rejects.as_mut(), &run.observer)?;
            note_stages(summary, &stages);
            closeness.push(evaluator.measure(&selection.name, &selection.counts)?);
            selections.push(selection);
        }
        Ok(Measured::new(&model, documents, &selections, closeness, args)?)
    }
}

fn note_stages(summary: &mut Summary, stages: &Stages) {
    stages.iter().for_each(|(name, report)| summary.stage(name, report));
}
