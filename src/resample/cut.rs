//! Where the selection ends, found by counting: the keys are never sorted as a whole nor held in memory.

use super::draw::{Passes, Turn};
use super::rule::{Lane, Rule, Where};
use super::scan::{Rows, Visit};
use super::{Budget, Error, Position, Totals, scan};
use crate::weights::{Row, WeightsFile};

/// The last record selected: those with larger keys are selected; of those with its key the ones with smaller content
/// hashes; of its copies the ones up to it in input order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    order: u64,
    hash: u64,
    last: Position,
    /// Whether other records with its key are not selected.
    splits_ties: bool,
}

impl Cut {
    #[inline]
    pub(super) fn takes(&self, key: f64, hash: u64, position: Position) -> bool {
        let order = order(key);
        order > self.order
            || order == self.order && (hash < self.hash || hash == self.hash && position <= self.last)
    }

    pub(super) fn threshold(&self) -> f64 {
        key(self.order)
    }

    /// Whether some records have the key of the threshold and are not selected, though they are no copies of those
    /// that are.
    pub(super) fn splits_ties(&self) -> bool {
        self.splits_ties
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

    /// The content hash.
    pub(super) fn record(&self) -> u64 {
        self.record
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

/// The records whose rank is from `low` to `high`.
#[derive(Clone, Copy, Debug)]
struct Range {
    rank: Rank,
    low: u64,
    high: u64,
}

/// By what records are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// The order of the key.
    Key,
    /// The content hash, the smallest first, of those records whose key has this order.
    Hash(u64),
}

impl Range {
    const ALL: Range = Range { rank: Rank::Key, low: 0, high: u64::MAX };

    /// All records whose key has this order.
    fn ties(order: u64) -> Self {
        Range { rank: Rank::Hash(order), ..Range::ALL }
    }

    /// So many bits of an order are not told apart.
    fn shift(self) -> u32 {
        (64 - (self.high - self.low).leading_zeros()).saturating_sub(PARTS_LOG2)
    }

    /// The part of a range that is counted together under `index`.
    fn part(self, index: usize) -> Range {
        let low = self.low + ((index as u64) << self.shift());
        let width = (1u64 << self.shift()) - 1;
        Range { low, high: low.saturating_add(width).min(self.high), ..self }
    }

    fn keys(self) -> (f64, f64) {
        let (low, high) = match self.rank {
            Rank::Key => (self.low, self.high),
            Rank::Hash(order) => (order, order),
        };
        // The ends of all orders are no numbers.
        let (low, high) = (key(low), key(high));
        (if low.is_nan() { f64::NEG_INFINITY } else { low }, if high.is_nan() { f64::INFINITY } else { high })
    }
}

/// Records whose keys are counted together.
#[derive(Clone, Copy)]
struct Part {
    totals: Totals,
    /// The smallest of the ranks.
    lowest: u64,
}

impl Part {
    const NONE: Part = Part { totals: Totals { records: 0, tokens: 0, bytes: 0 }, lowest: u64::MAX };

    fn add(&mut self, other: &Part) {
        self.totals.add(other.totals);
        self.lowest = self.lowest.min(other.lowest);
    }

    fn add_row(&mut self, rank: u64, row: &Row<'_>) {
        self.totals.add_row(row);
        self.lowest = self.lowest.min(rank);
    }
}

struct Candidate {
    /// Of the key.
    order: u64,
    hash: u64,
    position: Position,
    tokens: u32,
    bytes: u32,
}

impl Pool<'_> {
    /// The cut at which `limit`, in the unit of `budget`, is used up, and what is selected.
    pub(super) fn cut(&self, budget: Budget, limit: u64) -> Result<Found, Error> {
        let mut taker = Taker { budget, limit, taken: Totals::default(), cut: None, next: None };
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
                taker.take_all(&above, range.rank);
            }
            let next = (0..parts.len()).rev().find(|index| !taker.take_all(&parts[*index], range.rank));
            let Some(index) = next else {
                return Ok(taker.found());
            };
            range = range.part(index);
            if parts[index].totals.records <= FEW {
                return self.sort(range, taker);
            }
            if range.low == range.high {
                match range.rank {
                    Rank::Key => range = Range::ties(range.low),
                    Rank::Hash(_) => return self.copies(range, taker),
                }
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
        Range { low, high, ..Range::ALL }
    }

    /// The rank of a record, and the order of its key, if the record is in the pool and in the range. What is
    /// certainly above the range goes to `above`.
    #[inline]
    fn rank_in(
        &self,
        range: Range,
        keys: (f64, f64),
        position: Position,
        row: &Row<'_>,
        above: &mut Part,
    ) -> Option<(u64, u64)> {
        if !self.rule.is_eligible(row) {
            return None;
        }
        let key = match self.rule.key_within(row, self.lane, keys) {
            Where::Below => return None,
            Where::Above => u64::MAX,
            Where::Key(key) => order(key),
        };
        let rank = match range.rank {
            Rank::Key => key,
            Rank::Hash(order) if order == key => !row.record(),
            Rank::Hash(_) => return None,
        };
        if rank < range.low || !self.passes.leave(self.rule, self.turn, position, row) {
            return None;
        }
        if rank > range.high {
            // The key itself may not be known; a cut just above the range takes the same records.
            above.add_row(range.high + 1, row);
            return None;
        }
        Some((rank, key))
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

    /// Takes from the records of the range, the largest key first, of equal keys the smallest hash, and copies in
    /// input order.
    fn sort(&self, range: Range, mut taker: Taker) -> Result<Found, Error> {
        let threads = scan::scan(self.weights, &Gather { pool: self, range })?;
        let mut candidates: Vec<Candidate> = threads.into_iter().flatten().collect();
        candidates.sort_unstable_by(|a, b| {
            b.order.cmp(&a.order).then(a.hash.cmp(&b.hash)).then(a.position.cmp(&b.position))
        });
        for candidate in candidates {
            if !taker.take(candidate) {
                break;
            }
        }
        Ok(taker.found())
    }

    /// Takes from copies of one record, in input order.
    fn copies(&self, range: Range, mut taker: Taker) -> Result<Found, Error> {
        let keys = range.keys();
        scan::in_order(self.weights, |position, row| {
            match self.rank_in(range, keys, position, row, &mut Part::NONE.clone()) {
                Some((_, order)) => taker.take(Candidate::new(order, position, row)),
                None => true,
            }
        })?;
        Ok(taker.found())
    }
}

impl Candidate {
    fn new(order: u64, position: Position, row: &Row<'_>) -> Self {
        Candidate { order, hash: row.record(), position, tokens: row.tokens(), bytes: row.bytes() }
    }
}

/// What a reading has counted: the parts of a range, the lowest ranks first, and what is above it.
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
            if let Some((rank, _)) = self.pool.rank_in(self.range, keys, position, &row, &mut state.above) {
                state.parts[((rank - self.range.low) >> shift) as usize].add_row(rank, &row);
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
            if let Some((_, order)) = self.pool.rank_in(self.range, keys, position, &row, &mut above) {
                candidates.push(Candidate::new(order, position, &row));
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
    next: Option<u64>,
}

/// What was taken.
pub(super) struct Found {
    /// None if nothing was.
    pub(super) cut: Option<Cut>,
    pub(super) taken: Totals,
    /// The price of the first record that did not fit, if there was one.
    pub(super) next: Option<u64>,
}

impl Taker {
    fn found(self) -> Found {
        Found { cut: self.cut, taken: self.taken, next: self.next }
    }

    fn fits(&self, more: Totals) -> bool {
        let price = |of| self.budget.price(of);
        price(&self.taken).saturating_add(price(&more)) <= self.limit
    }

    fn take_all(&mut self, part: &Part, rank: Rank) -> bool {
        let fits = self.fits(part.totals);
        if fits && part.totals.records > 0 {
            self.taken.add(part.totals);
            let (order, hash) = match rank {
                Rank::Key => (part.lowest, u64::MAX),
                Rank::Hash(order) => (order, !part.lowest),
            };
            self.cut = Some(Cut { order, hash, last: Position::END, splits_ties: false });
        }
        fits
    }

    fn take(&mut self, candidate: Candidate) -> bool {
        let Candidate { order, hash, position, tokens, bytes } = candidate;
        let one = Totals { records: 1, tokens: tokens.into(), bytes: bytes.into() };
        let fits = self.fits(one);
        if fits {
            self.taken.add(one);
            self.cut = Some(Cut { order, hash, last: position, splits_ties: false });
        } else {
            self.next = Some(self.budget.price(&one));
            if let Some(cut) = &mut self.cut {
                cut.splits_ties = cut.order == order && cut.hash != hash;
            }
        }
        fits
    }
}
