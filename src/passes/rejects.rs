use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::error::Error;
use crate::reader::{Fault, Record};
use crate::storage::{ClosedFile, Storage};
use crate::writer::{self, InOrder, Sink};

/// Keeps the records that were skipped, one JSON object each: `file`, `line`, `error`, `record`.
pub(crate) struct Rejects {
    sink: Sink,
    temp_dir: PathBuf,
}

impl Rejects {
    /// Writes to `path`.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(path: &Path, storage: &Storage) -> Result<Self, Error> {
        Ok(Rejects { sink: Sink::create(path, storage)?, temp_dir: storage.temp_dir().into() })
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn finish(self) -> Result<(), Error> {
        Ok(ClosedFile::finish_all(self.sink.close()?.into_iter().collect())?)
    }

    /// Appends all that one shard has given.
    pub(in crate::passes) fn append(&mut self, mut shard: impl Read) -> Result<(), Error> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = shard
                .read(&mut buffer)
                .map_err(|source| writer::Error::Temporary { folder: self.temp_dir.clone(), source })?;
            if read == 0 {
                return Ok(());
            }
            self.sink.write(&buffer[..read])?;
        }
    }
}

/// Puts what many shards give at once into their order; if nothing is to be kept, does nothing.
pub(super) struct RejectsInOrder<'a>(Option<Mutex<InOrder<&'a mut Sink>>>);

impl<'a> RejectsInOrder<'a> {
    pub(super) fn new(rejects: Option<&'a mut Rejects>) -> Self {
        RejectsInOrder(rejects.map(|Rejects { sink, temp_dir }| Mutex::new(InOrder::new(sink, temp_dir))))
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Takes what comes next from `shard`.
    pub(super) fn write(&self, shard: usize, rejected: &[u8]) -> Result<(), Error> {
        self.each(|rejects| rejects.write(shard, rejected))
    }

    /// Notes that `shard` gives no more.
    pub(super) fn end(&self, shard: usize) -> Result<(), Error> {
        self.each(|rejects| rejects.finish(shard))
    }

    fn each(
        &self,
        work: impl FnOnce(&mut InOrder<&'a mut Sink>) -> Result<(), writer::Error>,
    ) -> Result<(), Error> {
        let Some(rejects) = &self.0 else { return Ok(()) };
        Ok(work(&mut rejects.lock().unwrap_or_else(PoisonError::into_inner))?)
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

/// Appends what is kept of a record that was skipped.
pub(super) fn push_reject(path: &Path, record: Record<'_>, fault: &Fault, out: &mut Vec<u8>) {
    let reject = Reject {
        file: &path.to_string_lossy(),
        line: record.line,
        error: &fault.to_string(),
        record: &String::from_utf8_lossy(record.bytes),
    };
    // Strings and numbers always make JSON.
    out.extend(serde_json::to_vec(&reject).unwrap_or_default());
    out.push(b'\n');
}
