//! Adding up models of parts of a corpus.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::fit::{warn_of_missed_copies, write_model};
use super::outputs::{self, Output};
use super::report::Report;
use super::run::{Run, RunOptions};
use crate::density::{self, Model, RawCounts};
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;

/// What [`merge`] adds up.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// The files of the models.
    pub models: Vec<PathBuf>,
    /// Add up the counts of targets that have one name but differ.
    pub add_targets: bool,
    /// Where the model goes.
    pub output: PathBuf,
    /// How the job runs.
    pub run: RunOptions,
}

/// Adds up models of parts of a corpus: raw counts are added, targets joined by name.
///
/// # Errors
/// Models that cannot be read, that were made with different options or hold the same counts; a target that differs;
/// an output that cannot be written.
pub fn merge(options: &MergeOptions, observer: &Observer) -> Result<Report, Error> {
    let MergeOptions { models, add_targets, output, run: run_options } = options;
    let run = Run::new(run_options, observer, [])?;
    let inputs = models.iter().map(PathBuf::as_path);
    outputs::check(&[Output::new(OutputKind::Model, output)], false, inputs, &run)?;
    run.work(Report::new(run.threads()), |report| {
        let merged = add_up(models, *add_targets)?;
        warn_of_missed_copies(&merged, observer);
        write_model(&merged, output, &run)?;
        report.model(&merged);
        Ok(())
    })
}

fn add_up(models: &[PathBuf], add_targets: bool) -> Result<Model, Error> {
    let mut merged: Option<Model> = None;
    let mut counted: HashMap<String, &Path> = HashMap::new();
    let mut files = HashSet::new();
    for path in models {
        let model = Model::read(path)?;
        let parts = model.raw.as_ref().map(RawCounts::parts).unwrap_or_default();
        if model.raw.is_some() && !files.insert(path.canonicalize().unwrap_or_else(|_| path.into())) {
            return Err(InvalidOptions::ModelTwice { path: path.into() }.into());
        }
        match &mut merged {
            None => merged = Some(model),
            Some(merged) => match merged.merge(model, add_targets) {
                Err(density::Error::CountedTwice) => {
                    let earlier = parts.iter().find_map(|part| counted.get(part));
                    let earlier = earlier.map_or(Path::new("another"), |earlier| earlier).into();
                    return Err(InvalidOptions::CountedTwice { path: path.into(), earlier }.into());
                }
                merged => merged?,
            },
        }
        counted.extend(parts.into_iter().map(|part| (part, path.as_path())));
    }
    merged.ok_or_else(|| InvalidOptions::NothingToMerge.into())
}
