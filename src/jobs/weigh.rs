//! Weighing every record with a model.

use std::path::PathBuf;

use super::decontaminate;
use super::draw::paths;
use super::fit::{check_punkt, create_rejects, finish_rejects};
use super::outputs::{self, Output};
use super::place;
use super::report::{RawReport, Report};
use super::run::{Run, RunOptions};
use super::select::end;
use crate::density::Model;
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;
use crate::passes::{
    self, DecontaminateOptions, Filter, ReadOptions, ScoreFiles, Weighed, look_for_fields,
    refuse_weights_of_others, write_score_files,
};
use crate::reader::Shards;
use crate::storage::is_url;
use crate::weights::WeightsFolder;
use crate::writer;

/// What [`weigh`] weighs, and where the weights go.
#[derive(Debug)]
pub struct WeighOptions {
    /// The raw shards.
    pub raw: Shards,
    /// The file of the model.
    pub model: PathBuf,
    /// What is asked of every record.
    pub filter: Filter,
    /// How records become documents.
    pub read: ReadOptions,
    /// Whether the sentence model was named, and is an error if nothing uses it.
    pub punkt_is_named: bool,
    /// What weighed documents are kept clean of.
    pub decontaminate: Option<DecontaminateOptions>,
    /// Where the records go that are skipped as invalid.
    pub rejects: Option<PathBuf>,
    /// The folder for the weights: one file for each shard.
    pub output: PathBuf,
    /// In what form the log weights are also written beside the weights, for other tools.
    pub score_files: Option<ScoreFiles>,
    /// The work directory; `None`: beside the output.
    pub work_dir: Option<PathBuf>,
    /// How the job runs.
    pub run: RunOptions,
}

impl WeighOptions {
    /// Weighs `raw` with the file of a model, into the folder `output`; all else is as by default.
    pub fn new(raw: Shards, model: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        WeighOptions {
            raw,
            model: model.into(),
            filter: Filter::default(),
            read: ReadOptions::default(),
            punkt_is_named: false,
            decontaminate: None,
            rejects: None,
            output: output.into(),
            score_files: None,
            work_dir: None,
            run: RunOptions::default(),
        }
    }
}

/// Weighs every record: one weights file for each shard.
///
/// # Errors
/// Options that make no sense, a partial model, shards that cannot be read or without a document, a folder that cannot
/// be written or holds other weights; [`Observer::cancel`], after which the same job resumes where it was.
pub fn weigh(options: WeighOptions, observer: &Observer) -> Result<Report, Error> {
    let WeighOptions { raw, model: model_path, filter, read, rejects, output, .. } = options;
    let run = Run::new(&options.run, observer, [&raw])?;
    outputs::refuse_dash(OutputKind::Weights, &output)?;
    match options.score_files {
        Some(ScoreFiles::Parquet) if !cfg!(feature = "parquet") => {
            return Err(InvalidOptions::NoParquet { what: OutputKind::Scores }.into());
        }
        // Texts are read once more.
        Some(ScoreFiles::Dolma) => raw.keep_streams(run.temp_dir()),
        _ => {}
    }
    let model = Model::read(&model_path)?;
    check_punkt(options.punkt_is_named, filter.quality.is_some(), model.space.tokenizer)?;
    let folder = WeightsFolder::new(&output);
    let summary = options.run.summary.iter().map(|path| Output::new(OutputKind::Summary, path));
    let mut outputs: Vec<Output<'_>> =
        summary.chain(rejects.iter().map(|path| Output::new(OutputKind::Rejects, path))).collect();
    outputs.extend(decontaminate::output(options.decontaminate.as_ref()));
    let also_read = || options.run.also_read.iter().map(PathBuf::as_path);
    let inputs = || {
        let sets = decontaminate::inputs(options.decontaminate.as_ref());
        paths(&raw).chain(also_read()).chain([model_path.as_path()]).chain(sets)
    };
    outputs::check(&outputs, false, inputs(), &run)?;
    // The weights get in the way of no other output, and their folder may be yet to be made.
    let weights: Vec<PathBuf> =
        raw.iter().map(|shard| folder.path_of(shard)).chain([folder.info_path()]).collect();
    outputs.extend(weights.iter().map(|path| Output::new(OutputKind::Weights, path)));
    let score_files: Vec<PathBuf> = match options.score_files {
        Some(form) => raw.iter().map(|shard| form.path(folder.path(), shard)).collect(),
        None => Vec::new(),
    };
    outputs.extend(score_files.iter().map(|path| Output::new(OutputKind::Scores, path)));
    outputs::check_apart(&outputs)?;
    writer::refuse_overwriting(weights.iter().chain(&score_files), inputs())?;
    outputs::refuse_inside(&outputs, &raw)?;
    if is_url(&output) {
        run.storage.check(&folder.info_path())?;
    }
    refuse_weights_of_others(&raw, &folder, &read.ids)?;
    run.warn_of_unused(raw.exclude());
    look_for_fields(&raw, &filter.fields().collect::<Vec<_>>(), &run.observer);

    let work_dir = place::beside_weights(options.work_dir.as_deref(), &output, &raw, &run)?;
    let done = run.work(Report::new(run.threads()), |report| {
        let mut rejects = create_rejects(rejects.as_deref(), &run)?;
        let decontamination = decontaminate::read(options.decontaminate.as_ref(), &model, &read, &run)?;
        let weighing = passes::WeighingOptions {
            rejects: rejects.as_mut(),
            candidates: None,
            elsewhere: None,
            publish_to: Some(&folder),
            filter,
            decontamination: decontamination.as_ref(),
        };
        let weighed = passes::weigh(&model, &raw, &read, &work_dir, weighing, &run.storage, &run.observer);
        let Weighed { read: was_read, decontaminated, .. } = finish_rejects(rejects, weighed)?;
        report.read("weigh", &was_read);
        report.decontaminated = decontaminated;
        report.raw = Some(RawReport::new(&raw, &was_read));
        if let Some(form) = options.score_files {
            write_score_files(form, &folder, &model, &raw, &read, &run.storage, &run.observer)?;
        }
        Ok(())
    });
    end(done, work_dir)
}
