//! Where a selection ends, found by counting: the keys are never sorted as a whole nor held in memory.

use super::histogram::{Bin, KeyHistogram, KeyRange, KeyedRecord, Rank};
use super::threshold::Threshold;
use super::{Budget, Error, Position, Totals};

/// So many records are put in order in memory: 25 MB.
pub(super) const FEW: u64 = 1 << 19;

/// The search for the threshold at which one budget is used up: selects records in falling order of key for as long
/// as the budget is not exceeded.
///
/// It asks for histograms of ever narrower ranges, in each of which the threshold is; then for the few records that are
/// left. What it finds depends on the records alone, not on the range that it begins with.
#[derive(Clone, Debug)]
pub(super) struct ThresholdSearch {
    budget: Budget,
    /// In the unit of the budget.
    limit: u64,
    /// How many records are few.
    few: u64,
    /// What to count next; `None` if the threshold is found.
    range: Option<KeyRange>,
    /// Whether what is above the range has not been counted yet.
    above_unknown: bool,
    /// Whether the last record selected is above the range, so that its key was not counted.
    above_range: bool,
    outcome: Outcome,
}

/// What a search has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// `None` if nothing is selected.
    pub(super) threshold: Option<Threshold>,
    /// Whether some records have the key of the threshold and are not selected, though they are no copies of those
    /// that are.
    pub(super) splits_ties: bool,
    pub(super) selected: Totals,
    /// The price of the first record that did not fit, if there was one.
    pub(super) next: Option<u64>,
}

impl ThresholdSearch {
    /// Among `records` records, of which `few` may be put in order in memory; begins with the orders of keys from
    /// `guess.0` to `guess.1`, if there is a guess.
    pub(super) fn new(budget: Budget, limit: u64, records: u64, few: u64, guess: Option<(u64, u64)>) -> Self {
        let range = match guess {
            _ if records <= few => KeyRange { listed: true, ..KeyRange::ALL },
            Some((low, high)) if low <= high => KeyRange { low, high, ..KeyRange::ALL },
            _ => KeyRange::ALL,
        };
        let search = ThresholdSearch::over_all(budget, limit, few);
        ThresholdSearch { range: Some(range), above_unknown: range.high < u64::MAX, ..search }
    }

    fn over_all(budget: Budget, limit: u64, few: u64) -> Self {
        ThresholdSearch {
            budget,
            limit,
            few,
            range: Some(KeyRange::ALL),
            above_unknown: false,
            above_range: false,
            outcome: Outcome::default(),
        }
    }

    /// What to count next; `None` if the threshold is found.
    pub(super) fn range(&self) -> Option<KeyRange> {
        self.range
    }

    /// What was found, once there is no more to count.
    pub(super) fn outcome(self) -> Outcome {
        self.outcome
    }

    /// Narrows the range with the histogram of all records in [it](Self::range).
    ///
    /// # Errors
    /// A histogram of another range.
    pub(super) fn advance(&mut self, histogram: KeyHistogram) -> Result<(), Error> {
        let range = self.range.filter(|range| *range == histogram.range).ok_or(Error::OtherCounts)?;
        if range.listed {
            let records = histogram.into_ordered_records();
            let next = records.iter().find(|record| !self.select(record));
            self.end_before(next);
            self.finish();
        } else if self.is_wrong(range, &histogram) {
            self.restart();
        } else {
            if std::mem::take(&mut self.above_unknown) {
                self.select_bin(&histogram.above, range.rank);
                self.above_range = histogram.above.totals.records > 0;
            }
            let bins = &histogram.bins;
            match (0..bins.len()).rev().find(|index| !self.select_bin(&bins[*index], range.rank)) {
                Some(index) => self.range = Some(self.within(range.bin(index), &bins[index])),
                None => self.finish(),
            }
        }
        Ok(())
    }

