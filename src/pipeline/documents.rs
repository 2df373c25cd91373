use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::ReadOptions;
use super::scan::Scanned;
use crate::error::Error;
use crate::reader::{self, Block, Fault, Record, Shards, TextReader};
use crate::writer::{InOrder, Sink};

/// Keeps the records that were skipped, one JSON object each: `file`, `line`, `error`, `record`.
pub struct Rejects {
    sink: Option<Sink>,
    temp_dir: std::path::PathBuf,
}

impl Rejects {
    /// Writes to `path`; temporary data are in `temp_dir`.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &std::path::Path, temp_dir: &std::path::Path) -> Result<Self, Error> {
        Ok(Rejects { sink: Some(Sink::create(path)?), temp_dir: temp_dir.into() })
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> Result<(), Error> {
        if let Some(file) = self.sink.map(Sink::close).transpose()?.flatten() {
            file.finish()?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Reject<'a> {
    file: &'a str,
    line: u64,
    error: &'a str,
    /// Bytes that are not UTF-8 are replaced.
    record: &'a str,
}

/// What came of reading shards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadReport {
    /// Lines that are not blank.
    pub records: u64,
    /// Those that were skipped as invalid.
    pub invalid: u64,
    /// Bytes of decompressed content.
    pub bytes: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Counts of records, and the first one that was skipped, in input order.
#[derive(Default)]
pub(super) struct Tally {
    records: u64,
    invalid: u64,
    first: Option<(usize, u64, String)>,
}

/// What one thread keeps while it takes documents out of blocks.
pub(super) struct ReadThread<'a> {
    texts: TextReader<'a>,
    tally: Tally,
}

impl ReadThread<'_> {
    /// What was counted; nothing is left.
    pub(super) fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }
}

/// Takes the documents out of blocks, and deals with records that are none.
pub(super) struct Documents<'a> {
    shards: &'a Shards,
    options: &'a ReadOptions,
    rejects: Option<Mutex<InOrder<Sink>>>,
    start: Instant,
}

impl<'a> Documents<'a> {
    pub(super) fn new(shards: &'a Shards, options: &'a ReadOptions, rejects: Option<&mut Rejects>) -> Self {
        let rejects = rejects.and_then(|rejects| {
            let sink = rejects.sink.take()?;
            Some(Mutex::new(InOrder::new(sink, &rejects.temp_dir)))
        });
        Documents { shards, options, rejects, start: Instant::now() }
    }

    /// Begins a thread.
    pub(super) fn thread(&self) -> ReadThread<'a> {
        ReadThread { texts: TextReader::new(&self.options.fields), tally: Tally::default() }
    }

    /// Gives every record of `block` to `each`, with its text unless it is skipped as invalid. Returns
    /// what is to be kept of those skipped.
    pub(super) fn each(
        &self,
        thread: &mut ReadThread<'_>,
        shard: usize,
        block: &Block,
        mut each: impl FnMut(Record<'_>, Option<&str>),
    ) -> Result<Vec<u8>, Error> {
        let ReadThread { texts, tally } = thread;
        let mut rejected = Vec::new();
        for record in block.records() {
            tally.records += 1;
            match texts.text(record.bytes) {
                Ok(text) => each(record, Some(&text)),
                Err(fault) => {
                    self.skip(tally, shard, record, fault, &mut rejected)?;
                    each(record, None);
                }
            }
        }
        Ok(rejected)
    }

    fn skip(
        &self,
        tally: &mut Tally,
        shard: usize,
        record: Record<'_>,
        fault: Fault,
        rejected: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let path = self.shards[shard].path();
        if !self.options.skip_invalid {
            return Err(reader::Error::Record { shard: path.into(), line: record.line, fault }.into());
        }
        tally.invalid += 1;
        let at = (shard, record.line);
        if tally.first.as_ref().is_none_or(|(shard, line, _)| at < (*shard, *line)) {
            tally.first = Some((shard, record.line, format!("{}:{}: {fault}", path.display(), record.line)));
        }
        if self.rejects.is_some() {
            let reject = Reject {
                file: &path.to_string_lossy(),
                line: record.line,
                error: &fault.to_string(),
                record: &String::from_utf8_lossy(record.bytes),
            };
            // Strings and numbers always make JSON.
            rejected.extend(serde_json::to_vec(&reject).unwrap_or_default());
            rejected.push(b'\n');
        }
        Ok(())
    }

    /// Keeps what was skipped in a block, in its turn.
    pub(super) fn keep(&self, shard: usize, rejected: &[u8]) -> Result<(), Error> {
        match &self.rejects {
            Some(rejects) => {
                Ok(rejects.lock().unwrap_or_else(PoisonError::into_inner).write(shard, rejected)?)
            }
            None => Ok(()),
        }
    }

    /// Notes that a shard is through.
    pub(super) fn end(&self, shard: usize) -> Result<(), Error> {
        match &self.rejects {
            Some(rejects) => Ok(rejects.lock().unwrap_or_else(PoisonError::into_inner).finish(shard)?),
            None => Ok(()),
        }
    }

    /// Sums up what the threads have read of `what`; gives `rejects` its file back.
    ///
    /// # Errors
    /// Shards without a single document.
    pub(super) fn finish<T>(
        self,
        what: &str,
        rejects: Option<&mut Rejects>,
        scanned: Scanned<T>,
        tally: impl Fn(&mut T) -> Tally,
    ) -> Result<(Vec<T>, ReadReport), Error> {
        if let (Some(rejects), Some(kept)) = (rejects, self.rejects) {
            rejects.sink = Some(kept.into_inner().unwrap_or_else(PoisonError::into_inner).into_sink());
        }
        let Scanned { mut threads, bytes } = scanned;
        let mut sum = Tally::default();
        for Tally { records, invalid, first } in threads.iter_mut().map(tally) {
            sum.records += records;
            sum.invalid += invalid;
            sum.first = sum.first.into_iter().chain(first).min();
        }
        if sum.records == sum.invalid {
            return Err(Error::NoDocument {
                what: what.into(),
                shards: self.shards.len(),
                records: sum.records,
                invalid: sum.invalid,
                first_fault: sum.first.map(|(_, _, fault)| fault),
            });
        }
        let seconds = self.start.elapsed().as_secs_f64();
        Ok((threads, ReadReport { records: sum.records, invalid: sum.invalid, bytes, seconds }))
    }
}
