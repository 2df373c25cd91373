//! Arrow IPC, files and streams: read from the start to the end, message by message.
//!
//! A file is a stream between two marks, with a list of places behind it, which is not needed here. What a message
//! says of its own size is held against what is there before memory is asked for.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{MessageHeader, RecordBatch as BatchMessage, root_as_message};
use arrow_schema::{Schema, SchemaRef};

/// The start and the end of a file that is no mere stream.
pub(super) const FILE: &[u8] = b"ARROW1";
/// The start of a stream.
pub(super) const STREAM: [u8; 4] = [0xFF; 4];
/// What a batch may take when it is decompressed.
const LARGEST: u64 = 2 << 30;

/// Reads batches one after the other.
pub(super) struct ArrowFile<R> {
    input: R,
    schema: SchemaRef,
    decoder: StreamDecoder,
    /// Decoded, and not given yet.
    batches: VecDeque<RecordBatch>,
    is_file: bool,
    ended: bool,
}

impl<R: Read> ArrowFile<R> {
    /// Of the content `input`, a file or a stream.
    pub(super) fn open(mut input: R) -> Result<Self, String> {
        let mut start = [0; 4];
        input.read_exact(&mut start).map_err(in_words)?;
        let (schema, decoder) = (Arc::new(Schema::empty()), StreamDecoder::new());
        let mut file =
            ArrowFile { input, schema, decoder, batches: VecDeque::new(), is_file: false, ended: false };
        let first = if start == STREAM {
            file.message(&start)?
        } else {
            // The rest of the mark and two zeros, and as many more as the writer fills up with.
            file.input.read_exact(&mut [0; 4]).map_err(in_words)?;
            file.is_file = true;
            let mut start = [0; 8];
            while start == [0; 8] {
                file.input.read_exact(&mut start).map_err(in_words)?;
            }
            file.message(&start)?
        };
        let message =
            root_as_message(first.get(8..).unwrap_or_default()).map_err(|error| error.to_string())?;
        let fields = message.header_as_schema().ok_or("it does not begin with a schema")?;
        file.schema = Arc::new(try_fb_to_schema(fields).map_err(|error| error.to_string())?);
        file.decode(first)?;
        Ok(file)
    }

    /// What the rows are.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, String> {
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
            self.batches.extend(self.decoder.decode(&mut message).map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// The bytes of the next message, of which `start` is read already; the last one is the mark of the end.
    fn message(&mut self, start: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = start.to_vec();
        self.read(8 - start.len() as u64, &mut bytes)?;
        let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or(0);
        if bytes[..4] != STREAM {
            return Err("a message without its mark; written before Arrow 0.15?".to_owned());
        }
        let size = number(&bytes[4..]);
        if size == 0 {
            self.end()?;
            return Ok(bytes);
        }
        self.read(size.into(), &mut bytes)?;
        let body = {
            let message = root_as_message(&bytes[8..]).map_err(|error| error.to_string())?;
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
        if (read as u64) < count { Err(in_words(io::ErrorKind::UnexpectedEof.into())) } else { Ok(()) }
    }

    /// Reads what is behind the last message, so that a file that was cut there is found out.
    fn end(&mut self) -> Result<(), String> {
        self.ended = true;
        if !self.is_file {
            return Ok(());
        }
        let (mut last, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            match self.input.read(&mut buffer).map_err(in_words)? {
                0 => break,
                read => last.extend_from_slice(&buffer[..read]),
            }
            last.drain(..last.len().saturating_sub(FILE.len()));
        }
        if last == FILE { Ok(()) } else { Err(in_words(io::ErrorKind::UnexpectedEof.into())) }
    }
}

/// Refuses buffers that are said to be larger than what they are made of can be.
fn check_sizes(header: &[u8], body: &[u8]) -> Result<(), String> {
    let message = root_as_message(header).map_err(|error| error.to_string())?;
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => None,
    };
    let Some(batch) = batch.filter(|batch| batch.compression().is_some()) else { return Ok(()) };
    let sizes = uncompressed_sizes(&batch, body).ok_or("a buffer beyond the end of its message")?;
    let sum = sizes.into_iter().fold(0, u64::saturating_add);
    if sum > LARGEST {
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

fn in_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too soon".to_owned(),
        _ => error.to_string(),
    }
}
