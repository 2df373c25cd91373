//! How close selections came to the targets.

use std::path::{Path, PathBuf};

use super::draw::paths;
use super::fit::{add_targets, check_punkt, create_rejects};
use super::measurement::{How, Measurement, SurveyedWeights};
use super::outputs::{self, Output};
use super::report::Report;
use super::run::{Run, RunOptions};
use crate::density::{self, Evaluator, Model};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::invalid_options::OutputKind;
use crate::observer::Observer;
use crate::passes::{
    self, MeasuredSelection, ReadOptions, Rejects, SelectionShards, TargetShards, measure_raw,
    measure_selection,
};
use crate::reader::Shards;
use crate::resample::Survey;
use crate::storage;
use crate::weights::{WeightsFile, WeightsFolder};

/// What [`measure`] measures, and against what.
#[derive(Debug)]
pub struct MeasureOptions {
    /// The raw corpus; `None`: that of the model.
    pub raw: Option<Shards>,
    /// The targets; none: those of the model.
    pub targets: Vec<TargetShards>,
    /// The selections.
    pub selections: Vec<SelectionShards>,
    /// The feature space.
    pub space: MeasureIn,
    /// What is added to every density before its logarithm, from 1e-300 to 1.
    pub epsilon: f64,
    /// Count so many documents of the raw corpus and of each selection, chosen by their content, if there are more.
    pub sample: Option<usize>,
    /// Another seed, another sample.
    pub seed: u64,
    /// Weights of which the effective sample size is told.
    pub weights: Option<WeightsToSurvey>,
    /// How records become documents.
    pub read: ReadOptions,
    /// Whether the sentence model was named, and is an error if nothing uses it.
    pub punkt_is_named: bool,
    /// Where the records go that are skipped as invalid.
    pub rejects: Option<PathBuf>,
    /// How the job runs.
    pub run: RunOptions,
}

/// The feature space that is measured in.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureIn {
    /// That of a model, which also stands in for targets and raw corpus where they are not given.
    Model(PathBuf),
    /// This one, with what is added to every count of a target.
    Space(FeatureSpace, f64),
}

/// Weights that are looked through.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsToSurvey {
    /// A folder, or a single file.
    pub path: PathBuf,
    /// The least number of tokens of an eligible record.
    pub min_tokens: u32,
    /// What log weights are divided by.
    pub temperature: f64,
}

/// Measures how close selections came to the targets, in KL reduction on hashed n-grams, and what they have in common.
///
/// # Errors
/// Options that make no sense, shards that cannot be read or without a document; [`Observer::cancel`].
pub fn measure(options: MeasureOptions, observer: &Observer) -> Result<(Measurement, Report), Error> {
    let MeasureOptions { raw, targets, selections, ref space, ref rejects, .. } = options;
    let inputs = Inputs { raw, targets, selections };
    let run = Run::new(&options.run, observer, inputs.shards())?;
    let summary = options.run.summary.iter().map(|path| Output::new(OutputKind::Summary, path));
    let outputs: Vec<Output<'_>> =
        summary.chain(rejects.iter().map(|path| Output::new(OutputKind::Rejects, path))).collect();
    let model_path = match space {
        MeasureIn::Model(path) => Some(path.as_path()),
        MeasureIn::Space(..) => None,
    };
    let others = options.run.also_read.iter().map(PathBuf::as_path).chain(model_path);
    outputs::check(&outputs, false, inputs.shards().flat_map(paths).chain(others), &run)?;
    for shards in inputs.shards() {
        outputs::refuse_inside(&outputs, shards)?;
    }
    if let Some(shards) = inputs.shards().next() {
        run.warn_of_unused(shards.exclude());
    }
    let model = match space {
        MeasureIn::Model(path) => Model::read(path)?,
        MeasureIn::Space(space, smoothing) => {
            Model { space: *space, smoothing: *smoothing, raw: None, targets: Vec::new() }
        }
    };
    check_punkt(options.punkt_is_named, false, model.space.tokenizer)?;
    // Found out now rather than after the reading.
    if inputs.targets.is_empty() && model.targets.is_empty() {
        return Err(density::Error::NoTarget.into());
    }
    if inputs.raw.is_none() && model.raw.is_none() {
        return Err(density::Error::NoRaw.into());
    }
    let weights = options.weights.as_ref().map(open_weights).transpose()?;

    let how = How { epsilon: options.epsilon, sample: options.sample, seed: options.seed };
    let pass = passes::MeasuringOptions {
        space: model.space,
        read: options.read.clone(),
        sample: options.sample,
        seed: options.seed,
    };
    let mut measurement = None;
    let report = run.work(Report::new(run.threads()), |report| {
        let mut rejects = create_rejects(rejects.as_deref(), &run)?;
        let measured = inputs.measure(model, &pass, &how, &mut rejects, &run, report);
        // The records skipped are wanted most when none is left.
        rejects.map_or(Ok(()), Rejects::finish)?;
        let measured = measured?;
        let weights = weights.map(survey).transpose()?;
        measurement = Some(measured.with_weights(weights));
        Ok(())
    })?;
    // The work is done only if there is one.
    let measurement = measurement.ok_or(density::Error::NoTarget)?;
    Ok((measurement, report))
}

