use std::path::{Path, PathBuf};
use std::time::Instant;

use super::candidates::{self, Candidates};
use super::documents::{ReadReport, Tally};
use super::scan::{self, Job};
use super::{ReadOptions, other_rows};
use crate::density::{Counts, Model, kl_divergence, normalized};
use crate::error::Error;
use crate::featurizer::{Featurizer, Featurizers};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Shards, TextReader, content_hash};
use crate::resample::{Draw, Noise, Position};
use crate::weights::{self, Row, RowBlock, WeightsFile};
use crate::writer::{Destination, RecordWriter, Selected, ShardRecords, annotate};

/// How selected records are written.
#[derive(Clone, Debug)]
pub struct WriteOptions<'a> {
    /// Where they go, for each draw.
    pub destinations: &'a [Destination],
    /// In random order, made with this seed, instead of input order.
    pub shuffle: Option<u64>,
    /// With the log weight as one more field.
    pub annotate: bool,
    /// A folder for temporary data.
    pub temp_dir: &'a Path,
}

/// How much closer to a target the selection is than the raw corpus: KL(target ‖ raw) − KL(target ‖ selected),
/// in nats, over the densities of the buckets.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct KlReduction {
    /// The target.
    pub target: String,
    /// KL(target ‖ raw).
    pub raw: f64,
    /// KL(target ‖ selected).
    pub selected: f64,
    /// The difference.
    pub reduction: f64,
}

/// Records that are written, and what has selected them.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The draws.
    pub draw: &'a Draw,
    /// What was drawn from, one file for each shard.
    pub weights: &'a [WeightsFile],
    /// The records.
    pub shards: &'a Shards,
    /// Records that need not be read again.
    pub candidates: Option<&'a Candidates>,
    /// Whether the weights say something: otherwise no record is annotated.
    pub is_weighed: bool,
}

impl Source<'_> {
    /// For each shard, the file of its candidates, if they are read in its place.
    fn kept(&self) -> Vec<Option<PathBuf>> {
        match self.candidates {
            Some(candidates) => candidates.files(self.shards, self.draw),
            None => vec![None; self.shards.len()],
        }
    }

    fn bytes(&self) -> Option<u64> {
        if self.candidates.is_some() { None } else { self.shards.total_bytes() }
    }
}

/// Writes the records that were selected, one source after the other. With a model, also measures the KL reduction of each
/// draw.
///
/// # Errors
/// Shards that cannot be read or are not those that were weighed; an output that cannot be written.
pub fn write(
    sources: &[Source<'_>],
    options: &WriteOptions<'_>,
    measured: Option<(&Model, &ReadOptions)>,
    progress: &Progress,
) -> Result<(ReadReport, Vec<Vec<KlReduction>>), Error> {
    let start = Instant::now();
    let featurizers = measured.map(|(model, read)| read.featurizers(model.space)).transpose()?;
    progress.begin("write", sources.iter().map(Source::bytes).sum());
    let mut outputs = Vec::with_capacity(options.destinations.len());
    for (number, destination) in (0..).zip(options.destinations) {
        let writer = RecordWriter::create(destination, options.shuffle.is_some(), options.temp_dir)?;
        outputs.push(Output { writer, order: options.shuffle.map(|seed| Noise::of_shuffle(seed, number)) });
    }
    let (mut read, mut counts) = (Tally::default(), Vec::new());
    let mut written = vec![0; outputs.len()];
    if let Some((model, _)) = measured {
        counts = vec![Counts::new(model.space.buckets); outputs.len()];
    }
    let mut first_shard = 0;
    for source in sources {
        let annotate = options.annotate && source.is_weighed;
        let Source { draw, weights, shards, .. } = *source;
        let job = Write {
            draw,
            weights,
            shards,
            first_shard,
            kept: source.kept(),
            outputs: &outputs,
            annotate,
            measuring: featurizers.as_ref().zip(measured.map(|(_, read)| read)),
        };
        let scanned = scan::scan(&job, shards, progress)?;
        for (tally, records) in scanned.shards {
            read.add(tally);
            written.iter_mut().zip(records).for_each(|(sum, records)| *sum += records);
        }
        for measuring in scanned.threads.iter().filter_map(|thread| thread.measuring.as_ref()) {
            for (sum, counts) in counts.iter_mut().zip(&measuring.counts) {
                sum.add(counts)?;
            }
        }
        first_shard += shards.len();
    }
    for (draw, written) in written.into_iter().enumerate() {
        let drawn = sources.iter().map(|source| source.draw.total_of(draw).records).sum();
        if written != drawn {
            return Err(Error::Incomplete { drawn, written });
        }
    }
    outputs.into_iter().try_for_each(|output| output.writer.finish())?;

    let mut report = ReadReport { records: read.records, bytes: read.bytes, ..ReadReport::default() };
    let mut reductions = Vec::new();
    if let Some((model, _)) = measured {
        for selected in &counts {
            reductions.push(kl_reductions(model, selected)?);
        }
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((report, reductions))
}

fn kl_reductions(model: &Model, selected: &Counts) -> Result<Vec<KlReduction>, Error> {
    let raw = model.raw_density()?;
    // A selection of documents without a token has no density, and no distance from anything.
    let Some(selected) = normalized(&selected.counts) else {
        return Ok(Vec::new());
    };
    let mut reductions = Vec::with_capacity(model.targets.len());
    for target in &model.targets {
        let density = model.target_density(target)?;
        let (raw, selected) = (kl_divergence(&density, &raw), kl_divergence(&density, &selected));
        reductions.push(KlReduction {
            target: target.name.clone(),
            raw,
            selected,
            reduction: raw - selected,
        });
    }
    Ok(reductions)
}

struct Write<'a> {
    draw: &'a Draw,
    weights: &'a [WeightsFile],
    shards: &'a Shards,
    /// The place of the first shard among those of all sources.
    first_shard: usize,
    /// For each shard, the file of its candidates, if they are read in its place.
    kept: Vec<Option<PathBuf>>,
    /// Of each draw.
    outputs: &'a [Output],
    annotate: bool,
    /// What the selected are counted with, if they are.
    measuring: Option<(&'a Featurizers, &'a ReadOptions)>,
}

struct Output {
    writer: RecordWriter,
    /// The order to shuffle into.
    order: Option<Noise>,
}

struct WriteThread<'a> {
    rows: RowBlock,
    measuring: Option<Measuring<'a>>,
}

