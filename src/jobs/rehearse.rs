//! What a selection would take, and whether it could be made: found out without making it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::classify;
use super::decontaminate;
use super::fit::{check_punkt, count_targets};
use super::report::{Report, TargetReport};
use super::select::{Learn, ModelSource, SelectOptions, check};
use crate::density::Model;
use crate::error::Error;
use crate::observer::Observer;
use crate::passes::{Glimpse, glimpse, stored_bytes};
use crate::resample::{Budget, DrawOptions, Totals, target_shares};
use crate::storage::{self, is_url};
use crate::warning::Warning;
use crate::weights::WeightsInfo;
use crate::writer::Destination;

/// What [`rehearse`] has found out.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsal {
    /// The raw shards.
    pub shards: usize,
    /// Their bytes as stored; those of streams are not known.
    pub stored_bytes: u64,
    /// How many of them were looked into.
    pub shards_looked_into: usize,
    /// The records that were read at their beginnings.
    pub records_read: u64,
    /// Those that would be skipped as invalid.
    pub invalid: u64,
    /// Of all shards, about how many bytes there are, decompressed; `None` if nothing could be read beforehand.
    pub bytes: Option<u64>,
    /// About how many documents.
    pub documents: Option<u64>,
    /// About what could be drawn.
    pub eligible: Option<Totals>,
    /// The targets, counted as a whole; none if there is a model.
    pub targets: Vec<TargetReport>,
    /// About what would be selected.
    pub selected: Option<Totals>,
    /// About how many seconds it would take with this number of threads.
    pub seconds: Option<f64>,
    /// The number of threads.
    pub threads: usize,
    /// Where something would be written, what and how much, and how much is free.
    pub room: Vec<Room>,
}

/// What is needed in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// What for.
    pub what: RoomFor,
    /// Where.
    pub path: PathBuf,
    /// About how many bytes would be written; those of a compressed output may be fewer.
    pub needs: u64,
    /// How many are free; `None` if that cannot be known.
    pub free: Option<u64>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomFor {
    /// The selection.
    Output,
    /// Weights and candidates, until it is made.
    Work,
}

/// Checks what can be checked of a selection without making it, and tells about what it would take. Nothing is
/// written.
///
/// # Errors
/// Those of [`select`](super::select) that can be known beforehand: options, shards that cannot be read, a target
/// without features, a model that cannot weigh, outputs that cannot be written.
pub fn rehearse(options: &SelectOptions, observer: &Observer) -> Result<Rehearsal, Error> {
    let (run, _) = check(options, true, observer)?;
    let SelectOptions { raw, model, draw, filter, read, output, work_dir, .. } = options;
    let mut rehearsal = None;
    run.work(Report::new(run.threads()), |report| {
        let (model, count) = match model {
            ModelSource::File(path) => {
                let model = Model::read(path)?;
                model.log_ratios()?;
                check_punkt(options.punkt_is_named, filter.quality.is_some(), model.space.tokenizer)?;
                target_shares(draw, &WeightsInfo::sizes(&model))?;
                (model, None)
            }
            ModelSource::Fit { targets, count, learn } => {
                let (model, _) = count_targets(count, targets, read, &mut None, &run, report)?;
                if let Learn::Classifier(against) = learn {
                    classify::check(against, count.space, read, &mut None, &run, report)?;
                }
                (model, Some(count))
            }
        };
        // What is wrong with evaluation sets is found out now.
        decontaminate::read(options.decontaminate.as_ref(), &model, read, &run)?;
        let targets = count.map_or(Vec::new(), |_| TargetReport::all_of(&model));
        let seen = glimpse(raw, read, filter, draw.min_tokens, model.space, &run.observer)?;
        let stored = stored_bytes(raw);
        // Of streams, nothing is known.
        let is_seen = seen.records > 0 && raw.iter().all(|shard| !shard.is_stream());
        let all = is_seen.then(|| Scaled::new(&seen, stored));
        let selected = all.as_ref().map(|all| selected(draw, all.eligible));
        if let Some(all) = &all
            && let Some((unit, asked)) = amount(draw.budget)
            && draw.budget.price(&all.eligible.times(draw.repeat)) < asked
            && !draw.allow_fewer
        {
            let there = draw.budget.price(&all.eligible);
            run.observer.warn(Warning::LikelyTooFew { unit, asked, there });
        }
        let seconds = all.as_ref().map(|all| {
            let speed = run.threads() as f64 * seen.bytes as f64 / seen.busy_seconds.max(1e-3);
            let counting = count.map_or(0.0, |count| all.part_counted(count.budget.0));
            // Counting skips most of what it does not sample; plain shards are read once more to write.
            let learning = match options.model {
                ModelSource::Fit { learn: Learn::Refined, .. } => REFINING,
                ModelSource::Fit { learn: Learn::Classifier(_), .. } => REFINING,
                _ => 0.0,
            };
            (1.0 + counting + learning + REREAD) * all.bytes as f64 / speed
        });
        let row = filter.bytes_of_row(model.targets.len());
        let mut room = Vec::new();
        if let (Some(all), Some(selected)) = (&all, selected) {
            if let Destination::File(path) | Destination::Folder(path) = &output.destination {
                room.push(Room::new(RoomFor::Output, path, selected.bytes * u64::from(draw.draws)));
            }
            let work = work_dir.as_deref().unwrap_or(match &output.destination {
                Destination::File(path) | Destination::Folder(path) if !is_url(path) => path,
                _ => run.temp_dir(),
            });
            room.push(Room::new(RoomFor::Work, work, row * all.documents));
        }
        for room in &room {
            if let Some(free) = room.free.filter(|free| *free < room.needs) {
                run.observer.warn(Warning::LittleRoom { path: room.path.clone(), needs: room.needs, free });
            }
        }
        rehearsal = Some(Rehearsal {
            shards: raw.len(),
            stored_bytes: stored,
            shards_looked_into: seen.shards,
            records_read: seen.records,
            invalid: seen.invalid,
            bytes: all.as_ref().map(|all| all.bytes),
            documents: all.as_ref().map(|all| all.documents),
            eligible: all.as_ref().map(|all| all.eligible),
            targets,
            selected,
            seconds,
            threads: run.threads(),
            room,
        });
        Ok(())
    })?;
    // The work is done only if there is one.
    rehearsal.ok_or(Error::Cancelled)
}

