use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::ahead;
use super::object::Object;
use super::pieces::Pieces;

/// Reads an object from any place on; what comes next is fetched ahead.
pub(crate) struct ObjectReader {
    object: Object,
    /// The byte that comes next.
    at: u64,
    /// The piece in hand, and where it begins.
    piece: Bytes,
    start: u64,
    /// The pieces after it.
    ahead: Option<Pieces>,
}

impl ObjectReader {
    pub(in crate::storage) fn new(object: Object) -> Self {
        let ahead = ahead::take(&object);
        ObjectReader { object, at: 0, piece: Bytes::new(), start: 0, ahead }
    }

    /// The object, the first piece if that is in hand, and what follows it.
    #[cfg(feature = "parquet")]
    pub(super) fn into_parts(self) -> (Object, Option<(Bytes, Pieces)>) {
        let ahead = self.ahead.filter(|_| self.start == 0 && !self.piece.is_empty());
        (self.object, ahead.map(|ahead| (self.piece, ahead)))
    }

    pub(in crate::storage) fn object(&self) -> &Object {
        &self.object
    }

    /// What is in hand from the next byte on.
    fn in_hand(&self) -> &[u8] {
        let passed = self.at.checked_sub(self.start).and_then(|passed| usize::try_from(passed).ok());
        passed.and_then(|passed| self.piece.get(passed..)).unwrap_or_default()
    }

    /// Takes the piece that begins at the next byte.
    fn advance(&mut self) -> io::Result<()> {
        let follows = self.start + self.piece.len() as u64 == self.at;
        let mut ahead = match self.ahead.take().filter(|_| follows) {
            Some(ahead) => ahead,
            None => Pieces::fetch(&self.object, self.at)?,
        };
        self.piece = ahead.next().ok_or(io::ErrorKind::UnexpectedEof)??;
        self.start = self.at;
        self.ahead = Some(ahead);
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.at >= self.object.stamp().bytes {
            return Ok(0);
        }
        if self.in_hand().is_empty() {
            self.advance()?;
        }
        let in_hand = self.in_hand();
        let count = in_hand.len().min(buffer.len());
        buffer[..count].copy_from_slice(&in_hand[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.object.stamp().bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
