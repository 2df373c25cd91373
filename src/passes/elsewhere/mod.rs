//! Passes over the raw corpus on other machines: an [`Engine`] does them piece by piece.

mod cut;
mod piece;
mod tasks;

pub(super) use piece::PathOf;
pub use piece::do_piece;
pub(super) use tasks::{CountTask, CountedPiece, KeepTask, SampleTask, StoredReading, WeighTask, WriteTask};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cut::cut;
use piece::{Ended, Input, Piece, TASK, Task, pack, write_file};

use super::decontaminate::Decontamination;
use super::documents::Tally;
use crate::density::Model;
use crate::engine::{Engine, EngineError, PieceFailure};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{ShardFile, Shards, Span};
use crate::storage::Storage;
use crate::weights::WeightsFile;

/// So often, and so far apart, it is looked for what a piece has left.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

/// An engine, and a raw corpus that is cut into pieces for it.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    engine: Arc<dyn Engine>,
    /// Seen by all machines.
    folder: PathBuf,
    storage: Storage,
    files: Vec<ShardFile>,
    /// Stands for all of them, as they are now.
    corpus: u64,
    pieces: Vec<Vec<Cut>>,
    /// How many lines are before each cut in its shard, when a reading has told.
    lines_before: Arc<OnceLock<Vec<u64>>>,
}

/// A shard of the corpus, or a span of it.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) shard: usize,
    /// `None`: all of it.
    pub(super) span: Option<Span>,
    /// The file with the weights of the shard, when it was weighed.
    weights: Option<PathBuf>,
    /// The file with its selected records, if these are kept.
    kept: Option<PathBuf>,
    /// Its place among all cuts.
    place: usize,
}

impl Cut {
    pub(super) fn new(shard: usize, span: Option<Span>) -> Self {
        Cut { shard, span, weights: None, kept: None, place: 0 }
    }

    fn lines_before(&self, of_cuts: &OnceLock<Vec<u64>>) -> Option<u64> {
        of_cuts.get()?.get(self.place).copied()
    }
}

/// From which levels on records may be in the samples of what was read so far: a piece need not keep what is below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Floors {
    /// Of records that are counted.
    pub(super) counted: usize,
    /// Of documents that are sampled.
    pub(super) sampled: usize,
}

impl Elsewhere {
    /// Cuts `raw` into pieces. What they come to is kept in `folder`, which all machines must see.
    ///
    /// # Errors
    /// Streams, which no other machine can read; shards that cannot be opened.
    pub(crate) fn new(
        engine: Arc<dyn Engine>,
        raw: &Shards,
        folder: PathBuf,
        storage: &Storage,
    ) -> Result<Self, Error> {
        let mut files = Vec::with_capacity(raw.len());
        for shard in raw.iter() {
            let stream = || Error::StreamElsewhere { shard: shard.path().into() };
            files.push(shard.as_file().ok_or_else(stream)?);
        }
        let bytes = files.iter().map(ShardFile::bytes).sum();
        let mut pieces = cut(raw, engine.piece_bytes(bytes))?;
        pieces.iter_mut().flatten().enumerate().for_each(|(place, cut)| cut.place = place);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let corpus = hash(&pack(&files)?);
        Ok(Elsewhere {
            engine,
            folder,
            storage: storage.clone(),
            files,
            corpus,
            pieces,
            lines_before: Arc::default(),
        })
    }

    /// The pieces, each of shards or spans of shards that follow each other.
    pub(super) fn pieces(&self) -> &[Vec<Cut>] {
        &self.pieces
    }

    /// A folder for what the pieces of this task leave. Of a corpus that has changed since, nothing is of use.
    pub(super) fn folder_of<T: Task>(&self, task: &T) -> Result<PathBuf, Error> {
        let depends_on = (hash(&pack(task)?), self.corpus, env!("CARGO_PKG_VERSION"));
        Ok(self.folder.join(format!("{}-{:016x}", T::NAME, hash(&pack(&depends_on)?))))
    }

