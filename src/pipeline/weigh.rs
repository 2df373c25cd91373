use super::ReadOptions;
use super::candidates::{Candidates, CandidatesThread, CandidatesWriter};
use super::documents::{Documents, ReadReport, ReadThread, Rejects};
use super::scan::{self, Job};
use crate::density::{LogRatios, Model};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Reread, Shards};
use crate::weights::{RowBlock, Weigher, WeightsFile, WeightsFolder, WeightsInfo, WeightsWriter, push_row};

/// Weighs every record of `shards` with `model`: one weights file in `folder` for each shard. Keeps `candidates` on the
/// way.
///
/// # Errors
/// A partial model; shards that cannot be read, or without a document; a folder that cannot be written
/// or holds other weights.
pub fn weigh(
    model: &Model,
    shards: &Shards,
    folder: &WeightsFolder,
    options: &ReadOptions,
    mut rejects: Option<&mut Rejects>,
    candidates: Option<&Candidates>,
    progress: &Progress,
) -> Result<ReadReport, Error> {
    let log_ratios = model.log_ratios()?;
    folder.prepare(&WeightsInfo::new(model, &options.fields))?;
    progress.begin("weigh", shards.total_bytes());
    let documents = Documents::new(shards, options, rejects.as_deref_mut());
    let job = Weigh { space: model.space, log_ratios: &log_ratios, shards, folder, candidates, documents };
    let scanned = scan::scan(&job, shards, progress)?;
    let (_, report) = job.documents.finish("raw", rejects, scanned, |thread| thread.read.take_tally())?;
    Ok(report)
}

struct Weigh<'a> {
    space: FeatureSpace,
    log_ratios: &'a LogRatios,
    shards: &'a Shards,
    folder: &'a WeightsFolder,
    candidates: Option<&'a Candidates>,
    documents: Documents<'a>,
}

struct WeighThread<'a> {
    weigher: Weigher<'a>,
    candidates: CandidatesThread,
    read: ReadThread<'a>,
}

/// The rows of one block, what is to be kept of the records skipped, and of those that may be selected.
struct Rows {
    rows: Vec<u8>,
    rejected: Vec<u8>,
    candidates: Vec<u8>,
}

/// The files of one shard under way.
struct ShardFiles {
    shard: usize,
    weights: WeightsWriter,
    candidates: Option<CandidatesWriter>,
}

impl<'a> Job for Weigh<'a> {
    type Thread = WeighThread<'a>;
    type Made = Rows;
    type Gathered = ShardFiles;

    fn thread(&self) -> WeighThread<'a> {
        WeighThread {
            weigher: Weigher::new(self.space, self.log_ratios),
            candidates: CandidatesThread::default(),
            read: self.documents.thread(),
        }
    }

    fn begin(&self, shard: usize, reader: &BlockReader) -> Result<ShardFiles, Error> {
        let path = self.folder.path_of(&self.shards[shard]);
        let weights = WeightsWriter::create(&path, self.log_ratios.targets())?;
        let candidates = self.candidates.filter(|_| reader.reread() != Reread::Cheap);
        let candidates =
            candidates.map(|of| CandidatesWriter::create(of, &self.shards[shard])).transpose()?;
        Ok(ShardFiles { shard, weights, candidates })
    }

    fn make(&self, thread: &mut WeighThread<'a>, shard: usize, block: &Block) -> Result<Rows, Error> {
        let WeighThread { weigher, candidates: keep, read } = thread;
        let mut rows = Vec::new();
        let rejected = self.documents.each(read, shard, block, |record, text| match text {
            Some(text) => {
                let (tokens, log_weights) = weigher.weigh(text);
                push_row(&mut rows, log_weights, record, tokens);
            }
            None => {
                let none = std::iter::repeat_n(f64::NEG_INFINITY, self.log_ratios.targets());
                push_row(&mut rows, none, record, 0);
            }
        })?;
        let candidates = match self.candidates {
            Some(candidates) => candidates.frame(keep, block, &rows, self.log_ratios.targets())?,
            None => Vec::new(),
        };
        Ok(Rows { rows, rejected, candidates })
    }

    fn gather(&self, files: &mut ShardFiles, made: Rows) -> Result<(), Error> {
        files.weights.write(&made.rows)?;
        if let Some(file) = &mut files.candidates {
            file.write(&made.candidates)?;
        }
        self.documents.keep(files.shard, &made.rejected)
    }

    fn end(&self, files: ShardFiles) -> Result<(), Error> {
        files.weights.finish()?;
        files.candidates.map_or(Ok(()), CandidatesWriter::finish)?;
        self.documents.end(files.shard)
    }
}

