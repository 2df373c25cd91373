//! Which records may still be selected, while others are yet to be weighed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cut::order;
use super::{Budget, Draw, DrawOptions, Error, Rule, Totals, shares};
use crate::weights::{Row, TargetSize};

/// Tells of each record, when it is weighed, whether it can still be among those selected; it may be shared by threads.
///
/// With a budget of records, tokens or bytes it is sure: a record is out when records with larger keys use the budget up. With a
/// fraction, which nobody can tell before the end, it guesses from what it has seen; whether it was right, says
/// [`Screen::holds`].
pub struct Screen {
    rule: Rule,
    budget: Budget,
    /// For each target, its share of the budget and those of the targets before it, which may take its records away.
    shares: Vec<f64>,
    seen: Mutex<Seen>,
}

struct Seen {
    eligible: u64,
    targets: Vec<Keys>,
}

/// A guessed threshold leaves room for so many times the records that seem to be needed, and for a few more.
const ROOM: f64 = 2.0;
const FEW: f64 = 4096.0;

impl Screen {
    /// For a draw from the records of these targets.
    ///
    /// # Errors
    /// Proportions that do not fit the targets.
    pub fn new(targets: &[TargetSize], options: &DrawOptions) -> Result<Self, Error> {
        let shares = shares::shares(options.proportions.as_ref(), Some(targets), targets.len())?;
        let so_far = shares.iter().scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        });
        let keys = targets.iter().map(|_| Keys::new()).collect();
        Ok(Screen {
            rule: Rule::new(options, targets.len()),
            budget: options.budget,
            shares: so_far.collect(),
            seen: Mutex::new(Seen { eligible: 0, targets: keys }),
        })
    }

    /// Whether nothing that it lets go can be selected.
    pub fn is_sure(&self) -> bool {
        !matches!(self.budget, Budget::Fraction(_))
    }

    /// Whether the record of this row can be selected at all.
    pub(crate) fn is_eligible(&self, row: &Row<'_>) -> bool {
        self.rule.is_eligible(row)
    }

    /// Takes in the rows of records just weighed and returns which of them may still be selected, by their number among the
    /// rows.
    pub(crate) fn sift<'a>(&self, rows: impl Iterator<Item = Row<'a>>) -> Vec<usize> {
        let targets = self.shares.len();
        let mut eligible = Vec::new();
        let mut bins = Vec::new();
        for (index, row) in rows.enumerate().filter(|(_, row)| self.rule.is_eligible(row)) {
            let mut one = Totals::default();
            one.add_row(&row);
            eligible.push((index, self.budget.price(&one)));
            bins.extend((0..targets).map(|target| Keys::bin(self.rule.key(&row, target))));
        }
        let open: Vec<usize> = {
            let mut seen = self.seen();
            seen.eligible += eligible.len() as u64;
            for ((_, price), bins) in eligible.iter().zip(bins.chunks(targets)) {
                seen.targets.iter_mut().zip(bins).for_each(|(keys, bin)| keys.add(*bin, *price));
            }
            let Seen { eligible, targets } = &mut *seen;
            let limits = self.shares.iter().map(|share| self.limit(*share, *eligible));
            targets.iter_mut().zip(limits).map(|(keys, limit)| keys.open(limit)).collect()
        };
        let may_be_selected = |bins: &[usize]| bins.iter().zip(&open).any(|(bin, open)| bin >= open);
        let kept = eligible.iter().zip(bins.chunks(targets)).filter(|(_, bins)| may_be_selected(bins));
        kept.map(|((index, _), _)| *index).collect()
    }

    /// Of the budget, what a target and those before it take at most.
    fn limit(&self, share: f64, eligible: u64) -> u64 {
        let whole = match self.budget {
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) => limit as f64,
            Budget::Fraction(fraction) => fraction * eligible as f64 * ROOM + FEW,
        };
        // The parts of a budget are rounded up or down, each by less than one.
        (whole * share * (1.0 + 1e-9)) as u64 + self.shares.len() as u64
    }

    /// Whether everything that `draw` has selected was kept.
    pub fn holds(&self, draw: &Draw) -> bool {
        let kept = |(threshold, keys): (Option<f64>, &Keys)| {
            threshold.is_none_or(|threshold| Keys::bin(threshold) >= keys.highest)
        };
        draw.thresholds().zip(&self.seen().targets).all(kept)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of the budget the records seen would take, by their keys.
struct Keys {
    /// In bins of rising keys.
    amounts: Vec<u64>,
    /// The lowest bin that is not out, and what is in those above it.
    open: usize,
    above: u64,
    /// The highest that `open` has ever been.
    highest: usize,
}

/// 2 MB for each target; a bin is no wider than a 64th of its keys.
const BINS_LOG2: u32 = 18;

impl Keys {
    fn new() -> Self {
        Keys { amounts: vec![0; 1 << BINS_LOG2], open: 0, above: 0, highest: 0 }
    }

    fn bin(key: f64) -> usize {
        (order(key) >> (64 - BINS_LOG2)) as usize
    }

    fn add(&mut self, bin: usize, amount: u64) {
        self.amounts[bin] += amount;
        if bin > self.open {
            self.above += amount;
        }
    }

    /// The lowest bin above which there is no more than `limit`.
    fn open(&mut self, limit: u64) -> usize {
        while self.above > limit {
            self.open += 1;
            self.above -= self.amounts[self.open];
        }
        while self.open > 0 && self.above + self.amounts[self.open] <= limit {
            self.above += self.amounts[self.open];
            self.open -= 1;
        }
        self.highest = self.highest.max(self.open);
        self.open
    }
}
