//! Where the selection ends, found by counting: the keys are never sorted as a whole nor held in memory.

use super::draw::{Passes, Turn};
use super::rule::{Lane, Rule, Where};
use super::scan::{Rows, Visit};
use super::{Budget, Error, Position, Totals, scan};
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
        key(self.order)
    }
}

/// An integer that grows as the key does.
#[inline]
pub(super) fn order(key: f64) -> u64 {
    let bits = key.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The key that has this order.
fn key(order: u64) -> f64 {
    let sign = if order >> 63 == 1 { 1 << 63 } else { u64::MAX };
    f64::from_bits(order ^ sign)
}

/// An eligible row kept in memory, to guess where the cut will be.
pub(super) struct Sampled {
    pub(super) position: Position,
    pub(super) group: Option<u64>,
    log_weights: Vec<f64>,
    record: u64,
    tokens: u32,
    bytes: u32,
}

impl Sampled {
    pub(super) fn new(rule: &Rule, position: Position, row: &Row<'_>) -> Self {
        let (group, log_weights) = (rule.group(row), row.log_weights().collect());
        let (record, tokens, bytes) = (row.record(), row.tokens(), row.bytes());
        Sampled { position, group, log_weights, record, tokens, bytes }
    }

    pub(super) fn key(&self, rule: &Rule, lane: Lane) -> f64 {
        let log_weight = rule.log_weight(|target| self.log_weights[target], self.tokens, lane.target);
        lane.key(log_weight, self.record)
    }
}

/// Of so many rows, one in how many is sampled: about 2^16, unless they are few enough to be sorted anyway.
pub(super) fn sampling(rows: u64) -> u64 {
    if rows <= FEW { u64::MAX } else { (rows >> 16).max(1) }
}

/// The records that one draw takes from for one target: the eligible ones that are left in its turn.
pub(super) struct Pool<'a> {
    pub(super) weights: &'a [WeightsFile],
    pub(super) rule: &'a Rule,
    /// What was taken before from its stratum.
    pub(super) passes: &'a Passes,
    pub(super) turn: Turn,
    pub(super) lane: Lane,
    pub(super) size: Totals,
    /// Of all eligible records.
    pub(super) sample: &'a [Sampled],
}

/// As many candidates are sorted in memory: 20 MB.
const FEW: u64 = 1 << 19;
/// A reading counts the keys of a range in at most so many parts.
const PARTS_LOG2: u32 = 16;

/// The keys whose order is from `low` to `high`.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: u64,
    high: u64,
}

impl Range {
    const ALL: Range = Range { low: 0, high: u64::MAX };

    /// So many bits of an order are not told apart.
    fn shift(self) -> u32 {
        (64 - (self.high - self.low).leading_zeros()).saturating_sub(PARTS_LOG2)
    }

    /// The part of a range that is counted together under `index`.
    fn part(self, index: usize) -> Range {
        let low = self.low + ((index as u64) << self.shift());
        let width = (1u64 << self.shift()) - 1;
        Range { low, high: low.saturating_add(width).min(self.high) }
    }

    fn keys(self) -> (f64, f64) {
        // The ends of all orders are no numbers.
        let (low, high) = (key(self.low), key(self.high));
        (if low.is_nan() { f64::NEG_INFINITY } else { low }, if high.is_nan() { f64::INFINITY } else { high })
    }
}

/// Records whose keys are counted together.
#[derive(Clone, Copy)]
struct Part {
    totals: Totals,
    /// The smallest of the orders.
    lowest: u64,
}

impl Part {
    const NONE: Part = Part { totals: Totals { records: 0, tokens: 0, bytes: 0 }, lowest: u64::MAX };

    fn add(&mut self, other: &Part) {
        self.totals.add(other.totals);
        self.lowest = self.lowest.min(other.lowest);
    }

