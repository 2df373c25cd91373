//! Where the bytes of a shard come from: a file, or a stream that is kept for a second reading.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, Shard, decompress};
use crate::progress::Progress;

/// The decompressed content of a shard, from its start.
pub(super) fn open(shard: &Shard, progress: &Progress) -> Result<Box<dyn Read + Send>, Error> {
    let failed = |source| Error::Open { path: shard.path().into(), source };
    let Some(stream) = shard.stream() else {
        let file = File::open(shard.path()).map_err(failed)?;
        return decompress::content(Counted { inner: file, progress: progress.clone() }, shard.path());
    };
    let mut state = lock(&stream.state);
    match &mut *state {
        State::Fresh { keep_in } => {
            let raw: Box<dyn Read + Send> = match stream.kind {
                Kind::Stdin => Box::new(io::stdin()),
                Kind::Path => Box::new(File::open(shard.path()).map_err(failed)?),
            };
            let keep_in = keep_in.take();
            *state = State::Spent;
            drop(state);
            let content =
                decompress::content(Counted { inner: raw, progress: progress.clone() }, shard.path())?;
            match keep_in {
                None => Ok(content),
                Some(folder) => {
                    Ok(Box::new(Tee::new(content, shard.path(), folder, Arc::clone(&stream.state))?))
                }
            }
        }
        State::Kept(file) => {
            let copy = file.try_clone().and_then(|mut copy| copy.rewind().map(|()| copy)).map_err(failed)?;
            let decoder =
                zstd::Decoder::new(Counted { inner: copy, progress: progress.clone() }).map_err(failed)?;
            Ok(Box::new(decoder))
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
    Fresh { keep_in: Option<PathBuf> },
    Kept(File),
    Spent,
}

impl Stream {
    pub(super) fn stdin() -> Self {
        Stream::new(Kind::Stdin, PathBuf::from("stdin.jsonl"))
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
struct Counted<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}