/// Weights files, the names of their targets if they are told, and what is asked of them.
struct OpenWeights<'a> {
    files: Vec<WeightsFile>,
    names: Vec<String>,
    asked: &'a WeightsToSurvey,
}

fn open_weights(asked: &WeightsToSurvey) -> Result<OpenWeights<'_>, Error> {
    if !storage::is_folder(&asked.path) {
        return Ok(OpenWeights { files: vec![WeightsFile::open(&asked.path)?], names: Vec::new(), asked });
    }
    let folder = WeightsFolder::new(&asked.path);
    let names = folder.info()?.into_iter().flat_map(|info| info.targets).map(|target| target.name);
    Ok(OpenWeights { files: folder.all()?, names: names.collect(), asked })
}

fn survey(OpenWeights { files, names, asked }: OpenWeights<'_>) -> Result<SurveyedWeights, Error> {
    let full = files.iter().all(|file| file.layout().is_full());
    let (min_tokens, temperature) = (if full { asked.min_tokens } else { 0 }, asked.temperature);
    let survey = Survey::new(&files, min_tokens, temperature)?;
    Ok(SurveyedWeights { survey, names, min_tokens, temperature })
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
        options: &passes::MeasuringOptions,
        how: &How,
        rejects: &mut Option<Rejects>,
        run: &Run,
        report: &mut Report,
    ) -> Result<Measurement, Error> {
        if options.sample.is_some() {
            // The sample is found in one reading and counted in the next.
            self.keep_streams(run.temp_dir());
        }
        if !self.targets.is_empty() {
            model.targets.clear();
            add_targets(&mut model, &self.targets, &options.read, rejects, run, report)?;
        }
        let mut documents = model.raw.as_ref().map_or(0, |raw| raw.documents_read);
        if let Some(raw) = &self.raw {
            let (raw, stages) = measure_raw(raw, options, rejects.as_mut(), &run.observer)?;
            stages.iter().for_each(|(name, was_read)| report.read(name, was_read));
            documents = raw.documents;
            model.raw = Some(raw.counts);
        }
        let evaluator = Evaluator::new(&model, how.epsilon)?;
        let mut selections: Vec<MeasuredSelection> = Vec::new();
        let mut closeness = Vec::new();
        for selection in &self.selections {
            let (selection, stages) = measure_selection(selection, options, rejects.as_mut(), &run.observer)?;
            stages.iter().for_each(|(name, was_read)| report.read(name, was_read));
            closeness.push(evaluator.measure(&selection.name, &selection.counts)?);
            selections.push(selection);
        }
        Ok(Measurement::new(&model, documents, &selections, closeness, how)?)
    }

    fn keep_streams(&self, folder: &Path) {
        self.raw.iter().for_each(|raw| raw.keep_streams(folder));
        self.selections.iter().for_each(|selection| selection.shards.keep_streams(folder));
    }
}
