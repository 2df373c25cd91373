use serde::{Deserialize, Serialize};

use super::histogram::{KeyHistogram, KeyRange, KeyedRecord, MOST_BINS};
use super::keys::{KeyPlace, KeyRule, Keyed, order};
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
    /// Where the bins of the range begin, in rising order, if they are not all of one width.
    pub(super) edges: Vec<u64>,
}

/// Answers a request with the counts of all rows.
pub(super) type CountRows<'a> = dyn FnMut(&CountRequest) -> Result<KeyHistogram, Error> + 'a;

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
        let count = self.counting();
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
        KeyHistogram::in_bins(self.range, self.edges.len())
    }

    fn counting(&self) -> Count<'_> {
        Count { pool: Pool::of(&self.plan, self.step), range: self.range, edges: &self.edges }
    }

    /// Counts one row at its position in the whole input. Rows that have another number of log weights than the request
    /// is for are not counted.
    ///
    /// # Errors
    /// A histogram of another range.
    pub fn add(&self, histogram: &mut KeyHistogram, position: Position, row: &Row<'_>) -> Result<(), Error> {
        if !histogram.is_in_bins(self.range, self.edges.len()) {
            return Err(Error::OtherCounts);
        }
        if row.log_weights().len() == self.plan.targets() {
            self.counting().count(histogram, std::iter::once((position, *row)));
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

    /// Whether a record of its stratum is in the pool once more, given what its keys are made of for each target.
    #[inline]
    pub(super) fn holds(&self, keyed: impl Fn(usize) -> Keyed, position: Position, repeat: u32) -> bool {
        let StepNumbers { draw, round, .. } = self.step;
        selecting(&self.stratum.steps, |step| step.selects(keyed(step.keys.target), position, repeat))
            .all(|step| step.draw != draw && step.round != round)
    }
}

/// Counts the records of a pool.
struct Count<'a> {
    pool: Pool<'a>,
    range: KeyRange,
    edges: &'a [u64],
}

impl Count<'_> {
    fn count<'a>(&self, histogram: &mut KeyHistogram, rows: impl Iterator<Item = (Position, Row<'a>)>) {
        let keys = self.range.keys();
        let Pool { rule, stratum, .. } = self.pool;
        for (position, row) in rows {
            if rule.group(&row) == stratum.group && rule.is_eligible(&row) {
                let keyed = stratum.keyed_row(rule, &row, self.pool.keys.target);
                for repeat in 0..stratum.repeats {
                    self.count_row(histogram, keys, position, (keyed, repeat), &row);
                }
            }
        }
    }

    /// Counts a record if it is in the pool once more, and in the range. What is certainly above the range is counted
    /// there.
    #[inline]
    fn count_row(
        &self,
        histogram: &mut KeyHistogram,
        keys: (f64, f64),
        position: Position,
        (keyed, repeat): (Keyed, u32),
        row: &Row<'_>,
    ) {
        let Count { pool, range, edges } = self;
        let order = match pool.keys.place(keyed, repeat, keys) {
            KeyPlace::Below => return,
            KeyPlace::Above => u64::MAX,
            KeyPlace::At(key) => order(key),
        };
        let Some(rank) = range.rank_of(order, position, row) else { return };
        let of_target = |target| pool.stratum.keyed_row(pool.rule, row, target);
        if rank < range.low || !pool.holds(of_target, position, repeat) {
            return;
        }
        if rank > range.high {
            // The key itself may not be known; a threshold just above the range selects the same records.
            histogram.above.add_row(range.high + 1, row);
        } else if range.listed {
            histogram.records.push(KeyedRecord::new(order, position, repeat, row));
        } else {
            let bin = match edges {
                [] => ((rank - range.low) >> range.shift()) as usize,
                edges => edges.partition_point(|edge| *edge <= rank).saturating_sub(1),
            };
            histogram.bins[bin].add_row(rank, row);
        }
    }
}

impl Visit for Count<'_> {
    type State = KeyHistogram;

    fn state(&self) -> KeyHistogram {
        KeyHistogram::in_bins(self.range, self.edges.len())
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
    edges: Vec<u64>,
}

impl From<CountRequest> for RequestFields {
    fn from(request: CountRequest) -> Self {
        let CountRequest { plan, step, range, edges } = request;
        RequestFields { plan, step, range, edges }
    }
}

impl TryFrom<RequestFields> for CountRequest {
    type Error = &'static str;

    fn try_from(fields: RequestFields) -> Result<Self, Self::Error> {
        let RequestFields { plan, step, range, edges } = fields;
        if plan.strata.len() != 1 {
            return Err("a request for another number of strata than one");
        }
        if step.draw >= plan.draws() || step.target >= plan.rule.drawing_targets(plan.targets()) {
            return Err("a request for a draw or a target that is not there");
        }
        if edges.len() > MOST_BINS || !edges.is_sorted() || range.listed && !edges.is_empty() {
            return Err("a request for too many bins, or for bins that are not in order");
        }
        Ok(CountRequest { plan, step, range, edges })
    }
}
