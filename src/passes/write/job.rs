//! Writes the selected records of one source, and measures them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::measuring_thread::MeasuringThread;
use super::{Forms, Looks, Measuring, Source, WriteOptions};
use crate::density::Counts;
use crate::error::Error;
use crate::featurizer::Featurizers;
use crate::observer::Observer;
use crate::overlap::EvaluationSets;
use crate::passes::candidates;
use crate::passes::documents::Tally;
use crate::passes::selected::{Look, Looking};
use crate::passes::{check_rows, other_rows, read_rows};
use crate::reader::{Block, BlockReader, IdFields, Shards, content_hash};
use crate::resample::{Noise, Plan, Position};
use crate::review::{Gathering, GatheringThread};
use crate::scan::{self, Job};
use crate::weights::{self, Row, RowBlock, WeightsFile};
use crate::writer::{self, Pick, RecordWriter, RowForm, Selected, ShardRecords, annotate};

/// What was written of a part of a selection.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::passes) struct WrittenPart {
    /// What was read of the shards.
    pub(in crate::passes) read: Tally,
    /// How many records each draw has.
    pub(in crate::passes) each: Vec<u64>,
    /// The n-grams of each draw, if it is measured.
    pub(in crate::passes) counts: Vec<Counts>,
    /// What the records of the first draw are like.
    pub(in crate::passes) looking: Looking,
}

impl WrittenPart {
    /// Nothing written yet, of so many draws.
    pub(in crate::passes) fn new(draws: usize, measuring: Option<Measuring<'_>>) -> Self {
        let counts = measuring.map(|with| vec![Counts::new(with.model.space.buckets); draws]);
        WrittenPart {
            read: Tally::default(),
            each: vec![0; draws],
            counts: counts.unwrap_or_default(),
            looking: Looking::new(),
        }
    }

    /// Adds what was written of other records.
    pub(in crate::passes) fn add(&mut self, other: WrittenPart) -> Result<(), Error> {
        self.read.add(other.read);
        self.each.iter_mut().zip(other.each).for_each(|(sum, more)| *sum += more);
        for (sum, more) in self.counts.iter_mut().zip(&other.counts) {
            sum.add(more)?;
        }
        self.looking.join(other.looking);
        Ok(())
    }
}

/// Where each draw is written.
pub(in crate::passes) struct DrawOutputs {
    draws: Vec<DrawOutput>,
    forms: Forms,
}

impl DrawOutputs {
    /// Begins the outputs, for shards of these forms.
    pub(in crate::passes) fn create(options: &WriteOptions<'_>, forms: Forms) -> Result<Self, Error> {
        let mut outputs = Vec::with_capacity(options.destinations.len());
        for (number, destination) in (0..).zip(options.destinations) {
            let form = forms.of_all().cloned();
            let writer = RecordWriter::create(destination, options.shuffle.is_some(), form, options.storage)?;
            let order = options.shuffle.map(|seed| Noise::of_shuffle(seed, number));
            outputs.push(DrawOutput { writer, order });
        }
        Ok(DrawOutputs { draws: outputs, forms })
    }

    pub(super) fn forms(&self) -> &Forms {
        &self.forms
    }

    /// Completes all outputs.
    pub(in crate::passes) fn finish(self) -> Result<(), Error> {
        Ok(self.draws.into_iter().try_for_each(|output| output.writer.finish())?)
    }
}

