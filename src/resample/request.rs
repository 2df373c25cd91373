use serde::{Deserialize, Serialize};

use super::histogram::{KeyHistogram, KeyRange, KeyedRecord};
use super::keys::{KeyPlace, KeyRule, order};
use super::plan::{Plan, StratumPlan, selecting};
use super::rule::Rule;
use super::scan::{PieceRows, Visit};
use super::{Error, Position, scan};
use crate::weights::{Row, RowSource};

/// What a draw under way asks of the rows: to be counted, by their keys in one draw for one target, in one range of
/// keys. Any part of the rows can answer for itself, on any machine; see
/// [`Draw::from_counts`](super::Draw::from_counts).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RequestFields", into = "RequestFields")]
pub struct CountRequest {
    /// One stratum, with the steps that may have selected a record before.
    pub(super) plan: Plan,
    pub(super) step: StepNumbers,
    pub(super) range: KeyRange,
}

/// Which step is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepNumbers {
    pub(super) draw: usize,
    pub(super) target: usize,
    pub(super) round: usize,
}

impl CountRequest {
    /// Counts rows whose first shard is number `first_shard` of the whole input.
    ///
    /// # Errors
    /// Rows that cannot be read, or of another number of targets.
    pub fn count<S: RowSource + ?Sized>(&self, rows: &S, first_shard: usize) -> Result<KeyHistogram, Error> {
        if rows.shards() > 0 && rows.targets() != self.plan.targets() {
            return Err(Error::PlanOfOtherTargets { expected: self.plan.targets(), found: rows.targets() });
        }
        let mut sum: Option<KeyHistogram> = None;
        let count = Count { pool: Pool::of(&self.plan, self.step), range: self.range };
        for histogram in scan::scan(&rows, first_shard, &count)? {
            match &mut sum {
                Some(sum) => sum.merge(histogram)?,
                None => sum = Some(histogram),
            }
        }
        Ok(sum.unwrap_or_else(|| self.histogram()))
    }

    /// The histogram of no rows, to which rows can be [added](CountRequest::add).
    pub fn histogram(&self) -> KeyHistogram {
        KeyHistogram::new(self.range)
    }

    /// Counts one row at its position in the whole input. Rows that have another number of log weights than the request
    /// is for are not counted.
    ///
    /// # Errors
    /// A histogram of another range.
    pub fn add(&self, histogram: &mut KeyHistogram, position: Position, row: &Row<'_>) -> Result<(), Error> {
        if histogram.range() != self.range {
            return Err(Error::OtherCounts);
        }
        if row.log_weights().len() == self.plan.targets() {
            let pool = Pool::of(&self.plan, self.step);
            Count { pool, range: self.range }.count(histogram, std::iter::once((position, *row)));
        }
        Ok(())
    }
}

/// The records that one step may select: the eligible ones of its stratum that no earlier step of its round, nor of its
/// draw, has selected.
#[derive(Clone, Copy)]
pub(super) struct Pool<'a> {
    pub(super) rule: &'a Rule,
    pub(super) stratum: &'a StratumPlan,
    pub(super) step: StepNumbers,
    pub(super) keys: KeyRule,
}

impl<'a> Pool<'a> {
    /// The pool of a step from the first stratum of `plan`.
    pub(super) fn of(plan: &'a Plan, step: StepNumbers) -> Self {
        let stratum = &plan.strata[0];
        let keys = plan.keys.rule(step.draw, step.target, stratum.at_random);
        Pool { rule: &plan.rule, stratum, step, keys }
    }

    /// Whether a record of this group is in the pool, given its key in each earlier step and its place among equals.
    #[inline]
    pub(super) fn holds(
        &self,
        group: Option<u64>,
        key: impl Fn(KeyRule) -> f64,
        hash: u64,
        position: Position,
    ) -> bool {
        let StepNumbers { draw, round, .. } = self.step;
        group == self.stratum.group
            && selecting(&self.stratum.steps, |step| step.threshold.selects(key(step.keys), hash, position))
                .all(|step| step.draw != draw && step.round != round)
    }
}

/// Counts the records of a pool.
struct Count<'a> {
    pool: Pool<'a>,
    range: KeyRange,
}

impl Count<'_> {
    /// The rank of a record, and the order of its key, if the record is in the pool and in the range. What is
    /// certainly above the range is counted there.
    #[inline]
    fn rank(
        &self,
        histogram: &mut KeyHistogram,
        keys: (f64, f64),
        position: Position,
        row: &Row<'_>,
    ) -> Option<(u64, u64)> {
        let Count { pool, range } = self;
        if !pool.rule.is_eligible(row) {
            return None;
        }
        let order = match pool.rule.place(row, pool.keys, keys) {
            KeyPlace::Below => return None,
            KeyPlace::Above => u64::MAX,
            KeyPlace::At(key) => order(key),
        };
        let rank = range.rank_of(order, position, row)?;
        let holds = || {
            let key = |keys| pool.rule.key(row, keys);
            pool.holds(pool.rule.group(row), key, row.record(), position)
        };
        if rank < range.low || !holds() {
            return None;
        }
        if rank > range.high {
            // The key itself may not be known; a threshold just above the range selects the same records.
            histogram.above.add_row(range.high + 1, row);
            return None;
        }
        Some((rank, order))
    }

    fn count<'a>(&self, histogram: &mut KeyHistogram, rows: impl Iterator<Item = (Position, Row<'a>)>) {
        let KeyRange { low, listed, .. } = self.range;
        let (keys, shift) = (self.range.keys(), self.range.shift());
        if listed {
            for (position, row) in rows {
                if let Some((_, order)) = self.rank(histogram, keys, position, &row) {
                    histogram.records.push(KeyedRecord::new(order, position, &row));
                }
            }
            return;
        }
        for (position, row) in rows {
            if let Some((rank, _)) = self.rank(histogram, keys, position, &row) {
                histogram.bins[((rank - low) >> shift) as usize].add_row(rank, &row);
            }
        }
    }
}

impl Visit for Count<'_> {
    type State = KeyHistogram;

    fn state(&self) -> KeyHistogram {
        KeyHistogram::new(self.range)
    }

    fn piece<'a>(&self, histogram: &mut KeyHistogram, _: Position, rows: impl PieceRows<'a>) {
        self.count(histogram, rows);
    }
}

/// As a request is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFields {
    plan: Plan,
    step: StepNumbers,
    range: KeyRange,
}

impl From<CountRequest> for RequestFields {
    fn from(request: CountRequest) -> Self {
        let CountRequest { plan, step, range } = request;
        RequestFields { plan, step, range }
    }
}

impl TryFrom<RequestFields> for CountRequest {
    type Error = &'static str;

    fn try_from(fields: RequestFields) -> Result<Self, Self::Error> {
        let RequestFields { plan, step, range } = fields;
        if plan.strata.len() != 1 {
            return Err("a request for another number of strata than one");
        }
        if step.draw >= plan.draws() || step.target >= plan.rule.drawing_targets(plan.targets()) {
            return Err("a request for a draw or a target that is not there");
        }
        Ok(CountRequest { plan, step, range })
    }
}
