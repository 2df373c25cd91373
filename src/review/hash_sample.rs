//! Which documents are kept for a review while nobody knows yet what will be selected.

use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

use super::rows::SAMPLE;

/// The smallest content hashes so far, of the documents that may be drawn. Threads may share it.
///
/// Whatever part of the documents it has seen, it has let pass all that are in the sample of all of them.
#[derive(Debug, Default)]
pub(crate) struct HashSample {
    smallest: Mutex<BinaryHeap<u64>>,
}

impl HashSample {
    /// Takes more documents into account, each with some place, and returns the places of those that may be in the
    /// sample.
    pub(crate) fn add(&self, documents: impl Iterator<Item = (usize, u64)>) -> Vec<usize> {
        let mut smallest = self.smallest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = Vec::new();
        for (place, hash) in documents {
            let is_full = smallest.len() == SAMPLE;
            if is_full && smallest.peek().is_some_and(|largest| hash > *largest) {
                continue;
            }
            places.push(place);
            if is_full {
                smallest.pop();
            }
            smallest.push(hash);
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_in_the_sample_of_all_have_passed() {
        let hash = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let sample = HashSample::default();
        let mut passed = Vec::new();
        for first in (0..100_000).step_by(1000) {
            let places = sample.add((0..1000).map(|place| (place, hash(first + place as u64))));
            passed.extend(places.into_iter().map(|place| hash(first + place as u64)));
        }
        let mut all: Vec<u64> = (0..100_000).map(hash).collect();
        all.sort_unstable();
        passed.sort_unstable();
        assert_eq!(passed[..SAMPLE], all[..SAMPLE]);
        // 4096 · (1 + ln 24), and what comes by chance.
        assert!(passed.len() < 18_000, "{}", passed.len());
    }
}