/// A third reading takes so much of the time of weighing.
const REREAD: f64 = 0.25;
/// And counting, of what it leaves out.
const SKIMMED: f64 = 0.35;
/// Learning log-ratios takes about so much.
const REFINING: f64 = 0.3;

/// What was seen, for all shards.
struct Scaled {
    bytes: u64,
    documents: u64,
    ngrams: u64,
    eligible: Totals,
}

impl Scaled {
    fn new(seen: &Glimpse, stored: u64) -> Self {
        let times = stored as f64 / seen.stored.max(1) as f64;
        let all = |part: u64| (part as f64 * times).round() as u64;
        let Totals { records, tokens, bytes } = seen.eligible;
        Scaled {
            bytes: all(seen.bytes),
            documents: all(seen.records - seen.invalid),
            ngrams: all(seen.ngrams),
            eligible: Totals { records: all(records), tokens: all(tokens), bytes: all(bytes) },
        }
    }

    /// The time of counting, as a part of that of weighing.
    fn part_counted(&self, budget: Option<u64>) -> f64 {
        let sampled = budget.map_or(1.0, |budget| (budget as f64 / self.ngrams.max(1) as f64).min(1.0));
        SKIMMED + (1.0 - SKIMMED) * sampled
    }
}

/// What is asked for, and in what; `None` of a share.
fn amount(budget: Budget) -> Option<(&'static str, u64)> {
    match budget {
        Budget::Fraction(_) => None,
        Budget::Records(asked) => Some(("records", asked)),
        Budget::Tokens(asked) => Some(("tokens", asked)),
        Budget::Bytes(asked) => Some(("bytes", asked)),
    }
}

/// About what a budget selects of what is eligible, whose documents are about alike in length.
fn selected(draw: &DrawOptions, eligible: Totals) -> Totals {
    let budget = draw.budget;
    let part = match budget {
        Budget::Fraction(fraction) => fraction,
        Budget::Records(asked) | Budget::Tokens(asked) | Budget::Bytes(asked) => {
            asked as f64 / budget.price(&eligible).max(1) as f64
        }
    };
    let of = |all: u64| (all as f64 * part.min(draw.repeat.into())).round() as u64;
    Totals { records: of(eligible.records), tokens: of(eligible.tokens), bytes: of(eligible.bytes) }
}

impl Room {
    fn new(what: RoomFor, path: &Path, needs: u64) -> Self {
        let folder = path.ancestors().find(|folder| folder.is_dir());
        let free = match is_url(path) {
            true => None,
            false => storage::free_bytes(folder.unwrap_or(Path::new("."))),
        };
        Room { what, path: path.into(), needs, free }
    }
}
