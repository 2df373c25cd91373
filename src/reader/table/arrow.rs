//! Arrow IPC, files and streams.
//!
//! What a message says of its own size is held against what is there before memory is asked for.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow_ipc::{Block, MessageHeader, RecordBatch as BatchMessage, root_as_footer, root_as_message};
use arrow_schema::SchemaRef;

/// The start and the end of a file that is no mere stream.
pub(super) const FILE: &[u8] = b"ARROW1";
/// The start of a stream, and of each message but very old ones.
pub(super) const STREAM: [u8; 4] = [0xFF; 4];
/// What a batch may take when it is decompressed.
const LARGEST: u64 = 2 << 30;

/// Reads batches one after the other.
pub(super) struct ArrowFile<R> {
    schema: SchemaRef,
    kind: Kind<R>,
}

enum Kind<R> {
    /// Read from the start to the end.
    Stream(Stream<R>),
    /// Read by the list of places at its end.
    File { input: R, len: u64, decoder: Box<FileDecoder>, blocks: std::vec::IntoIter<Block> },
}

impl<R: Read + Seek> ArrowFile<R> {
    /// Of the content `input`, a file or a stream of so many bytes.
    pub(super) fn open(mut input: R, len: u64) -> Result<Self, String> {
        let mut start = [0; 4];
        input.read_exact(&mut start).map_err(in_words)?;
        if start == STREAM {
            let input = BufReader::with_capacity(1 << 20, input);
            let mut stream =
                Stream { input, decoder: StreamDecoder::new(), batches: VecDeque::new(), ended: false };
            let first = stream.message(&start)?;
            let message = root_as_message(first.get(8..).unwrap_or_default()).map_err(words)?;
            let fields = message.header_as_schema().ok_or("it does not begin with a schema")?;
            let schema = Arc::new(try_fb_to_schema(fields).map_err(words)?);
            stream.decode(first)?;
            return Ok(ArrowFile { schema, kind: Kind::Stream(stream) });
        }
        let end = read_at(&mut input, len.saturating_sub(10), 10, len)?;
        let end: [u8; 10] = end.try_into().map_err(|_| too_short())?;
        let footer_len = read_footer_length(end).map_err(words)? as u64;
        let footer = len.checked_sub(10 + footer_len).ok_or_else(too_short)?;
        let footer = read_at(&mut input, footer, footer_len, len)?;
        let footer = root_as_footer(&footer).map_err(words)?;
        let schema = Arc::new(try_fb_to_schema(footer.schema().ok_or("no schema")?).map_err(words)?);
        let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
        for block in footer.dictionaries().into_iter().flatten() {
            let message = message_at(&mut input, block, len)?;
            decoder.read_dictionary(block, &message).map_err(words)?;
        }
        let blocks: Vec<Block> = footer.recordBatches().into_iter().flatten().copied().collect();
        let (decoder, blocks) = (Box::new(decoder), blocks.into_iter());
        Ok(ArrowFile { schema, kind: Kind::File { input, len, decoder, blocks } })
    }

    /// What the rows are.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        match &mut self.kind {
            Kind::Stream(stream) => stream.next(),
            Kind::File { input, len, decoder, blocks } => {
                let Some(block) = blocks.next() else { return Ok(None) };
                let message = message_at(input, &block, *len)?;
                let batch = decoder.read_record_batch(&block, &message).map_err(words)?;
                Ok(Some(batch.unwrap_or_else(|| RecordBatch::new_empty(Arc::clone(&self.schema)))))
            }
        }
    }
}

/// The bytes of a message of a file that has `len` bytes.
fn message_at(input: &mut (impl Read + Seek), block: &Block, len: u64) -> Result<Buffer, String> {
    let number = |number: i64| u64::try_from(number).map_err(|_| "a length below zero".to_owned());
    let (header, body) = (number(block.metaDataLength().into())?, number(block.bodyLength())?);
    let size = header.checked_add(body).ok_or_else(too_short)?;
    let bytes = read_at(input, number(block.offset())?, size, len)?;
    let (header, body) = bytes.split_at(header as usize);
    let mark = if header.starts_with(&STREAM) { 8 } else { 4 };
    check_sizes(header.get(mark..).unwrap_or_default(), body)?;
    Ok(Buffer::from_vec(bytes))
}

