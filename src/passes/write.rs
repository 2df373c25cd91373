mod elsewhere;
mod forms;
mod job;
mod measuring_thread;

pub(crate) use elsewhere::WeighedElsewhere;
pub(super) use forms::Forms;
pub(crate) use forms::check_tables;
pub(super) use job::{DrawOutputs, WrittenPart, write_source};

use std::path::PathBuf;
use std::time::Instant;

use super::ReadOptions;
use super::documents::ReadReport;
use super::selected::{SelectedRecords, TextHashes};
use crate::density::{Closeness, EPSILON, Evaluator, Model};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{IdFields, Shard, Shards};
use crate::resample::{Draw, Plan};
use crate::review::Gathering;
use crate::storage::Storage;
use crate::warning::Warning;
use crate::weights::WeightsFile;
use crate::writer::Destination;

/// How selected records are written.
#[derive(Clone, Debug)]
pub(crate) struct WriteOptions<'a> {
    /// Where they go, for each draw.
    pub destinations: &'a [Destination],
    /// In random order, made with this seed, instead of input order.
    pub shuffle: Option<u64>,
    /// With the log weight as one more field.
    pub annotate: bool,
    /// Where files are made.
    pub storage: &'a Storage,
}

impl WriteOptions<'_> {
    /// Whether each shard has an output of its own.
    fn are_folders(&self) -> bool {
        self.destinations.iter().all(|destination| matches!(destination, Destination::Folder(_)))
    }
}

/// What a selection is measured with.
#[derive(Clone, Copy)]
pub(crate) struct Measuring<'a> {
    /// The densities that it is held against.
    pub model: &'a Model,
    /// How records become documents.
    pub read: &'a ReadOptions,
    /// The texts of the targets, if they are known.
    pub target: Option<&'a TextHashes>,
}

/// What is looked at while records are written.
#[derive(Clone, Copy, Default)]
pub(crate) struct Looks<'a> {
    /// What the selection is measured with, if it is.
    pub measuring: Option<Measuring<'a>>,
    /// Gathers what the selection from the first source is like, if that is asked for.
    pub review: Option<&'a Gathering<'a>>,
}

/// What came of writing.
#[derive(Debug)]
pub(crate) struct Written {
    /// What was read.
    pub read: ReadReport,
    /// How close each draw came to each target, if that was measured; nothing of a selection without a token.
    pub closeness: Vec<Vec<Closeness>>,
    /// What the records of the first draw are like.
    pub records: SelectedRecords,
    /// How many records each draw has.
    pub each: Vec<u64>,
}

/// Records that are written, and what has selected them.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    /// What was decided.
    pub plan: &'a Plan,
    /// The numbers of the shards in the input that was drawn from; `None` if they are all of it.
    pub numbers: Option<&'a [usize]>,
    /// How many records each draw has selected; `None` if that is not known, as of a part of the shards.
    pub drawn: Option<Vec<u64>>,
    /// How many records could be drawn, if that is known.
    pub eligible: Option<u64>,
    /// Whether records were drawn without regard to their weights.
    pub at_random: bool,
    /// What was drawn from, one file for each shard.
    pub weights: &'a [WeightsFile],
    /// The records.
    pub shards: &'a Shards,
    /// For each shard, the file of the records that were kept while it was weighed, if they are read in its place;
    /// `None` if none were kept.
    pub candidates: Option<Vec<Option<PathBuf>>>,
    /// Whether other machines have read the shards with candidates, and kept what is selected.
    pub was_kept_elsewhere: bool,
    /// Whether the weights say something: otherwise no record is annotated.
    pub is_weighed: bool,
    /// By what records are known.
    pub ids: IdFields,
}

impl<'a> Source<'a> {
    /// What finished draws have selected of all shards that were drawn from.
    pub(crate) fn of_draw(
        draw: &'a Draw,
        weights: &'a [WeightsFile],
        shards: &'a Shards,
        is_weighed: bool,
    ) -> Self {
        let drawn = (0..draw.selections.len()).map(|number| draw.total_of(number).records).collect();
        Source {
            plan: draw.plan(),
            numbers: None,
            drawn: Some(drawn),
            eligible: Some(draw.survey.eligible.records),
            at_random: draw.at_random,
            weights,
            shards,
            candidates: None,
            was_kept_elsewhere: false,
            is_weighed,
            ids: IdFields::default(),
        }
    }

    fn kept(&self) -> Vec<Option<PathBuf>> {
        self.candidates.clone().unwrap_or_else(|| vec![None; self.shards.len()])
    }

