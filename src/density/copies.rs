//! Finds out whether a corpus has so many copies of one record that a sample by content would be far off.

use serde::{Deserialize, Serialize};

/// Counts of documents and their bytes by ten bits of the content hash, so that copies of a record are in one cell.
///
/// A sample by content has all copies of a record or none. If these are a large part of the corpus, both are wrong.
/// Cells add up, so that the result is the same however the corpus is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cells(Vec<Cell>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cell {
    documents: u64,
    bytes: u64,
}

/// The number of cells.
const CELLS: usize = 1 << 10;
/// Copies that make up at least one 256th of the corpus, by documents or bytes, are many.
const PART: u64 = 256;
/// A cell is suspicious if it has this number of standard deviations, and of documents, more than different records
/// would put into it.
const DEVIATIONS: f64 = 6.0;
const FEW: f64 = 4.0;

impl Cells {
    pub(crate) fn new() -> Self {
        Cells(vec![Cell::default(); CELLS])
    }

    /// Counts a document. The bits are not those that levels are made of.
    #[inline]
    pub(crate) fn add(&mut self, content_hash: u64, bytes: u64) {
        let cell = &mut self.0[content_hash as usize % CELLS];
        cell.documents += 1;
        cell.bytes += bytes;
    }

    /// Adds the documents of others.
    pub(crate) fn join(&mut self, other: &Cells) {
        for (cell, more) in self.0.iter_mut().zip(&other.0) {
            cell.documents += more.documents;
            cell.bytes += more.bytes;
        }
    }

    /// The approximate number of copies of the record that has most, if they are many.
    pub(crate) fn many_copies(&self) -> Option<u64> {
        let documents: u64 = self.0.iter().map(|cell| cell.documents).sum();
        let bytes: u64 = self.0.iter().map(|cell| cell.bytes).sum();
        let usual = documents as f64 / CELLS as f64;
        let most = usual + DEVIATIONS * usual.sqrt() + FEW;
        let is_full = |cell: &&Cell| {
            let above = |part: u64, whole: u64| part.saturating_sub(whole / CELLS as u64) >= whole / PART;
            cell.documents as f64 > most && (above(cell.documents, documents) || above(cell.bytes, bytes))
        };
        self.0.iter().filter(is_full).map(|cell| cell.documents).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::content_hash;

    /// `different` records of 100 bytes, and `copies` of one of `bytes`.
    fn cells(different: u64, copies: u64, bytes: u64) -> Cells {
        let mut cells = Cells::new();
        (0..different).for_each(|i| cells.add(content_hash(&i.to_le_bytes()), 100));
        (0..copies).for_each(|_| cells.add(content_hash(b"a copy"), bytes));
        cells
    }

    #[test]
    fn copies_are_told_from_different_records() {
        for different in [10, 100, 1_000, 10_000, 1_000_000] {
            assert_eq!(cells(different, 0, 0).many_copies(), None, "{different}");
            let copies = (different / 50).max(12);
            let found = cells(different, copies, 100).many_copies().unwrap();
            assert!((copies..copies + different / 512 + 4).contains(&found), "{found} for {copies}");
        }
        // Few copies of a long record.
        assert!(cells(100_000, 200, 100).many_copies().is_none());
        assert!(cells(100_000, 200, 10_000).many_copies().is_some());
        // One long record is no copy.
        assert!(cells(1_000, 1, 1_000_000).many_copies().is_none());
    }

    #[test]
    fn parts_add_up() {
        let mut sum = cells(500, 3, 10);
        sum.join(&cells(0, 20, 10));
        assert_eq!(sum, cells(500, 23, 10));
    }
}
