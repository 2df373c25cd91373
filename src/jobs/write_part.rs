//! Writing some shards' part of a selection that was planned.

use std::path::PathBuf;

use super::draw::{Beside, OutputOptions, Outputs, paths};
use super::plan_file::{PlanFile, PlannedBy, PlannedSource, fingerprint};
use super::report::Report;
use super::resample::DrawBy;
use super::run::{Run, RunOptions};
use crate::error::Error;
use crate::invalid_options::InvalidOptions;
use crate::observer::Observer;
use crate::passes::{
    FillInOptions, Filter, Looks, ReadOptions, Source, WeightSource, WriteOptions, fill_in, write,
};
use crate::plan_error::PlanError;
use crate::reader::{FieldPath, IdFields, Shards};
use crate::storage::TemporaryFolder;
use crate::weights::{WeightsFile, WeightsFolder};

/// Which part of a planned selection [`write_part`] writes, and where.
#[derive(Debug)]
pub struct PartOptions {
    /// The file of the plan.
    pub plan: PathBuf,
    /// The shards to be written: raw ones, and such as are mixed in.
    pub shards: Shards,
    /// The weights or scores that the plan was made of; `None` where it was made of a field, or of nothing.
    pub by: Option<PathBuf>,
    /// The folder with the sentence model, if one is needed.
    pub punkt: Option<PathBuf>,
    /// Where the records go.
    pub output: OutputOptions,
    /// How the job runs.
    pub run: RunOptions,
}

impl PartOptions {
    /// Writes what `plan`, made of these weights or scores, has selected of `shards`, to standard output; all else is
    /// as by default.
    pub fn new(plan: impl Into<PathBuf>, shards: Shards, by: Option<PathBuf>) -> Self {
        PartOptions {
            plan: plan.into(),
            shards,
            by,
            punkt: None,
            output: OutputOptions::default(),
            run: RunOptions::default(),
        }
    }
}

/// Writes what a plan has selected of some shards. However the shards of a plan are cut into parts, the outputs of the
/// parts, in input order, are those of one run.
///
/// # Errors
/// A plan that cannot be read or does not name the shards, weights or shards that are not those it was made of, an
/// output that cannot be written; [`Observer::cancel`].
pub fn write_part(options: PartOptions, observer: &Observer) -> Result<Report, Error> {
    let PartOptions { plan: path, shards, by, punkt, mut output, run: run_options } = options;
    let plan = PlanFile::read(&path)?;
    let places = plan.places(&shards)?;
    let read = plan.read_options(&path, punkt)?;
    let filter = plan.filter(&path, read.punkt.as_deref())?;
    let by = draw_by(&plan, by)?;
    output.epochs |= plan.epochs;
    let run = Run::new(&run_options, observer, [&shards])?;
    let parts = parts(&plan, shards, &places);
    let all = || parts.iter().map(|part| &part.shards);
    let empty = Shards::default();
    let raw = all().next().unwrap_or(&empty);
    let inputs = all().flat_map(paths).chain([path.as_path()]).collect();
    let others: Vec<&Shards> = all().skip(1).collect();
    let beside = Beside { raw, others, inputs, rejects: None, left_out: None, is_rehearsal: false };
    let outputs = Outputs::check(&output, plan.draws() as u32, beside, &run_options, &run)?;
    run.warn_of_unused(raw.exclude());
    outputs.warn_of_files(raw, false, &run.observer);

    run.work(Report::new(run.threads()), |report| {
        let mut opened = Vec::new();
        for part in &parts {
            opened.push(part.open(&by, &filter, &plan, &read, &run, report)?);
        }
        let sources: Vec<Source<'_>> =
            parts.iter().zip(&opened).map(|(part, opened)| part.source(opened, &by, &read.ids)).collect();
        let write_options = WriteOptions {
            destinations: outputs.each(),
            shuffle: output.shuffle.then_some(plan.seed),
            annotate: output.annotate,
            storage: &run.storage,
        };
        let written = write(sources, &write_options, Looks::default(), None, &run.observer)?;
        report.read("write", &written.read);
        report.written = Some(written.each);
        Ok(())
    })
}

/// The shards of one source that are written, in input order.
struct Part<'a> {
    planned: &'a PlannedSource,
    shards: Shards,
    /// The numbers that they have in the source.
    numbers: Vec<usize>,
}

