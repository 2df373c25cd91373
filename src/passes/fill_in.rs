use std::path::Path;

use super::documents::{Documents, Taken, Tally};
use super::filter::{Filter, FilterThread, Verdict};
use super::sidecar::Sidecar;
use super::{ReadOptions, Weighed, scores};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::observer::Observer;
use crate::reader::{
    Block, BlockReader, Fault, FieldPath, IdFields, Record, Shard, Shards, TextReader, field_names,
    field_number, field_text,
};
use crate::resample::Groups;
use crate::scan::{self, Job};
use crate::storage::Storage;
use crate::weights::{
    self, LEFT_OUT_TOKENS, Row, RowBlock, Scale, ScoresFile, WeightsFile, WeightsFolder, WeightsWriter,
    push_row,
};

/// Where log weights come from that are not a model's.
#[derive(Clone, Debug)]
pub(crate) enum WeightSource {
    /// Weights of any maker, one file for each shard.
    Weights(Vec<WeightsFile>),
    /// A field of each record.
    Field(FieldPath, Scale),
    /// One score for each record, in files one after the other.
    Scores(Vec<ScoresFile>, Scale),
    /// One score for each record, in files of another form.
    Sidecar(Sidecar, Scale),
    /// All are alike.
    None,
}

impl WeightSource {
    /// The files that it is read from.
    pub(crate) fn files(&self) -> Vec<&Path> {
        match self {
            WeightSource::Weights(files) => files.iter().map(WeightsFile::path).collect(),
            WeightSource::Scores(files, _) => files.iter().map(ScoresFile::path).collect(),
            WeightSource::Sidecar(sidecar, _) => sidecar.files.iter().map(Shard::path).collect(),
            WeightSource::Field(..) | WeightSource::None => Vec::new(),
        }
    }
}

/// What is filled in, and how.
#[derive(Clone, Copy)]
pub(crate) struct FillInOptions<'a> {
    /// Where the log weights come from.
    pub(crate) source: &'a WeightSource,
    /// What is asked of every record.
    pub(crate) filter: &'a Filter,
    /// The feature space whose tokens are counted.
    pub(crate) space: FeatureSpace,
    /// How records become documents.
    pub(crate) read: &'a ReadOptions,
    /// Where files are made.
    pub(crate) storage: &'a Storage,
}

/// Reads `shards` for what is not given, content hash, tokens, bytes and what `filter` asks, and puts complete
/// weights into `folder`.
///
/// # Errors
/// Shards that cannot be read or have other numbers of records than there are weights; scores that make no sense.
pub(crate) fn fill_in(
    shards: &Shards,
    options: FillInOptions<'_>,
    folder: &WeightsFolder,
    observer: &Observer,
) -> Result<Weighed, Error> {
    let FillInOptions { source: given, filter, space, read: options, storage } = options;
    let featurizers = options.featurizers(space)?.of_tokens();
    observer.begin("fill in", shards.total_bytes());
    let documents = Documents::new(shards, options, space.tokenizer.field_kind(), false, observer);
    let job = FillIn { given, filter, shards, ids: &options.ids, featurizers, folder, storage, documents };
    let scanned = scan::scan(&job, shards, observer)?;
    let read = job.documents.finish("raw", &scanned.shards)?;
    let mut groups = Groups::new();
    scanned.threads.into_iter().for_each(|thread| groups.extend(thread.filter.groups));
    match given {
        WeightSource::Scores(files, scale) => scores::put_in(files, *scale, shards, folder, storage)?,
        WeightSource::Sidecar(sidecar, scale) => {
            let scratch = storage.temporary_folder();
            let scratch =
                scratch.map_err(|source| Error::TempDir { folder: storage.temp_dir().into(), source })?;
            let files = sidecar.read(scratch.path(), observer)?;
            scores::put_in(&files, *scale, shards, folder, storage)?;
        }
        _ => {}
    }
    Ok(Weighed { read, groups, decontaminated: None, elsewhere: None })
}

struct FillIn<'a> {
    given: &'a WeightSource,
    filter: &'a Filter,
    shards: &'a Shards,
    ids: &'a IdFields,
    /// Only tokens are asked of them.
    featurizers: Featurizers,
    folder: &'a WeightsFolder,
    storage: &'a Storage,
    documents: Documents<'a>,
}

