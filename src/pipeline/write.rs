use std::path::Path;
use std::time::Instant;

use super::ReadOptions;
use super::documents::ReadReport;
use super::scan::{self, Job};
use crate::density::{Counts, Model, kl_divergence, normalized};
use crate::error::Error;
use crate::featurizer::Featurizer;
use crate::progress::Progress;
use crate::reader::{Block, Shards, TextReader};
use crate::resample::{Draw, Noise, Position};
use crate::weights::{self, RowBlock, WeightsFile};
use crate::writer::{Destination, RecordWriter, Selected, ShardRecords, annotate};

/// How selected records are written.
#[derive(Clone, Debug)]
pub struct WriteOptions<'a> {
    /// Where they go.
    pub destination: &'a Destination,
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

/// Writes the records of `shards` that `draw` has selected. With a model, also measures the KL reduction.
///
/// # Errors
/// Shards that cannot be read or are not those that were weighed; an output that cannot be written.
pub fn write(
    draw: &Draw,
    weights: &[WeightsFile],
    shards: &Shards,
    options: &WriteOptions<'_>,
    measured: Option<(&Model, &ReadOptions)>,
    progress: &Progress,
) -> Result<(ReadReport, Vec<KlReduction>), Error> {
    let start = Instant::now();
    progress.begin("write", shards.total_bytes());
    let writer = RecordWriter::create(options.destination, options.shuffle.is_some(), options.temp_dir)?;
    let order = options.shuffle.map(Noise::of_shuffle);
    let job = Write { draw, weights, shards, writer, order, annotate: options.annotate, measured };
    let scanned = scan::scan(&job, shards, progress)?;
    let Write { writer, .. } = job;
    writer.finish()?;

    let mut report = ReadReport { bytes: scanned.bytes, ..ReadReport::default() };
    let mut reductions = Vec::new();
    if let Some((model, _)) = measured {
        let mut selected = Counts::new(model.space.buckets);
        for thread in &scanned.threads {
            if let Some((_, _, counts)) = &thread.measuring {
                selected.add(counts)?;
            }
        }
        reductions = kl_reductions(model, &selected)?;
    }
    report.records = scanned.threads.iter().map(|thread| thread.records).sum();
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
    writer: RecordWriter,
    order: Option<Noise>,
    annotate: bool,
    measured: Option<(&'a Model, &'a ReadOptions)>,
}

struct WriteThread<'a> {
    rows: RowBlock,
    records: u64,
    measuring: Option<(TextReader<'a>, Featurizer, Counts)>,
}

impl<'a> Job for Write<'a> {
    type Thread = WriteThread<'a>;
    type Made = (u64, Selected);
    type Gathered = (usize, ShardRecords, u64);

    fn thread(&self) -> WriteThread<'a> {
        let measuring = self.measured.map(|(model, options)| {
            (TextReader::new(&options.fields), Featurizer::new(model.space), Counts::new(model.space.buckets))
        });
        WriteThread { rows: RowBlock::default(), records: 0, measuring }
    }

    fn begin(&self, shard: usize) -> Result<Self::Gathered, Error> {
        Ok((shard, self.writer.begin(shard, &self.shards[shard])?, 0))
    }

    fn make(&self, thread: &mut WriteThread<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let WriteThread { rows, records, measuring } = thread;
        let weights = &self.weights[shard];
        super::read_rows(weights, &self.shards[shard], block, rows)?;
        let mut selected = Selected::default();
        for (index, (record, row)) in block.records().zip(rows.rows()).enumerate() {
            let position = Position { shard, record: block.first_record() + index as u64 };
            if self.draw.target_of(position, &row).is_none() {
                continue;
            }
            let hash = crate::reader::content_hash(record.bytes);
            if hash != row.record() {
                return Err(weights::Error::Changed {
                    path: weights.path().into(),
                    row: position.record,
                    shard: self.shards[shard].path().into(),
                }
                .into());
            }
            let place = self.order.map_or(0, |order| order.bits(hash));
            selected.push(place, |out| {
                if self.annotate {
                    annotate(record.bytes, row.log_weights(), out);
                } else {
                    out.extend_from_slice(record.bytes);
                }
            });
            if let Some((texts, featurizer, counts)) = measuring
                && let Ok(text) = texts.text(record.bytes)
            {
                featurizer.featurize(&text, |buckets| {
                    buckets.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
                });
            }
        }
        *records += block.len() as u64;
        Ok((block.len() as u64, selected))
    }

    fn gather(&self, (_, records, count): &mut Self::Gathered, made: Self::Made) -> Result<(), Error> {
        *count += made.0;
        Ok(self.writer.write(records, &made.1)?)
    }

    fn end(&self, (shard, records, count): Self::Gathered) -> Result<(), Error> {
        super::check_rows(&self.weights[shard], &self.shards[shard], count)?;
        Ok(self.writer.end(records)?)
    }
}