    /// Does `task` on every piece, and gives what each comes to, with the number of the piece and the folder of its
    /// files, to `take`, in any order. `take` returns the floors of all that it has taken so far.
    ///
    /// Pieces that an earlier run has done are not done again.
    ///
    /// # Errors
    /// Of the pieces that fail, the first in input order; what `take` returns; a folder that cannot be written; an
    /// engine that fails.
    pub(super) fn run<T: Task>(
        &self,
        task: &T,
        mut take: impl FnMut(usize, &Path, T::Done) -> Result<Floors, Error>,
        observer: &Observer,
    ) -> Result<(), Error> {
        let folder = self.folder_of(task)?;
        let mut floors = Floors::default();
        let mut under_way: BTreeMap<PathBuf, usize> = BTreeMap::new();
        let mut failed: Option<(usize, PieceFailure)> = None;
        let pieces = self.pieces();
        let mut waiting = pieces.iter().enumerate();
        write_file(&folder.join(TASK), &pack(task)?, &self.storage)?;
        let done_before = piece::done_in(&folder)?;
        let mut settle = |number: usize, (own, done): (PathBuf, T::Done)| {
            observer.add(self.bytes(&pieces[number]));
            take(number, &own, done)
        };
        let stopping = StopWhenDropped(&*self.engine);
        loop {
            let places = self.engine.places()?.max(1);
            while failed.is_none() && under_way.len() < places {
                observer.check()?;
                let Some((number, cuts)) = waiting.next() else { break };
                let piece = Piece::new::<T>(self.inputs(cuts), floors);
                let path = folder.join(format!("{number:06}-{:016x}", piece.hash()?));
                if done_before.contains(&path) {
                    match piece::result::<T>(&path)? {
                        Some(Ok(done)) => {
                            floors = settle(number, done)?;
                            continue;
                        }
                        // It may go better now.
                        Some(Err(_)) => piece::remove_result(&path)?,
                        None => {}
                    }
                }
                write_file(&path, &pack(&piece)?, &self.storage)?;
                self.engine.begin(&path)?;
                under_way.insert(path, number);
            }
            // What comes after a piece that has failed is of no interest.
            if under_way.values().all(|number| failed.as_ref().is_some_and(|(first, _)| number > first)) {
                break;
            }
            observer.check()?;
            for path in self.engine.ended()? {
                let unknown = || EngineError(format!("{} was not under way", path.display()));
                let number = under_way.remove(&path).ok_or_else(unknown)?;
                match self.wait_for::<T>(&path, observer)? {
                    Ok(done) => floors = settle(number, done)?,
                    Err(failure) if failed.as_ref().is_none_or(|(first, _)| number < *first) => {
                        failed = Some((number, failure));
                    }
                    Err(_) => {}
                }
            }
        }
        match failed {
            None => {
                std::mem::forget(stopping);
                Ok(())
            }
            Some((_, failure)) => Err(Error::Elsewhere(failure)),
        }
    }

    /// What a piece that has ended has come to. On a network file system it may be a while until all machines see it.
    fn wait_for<T: Task>(&self, path: &Path, observer: &Observer) -> Result<Ended<T>, Error> {
        for _ in 0..ATTEMPTS {
            if let Some(done) = piece::result::<T>(path)? {
                return Ok(done);
            }
            observer.check()?;
            std::thread::sleep(PAUSE);
            // A network file system that has seen that it is not there may look again only now.
            path.parent().map(piece::done_in).transpose()?;
        }
        let folder = self.folder.display();
        Err(EngineError(format!("a piece has ended, but left nothing in {folder}: do all machines see it?"))
            .into())
    }

    /// Forgets that the pieces of a task are done.
    pub(super) fn forget<T: Task>(&self, task: &T) -> Result<(), Error> {
        piece::done_in(&self.folder_of(task)?)?.iter().try_for_each(|piece| piece::remove_result(piece))
    }

    /// Cuts as they are read.
    fn inputs(&self, cuts: &[Cut]) -> Vec<Input> {
        let input = |cut: &Cut| {
            let file = self.files[cut.shard].clone();
            let span =
                cut.span.map(|span| Span { lines_before: cut.lines_before(&self.lines_before), ..span });
            Input {
                file: span.map_or_else(|| file.clone(), |span| file.with_span(span)),
                number: cut.shard,
                weights: cut.weights.clone().map(PathOf),
                kept: cut.kept.clone().map(PathOf),
            }
        };
        cuts.iter().map(input).collect()
    }

    /// Writes a model where all machines find it.
    pub(super) fn write_model(&self, model: &Model) -> Result<PathBuf, Error> {
        let mut json = Vec::new();
        model.write(&mut json).map_err(|error| EngineError(error.to_string()))?;
        let path = self.folder.join(format!("model-{:016x}.json", hash(&json)));
        write_file(&path, &json, &self.storage)?;
        Ok(path)
    }

    /// Writes evaluation sets where all machines find them.
    pub(super) fn write_decontamination(&self, with: &Decontamination) -> Result<PathBuf, Error> {
        let bytes = postcard::to_allocvec(with).map_err(|error| EngineError(error.to_string()))?;
        let path = self.folder.join(format!("evaluation-sets-{:016x}", hash(&bytes)));
        write_file(&path, &bytes, &self.storage)?;
        Ok(path)
    }

