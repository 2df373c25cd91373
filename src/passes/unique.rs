//! Of the records with the same text, leaves all but one out: by their rows, whatever their number, in bounded memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::error::Error;
use crate::observer::Observer;
use crate::resample::{PieceRows, Position, Visit, visit_rows};
use crate::storage::Storage;
use crate::weights::{RowSource, UntilCancelled, WeightsFile};
use crate::writer;

/// Files are made of what is more than this, and settled in memory up to it.
const SMALL: u64 = 16 << 20;
/// As many files, by the upper bits of text hashes.
const FILES: usize = 256;

/// Leaves out, in `files`, which are of one corpus and have the hashes of texts, all records but one of those with the
/// same text: that with the least content hash stays and, of copies, the first. Returns the files as they are now, and
/// how many records are left out so, those of an earlier call included.
///
/// # Errors
/// Files that cannot be read or written.
pub(crate) fn make_unique(
    files: &[WeightsFile],
    storage: &Storage,
    observer: &Observer,
) -> Result<(Vec<WeightsFile>, u64), Error> {
    make_unique_within(files, storage, SMALL, observer)
}

fn make_unique_within(
    files: &[WeightsFile],
    storage: &Storage,
    small: u64,
    observer: &Observer,
) -> Result<(Vec<WeightsFile>, u64), Error> {
    let failed = |source| writer::Error::Temporary { folder: storage.temp_dir().into(), source };
    let count = if files.total_rows() * Entry::BYTES as u64 > small { FILES } else { 1 };
    let parts = (0..count).map(|_| Part::new(storage).map(Mutex::new)).collect::<Result<Vec<_>, _>>();
    let parts = parts.map_err(failed)?;
    let visit = Spread { parts: &parts, failed: Mutex::new(None) };
    let rows = UntilCancelled { rows: files, observer };
    let before: u64 = visit_rows(&rows, 0, &visit)?.into_iter().map(|thread| thread.repeated).sum();
    if let Some(source) = visit.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failed(source).into());
    }
    let mut repeated = before;
    let mut changed = vec![false; files.len()];
    for part in parts {
        let part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut take = |left_out: &[(u32, u64)]| -> Result<(), Error> {
            observer.check()?;
            repeated += left_out.len() as u64;
            let of_shards: Vec<_> = left_out.chunk_by(|a, b| a.0 == b.0).collect();
            of_shards.iter().for_each(|of_shard| changed[of_shard[0].0 as usize] = true);
            of_shards.into_par_iter().try_for_each(|of_shard| {
                let rows: Vec<u64> = of_shard.iter().map(|(_, row)| *row).collect();
                files[of_shard[0].0 as usize].leave_out_repeated(&rows)
            })?;
            Ok(())
        };
        settle(part, FILES.trailing_zeros() * u32::from(count > 1), small, storage, &mut take)?;
    }
    let reopened = files.iter().zip(changed).map(|(file, is_changed)| match is_changed {
        true => WeightsFile::open(file.path()),
        false => Ok(file.clone()),
    });
    Ok((reopened.collect::<Result<_, _>>()?, repeated))
}

/// A record by its text: what its row tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    text: u64,
    /// The tokens, which are the same where texts are.
    check: u64,
    hash: u64,
    shard: u32,
    row: u64,
}

impl Entry {
    const BYTES: usize = 36;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts = [&self.text.to_le_bytes()[..], &self.check.to_le_bytes(), &self.hash.to_le_bytes()];
        let ends = [&self.shard.to_le_bytes()[..], &self.row.to_le_bytes()];
        bytes.copy_from_slice(&[&parts[..], &ends].concat().concat());
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let number = |at: usize, len: usize| {
            bytes[at..at + len].iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let (text, check, hash) = (number(0, 8), number(8, 8), number(16, 8));
        Entry { text, check, hash, shard: number(24, 4) as u32, row: number(28, 8) }
    }
}

