use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::block::{BLOCK, Block, LONGEST_RECORD, Place};
use super::content::{self, Content, Origin, Start};
use super::table::Rows;
use super::{BYTE_ORDER_MARK, Error, Reread, Shard, decompress, foreign, source, span};
use crate::observer::Observer;

/// A place between two blocks of a shard, from which it can be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Bytes of decompressed content before it.
    content: u64,
    /// The next record, from 0.
    record: u64,
    /// Its line, or that of a blank one before it, from 1.
    line: u64,
}

impl Bookmark {
    /// The start of a shard.
    pub const START: Bookmark = Bookmark { content: 0, record: 0, line: 1 };

    /// How many records are before it.
    pub fn records(&self) -> u64 {
        self.record
    }
}

/// Reads a shard block by block, in a bounded amount of memory but for the longest record.
pub struct BlockReader {
    content: Content,
    reread: Reread,
    origin: Arc<Origin>,
    /// Where what is read begins.
    start: u64,
    /// Whether the next block may show that this is no JSONL.
    may_be_foreign: bool,
    /// Whether it was found in a folder, and may be no shard.
    walked: bool,
    /// The start of a line whose end is not yet read.
    carry: Vec<u8>,
    /// Rows that the last block was the start of.
    rows: Option<Rows>,
    next_record: u64,
    next_line: u64,
    read: u64,
    ended: bool,
}

impl BlockReader {
    /// Opens `shard` and recognises its compression.
    ///
    /// # Errors
    /// A shard that cannot be opened, or in a form that is not read.
    pub fn open(shard: &Shard, observer: &Observer) -> Result<Self, Error> {
        shard.expect_next();
        let (walked, origin) = (shard.is_walked(), Arc::new(Origin::from(shard)));
        let Some(span) = shard.span() else {
            let content = match shard.stream() {
                Some(stream) => source::open_stream(stream, &origin, observer),
                None => content::open_file(&origin, Start::default(), observer),
            };
            let content = content.map_err(|error| match error {
                Error::Foreign { shard, what, .. } => Error::Foreign { shard, what, walked },
                other => other,
            })?;
            let reader = BlockReader::new(origin, content, Bookmark::START);
            return Ok(BlockReader { may_be_foreign: true, walked, ..reader });
        };
        let content = content::open_span(&origin, span, observer)?;
        let at = Bookmark { content: span.start, record: span.first_record, line: 1 };
        let reader = BlockReader::new(origin, content, at);
        Ok(BlockReader { may_be_foreign: span.start == 0, walked, start: span.start, ..reader })
    }

    /// Opens the file that `shard` is where an earlier reading left off. Compressed content is decompressed up to
    /// there.
    ///
    /// # Errors
    /// A shard that cannot be opened, or is shorter.
    pub fn open_at(shard: &Shard, at: Bookmark, observer: &Observer) -> Result<Self, Error> {
        let origin = Arc::new(Origin::from(shard));
        let from = Start { byte: at.content, record: at.record };
        let content = content::open_file(&origin, from, observer)?;
        Ok(BlockReader::new(origin, content, at))
    }

    /// Opens the file `path`, which is not one of the shards.
    ///
    /// # Errors
    /// A file that cannot be opened, or in a form that is not read.
    pub fn open_file(path: &Path, observer: &Observer) -> Result<Self, Error> {
        let origin = Arc::new(Origin::from(path));
        let content = content::open_file(&origin, Start::default(), observer)?;
        Ok(BlockReader::new(origin, content, Bookmark::START))
    }

    /// Reads the records of any content, decompressed if it is compressed. Messages call it `name`.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use dsir::reader::{Block, BlockReader};
    ///
    /// let content = &b"{\"text\": \"one\"}\n\n{\"text\": \"two\"}"[..];
    /// let (mut reader, mut block) = (BlockReader::of(content, Path::new("memory"))?, Block::default());
    /// let mut records = Vec::new();
    /// while reader.next_block(&mut block)? {
    ///     records.extend(block.records().map(|record| (record.line, record.bytes.to_vec())));
    /// }
    /// assert_eq!(records[1], (3, b"{\"text\": \"two\"}".to_vec()));
    /// # Ok::<(), dsir::reader::Error>(())
    /// ```
    ///
    /// # Errors
    /// Content in a form that is not read.
    pub fn of(content: impl Read + Send + 'static, name: &Path) -> Result<Self, Error> {
        let (content, _) = decompress::content(content, name)?;
        let (content, _) = content::recognised(content, false, name)?;
        let origin = Arc::new(Origin::from(name));
        Ok(BlockReader::new(origin, (content, Reread::Never), Bookmark::START))
    }

