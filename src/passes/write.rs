use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::candidates;
use super::documents::{ReadReport, Tally};
use super::selected::{Look, Looking, SelectedRecords, TextHashes};
use super::{ReadOptions, other_rows};
use crate::density::{Closeness, Counts, EPSILON, Evaluator, Model};
use crate::error::Error;
use crate::featurizer::{Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shard, Shards, TextReader, content_hash};
use crate::resample::{Draw, Noise, Plan, Position};
use crate::scan::{self, Job};
use crate::storage::Storage;
use crate::warning::Warning;
use crate::weights::{self, Row, RowBlock, WeightsFile};
use crate::writer::{Destination, RecordWriter, Selected, ShardRecords, annotate};

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
    /// How the shards were read on other machines, where all that was selected is kept.
    pub read: Option<ReadReport>,
    /// Whether the weights say something: otherwise no record is annotated.
    pub is_weighed: bool,
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
            read: None,
            is_weighed,
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
/// of copies, of documents of the target, and of draws that are nearly the same.
///
/// # Errors
/// Shards that cannot be read or are not those that were weighed; an output that cannot be written.
pub(crate) fn write(
    sources: &[Source<'_>],
    options: &WriteOptions<'_>,
    measuring: Option<Measuring<'_>>,
    observer: &Observer,
) -> Result<Written, Error> {
    let start = Instant::now();
    let featurizers = measuring.map(|with| with.read.featurizers(with.model.space)).transpose()?;
    observer.begin("write", sources.iter().map(Source::bytes).sum());
    let mut outputs = Vec::with_capacity(options.destinations.len());
    for (number, destination) in (0..).zip(options.destinations) {
        let writer = RecordWriter::create(destination, options.shuffle.is_some(), options.storage)?;
        outputs
            .push(DrawOutput { writer, order: options.shuffle.map(|seed| Noise::of_shuffle(seed, number)) });
    }
    let (mut read, mut counts) = (Tally::default(), Vec::new());
    let mut written = vec![0; outputs.len()];
    if let Some(Measuring { model, .. }) = measuring {
        counts = vec![Counts::new(model.space.buckets); outputs.len()];
    }
    let looking = Mutex::new(Looking::new());
    let mut first_shard = 0;
    for source in sources {
        let annotate = options.annotate && source.is_weighed;
        let Source { plan, numbers, weights, shards, .. } = *source;
        let job = Write {
            plan,
            numbers,
            weights,
            shards,
            first_shard,
            kept: source.kept(),
            outputs: &outputs,
            annotate,
            measuring: featurizers.as_ref().zip(measuring),
            looking: &looking,
        };
        let scanned = scan::scan(&job, shards, observer)?;
        for (tally, records) in scanned.shards {
            if source.read.is_none() {
                read.add(tally);
            }
            written.iter_mut().zip(records).for_each(|(sum, records)| *sum += records);
        }
        for measuring in scanned.threads.iter().filter_map(|thread| thread.measuring.as_ref()) {
            for (sum, counts) in counts.iter_mut().zip(&measuring.counts) {
                sum.add(counts)?;
            }
            lock(&looking).add_of_target(measuring.of_target);
        }
        first_shard += shards.len();
    }
    for (draw, written) in written.iter().copied().enumerate() {
        let drawn = |source: &Source<'_>| source.drawn.as_ref().and_then(|drawn| drawn.get(draw).copied());
        let drawn: Option<u64> = sources.iter().map(drawn).sum();
        if let Some(drawn) = drawn.filter(|drawn| *drawn != written) {
            return Err(Error::Incomplete { drawn, written });
        }
    }
    outputs.into_iter().try_for_each(|output| output.writer.finish())?;

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
    let records = lock(&looking).finish(target, options.destinations.len(), path);
    warn(&records, sources, observer);
    let seconds = start.elapsed().as_secs_f64();
    let here = ReadReport { records: read.records, bytes: read.bytes, seconds, ..ReadReport::default() };
    let read = sources.iter().filter_map(|source| source.read.as_ref()).fold(here, |sum, more| sum.and(more));
    Ok(Written { read, closeness, records, each: written })
}

/// Two draws that have more than this in common are nearly the same, if there was so much more to draw from.
const ALIKE: f64 = 0.9;

fn warn(found: &SelectedRecords, sources: &[Source<'_>], observer: &Observer) {
    let SelectedRecords { records, copies, ref example, target_documents, shared_by_draws } = *found;
    if copies > 0 {
        let at_random = sources.iter().all(|source| source.at_random);
        observer.warn(Warning::CopiesSelected { copies, records, example: example.clone(), at_random });
    }
    if let Some(documents) = target_documents.filter(|documents| *documents > 0) {
        observer.warn(Warning::TargetSelected { documents, records });
    }
    let eligible: Option<u64> = sources.iter().map(|source| source.eligible).sum();
    if let Some(eligible) = eligible
        && let Some(shared) = shared_by_draws
        && shared as f64 > ALIKE * records as f64
        && (records as f64) < ALIKE * eligible as f64
    {
        observer.warn(Warning::DrawsAlike { shared, records });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Write<'a> {
    plan: &'a Plan,
    /// The numbers of the shards in the input that was drawn from; `None` if they are all of it.
    numbers: Option<&'a [usize]>,
    weights: &'a [WeightsFile],
    shards: &'a Shards,
    /// The place of the first shard among those of all sources.
    first_shard: usize,
    /// For each shard, the file of its candidates, if they are read in its place.
    kept: Vec<Option<PathBuf>>,
    /// Of each draw.
    outputs: &'a [DrawOutput],
    annotate: bool,
    /// What the selected are counted with, if they are.
    measuring: Option<(&'a Featurizers, Measuring<'a>)>,
    looking: &'a Mutex<Looking>,
}

struct DrawOutput {
    writer: RecordWriter,
    /// The order to shuffle into.
    order: Option<Noise>,
}

struct WriteThread<'a> {
    rows: RowBlock,
    measuring: Option<MeasuringThread<'a>>,
    /// The records of the block under way that the first draw has selected.
    looks: Vec<Look>,
    draws: Vec<usize>,
}

/// Counts the features of what is selected.
struct MeasuringThread<'a> {
    texts: TextReader<'a>,
    featurizer: Featurizer,
    /// Of each draw.
    counts: Vec<Counts>,
    target: Option<&'a TextHashes>,
    /// How many records of the first draw have a text of the target.
    of_target: u64,
}

impl<'a> MeasuringThread<'a> {
    fn new(featurizers: &Featurizers, with: Measuring<'a>, draws: usize) -> Self {
        let space = featurizers.space();
        MeasuringThread {
            texts: TextReader::of_kind(&with.read.fields, space.tokenizer.field_kind()),
            featurizer: featurizers.featurizer(),
            counts: vec![Counts::new(space.buckets); draws],
            target: with.target,
            of_target: 0,
        }
    }

    fn count(&mut self, record: &[u8], draws: &[usize]) {
        let MeasuringThread { texts, featurizer, counts, target, of_target } = self;
        if let Ok(text) = texts.text(record) {
            if draws.first() == Some(&0) && target.is_some_and(|target| target.holds(&text)) {
                *of_target += 1;
            }
            featurizer.featurize(&text, |buckets| {
                for draw in draws {
                    buckets.iter().for_each(|bucket| counts[*draw].counts[*bucket as usize] += 1);
                }
            });
        }
    }
}

impl Write<'_> {
    /// Appends a record to what those draws have `selected` that say so.
    fn record(
        &self,
        thread: &mut WriteThread<'_>,
        position: Position,
        record: &[u8],
        row: &Row<'_>,
        selected: &mut [Selected],
    ) -> Result<(), Error> {
        let WriteThread { measuring, looks, draws, .. } = thread;
        draws.clear();
        let shard = self.numbers.map_or(position.shard, |numbers| numbers[position.shard]);
        draws.extend(self.plan.selected_by(Position { shard, ..position }, row).map(|(draw, _)| draw));
        if draws.is_empty() {
            return Ok(());
        }
        let hash = content_hash(record);
        if hash != row.record() {
            let (path, shard) = (self.weights[position.shard].path(), self.shards[position.shard].path());
            let changed =
                weights::Error::Changed { path: path.into(), row: position.record, shard: shard.into() };
            return Err(changed.into());
        }
        for draw in &*draws {
            let place = self.outputs[*draw].order.map_or(0, |order| order.bits(hash));
            selected[*draw].push(place, |out| {
                if self.annotate {
                    annotate(record, row.log_weights(), out);
                } else {
                    out.extend_from_slice(record);
                }
            });
        }
        if draws.contains(&0) {
            let (shard, is_shared_by_draws) = (self.first_shard + position.shard, draws.contains(&1));
            looks.push(Look { hash, shard, is_shared_by_draws });
        }
        if let Some(measuring) = measuring {
            measuring.count(record, draws);
        }
        Ok(())
    }

    /// The selected of a block of candidates.
    fn candidates(
        &self,
        thread: &mut WriteThread<'_>,
        shard: usize,
        block: &Block,
        selected: &mut [Selected],
    ) -> Result<(), Error> {
        let weights = &self.weights[shard];
        let mut rows = RowBlock::default();
        let mut near = 0..0;
        for line in block.records() {
            let Some((number, record)) =
                candidates::parse_line(line.bytes).filter(|(number, _)| *number < weights.rows())
            else {
                return Err(other_rows(weights, &self.shards[shard], None));
            };
            if !near.contains(&number) {
                near = number..weights.rows().min(number + NEAR);
                weights.read(near.start, (near.end - near.start) as usize, &mut rows)?;
            }
            if let Some(row) = rows.rows().nth((number - near.start) as usize) {
                self.record(thread, Position { shard, record: number }, record, &row, selected)?;
            }
        }
        Ok(())
    }
}