fn parts<'a>(plan: &'a PlanFile, shards: Shards, places: &[(usize, usize)]) -> Vec<Part<'a>> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|index| places[*index]);
    let mut shards = shards.in_order(&order);
    let mut parts = Vec::new();
    for (number, planned) in plan.sources.iter().enumerate() {
        let numbers: Vec<usize> = order
            .iter()
            .map(|index| places[*index])
            .filter(|(of, _)| *of == number)
            .map(|(_, at)| at)
            .collect();
        if numbers.is_empty() {
            continue;
        }
        let rest = shards.split_at(numbers.len());
        let mut ours = std::mem::replace(&mut shards, rest);
        ours.rename(numbers.iter().map(|number| PathBuf::from(&planned.shards[*number].name)));
        parts.push(Part { planned, shards: ours, numbers });
    }
    parts
}

/// The rows of a part, and the folder in which they are if they were made for it.
struct OpenPart {
    weights: Vec<WeightsFile>,
    _folder: Option<TemporaryFolder>,
}

impl Part<'_> {
    fn open(
        &self,
        by: &DrawBy,
        filter: &Filter,
        plan: &PlanFile,
        read: &ReadOptions,
        run: &Run,
        report: &mut Report,
    ) -> Result<OpenPart, Error> {
        let is_mixed_in = self.planned.mixed_in.is_some();
        let (all, none) = (Filter::default(), DrawBy::Nothing);
        let without_ids = read.without_ids();
        let (by, filter) = if is_mixed_in { (&none, &all) } else { (by, filter) };
        let opened = match by.open(&self.shards)? {
            WeightSource::Weights(weights)
                if filter.is_plain() && weights.iter().all(|file| file.layout().is_full()) =>
            {
                OpenPart { weights, _folder: None }
            }
            source => {
                self.shards.keep_streams(run.temp_dir());
                let folder = run.temporary_folder()?;
                let weights = WeightsFolder::new(folder.path());
                let fill = FillInOptions {
                    source: &source,
                    filter,
                    space: plan.feature_space,
                    read: if is_mixed_in { &without_ids } else { read },
                    storage: &run.storage,
                };
                let filled = fill_in(&self.shards, fill, &weights, &run.observer)?;
                report.read("fill in", &filled.read);
                OpenPart { weights: weights.open(&self.shards)?, _folder: Some(folder) }
            }
        };
        for (index, number) in self.numbers.iter().enumerate() {
            let planned = &self.planned.shards[*number];
            if opened.weights[index].rows() != planned.rows
                || fingerprint(&opened.weights, index)? != planned.weights
            {
                let shard = self.shards[index].path().into();
                return Err(PlanError::OtherWeights { shard }.into());
            }
        }
        Ok(opened)
    }

    fn source<'b>(&'b self, opened: &'b OpenPart, by: &DrawBy, ids: &IdFields) -> Source<'b> {
        let is_mixed_in = self.planned.mixed_in.is_some();
        Source {
            plan: &self.planned.plan,
            numbers: Some(&self.numbers),
            drawn: None,
            eligible: None,
            at_random: false,
            weights: &opened.weights,
            shards: &self.shards,
            candidates: None,
            was_kept_elsewhere: false,
            is_weighed: !is_mixed_in && *by != DrawBy::Nothing,
            ids: if is_mixed_in { IdFields::default() } else { ids.clone() },
        }
    }
}

/// What records were drawn by, at the path where it is now.
fn draw_by(plan: &PlanFile, path: Option<PathBuf>) -> Result<DrawBy, Error> {
    Ok(match (&plan.by, path) {
        (PlannedBy::Weights, Some(path)) => DrawBy::Weights(path),
        (PlannedBy::Scores { scale }, Some(path)) => DrawBy::Scores(path, *scale),
        (PlannedBy::Weights, None) => return Err(InvalidOptions::PlanOf { scores: false }.into()),
        (PlannedBy::Scores { .. }, None) => return Err(InvalidOptions::PlanOf { scores: true }.into()),
        (PlannedBy::Field { field, scale }, _) => match FieldPath::new(field) {
            Some(field) => DrawBy::Field(field, *scale),
            None => return Err(InvalidOptions::PlanOf { scores: true }.into()),
        },
        (PlannedBy::Nothing, _) => DrawBy::Nothing,
    })
}
