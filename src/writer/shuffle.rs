//! A random order that depends on the records alone, in bounded memory.
//!
//! Every record has 64 random bits made from its content hash, and the output is sorted by them: the
//! records are dealt to temporary files by their upper bits until a file is small enough to sort.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::{Error, Sink};
use crate::resample::Noise;

/// Files are sorted in memory up to this size.
const SMALL: u64 = 32 << 20;
/// One more reading of the data tells so many bits apart, in as many files as they make numbers.
const BITS: u32 = 4;

/// Takes records in any order, and gives them in the order of their random bits.
pub(super) struct Shuffle {
    all: Part,
    folder: PathBuf,
}

/// Records one after the other, each after its bits and its length.
struct Part {
    file: BufWriter<File>,
    bytes: u64,
    records: u64,
}

impl Part {
    fn new(folder: &Path) -> std::io::Result<Self> {
        Ok(Part { file: BufWriter::new(tempfile::tempfile_in(folder)?), bytes: 0, records: 0 })
    }

    fn push(&mut self, bits: u64, record: &[u8]) -> std::io::Result<()> {
        self.file.write_all(&bits.to_le_bytes())?;
        self.file.write_all(&(record.len() as u64).to_le_bytes())?;
        self.file.write_all(record)?;
        self.bytes += 16 + record.len() as u64;
        self.records += 1;
        Ok(())
    }

    fn into_file(self) -> std::io::Result<File> {
        let mut file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        Ok(file)
    }
}

impl Shuffle {
    /// Temporary files are in `folder`.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        let all = Part::new(folder).map_err(|source| Error::Temporary { folder: folder.into(), source })?;
        Ok(Shuffle { all, folder: folder.into() })
    }

    /// Takes a record, with its newline.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn push(&mut self, bits: u64, record: &[u8]) -> Result<(), Error> {
        self.all.push(bits, record).map_err(|source| Error::Temporary { folder: self.folder.clone(), source })
    }

    /// Gives all records to `sink`.
    ///
    /// Copies of a record have the same bits, and would come one behind the other: each but the first gets bits of
    /// its own. Which copy is which cannot be seen, so that the order depends on the records alone all the same.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn finish(self, sink: &mut Sink) -> Result<(), Error> {
        let Shuffle { all, folder } = self;
        let mut apart = Shuffle::new(&folder)?;
        let mut copy = Copy { bits: 0, number: 0 };
        deal(all, 0, &folder, &mut |bits, record| apart.push(copy.next(bits), record))?;
        deal(apart.all, 0, &folder, &mut |_, record| sink.write(record))
    }
}

/// Numbers copies, which come one behind the other.
struct Copy {
    bits: u64,
    number: u64,
}

impl Copy {
    /// The bits that decide on the place of the next record, which has these: its own if it is the first of its kind.
    fn next(&mut self, bits: u64) -> u64 {
        self.number = if bits == self.bits { self.number + 1 } else { 1 };
        self.bits = bits;
        if self.number == 1 { bits } else { Noise::of_copy(self.number).bits(bits) }
    }
}

/// What takes a record with its bits.
type Each<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Error> + 'a;

/// Gives the records of `part`, which agree in their upper `known` bits, to `each` in the order of their bits.
fn deal(part: Part, known: u32, folder: &Path, each: &mut Each<'_>) -> Result<(), Error> {
    let failed = |source| Error::Temporary { folder: folder.into(), source };
    if part.bytes <= SMALL || part.records == 1 {
        return sort(part, folder, each);
    }
    let mut file = BufReader::new(part.into_file().map_err(failed)?);
    let mut parts = Vec::new();
    if known < 64 {
        parts = (0..1 << BITS).map(|_| Part::new(folder)).collect::<Result<_, _>>().map_err(failed)?;
    }
    let mut record = Vec::new();
    while let Some(bits) = next(&mut file, &mut record).map_err(failed)? {
        if parts.is_empty() {
            // All bits agree: copies of one record, whose order cannot be seen.
            each(bits, &record)?;
            continue;
        }
        let upper = (bits << known) >> (64 - BITS);
        parts[upper as usize].push(bits, &record).map_err(failed)?;
    }
    drop(file);
    parts.into_iter().try_for_each(|part| deal(part, known + BITS, folder, each))
}

/// Reads one record; `None` at the end.
fn next(file: &mut impl Read, record: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
    let mut head = [0; 16];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (bits, len) = split_head(&head);
    record.clear();
    file.take(len as u64).read_to_end(record)?;
    Ok(Some(bits))
}

fn split_head(head: &[u8]) -> (u64, usize) {
    let word =
        |at: usize| head[at..at + 8].iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    (word(0), word(8) as usize)
}

#[expect(unsafe_code, reason = "mapping a file that only this program can reach")]
fn sort(part: Part, folder: &Path, each: &mut Each<'_>) -> Result<(), Error> {
    if part.records == 0 {
        return Ok(());
    }
    let failed = |source| Error::Temporary { folder: folder.into(), source };
    let file = part.into_file().map_err(failed)?;
    // SAFETY: the file has no name and no other handle, so nobody can shorten or change it while mapped.
    let data = unsafe { Mmap::map(&file) }.map_err(failed)?;
    let mut records = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let (bits, len) = split_head(&data[at..at + 16]);
        records.push((bits, at + 16, len));
        at += 16 + len;
    }
    records.sort_unstable();
    records.iter().try_for_each(|(bits, at, len)| each(*bits, &data[*at..*at + *len]))
}