/// Entries in a file without a name.
struct Part {
    file: BufWriter<File>,
    bytes: u64,
}

impl Part {
    fn new(storage: &Storage) -> io::Result<Self> {
        Ok(Part { file: BufWriter::new(tempfile::tempfile_in(storage.temp_dir())?), bytes: 0 })
    }

    fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.bytes += Entry::BYTES as u64;
        self.file.write_all(&entry.to_bytes())
    }

    fn into_reader(self) -> io::Result<BufReader<File>> {
        let mut file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        Ok(BufReader::new(file))
    }
}

/// Spreads the entries of all rows over parts.
struct Spread<'a> {
    parts: &'a [Mutex<Part>],
    failed: Mutex<Option<io::Error>>,
}

#[derive(Default)]
struct SpreadThread {
    entries: Vec<Entry>,
    /// How many an earlier call has left out.
    repeated: u64,
}

impl Visit for Spread<'_> {
    type State = SpreadThread;

    fn state(&self) -> SpreadThread {
        SpreadThread::default()
    }

    fn piece<'a>(&self, thread: &mut SpreadThread, _: Position, rows: impl PieceRows<'a>) {
        thread.entries.clear();
        for (Position { shard, record: row }, of_row) in rows {
            thread.repeated += u64::from(of_row.is_repeated());
            if of_row.log_weights().all(|log_weight| log_weight == f64::NEG_INFINITY) {
                continue; // It is not there to be drawn.
            }
            let (text, check, hash) = (of_row.text(), of_row.tokens().into(), of_row.record());
            thread.entries.push(Entry { text, check, hash, shard: shard as u32, row });
        }
        thread.entries.sort_unstable();
        let part_of = |entry: &Entry| part_of(entry.text, 0, self.parts.len());
        for of_part in thread.entries.chunk_by(|a, b| part_of(a) == part_of(b)) {
            let mut part = self.parts[part_of(&of_part[0])].lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = of_part.iter().try_for_each(|entry| part.push(*entry)) {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        }
    }
}

/// By the upper bits of a hash that are not `known` to agree, the part of so many.
fn part_of(text: u64, known: u32, parts: usize) -> usize {
    match parts {
        1 => 0,
        _ => ((text << known) >> (64 - parts.trailing_zeros())) as usize,
    }
}

/// Takes records that are left out, by shard and row.
type Take<'a> = dyn FnMut(&[(u32, u64)]) -> Result<(), Error> + 'a;

/// Gives those of a part that are left out to `take`, in the order of shards and rows for each of its parts. Their
/// hashes agree in so many upper bits that are `known`.
fn settle(part: Part, known: u32, small: u64, storage: &Storage, take: &mut Take<'_>) -> Result<(), Error> {
    const SMALLER: usize = 16;
    let failed = |source| writer::Error::Temporary { folder: storage.temp_dir().into(), source };
    let (bytes, mut reader) = (part.bytes, part.into_reader().map_err(failed)?);
    let mut next = || -> io::Result<Option<Entry>> {
        let mut bytes = [0; Entry::BYTES];
        match reader.read_exact(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => read.map(|()| Some(Entry::of_bytes(&bytes))),
        }
    };
    // Of one text, however many there are, only the first so far is kept.
    if known >= u64::BITS - SMALLER.trailing_zeros() || bytes <= small {
        let mut entries = Vec::new();
        let mut left_out = Vec::new();
        while let Some(entry) = next().map_err(failed)? {
            entries.push(entry);
            if entries.len() * size_of::<Entry>() > 2 * SMALL as usize {
                keep_first(&mut entries, &mut left_out);
                take(&std::mem::take(&mut left_out))?;
            }
        }
        keep_first(&mut entries, &mut left_out);
        return take(&left_out);
    }
    let smaller = (0..SMALLER).map(|_| Part::new(storage)).collect::<Result<Vec<_>, _>>();
    let mut smaller = smaller.map_err(failed)?;
    while let Some(entry) = next().map_err(failed)? {
        smaller[part_of(entry.text, known, SMALLER)].push(entry).map_err(failed)?;
    }
    drop(reader);
    let known = known + SMALLER.trailing_zeros();
    smaller.into_iter().try_for_each(|part| settle(part, known, small, storage, take))
}

