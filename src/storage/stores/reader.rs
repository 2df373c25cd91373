use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::object::Object;
use super::store::Answer;
use super::{AHEAD, PART};

/// Reads an object from any place on; the parts that come next are asked for ahead.
pub(crate) struct ObjectReader {
    object: Object,
    /// The byte that comes next.
    at: u64,
    /// The part in hand, and where it begins.
    part: Bytes,
    start: u64,
    /// The parts after it, each with its first byte, without a gap.
    ahead: VecDeque<(u64, Answer<Bytes>)>,
}

impl ObjectReader {
    pub(in crate::storage) fn new(object: Object) -> Self {
        ObjectReader { object, at: 0, part: Bytes::new(), start: 0, ahead: VecDeque::new() }
    }

    pub(in crate::storage) fn object(&self) -> &Object {
        &self.object
    }

    /// What is in hand from the next byte on.
    fn in_hand(&self) -> &[u8] {
        let passed = self.at.checked_sub(self.start).and_then(|passed| usize::try_from(passed).ok());
        passed.and_then(|passed| self.part.get(passed..)).unwrap_or_default()
    }

    /// Takes the part that begins at the next byte.
    fn advance(&mut self) -> io::Result<()> {
        let len = self.object.stamp().bytes;
        if self.ahead.front().is_some_and(|(start, _)| *start != self.at) {
            self.ahead.clear();
        }
        let mut next = self.ahead.len() as u64 * PART + self.at;
        while (self.ahead.len() as u64) < AHEAD && next < len {
            self.ahead.push_back((next, self.object.ask(next..len.min(next + PART))?));
            next += PART;
        }
        if let Some((start, answer)) = self.ahead.pop_front() {
            self.part = answer.wait()?;
            self.start = start;
        }
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
