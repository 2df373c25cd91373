//! A copy of an object that grows where it is read: of a table, several threads read here and there.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::object::Object;
use super::store;
use super::{AHEAD, PART};
use crate::storage::platform::SharedFile;

/// The copy, in a file without a name.
#[derive(Debug)]
pub(crate) struct ObjectCopy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    object: Object,
    file: SharedFile,
    parts: Mutex<Vec<Part>>,
    arrived: Condvar,
}

#[derive(Clone, Debug, Default)]
enum Part {
    #[default]
    Away,
    OnItsWay,
    There,
    Failed(Arc<io::Error>),
}

impl ObjectCopy {
    /// Begins a copy in `folder`.
    pub(in crate::storage) fn new(object: Object, folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        let parts = usize::try_from(object.stamp().bytes.div_ceil(PART)).map_err(io::Error::other)?;
        Ok(ObjectCopy(Arc::new(Inner {
            object,
            file: SharedFile::new(file),
            parts: Mutex::new(vec![Part::Away; parts]),
            arrived: Condvar::new(),
        })))
    }

    /// Fills the start of `buffer` with what stands at byte `at`, and gives how much that is: nothing at the end alone.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let len = self.0.object.stamp().bytes;
        if at >= len || buffer.is_empty() {
            return Ok(0);
        }
        let part = at / PART;
        self.wait_for(usize::try_from(part).map_err(io::Error::other)?)?;
        // No further than the part that is there.
        let there = len.min((part + 1) * PART) - at;
        let count = buffer.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        self.0.file.read_at(&mut buffer[..count], at)
    }

    /// Asks for a part and those after it, and waits for the first.
    fn wait_for(&self, part: usize) -> io::Result<()> {
        let mut parts = self.0.lock();
        let ahead = part..parts.len().min(part + AHEAD as usize);
        for wanted in ahead.filter(|wanted| matches!(parts[*wanted], Part::Away)).collect::<Vec<_>>() {
            parts[wanted] = Part::OnItsWay;
            let inner = Arc::clone(&self.0);
            let fetch = async move {
                inner.fetch(wanted).await;
                Ok(())
            };
            store::ask(fetch)?.let_go();
        }
        loop {
            match &parts[part] {
                Part::There => return Ok(()),
                Part::Failed(error) => return Err(io::Error::new(error.kind(), Arc::clone(error))),
                Part::Away | Part::OnItsWay => {
                    parts = self.0.arrived.wait(parts).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, part: usize) {
        let start = part as u64 * PART;
        let got = self.object.get(start..self.object.stamp().bytes.min(start + PART)).await;
        let state = match got.and_then(|bytes| self.file.write_all_at(&bytes, start)) {
            Ok(()) => Part::There,
            Err(error) => Part::Failed(Arc::new(error)),
        };
        self.lock()[part] = state;
        self.arrived.notify_all();
    }
}