/// The outputs of one shard under way, for each draw.
struct ShardUnderWay {
    shard: usize,
    records: Vec<ShardRecords>,
    written: Vec<u64>,
    tally: Tally,
}

/// Rows of weights read together for candidates, which may be far apart.
const NEAR: u64 = 256;

impl<'a> Job for Write<'a> {
    type Thread = WriteThread<'a>;
    type Made = (Tally, Vec<Selected>);
    type Gathered = ShardUnderWay;
    /// What was read, and how many records each draw has selected.
    type Ended = (Tally, Vec<u64>);

    fn thread(&self) -> WriteThread<'a> {
        let measuring = self
            .measuring
            .map(|(featurizers, with)| MeasuringThread::new(featurizers, with, self.outputs.len()));
        WriteThread { rows: RowBlock::default(), measuring, looks: Vec::new(), draws: Vec::new() }
    }

    fn open(&self, shard: usize, shards: &Shards, observer: &Observer) -> Result<BlockReader, Error> {
        Ok(match &self.kept[shard] {
            Some(path) => BlockReader::open_file(path, observer)?,
            None => BlockReader::open(&shards[shard], observer)?,
        })
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let begin = |output: &DrawOutput| output.writer.begin(self.first_shard + shard, &self.shards[shard]);
        let records = self.outputs.iter().map(begin).collect::<Result<_, _>>()?;
        Ok(ShardUnderWay { shard, written: vec![0; self.outputs.len()], records, tally: Tally::default() })
    }

    fn make(&self, thread: &mut WriteThread<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let mut selected: Vec<Selected> = self.outputs.iter().map(|_| Selected::default()).collect();
        let tally = Tally::of(block);
        if self.kept[shard].is_some() {
            self.candidates(thread, shard, block, &mut selected)?;
        } else {
            let mut rows = std::mem::take(&mut thread.rows);
            super::read_rows(&self.weights[shard], &self.shards[shard], block, &mut rows)?;
            for (index, (record, row)) in block.records().zip(rows.rows()).enumerate() {
                let position = Position { shard, record: block.first_record() + index as u64 };
                self.record(thread, position, record.bytes, &row, &mut selected)?;
            }
            thread.rows = rows;
        }
        if !thread.looks.is_empty() {
            let mut looking = lock(self.looking);
            thread.looks.drain(..).for_each(|look| looking.add(look));
        }
        Ok((tally, selected))
    }

    fn gather(&self, under_way: &mut ShardUnderWay, made: Self::Made) -> Result<(), Error> {
        let (more, selected) = made;
        let ShardUnderWay { records, written, tally, .. } = under_way;
        tally.add(more);
        for (((output, records), written), selected) in
            self.outputs.iter().zip(records).zip(written).zip(&selected)
        {
            output.writer.write(records, selected)?;
            *written += selected.len();
        }
        Ok(())
    }

    fn end(&self, under_way: ShardUnderWay) -> Result<Self::Ended, Error> {
        let ShardUnderWay { shard, records, written, tally } = under_way;
        if self.kept[shard].is_none() {
            super::check_rows(&self.weights[shard], &self.shards[shard], tally.records)?;
        }
        for (output, records) in self.outputs.iter().zip(records) {
            output.writer.end(records)?;
        }
        Ok((tally, written))
    }
}
