//! A piece of work as it is written down, and what it leaves.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tasks::{CountTask, KeepTask, SampleTask, WeighTask, WriteTask};
use super::{Floors, hash};
use crate::engine::{EngineError, PieceFailure};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{ShardFile, Shards};
use crate::storage::{self, Storage};

/// What is done on every piece of a corpus.
pub(in crate::passes) trait Task: Serialize + DeserializeOwned {
    /// What it is called in the names of files.
    const NAME: &'static str;
    /// What a piece comes to.
    type Done: Serialize + DeserializeOwned;

    /// Does it on these shards.
    fn work(&self, shards: &Shards, on: &At<'_>) -> Result<Self::Done, Error>;
}

/// Where a piece is worked on.
pub(in crate::passes) struct At<'a> {
    pub(in crate::passes) floors: Floors,
    /// The numbers of the shards in the corpus.
    pub(in crate::passes) numbers: &'a [usize],
    /// For files that go with what the piece comes to; their names begin with this.
    pub(in crate::passes) beside: &'a Path,
    pub(in crate::passes) storage: &'a Storage,
    pub(in crate::passes) observer: &'a Observer,
}

/// A piece as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct Piece {
    /// Pieces are for machines that run the same version.
    dsir: String,
    name: String,
    shards: Vec<ShardFile>,
    /// Their numbers in the corpus.
    numbers: Vec<usize>,
    floors: Floors,
}

impl Piece {
    pub(super) fn new<T: Task>(shards: Vec<ShardFile>, numbers: Vec<usize>, floors: Floors) -> Self {
        Piece { dsir: env!("CARGO_PKG_VERSION").into(), name: T::NAME.into(), shards, numbers, floors }
    }
}

/// The file of a task, in the folder of its pieces.
pub(super) const TASK: &str = "task";

/// Does a piece of a job's work that is written down in the file `piece`, with so many threads, and leaves what it comes
/// to beside it. An error of the work is left there too, for the job to report, in the words that `words` finds for it.
///
/// It may be done several times, also at once, and after it was killed.
///
/// # Errors
/// A piece that cannot be read, is of another version of dsir, or whose result cannot be written;
/// [`Observer::cancel`].
pub fn do_piece(
    piece: &Path,
    threads: usize,
    words: &(dyn Fn(&Error) -> String + Sync),
    observer: &Observer,
) -> Result<(), Error> {
    let Piece { dsir, name, shards, numbers, floors } =
        unpack(&read(piece)?).ok_or_else(|| unreadable(piece))?;
    let ours = env!("CARGO_PKG_VERSION");
    if dsir != ours {
        let message = format!("this machine has dsir {ours}, but the job runs dsir {dsir}; install the same");
        return Err(EngineError(message).into());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    let pool = pool.map_err(|error| Error::Threads(error.to_string()))?;
    let storage = Storage::new(&std::env::temp_dir(), observer.unfinished());
    let shards = Shards::of_files(shards);
    let at = At { floors, numbers: &numbers, beside: piece, storage: &storage, observer };
    let work = || match name.as_str() {
        SampleTask::NAME => work::<SampleTask>(piece, &shards, &at, words),
        CountTask::NAME => work::<CountTask>(piece, &shards, &at, words),
        WeighTask::NAME => work::<WeighTask>(piece, &shards, &at, words),
        KeepTask::NAME => work::<KeepTask>(piece, &shards, &at, words),
        WriteTask::NAME => work::<WriteTask>(piece, &shards, &at, words),
        _ => Err(unreadable(piece)),
    };
    let done = pool.install(work);
    sweep(piece);
    done
}

/// Removes what a piece has left for a job that is over, and has removed its task: another worker had been faster.
fn sweep(piece: &Path) {
    let Some(folder) = piece.parent().filter(|folder| !folder.join(TASK).exists()) else { return };
    fs::remove_dir_all(folder).unwrap_or_default();
    // Those around it, up to the work directory, if they are there for it alone.
    folder.ancestors().skip(1).take(3).for_each(|folder| fs::remove_dir(folder).unwrap_or_default());
}

fn work<T: Task>(
    piece: &Path,
    shards: &Shards,
    at: &At<'_>,
    words: &(dyn Fn(&Error) -> String + Sync),
) -> Result<(), Error> {
    if result::<T>(piece).is_some() {
        return Ok(());
    }
    let task = piece.with_file_name(TASK);
    let task: T = unpack(&read(&task)?).ok_or_else(|| unreadable(&task))?;
    let done: Result<T::Done, PieceFailure> = match task.work(shards, at) {
        Ok(done) => Ok(done),
        Err(Error::Cancelled) => return Err(Error::Cancelled),
        Err(error) => Err(PieceFailure {
            kind: error.kind(),
            path: error.path().map(Path::to_path_buf),
            line: error.line(),
            byte: error.byte(),
            words: words(&error),
        }),
    };
    write_file(&result_path(piece), &pack(&done)?, at.storage)
}

/// What a piece has come to; `None` if it is not done.
pub(super) fn result<T: Task>(piece: &Path) -> Option<Result<T::Done, PieceFailure>> {
    unpack(&fs::read(result_path(piece)).ok()?)
}

pub(super) fn remove_result(piece: &Path) -> Result<(), Error> {
    let path = result_path(piece);
    Ok(fs::remove_file(&path).map_err(|source| storage::Error::new(&path, source))?)
}

fn result_path(piece: &Path) -> PathBuf {
    beside(piece, "done")
}

/// The path of a file that goes with a piece.
pub(in crate::passes) fn beside(piece: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(piece);
    name.push(".");
    name.push(ending);
    name.into()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    Ok(fs::read(path).map_err(|source| storage::Error::new(path, source))?)
}

pub(super) fn write_file(path: &Path, bytes: &[u8], storage: &Storage) -> Result<(), Error> {
    let mut file = storage.create_with_folders(path)?;
    file.write_all(bytes).map_err(|source| storage::Error::new(path, source))?;
    Ok(file.finish_soon()?)
}

fn unreadable(path: &Path) -> Error {
    EngineError(format!("{} is not what a job has written", path.display())).into()
}

/// The bytes of a value, with a hash before them.
pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let bytes = postcard::to_stdvec(value).map_err(|error| EngineError(error.to_string()))?;
    Ok([&hash(&bytes).to_le_bytes()[..], &bytes].concat())
}

/// The value of packed bytes; `None` if they are not what was packed.
pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (expected, bytes) = bytes.split_first_chunk()?;
    (u64::from_le_bytes(*expected) == hash(bytes)).then(|| postcard::from_bytes(bytes).ok()).flatten()
}