    fn new(origin: Arc<Origin>, (content, reread): (Content, Reread), at: Bookmark) -> Self {
        // A header may be before the first record.
        let next_line = match &content {
            Content::Records(records) => records.line(),
            Content::Lines(_) | Content::Table(_) => at.line,
        };
        BlockReader {
            content,
            reread,
            origin,
            start: 0,
            may_be_foreign: false,
            walked: false,
            carry: Vec::new(),
            rows: None,
            next_record: at.record,
            next_line,
            read: at.content,
            ended: false,
        }
    }

    /// Where the next block begins.
    pub fn bookmark(&self) -> Bookmark {
        let content = self.read - self.carry.len() as u64;
        Bookmark { content, record: self.next_record, line: self.next_line }
    }

    /// What a second reading would take.
    pub fn reread(&self) -> Reread {
        self.reread
    }

    /// Whether spans of the shard can be read, each on its own.
    pub(crate) fn has_spans(&self) -> bool {
        match &self.content {
            Content::Lines(_) => self.reread == Reread::Cheap,
            Content::Records(_) => false,
            Content::Table(table) => table.has_spans(),
        }
    }

    /// How many lines or rows of the file are before what begins at its byte `at` or after: for messages, so that what
    /// cannot be read does not count.
    pub(super) fn lines_before(file: &Path, at: u64) -> u64 {
        match BlockReader::open_file(file, &Observer::default()).map(|reader| reader.content) {
            Ok(Content::Table(table)) => table.rows_before(at),
            _ => span::lines_before(file, at),
        }
    }

