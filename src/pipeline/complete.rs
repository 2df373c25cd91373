use super::ReadOptions;
use super::documents::{Documents, ReadReport, Taken, Tally};
use super::scan::{self, Job};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::weights::{RowBlock, WeightsFile, WeightsFolder, WeightsWriter, push_row};

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
    let featurizers = options.featurizers(space)?.of_tokens();
    progress.begin("complete", shards.total_bytes());
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), false);
    let job = Complete { weights, shards, featurizers, folder, documents };
    let scanned = scan::scan(&job, shards, progress)?;
    job.documents.finish("raw", &scanned.shards)
}

struct Complete<'a> {
    weights: &'a [WeightsFile],
    shards: &'a Shards,
    /// Only tokens are asked of them.
    featurizers: Featurizers,
    folder: &'a WeightsFolder,
    documents: Documents<'a>,
}

struct CompleteThread<'a> {
    featurizer: Featurizer,
    given: RowBlock,
    texts: TextReader<'a>,
}

impl<'a> Job for Complete<'a> {
    type Thread = CompleteThread<'a>;
    type Made = (Vec<u8>, Taken);
    type Gathered = (usize, WeightsWriter, Tally);
    type Ended = Tally;

    fn thread(&self) -> CompleteThread<'a> {
        CompleteThread {
            featurizer: self.featurizers.featurizer(),
            given: RowBlock::default(),
            texts: self.documents.thread(),
        }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let path = self.folder.path_of(&self.shards[shard]);
        let targets = self.weights[shard].layout().targets();
        Ok((shard, WeightsWriter::create(&path, targets)?, Tally::default()))
    }

    fn make(
        &self,
        thread: &mut CompleteThread<'a>,
        shard: usize,
        block: &Block,
    ) -> Result<Self::Made, Error> {
        let CompleteThread { featurizer, given, texts } = thread;
        let weights = &self.weights[shard];
        super::read_rows(weights, &self.shards[shard], block, given)?;
        let mut given = given.rows();
        let mut rows = Vec::new();
        let taken = self.documents.each(texts, shard, block, |record, text| {
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
        Ok((rows, taken))
    }

    fn gather(&self, (_, file, tally): &mut Self::Gathered, made: Self::Made) -> Result<(), Error> {
        let (rows, taken) = made;
        tally.add(taken.tally);
        file.write(&rows)?;
        Ok(())
    }

    fn end(&self, (shard, file, tally): Self::Gathered) -> Result<Tally, Error> {
        super::check_rows(&self.weights[shard], &self.shards[shard], tally.records)?;
        file.finish()?;
        Ok(tally)
    }
}
