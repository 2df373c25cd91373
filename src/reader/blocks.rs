use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, Reread, Shard, decompress, foreign, source, span};
use crate::observer::Observer;
use crate::storage::Stamp;

/// How much is read at a time: a block fits the second-level cache. A fuzzer's shards are short, and must have several.
const BLOCK: usize = if cfg!(fuzzing) { 64 } else { 256 << 10 };
/// So much of a shard shows what it is.
const SEEN: usize = 16 << 10;
/// A record's length with its newline must fit 32 bits, and so must its place in a block.
const LONGEST_RECORD: usize = (u32::MAX as usize) - (16 << 20);
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whole records of one shard that follow each other.
#[derive(Debug, Default)]
pub struct Block {
    data: Vec<u8>,
    places: Vec<Place>,
    first_record: u64,
    first_line: u64,
    lines: u64,
    content_bytes: u64,
    reread: Reread,
    is_start: bool,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    len: u32,
    line: u32,
}

/// One line of a shard, without its end.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The bytes as they came in, without `\n` and one `\r` before it.
    pub bytes: &'a [u8],
    /// The line of the shard, from 1.
    pub line: u64,
}

impl Block {
    /// The records in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.places.iter().map(|place| Record {
            bytes: &self.data[place.start as usize..][..place.len as usize],
            line: self.first_line + u64::from(place.line),
        })
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none: a block may hold blank lines alone.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place of the first record in its shard, from 0.
    pub fn first_record(&self) -> u64 {
        self.first_record
    }

    /// What a second reading of its shard would take.
    pub fn reread(&self) -> Reread {
        self.reread
    }

    /// What the shard is that begins with this block, if its first line is no record and it does not look like JSONL
    /// at all.
    pub(crate) fn looks_like(&self) -> Option<&'static str> {
        self.is_start.then(|| foreign::of_lines(&self.data[..self.data.len().min(SEEN)])).flatten()
    }

    /// How many lines there are, blank ones too.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes of decompressed content behind this block, line ends and blank lines too.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }
}

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
    content: Box<dyn Read + Send>,
    reread: Reread,
    shard: PathBuf,
    /// Where the file is.
    file: PathBuf,
    /// What the file must be like until it is read.
    stamp: Option<Stamp>,
    /// Where what is read begins.
    start: u64,
    /// Whether the next block may show that this is no JSONL.
    may_be_foreign: bool,
    /// Whether it was found in a folder, and may be no shard.
    walked: bool,
    /// The start of a line whose end is not yet read.
    carry: Vec<u8>,
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
        let walked = shard.is_walked();
        let Some(span) = shard.span() else {
            let content = match shard.stream() {
                Some(stream) => source::open_stream(stream, shard.path(), observer),
                None => source::open_file(shard.into(), 0, observer),
            };
            let content = content.map_err(|error| match error {
                Error::Foreign { shard, what, .. } => Error::Foreign { shard, what, walked },
                other => other,
            })?;
            let reader = BlockReader::new(shard.path(), content, Bookmark::START).reading(shard);
            return Ok(BlockReader { may_be_foreign: true, walked, ..reader });
        };
        let content = source::open_span(shard.into(), span, observer)?;
        let at = Bookmark { content: span.start, record: span.first_record, line: 1 };
        let reader = BlockReader::new(shard.path(), (content, Reread::Cheap), at).reading(shard);
        Ok(BlockReader { may_be_foreign: span.start == 0, walked, start: span.start, ..reader })
    }

    fn reading(self, shard: &Shard) -> Self {
        BlockReader { stamp: shard.stamp(), file: shard.file().into(), ..self }
    }

    /// Opens the file that `shard` is where an earlier reading left off. Compressed content is decompressed up to
    /// there.
    ///
    /// # Errors
    /// A shard that cannot be opened, or is shorter.
    pub fn open_at(shard: &Shard, at: Bookmark, observer: &Observer) -> Result<Self, Error> {
        let content = source::open_file(shard.into(), at.content, observer)?;
        Ok(BlockReader::new(shard.path(), content, at).reading(shard))
    }

    /// Opens the file `path`, which is not one of the shards.
    ///
    /// # Errors
    /// A file that cannot be opened, or in a form that is not read.
    pub fn open_file(path: &Path, observer: &Observer) -> Result<Self, Error> {
        let file = source::FileOf { name: path, path, stamp: None };
        Ok(BlockReader::new(path, source::open_file(file, 0, observer)?, Bookmark::START))
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
        Ok(BlockReader::new(name, (content, Reread::Never), Bookmark::START))
    }

    fn new(path: &Path, (content, reread): (Box<dyn Read + Send>, Reread), at: Bookmark) -> Self {
        BlockReader {
            content,
            reread,
            shard: path.into(),
            file: path.into(),
            stamp: None,
            start: 0,
            may_be_foreign: false,
            walked: false,
            carry: Vec::new(),
            next_record: at.record,
            next_line: at.line,
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

    /// Fills `block` with the next records; false, with the block empty, at the end of the shard.
    ///
    /// # Errors
    /// Content that cannot be read, that is no JSONL or that has changed since the run began; a record too long.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        let read = self.read_block(block);
        // What was read of a file that changes may be neither the old nor the new, and its end too early or too late.
        if !matches!(read, Ok(true)) && self.has_changed() {
            return Err(Error::Changed { shard: self.shard.clone() });
        }
        read
    }

    /// Whether the file is no longer what it was; one that is gone was there while it was read.
    fn has_changed(&self) -> bool {
        let there = self.stamp.zip(std::fs::metadata(&self.file).ok());
        there.is_some_and(|(stamp, metadata)| !stamp.holds(&metadata))
    }

    fn read_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        block.places.clear();
        block.data.clear();
        if block.data.capacity() > 16 * BLOCK {
            block.data.shrink_to(BLOCK);
        }
        block.first_record = self.next_record;
        block.first_line = self.next_line;
        block.is_start = self.start == 0 && self.next_record == 0;
        block.reread = self.reread;
        block.data.append(&mut self.carry);
        let carried = block.data.len();
        let end = self.fill(&mut block.data)?;
        block.content_bytes = (block.data.len() - carried) as u64;
        if std::mem::take(&mut self.may_be_foreign)
            && let Some(what) = foreign::of_content(&block.data[..block.data.len().min(SEEN)])
        {
            return Err(Error::Foreign { shard: self.shard.clone(), what, walked: self.walked });
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
            let read = self.content.by_ref().take(BLOCK as u64).read_to_end(data).map_err(|error| {
                let at = self.read + (data.len() - before) as u64;
                read_error(error, &self.shard, at)
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
        let line = line + span::lines_before(&self.file, self.start);
        Error::TooLong { shard: self.shard.clone(), line }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r'))
}

fn read_error(error: io::Error, shard: &std::path::Path, at: u64) -> Error {
    let kind = error.kind();
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(source) => {
            debug_assert_eq!(kind, source.kind());
            Error::Read { shard: shard.into(), at, source }
        }
    }
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
