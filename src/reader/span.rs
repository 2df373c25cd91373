//! A span of a plain shard, so that several machines can read a large one.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::storage::Input;

/// The bytes of a plain file in which records begin that are read, each to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: u64,
    /// The byte after the last.
    pub(crate) end: u64,
    /// The number that its first record is given, from 0.
    pub(crate) first_record: u64,
    /// How many lines of the file are before it, if that is known.
    pub(crate) lines_before: Option<u64>,
}

impl Span {
    pub(crate) fn bytes(self) -> u64 {
        self.end - self.start
    }
}

const BUFFER: usize = 256 << 10;

/// Reads the records that begin in a span, from a file that is at the byte before it.
pub(super) struct RecordsOfSpan<R> {
    inner: BufReader<R>,
    /// The next byte of the file.
    at: u64,
    end: u64,
    state: State,
}

#[derive(PartialEq)]
enum State {
    /// In a record that began before the span.
    Before,
    In,
    Ended,
}

impl<R: Read> RecordsOfSpan<R> {
    pub(super) fn new(file: R, span: Span) -> Self {
        let state = if span.start > 0 { State::Before } else { State::In };
        let inner = BufReader::with_capacity(BUFFER, file);
        RecordsOfSpan { inner, at: span.start.saturating_sub(1), end: span.end, state }
    }

    fn pass(&mut self, bytes: usize) {
        self.inner.consume(bytes);
        self.at += bytes as u64;
    }
}

impl<R: Read> Read for RecordsOfSpan<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.state == State::Before {
            let buffer = self.inner.fill_buf()?;
            match memchr::memchr(b'\n', buffer) {
                Some(newline) => {
                    self.pass(newline + 1);
                    self.state = if self.at < self.end { State::In } else { State::Ended };
                }
                None if buffer.is_empty() => self.state = State::Ended,
                None => {
                    let all = buffer.len();
                    self.pass(all);
                }
            }
        }
        if self.state == State::Ended {
            return Ok(0);
        }
        let buffer = self.inner.fill_buf()?;
        // The record that the last byte of the span is in ends with the first newline from there on.
        let last = usize::try_from(self.end.saturating_sub(self.at + 1)).unwrap_or(usize::MAX);
        let newline = buffer.get(last..).and_then(|rest| memchr::memchr(b'\n', rest));
        let until = newline.map_or(buffer.len(), |newline| last + newline + 1);
        let count = until.min(out.len());
        out[..count].copy_from_slice(&buffer[..count]);
        if newline.is_some() && count == until {
            self.state = State::Ended;
        }
        self.pass(count);
        Ok(count)
    }
}

/// How many lines the file has before the first record that begins at byte `start` or after: for messages, so that what
/// cannot be read does not count.
pub(super) fn lines_before(path: &Path, start: u64) -> u64 {
    // The line of the byte before ends before the first record.
    let Some(last) = start.checked_sub(1) else { return 0 };
    let Ok(file) = Input::open(path) else { return 0 };
    let mut before = BufReader::with_capacity(BUFFER, file.take(last));
    let mut lines = 1;
    while let Ok(buffer) = before.fill_buf()
        && !buffer.is_empty()
    {
        let all = buffer.len();
        lines += memchr::memchr_iter(b'\n', buffer).count() as u64;
        before.consume(all);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records_in(content: &[u8], start: u64, end: u64) -> Vec<u8> {
        let mut read = Vec::new();
        let from = start.saturating_sub(1) as usize;
        let span = Span { start, end, first_record: 0, lines_before: None };
        RecordsOfSpan::new(&content[from.min(content.len())..], span).read_to_end(&mut read).unwrap();
        read
    }

    #[test]
    fn a_record_belongs_to_the_span_that_it_begins_in() {
        let content = b"abc\nde\n\nf";
        assert_eq!(records_in(content, 0, 1), b"abc\n");
        assert_eq!(records_in(content, 1, 4), b"");
        assert_eq!(records_in(content, 3, 5), b"de\n");
        assert_eq!(records_in(content, 4, 7), b"de\n");
        assert_eq!(records_in(content, 5, 10), b"\nf");
        assert_eq!(records_in(content, 0, 9), content);
    }

    #[test]
    fn lines_are_counted_to_the_first_record_of_a_span() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.jsonl");
        std::fs::write(&path, b"abc\nde\n\nf").unwrap();
        let lines: Vec<u64> = (0..9).map(|start| lines_before(&path, start)).collect();
        assert_eq!(lines, [0, 1, 1, 1, 1, 2, 2, 2, 3]);
    }

    proptest! {
        #[test]
        fn spans_that_follow_each_other_make_up_the_file(
            content in "[ab\n]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6),
        ) {
            let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(content.len()) as u64).collect();
            cuts.extend([0, content.len() as u64]);
            cuts.sort_unstable();
            cuts.dedup();
            let parts = cuts.windows(2).flat_map(|cut| records_in(content.as_bytes(), cut[0], cut[1]));
            prop_assert_eq!(parts.collect::<Vec<u8>>(), content.as_bytes());
        }
    }
}