    /// Fills `block` with the next records; false, with the block empty, at the end of the shard.
    ///
    /// # Errors
    /// Content that cannot be read, that is in a form that is not read, or that has changed since the run began; a
    /// record too long.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        if let Some(rows) = self.rows.take() {
            block.rows = Some(rows);
        } else if !self.take(block)? {
            return Ok(false);
        }
        block.fill(false)?;
        self.rows = block.rows.take();
        Ok(true)
    }

    /// Takes what comes next out of the shard: `block`, when it is filled, has these records, and as long as it has
    /// more, it is filled once more. False at the end of the shard.
    ///
    /// # Errors
    /// As [`next_block`](Self::next_block).
    pub(crate) fn take(&mut self, block: &mut Block) -> Result<bool, Error> {
        let taken = match self.content {
            Content::Lines(_) => self.read_block(block),
            Content::Records(_) => self.read_records(block),
            Content::Table(_) => self.take_rows(block),
        };
        // What was read of a file that changes may be neither the old nor the new, and its end too early or too late.
        if !matches!(taken, Ok(true)) && self.origin.has_changed() {
            return Err(self.origin.changed());
        }
        taken
    }

    fn read_records(&mut self, block: &mut Block) -> Result<bool, Error> {
        let Content::Records(records) = &mut self.content else { return Ok(false) };
        block.clear();
        block.first_record = self.next_record;
        block.first_line = self.next_line;
        block.reread = self.reread;
        let more = records.next(&mut block.room());
        let more = more.map_err(|failure| failure.in_shard(&self.origin.shard, self.read))?;
        block.content_bytes = block.data.len() as u64;
        block.lines = records.line() - self.next_line;
        self.read += block.content_bytes;
        self.next_record += block.places.len() as u64;
        self.next_line = records.line();
        Ok(more || !block.is_empty())
    }

    fn take_rows(&mut self, block: &mut Block) -> Result<bool, Error> {
        let Content::Table(table) = &mut self.content else { return Ok(false) };
        block.clear();
        let Some((rows, count)) = table.next(self.next_line - 1)? else { return Ok(false) };
        block.rows = Some(rows);
        block.first_record = self.next_record;
        block.first_line = self.next_line;
        block.reread = self.reread;
        self.next_record += count;
        self.next_line += count;
        Ok(true)
    }

    fn read_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        block.clear();
        block.first_record = self.next_record;
        block.first_line = self.next_line;
        block.is_start = self.start == 0 && self.next_record == 0;
        block.reread = self.reread;
        block.data.append(&mut self.carry);
        let carried = block.data.len();
        let end = self.fill(&mut block.data)?;
        block.content_bytes = (block.data.len() - carried) as u64;
        if std::mem::take(&mut self.may_be_foreign)
            && let Some(what) = foreign::of_content(&block.data[..block.data.len().min(foreign::SEEN)])
        {
            return Err(Error::Foreign { shard: self.origin.shard.clone(), what, walked: self.walked });
        }
        self.carry.extend_from_slice(&block.data[end..]);
        block.data.truncate(end);
        self.locate(block)?;
        Ok(!(block.data.is_empty() && self.ended))
    }

    /// Reads on until `data` holds whole lines and gives where they end.
    fn fill(&mut self, data: &mut Vec<u8>) -> Result<usize, Error> {
        while !self.ended {
            let before = data.len();
            data.reserve(BLOCK);
            let Content::Lines(content) = &mut self.content else { break };
            let read = content.by_ref().take(BLOCK as u64).read_to_end(data).map_err(|error| {
                let at = self.read + (data.len() - before) as u64;
                Error::of_reading(error, &self.origin.shard, at)
            })?;
            if self.read == 0 && data.starts_with(BYTE_ORDER_MARK) {
                data.drain(..BYTE_ORDER_MARK.len());
            }
            self.read += read as u64;
            self.ended = read < BLOCK;
            if let Some(newline) = memchr::memrchr(b'\n', &data[before.min(data.len())..]) {
                if !self.ended {
                    return Ok(before + newline + 1);
                }
            } else if data.len() > LONGEST_RECORD {
                return Err(self.too_long(self.next_line));
            }
        }
        Ok(data.len())
    }

    /// Finds the records among the lines of `block`.
    fn locate(&mut self, block: &mut Block) -> Result<(), Error> {
        let mut start = 0;
        let mut line = 0;
        let newlines = memchr::memchr_iter(b'\n', &block.data);
        let unended = (!block.data.is_empty() && !block.data.ends_with(b"\n")).then_some(block.data.len());
        for end in newlines.chain(unended) {
            let mut record = &block.data[start..end];
            record = record.strip_suffix(b"\r").unwrap_or(record);
            if record.len() > LONGEST_RECORD {
                return Err(self.too_long(self.next_line + u64::from(line)));
            }
            if !is_blank(record) {
                block.places.push(Place { start: start as u32, len: record.len() as u32, line });
            }
            line += 1;
            start = end + 1;
        }
        block.lines = u64::from(line);
        self.next_line += block.lines;
        self.next_record += block.places.len() as u64;
        Ok(())
    }

    fn too_long(&self, line: u64) -> Error {
        let line = line + span::lines_before(&self.origin.file, self.start);
        Error::TooLong { shard: self.origin.shard.clone(), line }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Shards;

    fn records(content: &[u8]) -> Vec<(String, u64)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.jsonl");
        std::fs::write(&path, content).unwrap();
        let shards = Shards::find([&path]).unwrap();
        let mut reader = BlockReader::open(&shards[0], &Observer::default()).unwrap();
        let mut block = Block::default();
        let mut records = Vec::new();
        while reader.next_block(&mut block).unwrap() {
            assert_eq!(block.first_record(), records.len() as u64);
            records.extend(
                block
                    .records()
                    .map(|record| (String::from_utf8(record.bytes.to_vec()).unwrap(), record.line)),
            );
        }
        records
    }

    #[test]
    fn line_ends_blank_lines_and_byte_order_mark() {
        let expected = [("a".into(), 1), ("b".into(), 3), ("c\r".into(), 5), ("\rd".into(), 6)];
        assert_eq!(records(b"\xEF\xBB\xBFa\n\nb\r\n \t\r\nc\r\r\n\rd"), expected);
        assert_eq!(records(b""), []);
        assert_eq!(records(b"\n\r\n\n"), []);
    }

    #[test]
    fn reading_goes_on_at_any_bookmark() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String =
            (0..60_000).map(|i| format!("record {i}\n{}", if i % 7 == 0 { "\n" } else { "" })).collect();
        let plain = format!("\u{feff}{lines}last").into_bytes();
        let compressed = zstd::encode_all(&plain[..], 1).unwrap();
        for (name, content) in [("shard.jsonl", &plain), ("shard.jsonl.zst", &compressed)] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let shards = Shards::find([&path]).unwrap();
            let rest = |mut reader: BlockReader| {
                let (mut block, mut records, mut bookmarks) =
                    (Block::default(), Vec::new(), vec![reader.bookmark()]);
                while reader.next_block(&mut block).unwrap() {
                    records.extend(block.records().map(|record| (record.bytes.to_vec(), record.line)));
                    bookmarks.push(reader.bookmark());
                }
                (records, bookmarks)
            };
            let (whole, bookmarks) = rest(BlockReader::open(&shards[0], &Observer::default()).unwrap());
            assert_eq!((whole.len(), bookmarks[0]), (60_001, Bookmark::START));
            assert!(bookmarks.len() > 3);
            for at in bookmarks {
                let reader = BlockReader::open_at(&shards[0], at, &Observer::default()).unwrap();
                assert!(rest(reader).0 == whole[at.records() as usize..], "{at:?}");
            }
        }
    }

    #[test]
    fn records_longer_than_a_block_are_whole() {
        let long = "x".repeat(3 * BLOCK + 17);
        let content = format!("a\n{long}\n\nb\n{long}");
        let expected = [("a".into(), 1), (long.clone(), 2), ("b".into(), 4), (long, 5)];
        assert_eq!(records(content.as_bytes()), expected);
    }

    #[test]
    fn blocks_of_blank_lines_do_not_end_a_shard() {
        let content = "\n".repeat(2 * BLOCK) + "a\n";
        assert_eq!(records(content.as_bytes()), [("a".into(), 2 * BLOCK as u64 + 1)]);
    }
}
