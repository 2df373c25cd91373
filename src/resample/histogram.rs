//! Histograms of keys, which add up: of any part of the rows, and of parts in any order.

use serde::{Deserialize, Serialize};

use super::keys::key_of_order;
use super::{Error, Position, Totals};
use crate::weights::Row;

/// By what records are ordered: first by their keys; those with equal keys by their content hashes; copies by their
/// place in the input order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Rank {
    /// The order of the key.
    Key,
    /// The content hash, the smallest first, of those whose key has this order.
    Hash { order: u64 },
    /// The shard, the first one first, of the copies with this hash.
    Shard { order: u64, hash: u64 },
    /// The place in this shard, the first one first.
    Record { order: u64, hash: u64, shard: usize },
}

/// Which records to count, and how: those whose rank is in a range of integers. A draw asks for ever narrower ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RangeFields", into = "RangeFields")]
pub struct KeyRange {
    pub(super) rank: Rank,
    pub(super) low: u64,
    /// The last that is in the range.
    pub(super) high: u64,
    /// Whether the records are kept one by one, and not counted in bins.
    pub(super) listed: bool,
}

/// A range has at most so many bins.
const BINS_LOG2: u32 = 16;
pub(super) const MOST_BINS: usize = 1 << BINS_LOG2;

impl KeyRange {
    /// All keys.
    pub(super) const ALL: KeyRange = KeyRange { rank: Rank::Key, low: 0, high: u64::MAX, listed: false };

    /// How many of the lowest bits of a rank its bin does not depend on.
    pub(super) fn shift(self) -> u32 {
        (64 - (self.high - self.low).leading_zeros()).saturating_sub(BINS_LOG2)
    }

    /// The records of one bin.
    pub(super) fn bin(self, index: usize) -> KeyRange {
        let low = self.low + ((index as u64) << self.shift());
        let width = (1u64 << self.shift()) - 1;
        KeyRange { low, high: low.saturating_add(width).min(self.high), ..self }
    }

    /// The smallest and the largest key in the range.
    pub(super) fn keys(self) -> (f64, f64) {
        let (low, high) = match self.rank {
            Rank::Key => (self.low, self.high),
            Rank::Hash { order } | Rank::Shard { order, .. } | Rank::Record { order, .. } => (order, order),
        };
        // The ends of all orders are no numbers.
        let (low, high) = (key_of_order(low), key_of_order(high));
        (if low.is_nan() { f64::NEG_INFINITY } else { low }, if high.is_nan() { f64::INFINITY } else { high })
    }

    /// The rank of a record whose key has this order; `None` if the record is not one of those that the rank orders.
    #[inline]
    pub(super) fn rank_of(self, order: u64, position: Position, row: &Row<'_>) -> Option<u64> {
        let (key, rank) = match self.rank {
            Rank::Key => return Some(order),
            Rank::Hash { order } => (order, !row.record()),
            Rank::Shard { order, hash } if hash == row.record() => (order, !(position.shard as u64)),
            Rank::Record { order, hash, shard } if hash == row.record() && shard == position.shard => {
                (order, !position.record)
            }
            Rank::Shard { .. } | Rank::Record { .. } => return None,
        };
        (key == order).then_some(rank)
    }
}

/// As a range is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeFields {
    rank: Rank,
    low: u64,
    high: u64,
    listed: bool,
}

impl From<KeyRange> for RangeFields {
    fn from(range: KeyRange) -> Self {
        let KeyRange { rank, low, high, listed } = range;
        RangeFields { rank, low, high, listed }
    }
}

impl TryFrom<RangeFields> for KeyRange {
    type Error = &'static str;

    fn try_from(fields: RangeFields) -> Result<Self, Self::Error> {
        let RangeFields { rank, low, high, listed } = fields;
        if low > high {
            return Err("a range of keys that ends before it begins");
        }
        Ok(KeyRange { rank, low, high, listed })
    }
}

/// Records whose ranks are near each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bin {
    pub(super) totals: Totals,
    /// The smallest of the ranks.
    pub(super) lowest: u64,
}

impl Bin {
    const EMPTY: Bin = Bin { totals: Totals { records: 0, tokens: 0, bytes: 0 }, lowest: u64::MAX };

    #[inline]
    pub(super) fn add_row(&mut self, rank: u64, row: &Row<'_>) {
        self.totals.add_row(row);
        self.lowest = self.lowest.min(rank);
    }

    fn merge(&mut self, other: &Bin) {
        self.totals.merge(other.totals);
        self.lowest = self.lowest.min(other.lowest);
    }
}

/// A record that is kept by itself, with all that puts it in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyedRecord {
    /// Of the key.
    pub(super) order: u64,
    pub(super) hash: u64,
    pub(super) position: Position,
    /// How often it was selected before.
    pub(super) repeat: u32,
    pub(super) tokens: u32,
    pub(super) bytes: u32,
}

impl KeyedRecord {
    #[inline]
    pub(super) fn new(order: u64, position: Position, repeat: u32, row: &Row<'_>) -> Self {
        KeyedRecord { order, hash: row.record(), position, repeat, tokens: row.tokens(), bytes: row.bytes() }
    }
}

/// What rows hold in a [`KeyRange`]: for each of its bins how many records, tokens and bytes, and the lowest rank; or,
/// where few are left, the records one by one. Also what is above the range.
///
/// Histograms of parts of the rows add up to the histogram of all, in whatever order they are merged. One takes up at
/// most 2 MB in bins, or 48 bytes for each of at most half a million records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "HistogramFields", into = "HistogramFields")]
pub struct KeyHistogram {
    pub(super) range: KeyRange,
    pub(super) above: Bin,
    /// The lowest ranks first.
    pub(super) bins: Vec<Bin>,
    pub(super) records: Vec<KeyedRecord>,
}

