//! Where the selection ends, found by counting: the keys are never sorted as a whole nor held in memory.

use super::{Budget, Draw, Error, Position, Totals, scan};
use crate::weights::{Row, WeightsFile};

/// The last record selected: those with larger keys are selected, and of those with its key the ones up
/// to it in input order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    order: u64,
    last: Position,
}

impl Cut {
    #[inline]
    pub(super) fn takes(&self, key: f64, position: Position) -> bool {
        let order = order(key);
        order > self.order || order == self.order && position <= self.last
    }

    pub(super) fn threshold(&self) -> f64 {
        let sign = if self.order >> 63 == 1 { 1 << 63 } else { u64::MAX };
        f64::from_bits(self.order ^ sign)
    }
}

/// An integer that grows as the key does.
#[inline]
fn order(key: f64) -> u64 {
    let bits = key.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The records that one target draws from: the eligible ones that earlier targets have left.
pub(super) struct Pool<'a> {
    pub(super) weights: &'a [WeightsFile],
    pub(super) draw: &'a Draw,
    pub(super) target: usize,
    pub(super) size: Totals,
}

/// As many candidates are sorted in memory: 24 MB.
const FEW: u64 = 1 << 19;
/// So many bits of a key are told apart in one reading.
const DIGIT: u32 = 16;

/// The keys whose upper `bits` bits, as [`order`] gives them, are `prefix`.
#[derive(Clone, Copy)]
struct Range {
    prefix: u64,
    bits: u32,
}

impl Range {
    fn holds(self, order: u64) -> bool {
        self.bits == 0 || order >> (64 - self.bits) == self.prefix
    }
}

/// The records whose keys share their upper bits.
#[derive(Clone, Copy)]
struct Digit {
    totals: Totals,
    /// The smallest key, as [`order`] gives it.
    lowest: u64,
}

struct Candidate {
    order: u64,
    position: Position,
    tokens: u32,
    bytes: u32,
}

impl Pool<'_> {
    /// The cut at which `limit`, in the unit of `budget`, is used up, and what is selected; no cut if
    /// nothing is.
    pub(super) fn cut(&self, budget: Budget, limit: u64) -> Result<(Option<Cut>, Totals), Error> {
        let mut taker = Taker { budget, limit, taken: Totals::default(), cut: None };
        let mut range = Range { prefix: 0, bits: 0 };
        let mut inside = self.size.records;
        while inside > FEW && range.bits < 64 {
            let counts = self.count_digits(range)?;
            let Some(digit) = (0..counts.len()).rev().find(|digit| !taker.take_all(&counts[*digit])) else {
                return Ok((taker.cut, taker.taken));
            };
            inside = counts[digit].totals.records;
            range = Range { prefix: range.prefix << DIGIT | digit as u64, bits: range.bits + DIGIT };
        }
        if inside <= FEW {
            for candidate in self.candidates(range)? {
                if !taker.take(candidate) {
                    break;
                }
            }
        } else {
            // More records of one and the same key than are few: they go in input order.
            scan::in_order(self.weights, |position, row| match self.order(position, row) {
                Some(order) if range.holds(order) => {
                    taker.take(Candidate { order, position, tokens: row.tokens(), bytes: row.bytes() })
                }
                _ => true,
            })?;
        }
        Ok((taker.cut, taker.taken))
    }

    /// The order of a record's key, if the record is in the pool.
    fn order(&self, position: Position, row: &Row<'_>) -> Option<u64> {
        let rule = &self.draw.rule;
        if !rule.is_eligible(row) || self.draw.target_of(position, row).is_some() {
            return None;
        }
        Some(order(rule.key(row, self.target)))
    }

    /// What the range holds, by the next digit of the keys.
    fn count_digits(&self, range: Range) -> Result<Vec<Digit>, Error> {
        let none = || vec![Digit { totals: Totals::default(), lowest: u64::MAX }; 1 << DIGIT];
        let count = |counts: &mut Vec<Digit>, position, row: &Row<'_>| {
            if let Some(order) = self.order(position, row).filter(|order| range.holds(*order)) {
                let digit = &mut counts[(order >> (64 - range.bits - DIGIT)) as usize & ((1 << DIGIT) - 1)];
                digit.totals.add_row(row);
                digit.lowest = digit.lowest.min(order);
            }
        };
        let mut sum = none();
        for counts in scan::scan(self.weights, none, count, |_, _| {})? {
            for (sum, digit) in sum.iter_mut().zip(counts) {
                sum.totals.add(digit.totals);
                sum.lowest = sum.lowest.min(digit.lowest);
            }
        }
        Ok(sum)
    }

    /// The records of the range, the largest key first and equal keys in input order.
    fn candidates(&self, range: Range) -> Result<Vec<Candidate>, Error> {
        let gather = |candidates: &mut Vec<Candidate>, position, row: &Row<'_>| {
            if let Some(order) = self.order(position, row).filter(|order| range.holds(*order)) {
                candidates.push(Candidate { order, position, tokens: row.tokens(), bytes: row.bytes() });
            }
        };
        let mut candidates: Vec<Candidate> =
            scan::scan(self.weights, Vec::new, gather, |_, _| {})?.into_iter().flatten().collect();
        candidates.sort_unstable_by(|a, b| b.order.cmp(&a.order).then(a.position.cmp(&b.position)));
        Ok(candidates)
    }
}

/// Takes records in falling order of key for as long as the budget is not exceeded.
struct Taker {
    budget: Budget,
    limit: u64,
    taken: Totals,
    cut: Option<Cut>,
}

impl Taker {
    fn takes(&mut self, more: Totals) -> bool {
        let (taken, more_of_it) = match self.budget {
            Budget::Records(_) | Budget::Fraction(_) => (self.taken.records, more.records),
            Budget::Tokens(_) => (self.taken.tokens, more.tokens),
            Budget::Bytes(_) => (self.taken.bytes, more.bytes),
        };
        let fits = taken.saturating_add(more_of_it) <= self.limit;
        if fits {
            self.taken.add(more);
        }
        fits
    }

    fn take_all(&mut self, digit: &Digit) -> bool {
        let fits = self.takes(digit.totals);
        if fits && digit.totals.records > 0 {
            self.cut = Some(Cut { order: digit.lowest, last: Position::END });
        }
        fits
    }

    fn take(&mut self, candidate: Candidate) -> bool {
        let Candidate { order, position, tokens, bytes } = candidate;
        let fits = self.takes(Totals { records: 1, tokens: tokens.into(), bytes: bytes.into() });
        if fits {
            self.cut = Some(Cut { order, last: position });
        }
        fits
    }
}
