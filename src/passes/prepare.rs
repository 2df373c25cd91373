use std::sync::Arc;

use serde::Serialize;

use super::ReadOptions;
use super::documents::{Documents, ReadReport, Taken, Tally};
use super::rejects::{Rejects, RejectsInOrder};
use crate::error::Error;
use crate::observer::Observer;
use crate::prepare::{Document, Made, Packing, Preparer, Steps};
use crate::reader::{Block, BlockReader, FieldKind, Shards, TextReader};
use crate::scan::{self, Job};
use crate::storage::Storage;
use crate::writer::{Destination, RecordWriter, Selected, ShardRecords};

/// What is done with records, and where they go.
pub(crate) struct PreparingOptions<'a> {
    /// What is done with each by itself.
    pub steps: &'a Steps,
    /// How those that are kept are joined at the end, if they are.
    pub packing: Option<Arc<Packing>>,
    /// Where they go.
    pub destination: &'a Destination,
    /// Where files are made.
    pub storage: &'a Storage,
    /// Keeps the records skipped.
    pub rejects: Option<&'a mut Rejects>,
}

/// What came of preparing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Prepared {
    /// What the steps have made.
    #[serde(flatten)]
    pub made: Made,
    /// Records written.
    pub records: u64,
    /// Their bytes, newlines included, before compression.
    pub bytes: u64,
}

/// Does the steps on all records of `shards` and writes what is made of them, in input order.
///
/// # Errors
/// Shards that cannot be read, or without a document; an output that cannot be written.
pub(crate) fn prepare(
    shards: &Shards,
    read: &ReadOptions,
    options: PreparingOptions<'_>,
    observer: &Observer,
) -> Result<(ReadReport, Prepared), Error> {
    let PreparingOptions { steps, packing, destination, storage, rejects } = options;
    observer.begin("prepare", shards.total_bytes());
    let writer = match &packing {
        Some(packing) => RecordWriter::create_packed(destination, packing.clone(), storage)?,
        None => RecordWriter::create(destination, false, None, storage)?,
    };
    let rejects = RejectsInOrder::new(rejects);
    let documents = Documents::new(shards, read, FieldKind::Text, rejects.are_wanted(), observer);
    let job = PrepareShards { steps, shards, documents, rejects, writer };
    let scanned = scan::scan(&job, shards, observer)?;
    let report = job.documents.finish("raw", scanned.shards.iter().map(|(tally, _)| tally))?;
    job.writer.finish()?;

    let mut prepared = Prepared::default();
    for (_, shard) in &scanned.shards {
        prepared.made.add(shard.made);
        prepared.bytes += shard.bytes;
    }
    prepared.records = prepared.made.kept();
    if let Some(packing) = packing {
        (prepared.records, prepared.bytes) = packing.made();
    }
    Ok((report, prepared))
}

struct PrepareShards<'a> {
    steps: &'a Steps,
    shards: &'a Shards,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
    writer: RecordWriter,
}

/// What was made of one block.
struct MadeOfBlock {
    taken: Taken,
    records: Selected,
    made: Made,
}

/// A shard under way.
struct PreparedShard {
    shard: usize,
    tally: Tally,
    records: ShardRecords,
    prepared: Prepared,
}

impl<'a> Job for PrepareShards<'a> {
    type Thread = (TextReader<'a>, Preparer<'a>);
    type Made = MadeOfBlock;
    type Gathered = PreparedShard;
    type Ended = (Tally, Prepared);

    fn thread(&self) -> Self::Thread {
        (self.documents.thread(), Preparer::new(self.steps))
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<PreparedShard, Error> {
        let records = self.writer.begin(shard, &self.shards[shard], None)?;
        Ok(PreparedShard { shard, tally: Tally::default(), records, prepared: Prepared::default() })
    }

    fn make(&self, thread: &mut Self::Thread, shard: usize, block: &Block) -> Result<MadeOfBlock, Error> {
        let (texts, preparer) = thread;
        let path = self.shards[shard].path();
        let mut records = Selected::default();
        let taken = self.documents.each(texts, shard, block, |record, text| {
            let Some(text) = text else { return Ok(()) };
            let document = Document { record: record.bytes, text, shard: path, line: record.line };
            preparer.prepare(document, |made| records.push(0, |out| out.extend_from_slice(made)))
        })?;
        Ok(MadeOfBlock { taken, records, made: preparer.take_made() })
    }

    fn gather(&self, gathered: &mut PreparedShard, made: MadeOfBlock) -> Result<(), Error> {
        let PreparedShard { shard, tally, records, prepared } = gathered;
        tally.add(made.taken.tally);
        prepared.made.add(made.made);
        prepared.bytes += made.records.bytes().len() as u64;
        self.rejects.write(*shard, &made.taken.rejected)?;
        Ok(self.writer.write(records, &made.records)?)
    }

    fn end(&self, gathered: PreparedShard) -> Result<(Tally, Prepared), Error> {
        let PreparedShard { shard, tally, records, prepared } = gathered;
        self.rejects.end(shard)?;
        self.writer.end(records)?;
        Ok((tally, prepared))
    }
}
