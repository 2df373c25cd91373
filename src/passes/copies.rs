//! How much of some documents is there twice, and what two selections have in common.

use ahash::AHashMap;

use super::sample::Order;

/// How often documents occurred, by a hash: of all of them, or, when they are too many, of a sample by the hash.
#[derive(Clone, Debug)]
pub(super) struct Copies {
    order: Order,
    most: usize,
    /// The last place whose hashes are kept.
    last: u64,
    seen: AHashMap<u64, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    times: u32,
    tokens: u32,
}

/// How much has occurred before.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Repeats {
    /// The share of documents.
    pub documents: f64,
    /// The share of tokens.
    pub tokens: f64,
    /// Whether these are of a sample by content.
    pub estimated: bool,
}

/// What two selections have in common, counting copies once.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Overlap {
    /// The documents that are in both.
    pub shared: f64,
    /// As a share of those in either; 0 if there are none.
    pub jaccard: f64,
    /// As a share of those in the first.
    pub of_first: f64,
    /// As a share of those in the second.
    pub of_second: f64,
    /// Whether these are of a sample by content.
    pub estimated: bool,
}

impl Copies {
    /// So many different hashes are kept at most, in about 40 MB: of a sample of them a share is known to within 0.1
    /// percent points (its standard deviation is at most 0.07).
    pub(super) const MOST: usize = 1 << 20;

    /// Nothing seen, of places up to `last`.
    pub(super) fn new(order: Order, last: u64, most: usize) -> Self {
        Copies { order, most, last, seen: AHashMap::new() }
    }

    /// Takes in a document.
    pub(super) fn add(&mut self, hash: u64, tokens: u32) {
        if self.order.place(hash) > self.last {
            return;
        }
        let seen = self.seen.entry(hash).or_insert(Seen { times: 0, tokens });
        seen.times = seen.times.saturating_add(1);
        // Half of the places at a time: which are left in the end depends on the hashes alone, not on their order.
        while self.seen.len() > self.most && self.last > 0 {
            self.last >>= 1;
            let Copies { order, last, seen, .. } = self;
            seen.retain(|hash, _| order.place(*hash) <= *last);
        }
    }

    /// How much has occurred before.
    pub(super) fn repeats(&self) -> Repeats {
        let (mut documents, mut repeated) = ([0u64; 2], [0u64; 2]);
        for Seen { times, tokens } in self.seen.values() {
            let (times, tokens) = (u64::from(*times), u64::from(*tokens));
            documents = [documents[0] + times, documents[1] + times * tokens];
            repeated = [repeated[0] + times - 1, repeated[1] + (times - 1) * tokens];
        }
        Repeats {
            documents: share(repeated[0], documents[0]),
            tokens: share(repeated[1], documents[1]),
            estimated: self.is_part(),
        }
    }

    /// How many different documents there are, about.
    pub(super) fn different(&self) -> f64 {
        self.seen.len() as f64 / part_up_to(self.last)
    }

    /// What these have in common with `other`, in the same order.
    pub(super) fn overlap(&self, other: &Copies) -> Overlap {
        let last = self.last.min(other.last);
        let within = |copies: &Copies| {
            copies.seen.keys().filter(|hash| self.order.place(**hash) <= last).count() as u64
        };
        let (first, second) = (within(self), within(other));
        let (small, large) = if self.seen.len() < other.seen.len() { (self, other) } else { (other, self) };
        let is_shared = |hash: &&u64| self.order.place(**hash) <= last && large.seen.contains_key(*hash);
        let shared = small.seen.keys().filter(is_shared).count() as u64;
        Overlap {
            shared: (shared as f64 / part_up_to(last)).round(),
            jaccard: share(shared, first + second - shared),
            of_first: share(shared, first),
            of_second: share(shared, second),
            estimated: last < u64::MAX,
        }
    }

    fn is_part(&self) -> bool {
        self.last < u64::MAX
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The part of all places that is up to `last`.
fn part_up_to(last: u64) -> f64 {
    (last as f64 + 1.0) / (u64::MAX as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(most: usize, hashes: impl IntoIterator<Item = u64>) -> Copies {
        let mut copies = Copies::new(Order::new(0), u64::MAX, most);
        hashes.into_iter().for_each(|hash| copies.add(hash, hash as u32 % 100));
        copies
    }

    #[test]
    fn few_are_counted() {
        // 7 comes three times, with 7 tokens each; 20 and 30 once.
        let repeats = copies(10, [7, 20, 7, 30, 7]).repeats();
        assert_eq!(repeats, Repeats { documents: 2.0 / 5.0, tokens: 14.0 / 71.0, estimated: false });
        assert_eq!(copies(10, []).repeats().documents, 0.0);
    }

    #[test]
    fn overlaps_count_copies_once() {
        let overlap = copies(10, [1, 2, 3, 3]).overlap(&copies(10, [3, 2, 2, 9, 8]));
        let expected = Overlap {
            shared: 2.0,
            jaccard: 2.0 / 5.0,
            of_first: 2.0 / 3.0,
            of_second: 2.0 / 4.0,
            estimated: false,
        };
        assert_eq!(overlap, expected);
    }

    #[test]
    fn many_are_sampled_and_the_shares_stay() {
        // Of 100 000 different ones every fourth comes twice; the second half is in both.
        let first = || (0..100_000u64).chain((0..100_000).step_by(4));
        let second = || 50_000..150_000u64;
        let whole = copies(usize::MAX, first());
        let sampled = copies(20_000, first());
        assert!((5_000..=20_000).contains(&sampled.seen.len()));
        assert!(sampled.repeats().estimated && !whole.repeats().estimated);
        // Of 12 500 a share strays by 0.004; five of these.
        assert!((sampled.repeats().documents - whole.repeats().documents).abs() < 0.02);
        assert!((sampled.different() / 100_000.0 - 1.0).abs() < 0.05);
        let (overlap, exact) =
            (sampled.overlap(&copies(7_000, second())), whole.overlap(&copies(usize::MAX, second())));
        assert_eq!((exact.shared, exact.estimated), (50_000.0, false));
        assert!(overlap.estimated && (overlap.shared / 50_000.0 - 1.0).abs() < 0.1, "{overlap:?}");
        assert!((overlap.jaccard - 1.0 / 3.0).abs() < 0.05 && (overlap.of_second - 0.5).abs() < 0.05);
    }

    #[test]
    fn the_order_of_documents_changes_nothing() {
        let hashes: Vec<u64> = (0..5_000).map(|i| i * i % 3_001).collect();
        let forwards = copies(300, hashes.iter().copied());
        let backwards = copies(300, hashes.iter().rev().copied());
        assert_eq!(forwards.repeats(), backwards.repeats());
        assert_eq!(forwards.last, backwards.last);
        assert_eq!(forwards.overlap(&backwards).jaccard, 1.0);
    }
}