struct FillInThread<'a> {
    featurizer: Featurizer,
    given: RowBlock,
    texts: TextReader<'a>,
    filter: FilterThread,
}

impl FillIn<'_> {
    fn targets(&self) -> usize {
        match self.given {
            WeightSource::Weights(files) => files.first().map_or(1, |file| file.layout().targets()),
            _ => 1,
        }
    }

    /// The log weights of a record: of its row, if there are rows, or else the one that all its targets have.
    fn log_weight(&self, record: &[u8]) -> Result<f64, Fault> {
        let WeightSource::Field(field, scale) = self.given else { return Ok(0.0) };
        let number = field_number(record, field);
        number.and_then(|score| scale.log_weight(score)).ok_or_else(|| Fault::NoScore {
            field: field.to_string(),
            there: if field_text(record, field).is_none() { field_names(record) } else { Vec::new() },
            must: scale.range(),
        })
    }

    /// A row that is for another record tells of a shard that has changed.
    fn check(&self, shard: usize, index: u64, row: &Row<'_>, record: Record<'_>) -> Result<(), Error> {
        match self.given {
            WeightSource::Weights(files)
                if files[shard].layout().is_full() && self.ids.hash(record.bytes) != Ok(row.record()) =>
            {
                let (path, shard) = (files[shard].path().into(), self.shards[shard].path().into());
                Err(weights::Error::Changed { path, row: index, shard }.into())
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Job for FillIn<'a> {
    type Thread = FillInThread<'a>;
    type Made = (Vec<u8>, Taken);
    type Gathered = (usize, WeightsWriter, Tally);
    type Ended = Tally;

    fn thread(&self) -> FillInThread<'a> {
        FillInThread {
            featurizer: self.featurizers.featurizer(),
            given: RowBlock::default(),
            texts: self.documents.thread(),
            filter: self.filter.thread(),
        }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        let path = self.folder.path_of(&self.shards[shard]);
        let layout = self.filter.layout(self.targets());
        Ok((shard, WeightsWriter::create_in(self.storage, &path, layout)?, Tally::default()))
    }

    fn make(&self, thread: &mut FillInThread<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let FillInThread { featurizer, given, texts, filter } = thread;
        let mut has_tokens = false;
        if let WeightSource::Weights(files) = self.given {
            super::read_rows(&files[shard], &self.shards[shard], block, given)?;
            has_tokens = files[shard].layout().has_tokens();
            for (index, (record, row)) in (block.first_record()..).zip(block.records().zip(given.rows())) {
                self.check(shard, index, &row, record)?;
            }
        }
        let targets = self.targets();
        let mut given = given.rows();
        let mut rows = Vec::new();
        let taken = self.documents.each(texts, shard, block, |record, text| {
            // Given weights find no fault, so that no record comes twice.
            let row = if let WeightSource::Weights(_) = self.given { given.next() } else { None };
            let none = std::iter::repeat_n(f64::NEG_INFINITY, targets);
            let id = self.filter.id(record, text);
            let Some(text) = text else {
                push_row(&mut rows, none, id, 0, self.filter.no_group());
                return Ok(());
            };
            let Verdict { is_left_out, is_mixed_in, group } = self.filter.check(record.bytes, text, filter);
            if is_left_out {
                push_row(&mut rows, none, id, LEFT_OUT_TOKENS, group);
                return Ok(());
            }
            let tokens = match row {
                Some(row) if has_tokens => row.tokens().into(),
                _ => featurizer.featurize(text, |_| {}),
            };
            match row {
                Some(row) => push_row(&mut rows, row.log_weights(), id, tokens, group),
                None => {
                    let log_weight = if is_mixed_in { 0.0 } else { self.log_weight(record.bytes)? };
                    push_row(&mut rows, std::iter::once(log_weight), id, tokens, group);
                }
            }
            Ok(())
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
        if let WeightSource::Weights(files) = self.given {
            super::check_rows(&files[shard], &self.shards[shard], tally.records)?;
        }
        file.finish()?;
        Ok(tally)
    }
}
