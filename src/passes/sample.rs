//! A sample of a given number of documents that is the same however the corpus is cut.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ReadOptions;
use super::documents::{Documents, ReadReport, Taken, Tally};
use super::rejects::{Rejects, RejectsInOrder};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, FieldKind, Shards, TextReader};
use crate::resample::Noise;
use crate::scan::{self, Job};

/// A random order of records, by their content hashes alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order(Noise);

impl Order {
    /// An order that nothing else uses, neither a draw nor a shuffled output.
    pub(super) fn new(seed: u64) -> Self {
        Order(Noise::new(seed, u64::MAX, u64::MAX))
    }

    /// The place of a record, or of anything else that has a hash; no two hashes have the same place.
    pub(super) fn place(self, hash: u64) -> u64 {
        self.0.bits(hash)
    }
}

/// The documents to choose a sample from.
#[derive(Clone, Copy)]
pub(super) struct Population<'a> {
    /// What messages call them.
    pub(super) what: &'a str,
    pub(super) shards: &'a Shards,
    pub(super) read: &'a ReadOptions,
    /// What their text fields hold.
    pub(super) kind: FieldKind,
}

/// The documents that come first in a random order of their content hashes. Another seed, another order.
#[derive(Debug)]
pub(super) struct FixedSizeSample {
    order: Order,
    /// The last place in the sample.
    last: u64,
    /// How many more documents at the last place, equal byte for byte, the sample has room for.
    room: AtomicU64,
    documents: u64,
}

impl FixedSizeSample {
    /// Finds the sample in one reading.
    ///
    /// It needs 8 bytes of memory for each document of the sample and thread.
    ///
    /// # Errors
    /// Shards that cannot be read, or without a document.
    pub(super) fn find(
        population: Population<'_>,
        size: usize,
        seed: u64,
        rejects: Option<&mut Rejects>,
        observer: &Observer,
    ) -> Result<(Self, ReadReport), Error> {
        let Population { what, shards, read, kind } = population;
        observer.begin("sample", shards.total_bytes());
        let order = Order::new(seed);
        let rejects = RejectsInOrder::new(rejects);
        let documents = Documents::new(shards, read, kind, rejects.are_wanted(), observer);
        let job = FindFirst { order, size, documents, rejects };
        let scanned = scan::scan(&job, shards, observer)?;
        let report = job.documents.finish(what, &scanned.shards)?;
        let mut places: Vec<u64> = scanned.threads.into_iter().flat_map(|thread| thread.first).collect();
        let documents = report.records - report.invalid;
        let (mut last, mut room) = (u64::MAX, u64::MAX);
        if let Some(index) = size.checked_sub(1).filter(|_| documents > size as u64) {
            last = *places.select_nth_unstable(index).1;
            room = places[..size].iter().filter(|place| **place == last).count() as u64;
        }
        Ok((FixedSizeSample { order, last, room: AtomicU64::new(room), documents }, report))
    }

    /// How many documents there were to choose from.
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    /// Whether that is more than the sample has.
    pub(super) fn is_part(&self) -> bool {
        self.last < u64::MAX
    }

    /// The last place that is in the sample.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Whether the next document with this content hash is in the sample: to be asked once for each document.
    pub(super) fn includes(&self, content_hash: u64) -> bool {
        let place = self.order.place(content_hash);
        let one_less = |room: u64| room.checked_sub(1);
        place < self.last
            || place == self.last
                && self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

struct FindFirst<'a> {
    order: Order,
    size: usize,
    documents: Documents<'a>,
    rejects: RejectsInOrder<'a>,
}

struct FindThread<'a> {
    texts: TextReader<'a>,
    /// The first places seen, the last of them on top.
    first: BinaryHeap<u64>,
}

impl<'a> Job for FindFirst<'a> {
    type Thread = FindThread<'a>;
    type Made = Taken;
    type Gathered = (usize, Tally);
    type Ended = Tally;

