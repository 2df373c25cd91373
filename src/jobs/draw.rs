//! Drawing, writing what was drawn, and what there is to tell of both.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::draw_rows::{draw_rows, repeats, selected_rows};
use super::draw_warnings::{warn_of_budget, warn_of_chance, warn_of_temperature};
use super::mix_in::MixedIn;
use super::outputs::{self, Output};
use super::plan_file::{PlanFile, Planned, PlannedSource};
use super::report::{DrawReport, EpochReport, GroupReport, Report, ScoreKind, TargetDraw};
use super::review::{ReviewOptions, Reviewed};
use super::run::{Run, RunOptions};
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;
use crate::passes::{
    Candidates, Filter, Looks, Measuring, Source, WeighedElsewhere, WriteOptions, Written, check_tables,
    write,
};
use crate::reader::{IdFields, Shard, Shards};
use crate::resample::{self, Combine, Draw, DrawOptions, FromGroup, LogWeights, Method, TemperatureUnit};
use crate::storage::{self, is_url};
use crate::warning::Warning;
use crate::weights::{TargetSize, WeightsFile};
use crate::writer::{self, Destination};

/// Where and how a selection is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputOptions {
    /// Where the records go.
    pub destination: Destination,
    /// In random order instead of input order.
    pub shuffle: bool,
    /// With the log weight as one more field.
    pub annotate: bool,
    /// Each draw in a folder of its own, `epoch-0` and so on, also if there is only one draw.
    pub epochs: bool,
    /// How it is reviewed, if it is.
    pub review: Option<ReviewOptions>,
}

impl Default for OutputOptions {
    fn default() -> Self {
        OutputOptions {
            destination: Destination::Stdout,
            shuffle: false,
            annotate: false,
            epochs: false,
            review: None,
        }
    }
}

/// Outputs of a selection that were checked.
pub(super) struct Outputs {
    /// Where each draw goes.
    each: Vec<Destination>,
    options: OutputOptions,
    /// `None` if one draw is made, which goes where the destination says.
    draws: Option<u32>,
}

/// All that outputs are held against.
pub(super) struct Beside<'a> {
    pub(super) raw: &'a Shards,
    /// The shards of files that are mixed in.
    pub(super) others: Vec<&'a Shards>,
    pub(super) inputs: Vec<&'a Path>,
    pub(super) rejects: Option<&'a Path>,
    /// Where it is told of documents that are left out.
    pub(super) left_out: Option<Output<'a>>,
    /// Whether nothing may be written, no folder either.
    pub(super) is_rehearsal: bool,
}

impl Outputs {
    /// Checks, before the work, that all outputs make sense, can be written and overwrite no input.
    pub(super) fn check(
        options: &OutputOptions,
        draws: u32,
        beside: Beside<'_>,
        run_options: &RunOptions,
        run: &Run,
    ) -> Result<Self, Error> {
        let Beside { raw, others, mut inputs, rejects, left_out, is_rehearsal } = beside;
        inputs.extend(run_options.also_read.iter().map(PathBuf::as_path));
        let destination = &options.destination;
        let draws = (options.epochs || draws > 1).then_some(draws);
        if *destination == Destination::Nowhere
            && !options.is_review_alone()
            && writes_differently(options, &others)
        {
            return Err(InvalidOptions::WrittenNowhere.into());
        }
        let each: Vec<Destination> = match draws {
            Some(_) if *destination == Destination::Stdout => {
                return Err(InvalidOptions::DrawsToStdout.into());
            }
            Some(draws) => (0..draws).map(|draw| destination.of_epoch(draw)).collect(),
            None => vec![destination.clone()],
        };
        let shards = || std::iter::once(raw).chain(others.iter().copied());
        let files = shards().flat_map(|shards| each.iter().flat_map(|one| one.files(shards)));
        writer::refuse_overwriting(files, inputs.iter().copied())?;
        if matches!(destination, Destination::Folder(_)) {
            refuse_one_name(shards())?;
        }
        let summary = run_options.summary.as_deref().map(|path| Output::new(OutputKind::Summary, path));
        let rejects = rejects.map(|path| Output::new(OutputKind::Rejects, path));
        let page = options.review.as_ref().and_then(|review| review.page.as_deref());
        let page = page.map(|path| Output::new(OutputKind::Page, path));
        let mut outputs: Vec<Output<'_>> =
            summary.into_iter().chain(rejects).chain(left_out).chain(page).collect();
        if let Destination::File(path) = destination {
            // There will be folders of epochs in its folder, which may as well be new.
            let folder = path.parent().filter(|folder| draws.is_some() && !is_url(folder));
            if let Some(folder) = folder.filter(|_| !is_rehearsal) {
                let made = fs::create_dir_all(folder);
                made.map_err(|source| storage::Error::new(path, source))?;
            }
            if !is_rehearsal || folder.is_none_or(Path::is_dir) {
                outputs.push(Output::new(OutputKind::Records, path));
            }
        }
        if options.shuffle && matches!(destination, Destination::Folder(_)) {
            return Err(InvalidOptions::ShuffledFolder.into());
        }
        outputs::check(&outputs, *destination == Destination::Stdout, inputs, run)?;
        // Nor may the next run read them as raw.
        let written: Vec<PathBuf> = each.iter().filter_map(|one| one.files(raw).next()).collect();
        // Folders are made when they are needed; a store is asked before the work.
        if let Some(path) = written.first().filter(|path| is_url(path)) {
            run.storage.check(path)?;
        }
        outputs.extend(written.iter().map(|path| Output::new(OutputKind::Records, path)));
        outputs::refuse_inside(&outputs, raw)?;
        check_tables(shards().flat_map(Shards::iter), destination, &run.observer)?;
        Ok(Outputs { each, options: options.clone(), draws })
    }

