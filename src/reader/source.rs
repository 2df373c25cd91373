//! Where the bytes of a shard come from: a file, or a stream that is kept for a second reading.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::content::{self, Content, Origin};
use super::table::{Part, Table};
use super::{Error, decompress};
use crate::observer::Observer;
use crate::storage::{self, Input, Stamp};

/// What a second reading of the same content would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reread {
    /// Hardly more than the time of the disk.
    #[default]
    Cheap,
    /// Decompressing once more.
    Costly,
    /// It cannot be read again.
    Never,
}

impl Reread {
    pub(super) fn of_file(compressed: bool) -> Self {
        if compressed { Reread::Costly } else { Reread::Cheap }
    }
}

/// The decompressed content of a stream, which messages call `path`, from its start.
pub(super) fn open_stream(
    stream: &Stream,
    origin: &Arc<Origin>,
    observer: &Observer,
) -> Result<(Content, Reread), Error> {
    let path = origin.shard.as_path();
    let failed = |source| Error::Open { path: path.into(), source };
    let counted = |inner: Box<dyn Read + Send>| Observed { inner, observer: observer.clone() };
    let mut state = lock(&stream.state);
    match &mut *state {
        State::Fresh { keep_in } => {
            let raw: Box<dyn Read + Send> = match stream.kind {
                Kind::Stdin => Box::new(io::stdin()),
                Kind::Path => Box::new(File::open(path).map_err(failed)?),
            };
            let keep_in = keep_in.take();
            *state = State::Spent;
            drop(state);
            let (content, _) = decompress::content(counted(raw), path)?;
            let Some(folder) = keep_in else {
                return Ok((content::recognised(content, false, path)?.0, Reread::Never));
            };
            let tee = Tee::new(content, path, folder, Arc::clone(&stream.state))?;
            content::recognised(Box::new(tee), false, path)
        }
        State::File { file, start, stamp } => {
            if !stamp.holds(&file.metadata().map_err(failed)?) {
                return Err(Error::Changed { shard: path.into() });
            }
            let mut copy = file.try_clone().map_err(failed)?;
            copy.seek(SeekFrom::Start(*start)).map_err(failed)?;
            let mut copy = Input::File(copy);
            if *start == 0
                && let Some(format) = content::format_of(&mut copy).map_err(failed)?
            {
                let table = Table::open(format, copy, origin, Part::default(), observer)?;
                return Ok((Content::Table(Box::new(table)), Reread::Costly));
            }
            let (content, compressed) = decompress::content(counted(Box::new(copy)), path)?;
            content::recognised(content, compressed, path)
        }
        State::Kept(file) => {
            let copy = file.try_clone().and_then(|mut copy| copy.rewind().map(|()| copy)).map_err(failed)?;
            let decoder = zstd::Decoder::new(counted(Box::new(copy))).map_err(failed)?;
            content::recognised(Box::new(decoder), false, path)
        }
        State::Spent => Err(failed(io::Error::other("a stream can be read only once"))),
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard input, a pipe, a device: read once, unless a copy is kept.
#[derive(Debug)]
pub(super) struct Stream {
    kind: Kind,
    name: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum Kind {
    Stdin,
    Path,
}

#[derive(Debug)]
enum State {
    Fresh {
        keep_in: Option<PathBuf>,
    },
    /// Standard input that is a file, from the place where it was handed over.
    File {
        file: File,
        start: u64,
        stamp: Stamp,
    },
    Kept(File),
    Spent,
}

impl Stream {
    /// Whether all was read, and nothing of it kept.
    pub(super) fn is_spent(&self) -> bool {
        matches!(*lock(&self.state), State::Spent)
    }

    pub(super) fn stdin() -> Self {
        let stream = Stream::new(Kind::Stdin, PathBuf::from("stdin.jsonl"));
        if let Some(file) = stdin_file() {
            *lock(&stream.state) = file;
        }
        stream
    }

    pub(super) fn path(path: &Path) -> Self {
        Stream::new(Kind::Path, path.file_name().map(PathBuf::from).unwrap_or_default())
    }

    fn new(kind: Kind, name: PathBuf) -> Self {
        Stream { kind, name, state: Arc::new(Mutex::new(State::Fresh { keep_in: None })) }
    }

    pub(super) fn file_name(&self) -> PathBuf {
        self.name.clone()
    }

    /// From now on, the first reading leaves a compressed copy in `folder`.
    pub(super) fn keep_in(&self, folder: &Path) {
        if let State::Fresh { keep_in } = &mut *lock(&self.state) {
            *keep_in = Some(folder.into());
        }
    }
}

/// Standard input, if it is a file, which can be read more than once.
fn stdin_file() -> Option<State> {
    let mut file = storage::stdin()?;
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let start = file.stream_position().ok()?;
    Some(State::File { file, start, stamp: Stamp::of(&metadata) })
}

/// Copies what is read into a nameless temporary file, compressed.
struct Tee {
    content: Box<dyn Read + Send>,
    copy: Option<zstd::Encoder<'static, File>>,
    shard: PathBuf,
    folder: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Tee {
    fn new(
        content: Box<dyn Read + Send>,
        shard: &Path,
        folder: PathBuf,
        state: Arc<Mutex<State>>,
    ) -> Result<Self, Error> {
        let copy = tempfile::tempfile_in(&folder)
            .and_then(|file| zstd::Encoder::new(file, 1))
            .map_err(|source| Error::Spool { shard: shard.into(), folder: folder.clone(), source })?;
        Ok(Tee { content, copy: Some(copy), shard: shard.into(), folder, state })
    }

    fn spool_error(&self, source: io::Error) -> io::Error {
        io::Error::other(Error::Spool { shard: self.shard.clone(), folder: self.folder.clone(), source })
    }
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            if let Some(copy) = self.copy.take() {
                let file = copy.finish().map_err(|error| self.spool_error(error))?;
                *lock(&self.state) = State::Kept(file);
            }
        } else if let Some(copy) = &mut self.copy
            && let Err(error) = copy.write_all(&buffer[..read])
        {
            return Err(self.spool_error(error));
        }
        Ok(read)
    }
}

/// Tells the progress of what is read.
pub(super) struct Observed<R> {
    pub(super) inner: R,
    pub(super) observer: Observer,
}

impl<R: Seek> Seek for Observed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl<R: Read> Read for Observed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.observer.add(read as u64);
        Ok(read)
    }
}
