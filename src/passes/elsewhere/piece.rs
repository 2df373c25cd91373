//! A piece of work as it is written down, and what it leaves.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tasks::{CountTask, KeepTask, SampleTask, WeighTask, WriteTask};
use super::{Floors, hash};
use crate::engine::{EngineError, PieceFailure};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{ShardFile, Shards, path_bytes};
use crate::storage::{self, Storage, WorkDir};

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
    pub(in crate::passes) inputs: &'a [Input],
    /// The folder for the files of this try, which has them for itself.
    pub(in crate::passes) own: &'a WorkDir,
    pub(in crate::passes) storage: &'a Storage,
    pub(in crate::passes) observer: &'a Observer,
}

/// A shard that a piece reads, or a span of it.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct Input {
    pub(super) file: ShardFile,
    /// Its number in the corpus.
    pub(super) number: usize,
    /// The file of its weights.
    pub(super) weights: Option<PathOf>,
    /// The file of its selected records.
    pub(super) kept: Option<PathOf>,
}

/// A path, whatever its bytes are.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::passes) struct PathOf(#[serde(with = "path_bytes")] pub(in crate::passes) PathBuf);

/// A piece as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct Piece {
    /// Pieces are for machines that run the same version.
    dsir: String,
    name: String,
    inputs: Vec<Input>,
    floors: Floors,
}

impl Piece {
    pub(super) fn new<T: Task>(inputs: Vec<Input>, floors: Floors) -> Self {
        Piece { dsir: env!("CARGO_PKG_VERSION").into(), name: T::NAME.into(), inputs, floors }
    }

    /// Stands for what the piece reads.
    pub(super) fn hash(&self) -> Result<u64, Error> {
        Ok(hash(&pack(&self.inputs)?))
    }
}

/// The file of a task, in the folder of its pieces.
pub(super) const TASK: &str = "task";

/// Does a piece of a job's work that is written down in the file `piece`, with so many threads, and leaves what it
/// comes to beside it. An error of the work is left there too, for the job to report, in the words that `words` finds for it.
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
    let Piece { dsir, name, inputs, floors } = unpack(&read(piece)?).ok_or_else(|| unreadable(piece))?;
    let ours = env!("CARGO_PKG_VERSION");
    if dsir != ours {
        let message = format!("this machine has dsir {ours}, but the job runs dsir {dsir}; install the same");
        return Err(EngineError(message).into());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    let pool = pool.map_err(|error| Error::Threads(error.to_string()))?;
    let storage = Storage::new(&std::env::temp_dir(), observer.unfinished());
    let on = On { piece, inputs: &inputs, floors, storage: &storage, words, observer };
    let work = || match name.as_str() {
        SampleTask::NAME => on.work::<SampleTask>(),
        CountTask::NAME => on.work::<CountTask>(),
        WeighTask::NAME => on.work::<WeighTask>(),
        KeepTask::NAME => on.work::<KeepTask>(),
        WriteTask::NAME => on.work::<WriteTask>(),
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

/// A piece that is being worked on.
struct On<'a> {
    piece: &'a Path,
    inputs: &'a [Input],
    floors: Floors,
    storage: &'a Storage,
    words: &'a (dyn Fn(&Error) -> String + Sync),
    observer: &'a Observer,
}

impl On<'_> {
    fn work<T: Task>(&self) -> Result<(), Error> {
        let On { piece, inputs, floors, storage, observer, .. } = *self;
        if let Some(Ok(_)) = result::<T>(piece)? {
            return Ok(());
        }
        let task = piece.with_file_name(TASK);
        let task: T = unpack(&read(&task)?).ok_or_else(|| unreadable(&task))?;
        let folder = piece.parent().unwrap_or(Path::new(""));
        let own =
            storage.temporary_folder_in(folder).map_err(|source| storage::Error::new(folder, source))?;
        let own = WorkDir::Temporary(own);
        let shards = Shards::of_files(inputs.iter().map(|input| input.file.clone()));
        let at = At { floors, inputs, own: &own, storage, observer };
        let done: Result<T::Done, PieceFailure> = match task.work(&shards, &at) {
            Ok(done) => Ok(done),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => Err(PieceFailure {
                kind: error.kind(),
                path: error.path().map(Path::to_path_buf),
                line: error.line(),
                byte: error.byte(),
                words: (self.words)(&error),
            }),
        };
        let name = |own: &WorkDir| own.parts().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let done = done.map(|done| (name(&own), done));
        if done.is_ok() {
            storage.sync_folder(&own.parts())?;
        }
        // Of several tries the first counts, and what the others have made is removed.
        if self.leave::<T>(&pack(&done)?, done.is_ok())? && done.is_ok() {
            own.keep();
        }
        Ok(())
    }

    /// Leaves this as what the piece has come to, at once, unless a try that has gone well has been faster; false then.
    fn leave<T: Task>(&self, bytes: &[u8], has_gone_well: bool) -> Result<bool, Error> {
        let path = result_path(self.piece);
        let failed = |source| storage::Error::new(&path, source);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        // If a power cut takes it, the piece is done again.
        file.write_all(bytes).map_err(failed)?;
        let refused = match file.persist_noclobber(&path) {
            Ok(_) => return Ok(true),
            Err(refused) => refused,
        };
        // Some file systems cannot tell whether it is there, and what is there may be a failure.
        let is_first = match result::<T>(self.piece)? {
            None => true,
            Some(there) => has_gone_well && there.is_err(),
        };
        if is_first {
            refused.file.persist(&path).map_err(|refused| failed(refused.error))?;
        }
        Ok(is_first)
    }
}

/// What a piece has come to, with the folder of its files, or why it failed.
pub(super) type Ended<T> = Result<(PathBuf, <T as Task>::Done), PieceFailure>;

/// What a piece has come to; `None` if it is not done.
pub(super) fn result<T: Task>(piece: &Path) -> Result<Option<Ended<T>>, Error> {
    let path = result_path(piece);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(storage::Error::new(&path, source).into()),
    };
    let done: Option<Result<(String, T::Done), PieceFailure>> = unpack(&bytes);
    Ok(done.map(|done| done.map(|(own, done)| (piece.with_file_name(own), done))))
}

/// The pieces in a folder that are done.
pub(super) fn done_in(folder: &Path) -> Result<HashSet<PathBuf>, Error> {
    let failed = |source| storage::Error::new(folder, source);
    let mut done = HashSet::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == DONE) {
            done.insert(path.with_extension(""));
        }
    }
    Ok(done)
}

pub(super) fn remove_result(piece: &Path) -> Result<(), Error> {
    let path = result_path(piece);
    Ok(fs::remove_file(&path).map_err(|source| storage::Error::new(&path, source))?)
}

/// The ending of the file that tells what a piece has come to.
const DONE: &str = "done";

fn result_path(piece: &Path) -> PathBuf {
    piece.with_extension(DONE)
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