    /// The same for a plan.
    pub(super) fn check_plan(
        plan: &Path,
        beside: Beside<'_>,
        run_options: &RunOptions,
        run: &Run,
    ) -> Result<(), Error> {
        let inputs = beside.inputs.into_iter().chain(run_options.also_read.iter().map(PathBuf::as_path));
        let summary = run_options.summary.as_deref().map(|path| Output::new(OutputKind::Summary, path));
        let outputs: Vec<Output<'_>> =
            summary.into_iter().chain([Output::new(OutputKind::Plan, plan)]).collect();
        outputs::check(&outputs, false, inputs, run)?;
        Ok(outputs::refuse_inside(&outputs, beside.raw)?)
    }

    /// Where each draw goes.
    pub(super) fn each(&self) -> &[Destination] {
        &self.each
    }

    /// Warns of files of earlier runs, if this one does not resume one of them.
    pub(super) fn warn_of_files(&self, raw: &Shards, resumes: bool, observer: &Observer) {
        let files = self.each.iter().flat_map(|one| one.files(raw));
        outputs::warn_of_files(&self.options.destination, self.draws, files, resumes, observer);
    }
}

/// Whether what is written is not just the selected records of the raw shards in input order.
fn writes_differently(options: &OutputOptions, mixed_in: &[&Shards]) -> bool {
    options.shuffle || options.annotate || !mixed_in.is_empty()
}

/// In a folder, no two shards can have one name.
fn refuse_one_name<'a>(shards: impl Iterator<Item = &'a Shards>) -> Result<(), InvalidOptions> {
    let mut seen = HashSet::new();
    for shard in shards.flat_map(Shards::iter) {
        let name = writer::output_name(shard.relative());
        if !seen.insert(name.clone()) {
            return Err(InvalidOptions::SameName { name });
        }
    }
    Ok(())
}

/// Who keeps records so that they can be written without reading the shards again.
#[derive(Clone, Copy)]
pub(super) enum Keeper<'a> {
    /// Weighing has kept those that may be selected.
    Weighing(&'a Candidates),
    /// The machines that weighed them keep those that are selected.
    Elsewhere(&'a WeighedElsewhere),
}

/// What a selection is made of.
pub(super) struct DrawInput<'a> {
    pub(super) options: &'a DrawOptions,
    pub(super) weights: &'a [WeightsFile],
    pub(super) targets: Option<&'a [TargetSize]>,
    pub(super) raw: &'a Shards,
    /// Who keeps records so that the shards need not be read again, if somebody does.
    pub(super) kept: Option<Keeper<'a>>,
    /// What was drawn from the files that are mixed in.
    pub(super) mixed_in: &'a [MixedIn<'a>],
    /// By what the records of `raw` are known.
    pub(super) ids: &'a IdFields,
    /// What it is drawn by.
    pub(super) scores: ScoreKind,
    /// What the selection is measured with.
    pub(super) measuring: Option<Measuring<'a>>,
    /// What it is reviewed with, if it is.
    pub(super) reviewed: Option<Reviewed<'a>>,
}

