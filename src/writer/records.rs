use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::in_order::InOrder;
use super::packed::PackedSink;
use super::shuffle::Shuffle;
use super::{Error, RowForm, Sink};
use crate::prepare::Packing;
use crate::reader::{Shard, Shards};
use crate::storage::{ClosedFile, Storage};

/// Where the selected records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// One file.
    File(PathBuf),
    /// A folder with one file for each shard, under the shard's relative name.
    Folder(PathBuf),
    /// Nowhere: the report of the job tells which records were selected.
    Nowhere,
}

impl Destination {
    /// From `-o`: nothing or `-` is standard output, a name that ends in `/` or is a folder's is a folder.
    pub fn new(output: Option<&Path>) -> Self {
        match output {
            None => Destination::Stdout,
            Some(path) if path == Path::new("-") => Destination::Stdout,
            Some(path) if path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir() => {
                Destination::Folder(path.into())
            }
            Some(path) => Destination::File(path.into()),
        }
    }

    /// Where draw number `draw` of several goes: a folder `epoch-N`, in the folder, or around the file.
    pub fn of_epoch(&self, draw: u32) -> Self {
        let epoch = format!("epoch-{draw}");
        match self {
            Destination::Stdout | Destination::Nowhere => self.clone(),
            Destination::File(path) => Destination::File(match path.file_name() {
                Some(name) => path.with_file_name(epoch).join(name),
                None => path.join(epoch),
            }),
            Destination::Folder(folder) => Destination::Folder(folder.join(epoch)),
        }
    }

    /// The files that will be written for `shards`.
    pub fn files<'a>(&'a self, shards: &'a Shards) -> Box<dyn Iterator<Item = PathBuf> + 'a> {
        match self {
            Destination::Stdout | Destination::Nowhere => Box::new(std::iter::empty()),
            Destination::File(path) => Box::new(std::iter::once(path.clone())),
            Destination::Folder(folder) => {
                Box::new(shards.iter().map(|shard| folder.join(output_name(shard.relative()))))
            }
        }
    }
}

/// The name of the output that a shard of this name has in a folder: the same, but that Arrow is written as Parquet,
/// and CSV as JSONL.
pub(crate) fn output_name(shard: &Path) -> PathBuf {
    let ending = |path: &Path| path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let instead = |path: &Path| match ending(path).as_deref() {
        Some("arrow" | "feather") => Some("parquet"),
        Some("csv" | "tsv") => Some("jsonl"),
        _ => None,
    };
    if let Some(instead) = instead(shard) {
        return shard.with_extension(instead);
    }
    let inner = shard.with_extension("");
    match (ending(shard), instead(&inner)) {
        (Some(outer), Some(instead)) if ["gz", "gzip", "zst", "zstd"].contains(&outer.as_str()) => {
            inner.with_extension(format!("{instead}.{outer}"))
        }
        _ => shard.into(),
    }
}

/// Writes selected records; shards may come at the same time, each in its own order.
pub(crate) struct RecordWriter {
    kind: Kind,
    packing: Option<Arc<Packing>>,
}

enum Kind {
    InOrder(Mutex<InOrder<PackedSink>>),
    Shuffled(Mutex<(Shuffle, Sink)>),
    Folder { folder: PathBuf, closed: Mutex<Vec<ClosedFile>>, storage: Storage },
    Nowhere,
}

/// The records of one shard under way.
pub(crate) struct ShardRecords {
    index: usize,
    file: Option<PackedSink>,
}

impl RecordWriter {
    /// Begins the output: of rows of `form`, or of lines if there is none.
    ///
    /// # Errors
    /// What the system says; a shuffled folder is the caller's mistake.
    pub(crate) fn create(
        destination: &Destination,
        shuffle: bool,
        form: Option<Arc<RowForm>>,
        storage: &Storage,
    ) -> Result<Self, Error> {
        let sink = match destination {
            Destination::Stdout => Sink::stdout(),
            Destination::File(path) => Sink::create_with_folders(path, form, storage)?,
            Destination::Folder(folder) => {
                return Ok(RecordWriter::folder(folder, None, storage));
            }
            Destination::Nowhere => return Ok(RecordWriter::nowhere()),
        };
        let kind = if shuffle {
            Kind::Shuffled(Mutex::new((Shuffle::new(storage.temp_dir())?, sink)))
        } else {
            Kind::InOrder(Mutex::new(InOrder::new(PackedSink::new(sink, None), storage.temp_dir())))
        };
        Ok(RecordWriter { kind, packing: None })
    }