/// Writes the selected records of `source`, whose first shard has this place among those of all sources.
pub(in crate::passes) fn write_source(
    source: &Source<'_>,
    first_shard: usize,
    outputs: &DrawOutputs,
    annotate: bool,
    with: Looks<'_>,
    observer: &Observer,
) -> Result<WrittenPart, Error> {
    let Looks { measuring, review } = with;
    let featurizers = measuring.map(|with| with.read.featurizers(with.model.space)).transpose()?;
    let long_ngrams = measuring.and_then(|with| with.target).zip(featurizers.as_ref());
    let long_ngrams = long_ngrams.map(|(target, featurizers)| target.long_ngrams(featurizers));
    let mut part = WrittenPart::new(outputs.draws.len(), measuring);
    let looking = Mutex::new(Looking::new());
    let Source { plan, numbers, weights, shards, .. } = *source;
    let job = Write {
        plan,
        numbers,
        weights,
        shards,
        first_shard,
        // Rows are not kept: those of tables are read once more where they stay rows.
        kept: source
            .kept()
            .into_iter()
            .enumerate()
            .map(|(shard, kept)| kept.filter(|_| outputs.forms.of_shard(first_shard + shard).is_none()))
            .collect(),
        forms: &outputs.forms,
        outputs: &outputs.draws,
        annotate: annotate && source.is_weighed,
        measuring: featurizers.as_ref().zip(measuring),
        long_ngrams: long_ngrams.as_ref(),
        ids: &source.ids,
        looking: &looking,
        review,
    };
    let scanned = scan::scan(&job, shards, observer)?;
    for (shard, (tally, records)) in scanned.shards.into_iter().enumerate() {
        // What was read of a shard is told by those who kept what is selected of it.
        if !source.was_kept_elsewhere || job.kept[shard].is_none() {
            part.read.add(tally);
        }
        part.each.iter_mut().zip(records).for_each(|(sum, records)| *sum += records);
    }
    for measuring in scanned.threads.iter().filter_map(|thread| thread.measuring.as_ref()) {
        for (sum, counts) in part.counts.iter_mut().zip(&measuring.counts) {
            sum.add(counts)?;
        }
        part.looking.add_of_target(measuring.of_target, measuring.sharing_target);
    }
    scanned.threads.into_iter().filter_map(|thread| thread.gathering).for_each(GatheringThread::end);
    part.looking.join(looking.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(part)
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
    /// The forms of the shards of all sources.
    forms: &'a Forms,
    /// Of each draw.
    outputs: &'a [DrawOutput],
    annotate: bool,
    /// What the selected are counted with, if they are.
    measuring: Option<(&'a Featurizers, Measuring<'a>)>,
    /// Of some texts of the target.
    long_ngrams: Option<&'a EvaluationSets>,
    ids: &'a IdFields,
    looking: &'a Mutex<Looking>,
    review: Option<&'a Gathering<'a>>,
}

struct DrawOutput {
    writer: RecordWriter,
    /// The order to shuffle into.
    order: Option<Noise>,
}

struct WriteThread<'a> {
    rows: RowBlock,
    measuring: Option<MeasuringThread<'a>>,
    gathering: Option<GatheringThread<'a>>,
    /// The records of the block under way that the first draw has selected.
    looks: Vec<Look>,
    draws: Vec<usize>,
    /// Of each draw, the rows of the block under way that it has selected, if they are written as rows.
    picked: Vec<Picked>,
}

/// Rows that were selected.
#[derive(Default)]
struct Picked {
    picks: Vec<Pick>,
    /// Row by row, if they are annotated.
    log_weights: Vec<f64>,
}

/// What a selected record is written as.
enum To<'s> {
    /// A row of the block, at this place.
    Rows(u32),
    /// A line, for each draw.
    Lines(&'s mut [Selected]),
}