impl DrawInput<'_> {
    /// Draws, writes what was selected, and tells of both.
    pub(super) fn make(&self, outputs: &Outputs, run: &Run, report: &mut Report) -> Result<(), Error> {
        let DrawInput { options, weights, targets, raw: shards, mixed_in, .. } = *self;
        run.observer.begin("draw", None);
        let start = Instant::now();
        let draw = draw_rows(weights, targets, options, &run.observer)?;
        warn_of_temperature(&draw, options, weights, &run.observer)?;
        let repeats = repeats(&draw, weights, options, &run.observer)?;
        report.computed("draw", start);
        let write_options = WriteOptions {
            destinations: &outputs.each,
            shuffle: outputs.options.shuffle.then_some(options.seed),
            annotate: outputs.options.annotate,
            storage: &run.storage,
        };
        let start = Instant::now();
        let of_rows = |reviewed: &Reviewed<'_>| reviewed.rows(weights, &draw, options, &run.observer);
        let rows = self.reviewed.as_ref().map(of_rows).transpose()?;
        let rows = rows.map(|rows| rows.beside_mixed_in(!mixed_in.is_empty()));
        let both = self.reviewed.as_ref().zip(rows.as_ref());
        let gathering = both.map(|(reviewed, rows)| reviewed.gathering(rows, &draw));
        if rows.is_some() {
            report.computed("review rows", start);
        }
        let is_weighed = self.scores != ScoreKind::None;
        let mut main = Source::of_draw(&draw, weights, shards, is_weighed);
        main.ids = self.ids.clone();
        if let Some(Keeper::Weighing(candidates)) = self.kept {
            main.candidates = Some(candidates.files(shards, &draw));
        }
        let elsewhere = match self.kept {
            Some(Keeper::Elsewhere(elsewhere)) => Some(elsewhere),
            _ => None,
        };
        let sources: Vec<Source<'_>> =
            std::iter::once(main).chain(mixed_in.iter().map(MixedIn::source)).collect();
        let looks = Looks { measuring: self.measuring, review: gathering.as_ref() };
        let written = write(sources, &write_options, looks, elsewhere, &run.observer)?;
        report.read("write", &written.read);
        if let (Some(reviewed), Some((rows, gathering))) = (&self.reviewed, rows.zip(gathering)) {
            reviewed.finish(rows, gathering, shards, report, run)?;
        }
        report.draw = Some(self.report(&draw, repeats, Some(written), &run.observer));
        if outputs.options.destination == Destination::Nowhere && !outputs.options.is_review_alone() {
            report.selected = Some(selected_rows(&draw, weights, &run.observer)?);
        }
        Ok(())
    }

    /// Draws, writes to `path` what was decided, and tells of it.
    pub(super) fn plan(
        &self,
        planned: Planned<'_>,
        path: &Path,
        run: &Run,
        report: &mut Report,
    ) -> Result<(), Error> {
        let DrawInput { options, weights, targets, raw: shards, mixed_in, .. } = *self;
        run.observer.begin("draw", None);
        let start = Instant::now();
        let draw = draw_rows(weights, targets, options, &run.observer)?;
        let repeats = repeats(&draw, weights, options, &run.observer)?;
        let mut sources = vec![PlannedSource::new(None, &draw, shards, weights)?];
        for mixed_in in mixed_in {
            sources.push(mixed_in.planned()?);
        }
        PlanFile::new(planned, sources).write(path, &run.storage)?;
        report.computed("draw", start);
        report.draw = Some(self.report(&draw, repeats, None, &run.observer));
        Ok(())
    }

    fn report(
        &self,
        draw: &Draw,
        repeats: Vec<Vec<u64>>,
        written: Option<Written>,
        observer: &Observer,
    ) -> DrawReport {
        let DrawInput { options, targets, mixed_in, scores, .. } = *self;
        let names: Vec<String> = match options.combine {
            Combine::Product(_) => vec!["product".into()],
            Combine::Apart => targets.unwrap_or_default().iter().map(|target| target.name.clone()).collect(),
        };
        let name = |target: usize| names.get(target).cloned().unwrap_or_else(|| format!("#{}", target + 1));
        let survey = &draw.survey;
        let (closeness, records) = written.map(|written| (written.closeness, written.records)).unzip();
        let mut closeness = closeness.unwrap_or_default().into_iter();
        let epoch = |number: usize| {
            let selections = draw.selections[number].iter().zip(&survey.log_weights).enumerate();
            let of_target =
                |(target, (selection, spread)): (usize, (&resample::Selection, &LogWeights))| TargetDraw {
                    name: name(target),
                    log_weights: *spread,
                    threshold: selection.threshold,
                    ties: selection.splits_ties,
                    selected: selection.totals,
                };
            let mut selected = draw.total_of(number);
            mixed_in.iter().for_each(|mixed_in| selected.add(mixed_in.total_of(number)));
            EpochReport {
                draw: selections.map(of_target).collect(),
                selected,
                repeats: repeats.get(number).cloned().unwrap_or_default(),
                kl_reduction: closeness.next(),
            }
        };
        let epochs: Vec<EpochReport> = (0..draw.selections.len()).map(epoch).collect();
        // Of a random draw, it is no news that it is no closer than chance.
        if options.method != Method::Random {
            warn_of_chance(&epochs, survey.eligible, observer);
        }
        let groups = draw.groups.iter().map(|FromGroup { name, is_mixed_in, there, selected }| GroupReport {
            name: name.clone(),
            mixed_in: *is_mixed_in,
            eligible: *there,
            selected: selected.clone(),
        });
        let groups: Vec<GroupReport> = groups.chain(mixed_in.iter().map(MixedIn::report)).collect();
        if let [GroupReport { name, mixed_in: false, .. }] = &groups[..]
            && name == Filter::NO_VALUE
        {
            observer.warn(Warning::NoGroups);
        }
        warn_of_budget(draw, options, observer);
        DrawReport {
            eligible: survey.eligible,
            too_short: survey.too_short,
            left_out: survey.left_out,
            epochs,
            groups,
            records_selected: records,
            temperatures: match options.temperature_unit {
                TemperatureUnit::LogWeights => Vec::new(),
                TemperatureUnit::Deviations => draw.temperatures().to_vec(),
            },
            scores,
            by_curve: options.curve.is_some(),
            budget: options.budget,
        }
    }
}

/// The files of raw shards.
pub(super) fn paths(shards: &Shards) -> impl Iterator<Item = &Path> {
    shards.iter().map(Shard::path)
}