    /// Begins an output of records in input order, of which several are joined into one: across shards, but in a
    /// folder, where each shard has an output of its own.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create_packed(
        destination: &Destination,
        packing: Arc<Packing>,
        storage: &Storage,
    ) -> Result<Self, Error> {
        let sink = match destination {
            Destination::Stdout => Sink::stdout(),
            Destination::File(path) => Sink::create_with_folders(path, None, storage)?,
            Destination::Folder(folder) => return Ok(RecordWriter::folder(folder, Some(packing), storage)),
            Destination::Nowhere => return Ok(RecordWriter::nowhere()),
        };
        let sink = PackedSink::new(sink, Some(packing));
        Ok(RecordWriter {
            kind: Kind::InOrder(Mutex::new(InOrder::new(sink, storage.temp_dir()))),
            packing: None,
        })
    }

    fn nowhere() -> Self {
        RecordWriter { kind: Kind::Nowhere, packing: None }
    }

    fn folder(folder: &Path, packing: Option<Arc<Packing>>, storage: &Storage) -> Self {
        let (folder, storage) = (folder.into(), storage.clone());
        RecordWriter { kind: Kind::Folder { folder, closed: Mutex::default(), storage }, packing }
    }

    /// Begins a shard, the `index`-th in input order; in a folder, its output is of rows of `form`, or of lines if
    /// there is none.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn begin(
        &self,
        index: usize,
        shard: &Shard,
        form: Option<Arc<RowForm>>,
    ) -> Result<ShardRecords, Error> {
        let file = match &self.kind {
            Kind::Folder { folder, storage, .. } => {
                let sink =
                    Sink::create_with_folders(&folder.join(output_name(shard.relative())), form, storage)?;
                Some(PackedSink::new(sink, self.packing.clone()))
            }
            _ => None,
        };
        Ok(ShardRecords { index, file })
    }

    /// Appends selected records, each with its newline, and each with the random bits of its place when
    /// shuffled.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(&self, shard: &mut ShardRecords, records: &Selected) -> Result<(), Error> {
        match (&self.kind, &mut shard.file) {
            (_, Some(file)) => file.write(&records.bytes),
            (Kind::InOrder(out), None) => lock(out).write(shard.index, &records.bytes),
            (Kind::Shuffled(shuffled), None) => {
                let (shuffle, _) = &mut *lock(shuffled);
                let mut start = 0;
                for (end, bits) in &records.ends {
                    shuffle.push(*bits, &records.bytes[start..*end])?;
                    start = *end;
                }
                Ok(())
            }
            (Kind::Folder { .. } | Kind::Nowhere, None) => Ok(()),
        }
    }

    /// Ends a shard.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn end(&self, shard: ShardRecords) -> Result<(), Error> {
        match (&self.kind, shard.file) {
            (Kind::Folder { closed, .. }, Some(file)) => lock(closed).extend(file.close()?),
            (Kind::InOrder(out), _) => lock(out).finish(shard.index)?,
            _ => {}
        }
        Ok(())
    }

    /// Completes the output when all shards have ended: now the files get their names.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let closed: Vec<ClosedFile> = match self.kind {
            Kind::InOrder(out) => {
                let out = out.into_inner().unwrap_or_else(PoisonError::into_inner);
                out.into_sink().close()?.into_iter().collect()
            }
            Kind::Shuffled(shuffled) => {
                let (records, mut sink) = shuffled.into_inner().unwrap_or_else(PoisonError::into_inner);
                records.finish(&mut sink)?;
                sink.close()?.into_iter().collect()
            }
            Kind::Folder { closed, .. } => closed.into_inner().unwrap_or_else(PoisonError::into_inner),
            Kind::Nowhere => Vec::new(),
        };
        Ok(ClosedFile::finish_all(closed)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Selected records that follow each other in a shard.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    bytes: Vec<u8>,
    /// Where each record ends, and its random bits.
    ends: Vec<(usize, u64)>,
}

impl Selected {
    /// Appends a record, written without its newline by `write`.
    pub(crate) fn push(&mut self, bits: u64, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.bytes.push(b'\n');
        self.ends.push((self.bytes.len(), bits));
    }

    /// Appends a record with all its bytes, written by `write`.
    #[cfg(feature = "parquet")]
    pub(crate) fn push_bytes(&mut self, bits: u64, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push((self.bytes.len(), bits));
    }

    /// How many records.
    pub(crate) fn len(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Bytes with newlines.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