    /// The same with these weights of the shards, and the records of spans numbered as those of their shards, now that
    /// it is known how many each has.
    pub(super) fn weighed(&self, of_pieces: &[Vec<Tally>], weights: &[WeightsFile]) -> Self {
        let mut pieces = self.pieces.clone();
        let mut next = (0, 0);
        for (cut, tally) in pieces.iter_mut().flatten().zip(of_pieces.iter().flatten()) {
            if next.0 != cut.shard {
                next = (cut.shard, 0);
            }
            if let Some(span) = &mut cut.span {
                span.first_record = next.1;
            }
            next.1 += tally.records;
            cut.weights = Some(weights[cut.shard].path().into());
        }
        Elsewhere { pieces, ..self.clone() }
    }

    /// For each shard in the pieces, the files that pieces have left for it: where `name` says that it is, from the
    /// folder of the piece and the name of the shard. A shard that is read in spans has several.
    pub(super) fn files_of_shards(
        &self,
        folders: &[PathBuf],
        name: impl Fn(&Path, &Path) -> PathBuf,
    ) -> BTreeMap<usize, Vec<PathBuf>> {
        let mut files: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
        for (cuts, folder) in self.pieces.iter().zip(folders) {
            for cut in cuts {
                files.entry(cut.shard).or_default().push(name(folder, self.files[cut.shard].relative()));
            }
        }
        files
    }

    /// Where what these files of parts of a shard make up together goes: under a name that no others have.
    pub(super) fn joined(&self, parts: &[PathBuf]) -> Result<PathBuf, Error> {
        let names: Vec<&[u8]> = parts.iter().map(|part| part.as_os_str().as_encoded_bytes()).collect();
        Ok(self.folder.join("joined").join(format!("{:016x}", hash(&pack(&names)?))))
    }

    fn bytes(&self, cuts: &[Cut]) -> u64 {
        cuts.iter().map(|cut| cut.span.map_or(self.files[cut.shard].bytes(), Span::bytes)).sum()
    }

    /// Notes how many lines each cut has, so that no later reading counts them to tell where a record is.
    pub(super) fn note_lines(&self, of_pieces: &[Vec<Tally>]) {
        let cuts = || self.pieces.iter().flatten().zip(of_pieces.iter().flatten());
        let mut next = (0, 0);
        let lines_before = cuts().map(|(cut, tally)| {
            let before = if next.0 == cut.shard { next.1 } else { 0 };
            next = (cut.shard, before + tally.lines());
            before
        });
        // A second reading finds the same.
        self.lines_before.set(lines_before.collect()).unwrap_or_default();
    }

    /// What all shards have come to, of what the cuts of each piece have.
    pub(super) fn tallies(&self, of_pieces: Vec<Vec<Tally>>) -> Vec<Tally> {
        self.tallies_of_read(of_pieces).into_values().collect()
    }

    /// The same of those shards that are in the pieces.
    pub(super) fn tallies_of_read(&self, of_pieces: Vec<Vec<Tally>>) -> BTreeMap<usize, Tally> {
        let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
        for (cut, tally) in self.pieces.iter().flatten().zip(of_pieces.into_iter().flatten()) {
            tallies.entry(cut.shard).or_default().add_span(tally);
        }
        tallies
    }

    /// The same without the shards, and spans of shards, that are not `wanted`.
    pub(super) fn only(&self, wanted: impl Fn(usize, Option<Span>) -> bool) -> Self {
        let mut pieces = self.pieces.clone();
        pieces.retain_mut(|piece| {
            piece.retain(|cut| wanted(cut.shard, cut.span));
            !piece.is_empty()
        });
        Elsewhere { pieces, ..self.clone() }
    }

    /// The same in pieces of whole shards, of which some are kept.
    pub(super) fn of_whole_shards(&self, kept: &[Option<PathBuf>]) -> Self {
        let mut pieces = self.pieces.clone();
        pieces.retain_mut(|piece| {
            piece.retain(|cut| cut.span.is_none_or(|span| span.start == 0));
            for cut in piece.iter_mut() {
                cut.span = None;
                cut.kept = kept[cut.shard].clone();
            }
            !piece.is_empty()
        });
        Elsewhere { pieces, ..self.clone() }
    }

    /// Where files are made.
    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }
}

/// Stops what is under way when a run of pieces ends early.
struct StopWhenDropped<'a>(&'a dyn Engine);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn hash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}