/// Reads `shards` for what weights of other makers lack, content hash, tokens or bytes, and puts complete
/// weights into `folder`.
///
/// # Errors
/// Shards that cannot be read or have other numbers of records than the weights have rows.
pub fn complete(
    weights: &[WeightsFile],
    shards: &Shards,
    space: FeatureSpace,
    folder: &WeightsFolder,
    options: &ReadOptions,
    progress: &Progress,
) -> Result<ReadReport, Error> {
    progress.begin("complete", shards.total_bytes());
    let documents = Documents::new(shards, options, None);
    let job = Complete { weights, shards, space, folder, documents };
    let scanned = scan::scan(&job, shards, progress)?;
    let (_, report) = job.documents.finish("raw", None, scanned, |thread| thread.read.take_tally())?;
    Ok(report)
}

struct Complete<'a> {
    weights: &'a [WeightsFile],
    shards: &'a Shards,
    space: FeatureSpace,
    folder: &'a WeightsFolder,
    documents: Documents<'a>,
}

struct CompleteThread<'a> {
    featurizer: Featurizer,
    given: RowBlock,
    read: ReadThread<'a>,
}

impl<'a> Job for Complete<'a> {
    type Thread = CompleteThread<'a>;
    type Made = Vec<u8>;
    type Gathered = (usize, WeightsWriter, u64);

    fn thread(&self) -> CompleteThread<'a> {
        // Only the tokens are asked of it.
        let space = FeatureSpace { ngrams: 1, ..self.space };
        CompleteThread {
            featurizer: Featurizer::new(space),
            given: RowBlock::default(),
            read: self.documents.thread(),
        }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let path = self.folder.path_of(&self.shards[shard]);
        let targets = self.weights[shard].layout().targets();
        Ok((shard, WeightsWriter::create(&path, targets)?, 0))
    }

    fn make(&self, thread: &mut CompleteThread<'a>, shard: usize, block: &Block) -> Result<Vec<u8>, Error> {
        let CompleteThread { featurizer, given, read } = thread;
        let weights = &self.weights[shard];
        super::read_rows(weights, &self.shards[shard], block, given)?;
        let mut given = given.rows();
        let mut rows = Vec::new();
        self.documents.each(read, shard, block, |record, text| {
            let Some(row) = given.next() else { return };
            match text {
                Some(text) => {
                    let tokens = if weights.layout().has_tokens() {
                        row.tokens().into()
                    } else {
                        featurizer.featurize(text, |_| {})
                    };
                    push_row(&mut rows, row.log_weights(), record, tokens);
                }
                None => push_row(&mut rows, row.log_weights().map(|_| f64::NEG_INFINITY), record, 0),
            }
        })?;
        Ok(rows)
    }

    fn gather(&self, (_, file, rows): &mut Self::Gathered, made: Vec<u8>) -> Result<(), Error> {
        *rows += file.write(&made)?;
        Ok(())
    }

    fn end(&self, (shard, file, rows): Self::Gathered) -> Result<(), Error> {
        super::check_rows(&self.weights[shard], &self.shards[shard], rows)?;
        Ok(file.finish()?)
    }
}