    fn add_row(&mut self, order: u64, row: &Row<'_>) {
        self.totals.add_row(row);
        self.lowest = self.lowest.min(order);
    }
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
        if self.size.records <= FEW {
            return self.sort(Range::ALL, taker);
        }
        let mut range = self.guess(&taker);
        loop {
            let Counted { above, parts } = self.count(range)?;
            if let Some(above) = above {
                let whole = parts.iter().fold(above, |mut whole, part| {
                    whole.add(part);
                    whole
                });
                if !taker.fits(above.totals) || taker.fits(whole.totals) {
                    range = Range::ALL; // The guess was wrong.
                    continue;
                }
                taker.take_all(&above);
            }
            let Some(index) = (0..parts.len()).rev().find(|index| !taker.take_all(&parts[*index])) else {
                return Ok((taker.cut, taker.taken));
            };
            range = range.part(index);
            if parts[index].totals.records <= FEW {
                return self.sort(range, taker);
            }
            if range.low == range.high {
                return self.ties(range, taker);
            }
        }
    }

    /// A range in which the cut very likely is: where it is in the sample, give or take five deviations.
    fn guess(&self, taker: &Taker) -> Range {
        let every = sampling(self.weights.iter().map(WeightsFile::rows).sum());
        let mut sample: Vec<(u64, u64)> = self
            .sample
            .iter()
            .filter(|row| self.passes.leave_sampled(self.rule, self.turn, row))
            .map(|row| {
                let price = taker.budget.price(&Totals {
                    records: 1,
                    tokens: row.tokens.into(),
                    bytes: row.bytes.into(),
                });
                (order(row.key(self.rule, self.lane)), price)
            })
            .collect();
        sample.sort_unstable_by(|a, b| b.cmp(a));
        let mut used = 0u64;
        let rank = sample.iter().position(|(_, price)| {
            used = used.saturating_add(price.saturating_mul(every));
            used > taker.limit
        });
        let rank = rank.unwrap_or(sample.len());
        let margin = 5 * (rank as f64).sqrt() as usize + 20;
        let high =
            rank.checked_sub(margin).and_then(|at| sample.get(at)).map_or(u64::MAX, |(order, _)| *order);
        let low = sample.get(rank + margin).map_or(0, |(order, _)| *order);
        Range { low, high }
    }

    /// The order of a record's key, if the record is in the pool and the key in the range. What is certainly above it
    /// goes to `above`.
    #[inline]
    fn order_in(
        &self,
        range: Range,
        keys: (f64, f64),
        position: Position,
        row: &Row<'_>,
        above: &mut Part,
    ) -> Option<u64> {
        if !self.rule.is_eligible(row) {
            return None;
        }
        let order = match self.rule.key_within(row, self.lane, keys) {
            Where::Below => return None,
            Where::Above => u64::MAX,
            Where::Key(key) => order(key),
        };
        if order < range.low || !self.passes.leave(self.rule, self.turn, position, row) {
            return None;
        }
        if order > range.high {
            // The key itself may not be known; a cut just above the range takes the same records.
            above.add_row(range.high + 1, row);
            return None;
        }
        Some(order)
    }

    fn count(&self, range: Range) -> Result<Counted, Error> {
        let mut sum = Counted { above: (range.high < u64::MAX).then_some(Part::NONE), parts: vec![] };
        for counted in scan::scan(self.weights, &Count { pool: self, range })? {
            if let Some(above) = &mut sum.above {
                above.add(&counted.above);
            }
            if sum.parts.is_empty() {
                sum.parts = counted.parts;
            } else {
                sum.parts.iter_mut().zip(&counted.parts).for_each(|(sum, part)| sum.add(part));
            }
        }
        Ok(sum)
    }

    /// Takes from the records of the range, the largest key first and equal keys in input order.
    fn sort(&self, range: Range, mut taker: Taker) -> Result<(Option<Cut>, Totals), Error> {
        let threads = scan::scan(self.weights, &Gather { pool: self, range })?;
        let mut candidates: Vec<Candidate> = threads.into_iter().flatten().collect();
        candidates.sort_unstable_by(|a, b| b.order.cmp(&a.order).then(a.position.cmp(&b.position)));
        for candidate in candidates {
            if !taker.take(candidate) {
                break;
            }
        }
        Ok((taker.cut, taker.taken))
    }

    /// Takes from records that all have the one key of the range, in input order.
    fn ties(&self, range: Range, mut taker: Taker) -> Result<(Option<Cut>, Totals), Error> {
        let keys = range.keys();
        scan::in_order(self.weights, |position, row| {
            match self.order_in(range, keys, position, row, &mut Part::NONE.clone()) {
                Some(order) => {
                    taker.take(Candidate { order, position, tokens: row.tokens(), bytes: row.bytes() })
                }
                None => true,
            }
        })?;
        Ok((taker.cut, taker.taken))
    }
}

/// What a reading has counted: the parts of a range, the lowest keys first, and what is above it.
struct Counted {
    above: Option<Part>,
    parts: Vec<Part>,
}

struct Count<'a> {
    pool: &'a Pool<'a>,
    range: Range,
}

struct CountThread {
    above: Part,
    parts: Vec<Part>,
}

impl Visit for Count<'_> {
    type State = CountThread;

    fn state(&self) -> CountThread {
        CountThread { above: Part::NONE, parts: vec![Part::NONE; 1 << PARTS_LOG2] }
    }

    fn piece<'a>(&self, state: &mut CountThread, _: usize, rows: impl Rows<'a>) {
        let (keys, shift) = (self.range.keys(), self.range.shift());
        for (position, row) in rows {
            if let Some(order) = self.pool.order_in(self.range, keys, position, &row, &mut state.above) {
                state.parts[((order - self.range.low) >> shift) as usize].add_row(order, &row);
            }
        }
    }
}

struct Gather<'a> {
    pool: &'a Pool<'a>,
    range: Range,
}

impl Visit for Gather<'_> {
    type State = Vec<Candidate>;

    fn state(&self) -> Vec<Candidate> {
        Vec::new()
    }

    fn piece<'a>(&self, candidates: &mut Vec<Candidate>, _: usize, rows: impl Rows<'a>) {
        let keys = self.range.keys();
        let mut above = Part::NONE;
        for (position, row) in rows {
            if let Some(order) = self.pool.order_in(self.range, keys, position, &row, &mut above) {
                candidates.push(Candidate { order, position, tokens: row.tokens(), bytes: row.bytes() });
            }
        }
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
    fn fits(&self, more: Totals) -> bool {
        let price = |of| self.budget.price(of);
        price(&self.taken).saturating_add(price(&more)) <= self.limit
    }

    fn take_all(&mut self, part: &Part) -> bool {
        let fits = self.fits(part.totals);
        if fits && part.totals.records > 0 {
            self.taken.add(part.totals);
            self.cut = Some(Cut { order: part.lowest, last: Position::END });
        }
        fits
    }

    fn take(&mut self, candidate: Candidate) -> bool {
        let Candidate { order, position, tokens, bytes } = candidate;
        let one = Totals { records: 1, tokens: tokens.into(), bytes: bytes.into() };
        let fits = self.fits(one);
        if fits {
            self.taken.add(one);
            self.cut = Some(Cut { order, last: position });
        }
        fits
    }
}