impl KeyHistogram {
    /// A histogram of no rows, in bins of one width.
    pub fn new(range: KeyRange) -> Self {
        KeyHistogram::in_bins(range, 0)
    }

    /// The same in `bins` bins, each as wide as a request says; of one width if there are none.
    pub(super) fn in_bins(range: KeyRange, bins: usize) -> Self {
        let bins = vec![Bin::EMPTY; number_of_bins(range, bins)];
        KeyHistogram { range, above: Bin::EMPTY, bins, records: Vec::new() }
    }

    /// Whether it is one in such bins.
    pub(super) fn is_in_bins(&self, range: KeyRange, bins: usize) -> bool {
        self.range == range && self.bins.len() == number_of_bins(range, bins)
    }

    /// The range that was counted.
    pub fn range(&self) -> KeyRange {
        self.range
    }

    /// Adds what was counted in other rows.
    ///
    /// # Errors
    /// A histogram of another range; nothing is changed then.
    pub fn merge(&mut self, other: KeyHistogram) -> Result<(), Error> {
        if !self.is_in_bins(other.range, other.bins.len()) {
            return Err(Error::OtherCounts);
        }
        self.above.merge(&other.above);
        self.bins.iter_mut().zip(&other.bins).for_each(|(sum, bin)| sum.merge(bin));
        if self.records.is_empty() {
            self.records = other.records;
        } else {
            self.records.extend(other.records);
        }
        Ok(())
    }

    /// The records that are kept one by one: the largest key first, of equal keys the smallest hash, copies in input
    /// order, and the times that one is selected in their order.
    pub(super) fn into_ordered_records(mut self) -> Vec<KeyedRecord> {
        self.records.sort_unstable_by(|a, b| {
            let place = |of: &KeyedRecord| (of.hash, of.position, of.repeat);
            b.order.cmp(&a.order).then(place(a).cmp(&place(b)))
        });
        self.records
    }
}

/// How many bins a histogram has of which a request says that there are so many; of one width if there are none.
fn number_of_bins(range: KeyRange, bins: usize) -> usize {
    match bins {
        0 if range.listed => 0,
        0 => 1 + ((range.high - range.low) >> range.shift()) as usize,
        _ => bins,
    }
}

/// As a histogram is written: without empty bins.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistogramFields {
    range: KeyRange,
    above: Bin,
    /// How many bins there are.
    of: usize,
    bins: Vec<(u32, Bin)>,
    records: Vec<KeyedRecord>,
}

impl From<KeyHistogram> for HistogramFields {
    fn from(histogram: KeyHistogram) -> Self {
        let KeyHistogram { range, above, bins, records } = histogram;
        let of = bins.len();
        let bins = (0..).zip(bins).filter(|(_, bin)| *bin != Bin::EMPTY).collect();
        HistogramFields { range, above, of, bins, records }
    }
}

impl TryFrom<HistogramFields> for KeyHistogram {
    type Error = &'static str;

    fn try_from(fields: HistogramFields) -> Result<Self, Self::Error> {
        let HistogramFields { range, above, of, bins, records } = fields;
        if of > MOST_BINS {
            return Err("a histogram in too many bins");
        }
        let mut histogram = KeyHistogram { above, records, ..KeyHistogram::in_bins(range, of) };
        if !range.listed && !histogram.records.is_empty() {
            return Err("a histogram in bins that also lists records");
        }
        for (index, bin) in bins {
            let of = histogram.bins.get_mut(index as usize);
            of.ok_or("a bin outside of the range of keys")?.merge(&bin);
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_a_range() {
        for (low, high) in
            [(0, u64::MAX), (5, 5), (7, 8), (1 << 40, (1 << 57) + 3), (u64::MAX - 70_000, u64::MAX)]
        {
            let range = KeyRange { low, high, ..KeyRange::ALL };
            let bins = KeyHistogram::new(range).bins.len();
            assert!(bins <= 1 << BINS_LOG2, "{bins}");
            assert_eq!((range.bin(0).low, range.bin(bins - 1).high), (low, high));
            assert!((1..bins.min(9)).all(|bin| range.bin(bin).low == range.bin(bin - 1).high + 1));
        }
    }

    #[test]
    fn histograms_that_make_no_sense_are_refused() {
        let sound = serde_json::to_value(KeyHistogram::new(KeyRange::ALL)).unwrap();
        assert!(serde_json::from_value::<KeyHistogram>(sound.clone()).is_ok());
        let refused = |key: &str, value: serde_json::Value| {
            let mut changed = sound.clone();
            changed[key] = value;
            serde_json::from_value::<KeyHistogram>(changed).unwrap_err().to_string()
        };
        let bin = serde_json::json!({"totals": {"records": 1, "tokens": 1, "bytes": 1}, "lowest": 3});
        assert!(refused("bins", serde_json::json!([[65536, bin]])).contains("outside"));
        let range = serde_json::json!({"rank": "key", "low": 2, "high": 1, "listed": false});
        assert!(refused("range", range).contains("ends before"));
        assert!(refused("more", serde_json::json!(1)).contains("unknown field"));
    }

    #[test]
    fn other_ranges_do_not_add_up() {
        let mut histogram = KeyHistogram::new(KeyRange::ALL);
        let other = KeyHistogram::new(KeyRange { listed: true, ..KeyRange::ALL });
        assert!(matches!(histogram.merge(other), Err(Error::OtherCounts)));
    }
}