    fn bytes(&self) -> Option<u64> {
        if self.candidates.is_some() { None } else { self.shards.total_bytes() }
    }
}

/// Writes the records that were selected, one source after the other, and measures them if that is asked for. Warns
/// of copies, of documents of the target, and of draws that are nearly the same. If other machines have weighed the
/// first source, they read it, too.
///
/// # Errors
/// Shards that cannot be read or are not those that were weighed; an output that cannot be written.
pub(crate) fn write(
    mut sources: Vec<Source<'_>>,
    options: &WriteOptions<'_>,
    with: Looks<'_>,
    elsewhere: Option<&WeighedElsewhere>,
    observer: &Observer,
) -> Result<Written, Error> {
    let Looks { measuring, review } = with;
    let start = Instant::now();
    observer.begin("write", sources.iter().map(Source::bytes).sum());
    let forms = Forms::of(&sources, options)?;
    let outputs = DrawOutputs::create(options, forms)?;
    let mut part = WrittenPart::new(options.destinations.len(), measuring);
    let mut files = Vec::new();
    let mut first_shard = 0;
    for (number, source) in sources.iter_mut().enumerate() {
        let by_others = elsewhere.filter(|_| number == 0);
        let folders = by_others.is_some_and(|_| options.are_folders());
        if let Some(elsewhere) = by_others {
            part.read.add(elsewhere.keep(source, folders, outputs.forms(), observer)?);
        }
        match by_others {
            Some(elsewhere) if folders => {
                let (more, written) = elsewhere.write(source, options, measuring, observer)?;
                part.add(more)?;
                files = written;
            }
            _ => {
                let looks = Looks { measuring, review: review.filter(|_| number == 0) };
                part.add(write_source(source, first_shard, &outputs, options.annotate, looks, observer)?)?
            }
        }
        first_shard += source.shards.len();
    }
    let WrittenPart { read, each: written, counts, looking } = part;
    for (draw, written) in written.iter().copied().enumerate() {
        let drawn = |source: &Source<'_>| source.drawn.as_ref().and_then(|drawn| drawn.get(draw).copied());
        let drawn: Option<u64> = sources.iter().map(drawn).sum();
        if let Some(drawn) = drawn.filter(|drawn| *drawn != written) {
            return Err(Error::Incomplete { drawn, written });
        }
    }
    options.storage.move_all(&files)?;
    outputs.finish()?;

    let mut closeness = Vec::new();
    if let Some(Measuring { model, .. }) = measuring {
        let evaluator = Evaluator::new(model, EPSILON)?;
        for selected in &counts {
            // A selection of documents without a token has no density, and no distance from anything.
            closeness.push(evaluator.measure("", selected).unwrap_or_default());
        }
    }
    let shards: Vec<&Shard> = sources.iter().flat_map(|source| source.shards.iter()).collect();
    let path = |shard: usize| shards.get(shard).map(|shard| shard.path().to_path_buf());
    let target = measuring.and_then(|with| with.target);
    let records = looking.finish(target, options.destinations.len(), path);
    warn(&records, &sources, observer);
    let seconds = start.elapsed().as_secs_f64();
    let read = ReadReport { records: read.records, bytes: read.bytes, seconds, ..ReadReport::default() };
    Ok(Written { read, closeness, records, each: written })
}

/// Two draws that have more than this in common are nearly the same, if there was so much more to draw from.
const ALIKE: f64 = 0.9;

fn warn(found: &SelectedRecords, sources: &[Source<'_>], observer: &Observer) {
    let SelectedRecords { records, copies, ref example, target_documents, target_ngrams, shared_by_draws } =
        *found;
    if copies > 0 {
        let at_random = sources.iter().all(|source| source.at_random);
        observer.warn(Warning::CopiesSelected { copies, records, example: example.clone(), at_random });
    }
    if let Some(documents) = target_documents.filter(|documents| *documents > 0) {
        observer.warn(Warning::TargetSelected { documents, records });
    }
    if let Some(documents) = target_ngrams.filter(|documents| *documents > 0) {
        let ngram = TextHashes::NGRAM;
        observer.warn(Warning::TargetShared { documents, records, ngram });
    }
    let eligible: Option<u64> = sources.iter().map(|source| source.eligible).sum();
    // By ranks, draws are meant to be alike.
    if let Some(eligible) = eligible.filter(|_| !sources.iter().any(|source| source.plan.is_by_curve()))
        && let Some(shared) = shared_by_draws
        && shared as f64 > ALIKE * records as f64
        && (records as f64) < ALIKE * eligible as f64
    {
        observer.warn(Warning::DrawsAlike { shared, records });
    }
}