/// Keeps the first of each text; the others go to `left_out`, in the order of shards and rows.
fn keep_first(entries: &mut Vec<Entry>, left_out: &mut Vec<(u32, u64)>) {
    entries.par_sort_unstable();
    let mut last: Option<(u64, u64)> = None;
    entries.retain(|entry| {
        let is_first = last.replace((entry.text, entry.check)) != Some((entry.text, entry.check));
        if !is_first {
            left_out.push((entry.shard, entry.row));
        }
        is_first
    });
    left_out.par_sort_unstable();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::weights::{Layout, RecordId, RowBlock, WeightsWriter, push_row};

    /// Shards of rows, each of one of a few texts and of one of a few contents.
    fn write(folder: &std::path::Path, shards: &[Vec<(u64, u64)>]) -> Vec<WeightsFile> {
        let layout = Layout::own(1, false).with_text();
        let one = |(shard, rows): (usize, &Vec<(u64, u64)>)| {
            let path = folder.join(format!("{shard}.npy"));
            let mut writer = WeightsWriter::create_in(&Storage::default(), &path, layout).unwrap();
            let mut bytes = Vec::new();
            for (text, content) in rows {
                let record = RecordId {
                    hash: *content,
                    bytes: 10,
                    text: Some(text.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                };
                // Every ninth cannot be drawn.
                let log_weight = if content % 9 == 8 { f64::NEG_INFINITY } else { *text as f64 };
                push_row(&mut bytes, std::iter::once(log_weight), record, 5, None);
            }
            writer.write(&bytes).unwrap();
            writer.finish().unwrap();
            WeightsFile::open(&path).unwrap()
        };
        shards.iter().enumerate().map(one).collect()
    }

    fn drawable(files: &[WeightsFile]) -> Vec<(usize, usize)> {
        let mut there = Vec::new();
        for (shard, file) in files.iter().enumerate() {
            let mut block = RowBlock::default();
            file.read(0, file.rows() as usize, &mut block).unwrap();
            let rows = block.rows().enumerate().filter(|(_, row)| row.log_weight(0) > f64::NEG_INFINITY);
            there.extend(rows.map(|(row, _)| (shard, row)));
        }
        there
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn one_of_each_text_stays(
            shards in prop::collection::vec(prop::collection::vec((0u64..40, 0u64..30), 0..60), 1..5),
            small in prop::sample::select(vec![100, 700, SMALL]),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let files = write(folder.path(), &shards);
            let mut first: BTreeMap<u64, (u64, usize, usize)> = BTreeMap::new();
            for (shard, rows) in shards.iter().enumerate() {
                for (row, (text, content)) in rows.iter().enumerate().filter(|(_, (_, content))| content % 9 != 8) {
                    let this = (*content, shard, row);
                    let kept = first.entry(*text).or_insert(this);
                    *kept = this.min(*kept);
                }
            }
            let mut expected: Vec<(usize, usize)> = first.values().map(|(_, shard, row)| (*shard, *row)).collect();
            expected.sort_unstable();
            let all = drawable(&files).len();
            let storage = Storage::default();
            let (files, repeated) = make_unique_within(&files, &storage, small, &Observer::default()).unwrap();
            prop_assert_eq!(drawable(&files), expected.clone());
            prop_assert_eq!(repeated as usize, all - expected.len());
            // A second time changes nothing.
            let (files, again) = make_unique_within(&files, &storage, small, &Observer::default()).unwrap();
            prop_assert_eq!((drawable(&files), again), (expected, repeated));
        }
    }
}