    fn thread(&self) -> FindThread<'a> {
        FindThread { texts: self.documents.thread(), first: BinaryHeap::new() }
    }

    fn begin(&self, shard: usize, _: &BlockReader) -> Result<(usize, Tally), Error> {
        Ok((shard, Tally::default()))
    }

    fn make(&self, thread: &mut FindThread<'a>, shard: usize, block: &Block) -> Result<Taken, Error> {
        let FindThread { texts, first } = thread;
        self.documents.each(texts, shard, block, |record, text| {
            if text.is_none() {
                return Ok(());
            }
            let place = self.order.place(record.hash);
            if first.len() < self.size {
                first.push(place);
            } else if let Some(mut last) = first.peek_mut()
                && place < *last
            {
                *last = place;
            }
            Ok(())
        })
    }

    fn gather(&self, (shard, tally): &mut (usize, Tally), taken: Taken) -> Result<(), Error> {
        tally.add(taken.tally);
        self.rejects.write(*shard, &taken.rejected)
    }

    fn end(&self, (shard, tally): (usize, Tally)) -> Result<Tally, Error> {
        self.rejects.end(shard)?;
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::content_hash;

    /// The records that are in the sample, in order.
    fn chosen(records: &[String], size: usize, seed: u64) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let middle = records.len() / 2;
        for (name, part) in [("a.jsonl", &records[..middle]), ("b.jsonl", &records[middle..])] {
            std::fs::write(folder.path().join(name), part.join("\n")).unwrap();
        }
        let shards = Shards::find([folder.path()]).unwrap();
        let (read, observer) = (ReadOptions::default(), Observer::default());
        let population = Population { what: "raw", shards: &shards, read: &read, kind: FieldKind::Text };
        let (sample, report) = FixedSizeSample::find(population, size, seed, None, &observer).unwrap();
        assert_eq!((sample.documents(), report.records), (records.len() as u64, records.len() as u64));
        assert_eq!(sample.is_part(), records.len() > size);
        records.iter().filter(|record| sample.includes(content_hash(record.as_bytes()))).cloned().collect()
    }

    fn records(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("{{\"text\": \"{i}\"}}")).collect()
    }

    #[test]
    fn is_of_the_size_asked_for_also_where_records_are_equal() {
        let mut records = records(30);
        records.extend([records[3].clone(), records[4].clone(), records[3].clone()]);
        for size in 1..33 {
            assert_eq!(chosen(&records, size, 0).len(), size);
        }
        assert_eq!(chosen(&records, 33, 0), records);
        assert_eq!(chosen(&records, 1000, 0), records);
        assert_eq!(chosen(&vec![records[0].clone(); 20], 7, 0).len(), 7);
    }

    #[test]
    fn depends_on_content_alone() {
        let forwards = records(500);
        let backwards: Vec<String> = forwards.iter().rev().cloned().collect();
        let sorted = |mut records: Vec<String>| {
            records.sort_unstable();
            records
        };
        assert_eq!(sorted(chosen(&forwards, 100, 3)), sorted(chosen(&backwards, 100, 3)));
        assert_ne!(chosen(&forwards, 100, 3), chosen(&forwards, 100, 4));
        // A smaller sample is part of a larger one.
        let large = chosen(&forwards, 100, 3);
        assert!(chosen(&forwards, 60, 3).iter().all(|record| large.contains(record)));
    }

    #[test]
    fn every_record_is_in_as_many_samples_as_any_other() {
        let records = records(40);
        let mut times = vec![0; records.len()];
        for seed in 0..400 {
            for record in chosen(&records, 10, seed) {
                times[records.iter().position(|other| *other == record).unwrap()] += 1;
            }
        }
        // 100 times, with a standard deviation of 8.7: five of these, once in 40 000 for other seeds.
        assert!(times.iter().all(|times| (57..=143).contains(times)), "{times:?}");
        let chi_squared: f64 = times.iter().map(|times| f64::from(times - 100).powi(2) / 75.0).sum();
        // About 40, with a standard deviation of 9.
        assert!((8.0..80.0).contains(&chi_squared), "{chi_squared}");
    }
}