/// The bytes at a place of a file that has `len` bytes.
fn read_at(input: &mut (impl Read + Seek), at: u64, size: u64, len: u64) -> Result<Vec<u8>, String> {
    if at.checked_add(size).is_none_or(|end| end > len) {
        return Err(too_short());
    }
    input.seek(SeekFrom::Start(at)).map_err(in_words)?;
    let mut bytes = Vec::with_capacity(size as usize);
    let read = input.take(size).read_to_end(&mut bytes).map_err(in_words)?;
    if (read as u64) < size { Err(too_short()) } else { Ok(bytes) }
}

/// Messages one after the other.
struct Stream<R> {
    input: BufReader<R>,
    decoder: StreamDecoder,
    /// Decoded, and not given yet.
    batches: VecDeque<RecordBatch>,
    ended: bool,
}

impl<R: Read> Stream<R> {
    fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        while self.batches.is_empty() && !self.ended {
            let message = self.message(&[])?;
            self.decode(message)?;
        }
        Ok(self.batches.pop_front())
    }

    fn decode(&mut self, message: Vec<u8>) -> Result<(), String> {
        let mut message = Buffer::from_vec(message);
        // A message without a body is decoded when the next one comes: there may be two batches of one message.
        while !message.is_empty() {
            self.batches.extend(self.decoder.decode(&mut message).map_err(words)?);
        }
        Ok(())
    }

    /// The bytes of the next message, of which `start` is read already; the last one is the mark of the end.
    fn message(&mut self, start: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = start.to_vec();
        self.read(8 - start.len() as u64, &mut bytes)?;
        let (mark, size) = bytes.split_at(4);
        if mark != STREAM {
            return Err("a message without its mark; written before Arrow 0.15?".to_owned());
        }
        let size = size.try_into().map(u32::from_le_bytes).unwrap_or(0);
        if size == 0 {
            self.ended = true;
            let behind = self.input.read(&mut [0]).map_err(in_words)?;
            return if behind == 0 { Ok(bytes) } else { Err("other data are behind its end".to_owned()) };
        }
        self.read(size.into(), &mut bytes)?;
        let body = {
            let message = root_as_message(&bytes[8..]).map_err(words)?;
            u64::try_from(message.bodyLength()).map_err(|_| "a length below zero".to_owned())?
        };
        let header = bytes.len();
        self.read(body, &mut bytes)?;
        check_sizes(&bytes[8..header], &bytes[header..])?;
        Ok(bytes)
    }

    /// Reads on, however much is promised, no more than is there.
    fn read(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<(), String> {
        let read = self.input.by_ref().take(count).read_to_end(bytes).map_err(in_words)?;
        if (read as u64) < count { Err(too_short()) } else { Ok(()) }
    }
}

/// Refuses buffers that are said to be larger than what they are made of can be.
fn check_sizes(header: &[u8], body: &[u8]) -> Result<(), String> {
    let message = root_as_message(header).map_err(words)?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => None,
    };
    let Some(batch) = batch else { return Ok(()) };
    let sizes = uncompressed_sizes(&batch, body).ok_or("a buffer beyond the end of its message")?;
    let sum = sizes.into_iter().fold(0, u64::saturating_add);
    if batch.compression().is_some() && sum > LARGEST {
        let most = LARGEST >> 30;
        return Err(format!(
            "a batch of {sum} bytes; batches of up to {most} GiB are read: write smaller ones"
        ));
    }
    Ok(())
}

/// What each buffer says it is when it is decompressed; `None` if one is not within `body`.
fn uncompressed_sizes(batch: &BatchMessage<'_>, body: &[u8]) -> Option<Vec<u64>> {
    let buffers = batch.buffers().into_iter().flatten();
    let size = |buffer: &arrow_ipc::Buffer| {
        let (start, len) = (usize::try_from(buffer.offset()).ok()?, usize::try_from(buffer.length()).ok()?);
        let bytes = body.get(start..start.checked_add(len)?)?;
        // -1 stands for a buffer that is not compressed.
        let told = bytes.first_chunk().map_or(0, |told| i64::from_le_bytes(*told));
        Some(u64::try_from(told).unwrap_or(len as u64))
    };
    buffers.map(size).collect()
}

fn too_short() -> String {
    "it ends too soon".to_owned()
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn in_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => too_short(),
        _ => error.to_string(),
    }
}