impl Write<'_> {
    /// The position of a record of these shards in the corpus that was drawn from.
    fn in_corpus(&self, position: Position) -> Position {
        let shard = self.numbers.map_or(position.shard, |numbers| numbers[position.shard]);
        Position { shard, ..position }
    }

    /// Whether a draw has selected the record, or it is looked at all the same.
    fn is_wanted(&self, position: Position, row: &Row<'_>) -> bool {
        let position = self.in_corpus(position);
        self.plan.selected_by(position, row).next().is_some()
            || self.review.is_some_and(|review| review.reading(position, row, 0).is_some())
    }

    /// The form of the rows of a shard, if they are written as rows.
    fn form(&self, shard: usize) -> Option<&Arc<RowForm>> {
        self.forms.of_shard(self.first_shard + shard)
    }

    /// Appends a record to what those draws have `selected` that say so, as often as they say.
    fn record(
        &self,
        thread: &mut WriteThread<'_>,
        position: Position,
        record: &[u8],
        row: &Row<'_>,
        to: &mut To<'_>,
    ) -> Result<(), Error> {
        let WriteThread { measuring, gathering, looks, draws, picked, .. } = thread;
        draws.clear();
        let in_corpus = self.in_corpus(position);
        draws.extend(self.plan.selected_by(in_corpus, row).map(|(draw, _)| draw));
        let times = draws.iter().filter(|draw| **draw == 0).count() as u64;
        let reading = self.review.and_then(|review| review.reading(in_corpus, row, times));
        if draws.is_empty() && reading.is_none() {
            return Ok(());
        }
        let hash = row.record();
        if self.ids.hash(record) != Ok(hash) {
            let (path, shard) = (self.weights[position.shard].path(), self.shards[position.shard].path());
            let changed =
                weights::Error::Changed { path: path.into(), row: position.record, shard: shard.into() };
            return Err(changed.into());
        }
        for draw in &*draws {
            let place = self.outputs[*draw].order.map_or(0, |order| order.bits(hash));
            match &mut *to {
                To::Rows(index) => {
                    picked[*draw].picks.push((*index, place));
                    if self.annotate {
                        picked[*draw].log_weights.extend(row.log_weights());
                    }
                }
                To::Lines(selected) if self.annotate => {
                    selected[*draw].push(place, |out| annotate(record, row.log_weights(), out));
                }
                To::Lines(selected) => selected[*draw].push(place, |out| out.extend_from_slice(record)),
            }
        }
        if times > 0 {
            let (shard, is_shared_by_draws) = (self.first_shard + position.shard, draws.contains(&1));
            // By content: an id may stand for several.
            let hash = if self.ids.is_empty() { hash } else { content_hash(record) };
            looks.push(Look { hash, shard, is_shared_by_draws });
        }
        let reading = reading.zip(gathering.as_mut());
        match (measuring, reading) {
            (Some(measuring), reading) => measuring.count(record, draws, reading),
            (None, Some((reading, gathering))) => gathering.begin_record(reading, record),
            (None, None) => {}
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
                self.record(
                    thread,
                    Position { shard, record: number },
                    record,
                    &row,
                    &mut To::Lines(selected),
                )?;
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
        let measuring = self.measuring.map(|(featurizers, with)| {
            MeasuringThread::new(featurizers, with, self.long_ngrams, self.outputs.len())
        });
        let picked = self.outputs.iter().map(|_| Picked::default()).collect();
        let gathering = self.review.map(Gathering::thread);
        WriteThread {
            rows: RowBlock::default(),
            measuring,
            gathering,
            looks: Vec::new(),
            draws: Vec::new(),
            picked,
        }
    }

    fn open(&self, shard: usize, shards: &Shards, observer: &Observer) -> Result<BlockReader, Error> {
        Ok(match &self.kept[shard] {
            Some(path) => BlockReader::open_file(path, observer)?,
            None => BlockReader::open(&shards[shard], observer)?,
        })
    }

    fn takes_rows(&self, shard: usize) -> bool {
        self.form(shard).is_some()
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let form = self.form(shard).cloned();
        let begin = |output: &DrawOutput| {
            output.writer.begin(self.first_shard + shard, &self.shards[shard], form.clone())
        };
        let records = self.outputs.iter().map(begin).collect::<Result<_, _>>()?;
        Ok(ShardUnderWay { shard, written: vec![0; self.outputs.len()], records, tally: Tally::default() })
    }

    fn make(&self, thread: &mut WriteThread<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let mut selected: Vec<Selected> = self.outputs.iter().map(|_| Selected::default()).collect();
        let mut tally = Tally::of(block);
        if self.kept[shard].is_some() {
            self.candidates(thread, shard, block, &mut selected)?;
        } else {
            let mut rows = std::mem::take(&mut thread.rows);
            read_rows(&self.weights[shard], &self.shards[shard], block, &mut rows)?;
            let form = self.form(shard).zip(block.batch());
            let unread = |what| {
                let path = self.shards[shard].path().into();
                writer::Error::Parquet { path, what }
            };
            let lines = form.map(|(_, batch)| batch.lines()).transpose().map_err(unread)?;
            let mut line = Vec::new();
            if lines.is_some() {
                // Of lines that are not there; those of their rows are told by the weights.
                tally.bytes = 0;
            }
            for (index, (record, row)) in block.records().zip(rows.rows()).enumerate() {
                let position = Position { shard, record: block.first_record() + index as u64 };
                match &lines {
                    // Only rows that are wanted need a line.
                    Some(lines) => {
                        tally.bytes += u64::from(row.bytes());
                        if self.is_wanted(position, &row) {
                            line.clear();
                            lines.push(index, &mut line);
                            self.record(thread, position, &line, &row, &mut To::Rows(index as u32))?;
                        }
                    }
                    None => {
                        self.record(thread, position, record.bytes, &row, &mut To::Lines(&mut selected))?;
                    }
                }
            }
            if let Some((form, batch)) = form {
                for (Picked { picks, log_weights }, selected) in thread.picked.iter_mut().zip(&mut selected) {
                    let pushed = form.push(batch, picks, log_weights, selected);
                    pushed.map_err(unread)?;
                    picks.clear();
                    log_weights.clear();
                }
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
            check_rows(&self.weights[shard], &self.shards[shard], tally.records)?;
        }
        for (output, records) in self.outputs.iter().zip(records) {
            output.writer.end(records)?;
        }
        Ok((tally, written))
    }
}
