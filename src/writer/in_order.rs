use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// Puts what many shards give at once into the order of the shards.
///
/// The first shard that is not through passes straight on; what others give meanwhile waits in one
/// nameless temporary file, so that memory does not grow with their number.
pub(crate) struct InOrder<S> {
    sink: S,
    /// The first shard that is not through.
    front: usize,
    waiting: BTreeMap<usize, Waiting>,
    folder: PathBuf,
    file: Option<File>,
    end: u64,
}

#[derive(Default)]
struct Waiting {
    pieces: Vec<(u64, u64)>,
    through: bool,
}

/// What takes bytes in.
pub(crate) trait Take {
    /// Takes `bytes` in.
    ///
    /// # Errors
    /// Why it cannot.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

impl Take for &mut super::Sink {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)
    }
}

impl Take for super::Sink {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)
    }
}

impl<S: Take> InOrder<S> {
    /// In front of `sink`; what waits is in `folder`.
    pub(crate) fn new(sink: S, folder: &Path) -> Self {
        InOrder { sink, front: 0, waiting: BTreeMap::new(), folder: folder.into(), file: None, end: 0 }
    }

    /// Takes what comes next from `shard`.
    ///
    /// # Errors
    /// What the sink or the temporary file says.
    pub(crate) fn write(&mut self, shard: usize, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        if shard == self.front {
            return self.sink.take(bytes);
        }
        let at = self.end;
        self.append(bytes).map_err(|source| Error::Temporary { folder: self.folder.clone(), source })?;
        let pieces = &mut self.waiting.entry(shard).or_default().pieces;
        match pieces.last_mut() {
            Some((start, len)) if *start + *len == at => *len += bytes.len() as u64,
            _ => pieces.push((at, bytes.len() as u64)),
        }
        Ok(())
    }

    /// Notes that `shard` gives no more.
    ///
    /// # Errors
    /// What the sink or the temporary file says.
    pub(crate) fn finish(&mut self, shard: usize) -> Result<(), Error> {
        self.waiting.entry(shard).or_default().through = true;
        while let Some(waiting) = self.waiting.get_mut(&self.front) {
            let Waiting { pieces, through } = std::mem::take(waiting);
            self.waiting.remove(&self.front);
            self.pass_on(&pieces)?;
            if !through {
                break; // From here on it passes straight on.
            }
            self.front += 1;
        }
        if self.waiting.is_empty() {
            // Nothing waits: the room is free again.
            if let Some(file) = &self.file {
                file.set_len(0).map_err(|source| Error::Temporary { folder: self.folder.clone(), source })?;
            }
            self.end = 0;
        }
        Ok(())
    }

    /// The sink, when all shards are through.
    pub(crate) fn into_sink(self) -> S {
        debug_assert!(self.waiting.is_empty());
        self.sink
    }

    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn pass_on(&mut self, pieces: &[(u64, u64)]) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let failed = |source| Error::Temporary { folder: self.folder.clone(), source };
        let mut buffer = vec![0; 64 << 10];
        for (at, len) in pieces {
            file.seek(SeekFrom::Start(*at)).map_err(failed)?;
            let mut left = *len;
            while left > 0 {
                let part = &mut buffer[..left.min(64 << 10) as usize];
                file.read_exact(part).map_err(failed)?;
                self.sink.take(part)?;
                left -= part.len() as u64;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Take for Vec<u8> {
        fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
            self.extend_from_slice(bytes);
            Ok(())
        }
    }

    #[test]
    fn shards_come_out_one_after_the_other() {
        let mut out = InOrder::new(Vec::new(), &std::env::temp_dir());
        out.write(2, b"c1 ").unwrap();
        out.write(0, b"a1 ").unwrap();
        out.write(1, b"b1 ").unwrap();
        out.write(2, b"c2 ").unwrap();
        out.finish(2).unwrap();
        out.write(1, b"b2 ").unwrap();
        out.write(0, b"a2 ").unwrap();
        out.finish(0).unwrap();
        out.write(1, b"b3 ").unwrap();
        out.finish(1).unwrap();
        out.finish(3).unwrap();
        out.write(4, b"e").unwrap();
        out.finish(4).unwrap();
        assert_eq!(out.into_sink(), b"a1 a2 b1 b2 b3 c1 c2 e");
    }
}