    /// Whether the threshold is certainly not in the range, which was a guess.
    fn is_wrong(&self, range: KeyRange, histogram: &KeyHistogram) -> bool {
        if range.rank != Rank::Key || self.outcome.threshold.is_some() {
            return false;
        }
        let mut whole = if self.above_unknown { histogram.above.totals } else { Totals::default() };
        let above_fits = self.fits(whole);
        histogram.bins.iter().for_each(|bin| whole.merge(bin.totals));
        !above_fits || range.low > 0 && self.fits(whole)
    }

    /// The range in which the threshold is, if it is in this bin.
    fn within(&self, bin: KeyRange, of: &Bin) -> KeyRange {
        let bin = KeyRange { low: of.lowest.clamp(bin.low, bin.high), ..bin };
        if of.totals.records <= self.few {
            return KeyRange { listed: true, ..bin };
        }
        if bin.low < bin.high {
            return bin;
        }
        let rank = match bin.rank {
            Rank::Key => Rank::Hash { order: bin.low },
            Rank::Hash { order } => Rank::Shard { order, hash: !bin.low },
            Rank::Shard { order, hash } => Rank::Record { order, hash, shard: !bin.low as usize },
            // There is but one, be it several times.
            Rank::Record { .. } => return KeyRange { listed: true, ..bin },
        };
        KeyRange { rank, ..KeyRange::ALL }
    }

    fn finish(&mut self) {
        self.range = None;
        if self.above_range {
            self.restart(); // The threshold itself was not counted.
        }
    }

    fn restart(&mut self) {
        *self = ThresholdSearch::over_all(self.budget, self.limit, self.few);
    }

    fn fits(&self, more: Totals) -> bool {
        let price = |of| self.budget.price(of);
        price(&self.outcome.selected).saturating_add(price(&more)) <= self.limit
    }

    /// Selects all records of a bin, if they fit.
    fn select_bin(&mut self, bin: &Bin, rank: Rank) -> bool {
        let fits = self.fits(bin.totals);
        if fits && bin.totals.records > 0 {
            self.outcome.selected.merge(bin.totals);
            self.above_range = false;
            let all_of = |order, hash, last| Threshold { order, hash, last, repeat: u32::MAX };
            let last = Position::END;
            self.outcome.threshold = Some(match rank {
                Rank::Key => all_of(bin.lowest, u64::MAX, last),
                Rank::Hash { order } => all_of(order, !bin.lowest, last),
                Rank::Shard { order, hash } => {
                    all_of(order, hash, Position { shard: !bin.lowest as usize, ..last })
                }
                Rank::Record { order, hash, shard } => {
                    all_of(order, hash, Position { shard, record: !bin.lowest })
                }
            });
        }
        fits
    }

    /// Selects a record, if it fits.
    fn select(&mut self, record: &KeyedRecord) -> bool {
        let KeyedRecord { order, hash, position: last, repeat, tokens, bytes } = *record;
        let one = Totals::of_record(tokens, bytes);
        let fits = self.fits(one);
        if fits {
            self.outcome.selected.merge(one);
            self.above_range = false;
            self.outcome.threshold = Some(Threshold { order, hash, last, repeat });
        }
        fits
    }

    /// Ends the selection before the first record that did not fit. The threshold says no more than it must, so that it
    /// does not depend on the ranges in which the records were counted.
    fn end_before(&mut self, next: Option<&KeyedRecord>) {
        let price = |next: &KeyedRecord| self.budget.price(&Totals::of_record(next.tokens, next.bytes));
        self.outcome.next = next.map(price);
        let Some(threshold) = &mut self.outcome.threshold else { return };
        match next {
            Some(next) if next.order == threshold.order => {
                self.outcome.splits_ties = next.hash != threshold.hash;
                if self.outcome.splits_ties {
                    *threshold = Threshold { last: Position::END, repeat: u32::MAX, ..*threshold };
                } else if next.position != threshold.last {
                    threshold.repeat = u32::MAX;
                }
            }
            _ => {
                let (hash, last) = (u64::MAX, Position::END);
                *threshold = Threshold { hash, last, repeat: u32::MAX, ..*threshold };
            }
        }
    }
}