/// Counts the features of what is selected.
struct Measuring<'a> {
    texts: TextReader<'a>,
    featurizer: Featurizer,
    /// Of each draw.
    counts: Vec<Counts>,
    draws: Vec<usize>,
}

impl<'a> Measuring<'a> {
    fn new(featurizers: &Featurizers, options: &'a ReadOptions, draws: usize) -> Self {
        let space = featurizers.space();
        Measuring {
            texts: TextReader::of_kind(&options.fields, space.tokenizer.field_kind()),
            featurizer: featurizers.featurizer(),
            counts: vec![Counts::new(space.buckets); draws],
            draws: Vec::new(),
        }
    }

    fn count(&mut self, record: &[u8]) {
        let Measuring { texts, featurizer, counts, draws } = self;
        if let Ok(text) = texts.text(record) {
            featurizer.featurize(&text, |buckets| {
                for draw in &*draws {
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
        measuring: &mut Option<Measuring<'_>>,
        position: Position,
        record: &[u8],
        row: &Row<'_>,
        selected: &mut [Selected],
    ) -> Result<(), Error> {
        let mut draws = self.draw.selected_by(position, row).map(|(draw, _)| draw).peekable();
        if draws.peek().is_none() {
            return Ok(());
        }
        let hash = content_hash(record);
        if hash != row.record() {
            let (path, shard) = (self.weights[position.shard].path(), self.shards[position.shard].path());
            let changed =
                weights::Error::Changed { path: path.into(), row: position.record, shard: shard.into() };
            return Err(changed.into());
        }
        if let Some(measuring) = measuring {
            measuring.draws.clear();
        }
        for draw in draws {
            let place = self.outputs[draw].order.map_or(0, |order| order.bits(hash));
            selected[draw].push(place, |out| {
                if self.annotate {
                    annotate(record, row.log_weights(), out);
                } else {
                    out.extend_from_slice(record);
                }
            });
            if let Some(measuring) = measuring {
                measuring.draws.push(draw);
            }
        }
        if let Some(measuring) = measuring {
            measuring.count(record);
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
        let WriteThread { rows, measuring, .. } = thread;
        let weights = &self.weights[shard];
        let mut near = 0..0;
        for line in block.records() {
            let Some((number, record)) =
                candidates::parse_line(line.bytes).filter(|(number, _)| *number < weights.rows())
            else {
                return Err(other_rows(weights, &self.shards[shard], None));
            };
            if !near.contains(&number) {
                near = number..weights.rows().min(number + NEAR);
                weights.read(near.start, (near.end - near.start) as usize, rows)?;
            }
            if let Some(row) = rows.rows().nth((number - near.start) as usize) {
                self.record(measuring, Position { shard, record: number }, record, &row, selected)?;
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
        let measuring =
            self.measuring.map(|(featurizers, read)| Measuring::new(featurizers, read, self.outputs.len()));
        WriteThread { rows: RowBlock::default(), measuring }
    }

    fn open(&self, shard: usize, shards: &Shards, progress: &Progress) -> Result<BlockReader, Error> {
        Ok(match &self.kept[shard] {
            Some(path) => BlockReader::open_file(path, progress)?,
            None => BlockReader::open(&shards[shard], progress)?,
        })
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let begin = |output: &Output| output.writer.begin(self.first_shard + shard, &self.shards[shard]);
        let records = self.outputs.iter().map(begin).collect::<Result<_, _>>()?;
        Ok(ShardUnderWay { shard, written: vec![0; self.outputs.len()], records, tally: Tally::default() })
    }

    fn make(&self, thread: &mut WriteThread<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let mut selected: Vec<Selected> = self.outputs.iter().map(|_| Selected::default()).collect();
        let tally = Tally::of(block);
        if self.kept[shard].is_some() {
            self.candidates(thread, shard, block, &mut selected)?;
            return Ok((tally, selected));
        }
        let WriteThread { rows, measuring, .. } = thread;
        super::read_rows(&self.weights[shard], &self.shards[shard], block, rows)?;
        for (index, (record, row)) in block.records().zip(rows.rows()).enumerate() {
            let position = Position { shard, record: block.first_record() + index as u64 };
            self.record(measuring, position, record.bytes, &row, &mut selected)?;
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
