//! A copy of an object that grows where it is read: of a table, several threads read here and there.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::object::Object;
use super::pieces::Pieces;
use super::reader::ObjectReader;
use super::store::{self, Spawned};
use super::{AHEAD, PART};
use crate::storage::platform::SharedFile;

/// The copy, in a file without a name.
pub(crate) struct ObjectCopy {
    inner: Arc<Inner>,
    /// Copies part after part, from the first that was read on: all but the end of a table is read in that order.
    copying: Mutex<Option<Spawned>>,
}

struct Inner {
    object: Object,
    file: SharedFile,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    parts: Vec<Part>,
    /// The part that is copied next, of those after another.
    next: Option<usize>,
}

#[derive(Clone, Default)]
enum Part {
    #[default]
    Away,
    OnItsWay,
    There,
    Failed(Arc<io::Error>),
}

impl std::fmt::Debug for ObjectCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectCopy").field("object", &self.inner.object).finish_non_exhaustive()
    }
}

impl ObjectCopy {
    /// Begins a copy in `folder` of what `reader` reads: of all of it at once, if it will be read from its start.
    pub(in crate::storage) fn new(reader: ObjectReader, from_start: bool, folder: &Path) -> io::Result<Self> {
        let (object, begun) = reader.into_parts();
        let file = tempfile::tempfile_in(folder)?;
        let parts = usize::try_from(object.stamp().bytes.div_ceil(PART)).map_err(io::Error::other)?;
        let inner = Inner {
            object,
            file: SharedFile::new(file),
            state: Mutex::new(State { parts: vec![Part::Away; parts], next: None }),
            arrived: Condvar::new(),
        };
        let inner = Arc::new(inner);
        let copying = match begun.filter(|_| from_start) {
            Some((first, pieces)) => {
                inner.put(0, Ok(first));
                inner.lock().next = Some(1);
                let inner = Arc::clone(&inner);
                Some(store::spawn(async move { inner.copy_from(1, Ok(pieces)).await })?)
            }
            None => None,
        };
        Ok(ObjectCopy { inner, copying: Mutex::new(copying) })
    }

    /// Fills the start of `buffer` with what stands at byte `at`, and gives how much that is: nothing at the end alone.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let len = self.inner.object.stamp().bytes;
        if at >= len || buffer.is_empty() {
            return Ok(0);
        }
        let part = at / PART;
        self.wait_for(usize::try_from(part).map_err(io::Error::other)?)?;
        // No further than the part that is there.
        let there = len.min((part + 1) * PART) - at;
        let count = buffer.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        self.inner.file.read_at(&mut buffer[..count], at)
    }

    fn wait_for(&self, part: usize) -> io::Result<()> {
        let mut state = self.inner.lock();
        loop {
            match &state.parts[part] {
                Part::There => return Ok(()),
                Part::Failed(error) => return Err(io::Error::new(error.kind(), Arc::clone(error))),
                Part::Away => self.ask_for(part, &mut state)?,
                Part::OnItsWay => {}
            }
            state = self.inner.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Has a part that is away come, if it does not come soon by itself.
    fn ask_for(&self, part: usize, state: &mut State) -> io::Result<()> {
        // What a table says of itself is in its last parts, and is read first.
        let is_at_end = part + 2 >= state.parts.len();
        let inner = Arc::clone(&self.inner);
        match state.next {
            Some(next) if (next..next + AHEAD as usize).contains(&part) => {}
            None if !is_at_end => {
                state.next = Some(part);
                let pieces = Pieces::fetch(&inner.object, part as u64 * PART);
                let copying = store::spawn(async move { inner.copy_from(part, pieces).await })?;
                *self.copying.lock().unwrap_or_else(PoisonError::into_inner) = Some(copying);
            }
            _ => {
                state.parts[part] = Part::OnItsWay;
                let fetch = async move {
                    let got = inner.object.get(inner.range(part)).await;
                    inner.put(part, got);
                };
                store::spawn(fetch)?.let_go();
            }
        }
        Ok(())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn range(&self, part: usize) -> std::ops::Range<u64> {
        let start = part as u64 * PART;
        start..self.object.stamp().bytes.min(start + PART)
    }

    /// Copies the parts from `first` on, as they come.
    async fn copy_from(&self, first: usize, mut pieces: io::Result<Pieces>) {
        let parts = self.lock().parts.len();
        for part in first..parts {
            let piece = match &mut pieces {
                Ok(pieces) => pieces.arrived().await.unwrap_or(Err(io::ErrorKind::UnexpectedEof.into())),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            // Where this fails, whoever waits for a later part asks for it alone.
            let failed = piece.is_err();
            self.lock().next = Some(if failed { parts } else { part + 1 });
            self.put(part, piece);
            if failed {
                return;
            }
        }
    }

    /// Takes in what has arrived of a part.
    fn put(&self, part: usize, got: io::Result<Bytes>) {
        let written = got.and_then(|bytes| self.file.write_all_at(&bytes, part as u64 * PART));
        let state = &mut self.lock().parts[part];
        match written {
            Ok(()) => *state = Part::There,
            // It may have come twice.
            Err(_) if matches!(state, Part::There) => {}
            Err(error) => *state = Part::Failed(Arc::new(error)),
        }
        self.arrived.notify_all();
    }
}
