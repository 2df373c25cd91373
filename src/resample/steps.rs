//! The steps of all draws from one stratum.

use super::expected::Expected;
use super::plan::{Plan, Step, StratumPlan};
use super::request::{CountRequest, CountRows, Pool, StepNumbers};
use super::sample::RowSample;
use super::search::{Outcome, ThresholdSearch};
use super::strata::Stratum;
use super::{Budget, DrawOptions, Error, Totals};

/// What one draw has selected for one target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Selection {
    /// How much.
    pub totals: Totals,
    /// The smallest key that was selected; `None` if nothing was.
    pub threshold: Option<f64>,
    /// Whether other records have that key and were not selected; which are is decided by their content hashes.
    pub splits_ties: bool,
    /// The price, in the unit of the budget, of the first record that did not fit.
    pub next: Option<u64>,
}

impl Selection {
    /// Adds what was selected from another stratum.
    pub(super) fn add(&mut self, other: &Selection) {
        self.totals.add(other.totals);
        self.threshold = lesser(self.threshold, other.threshold);
        self.splits_ties |= other.splits_ties;
        self.next = self.next.max(other.next);
    }
}

/// What all targets have selected.
pub(super) fn total(selections: &[Selection]) -> Totals {
    let mut total = Totals::default();
    selections.iter().for_each(|selection| total.add(selection.totals));
    total
}

fn lesser(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The draws from one stratum.
pub(super) struct StratumDraws<'a> {
    /// Of this stratum alone, with the steps so far.
    pub(super) plan: Plan,
    /// For each draw so far and in it for each target.
    pub(super) selections: Vec<Vec<Selection>>,
    stratum: &'a Stratum,
    sample: &'a RowSample,
    options: &'a DrawOptions,
    /// How many records are put in order in memory.
    few: u64,
    used: Used,
}

/// What may not be selected again.
#[derive(Default)]
struct Used {
    round: usize,
    in_round: Totals,
    /// By the draw under way, in earlier rounds.
    before: Totals,
}

impl Used {
    fn next_round(&mut self, before: Totals) {
        *self = Used { round: self.round + 1, in_round: Totals::default(), before };
    }
}

impl<'a> StratumDraws<'a> {
    /// `plan` has no strata yet.
    pub(super) fn new(
        plan: Plan,
        stratum: &'a Stratum,
        expected: Option<Expected>,
        sample: &'a RowSample,
        options: &'a DrawOptions,
        few: u64,
    ) -> Self {
        let Stratum { group, at_random, repeats, .. } = *stratum;
        let strata = vec![StratumPlan { group, at_random, repeats, expected, steps: Vec::new() }];
        let plan = Plan { strata, ..plan };
        StratumDraws { plan, selections: Vec::new(), stratum, sample, options, few, used: Used::default() }
    }

    /// Makes the next draw.
    pub(super) fn draw(&mut self, count: &mut CountRows<'_>) -> Result<(), Error> {
        let draw = self.selections.len();
        let first_step = if self.options.disjoint {
            self.used.before = Totals::default();
            0
        } else {
            self.used.next_round(Totals::default());
            self.plan.strata[0].steps.len()
        };
        let Stratum { ref limits, budget, .. } = *self.stratum;
        self.selections.push(vec![Selection::default(); limits.len()]);
        for (target, limit) in limits.iter().enumerate() {
            let there = budget.price(&self.left());
            self.step(target, first_step, there.min(*limit), count)?;
            if there < *limit {
                // All that was left is selected: a new round begins, with all records.
                let selections = &self.selections[draw];
                let (all, selected) = (total(selections), selections[target].totals);
                self.used.next_round(all);
                self.step(target, first_step, limit - budget.price(&selected), count)?;
            }
            let selected = self.selections[draw][target].totals;
            if matches!(budget, Budget::Records(_)) && selected.records < *limit && !self.options.allow_fewer
            {
                // Some have no weight for this target.
                let (records, eligible, repeat) =
                    (self.stratum.there.records, selected, self.stratum.repeats);
                return Err(Error::TooFew { budget, records, eligible, repeat });
            }
        }
        Ok(())
    }

    /// What is left in the round, and was not selected by the draw before.
    fn left(&self) -> Totals {
        self.stratum.most.without(self.used.in_round).without(self.used.before)
    }

    /// Selects up to `limit` of what is left; steps before `first_step` selected nothing that this one may not.
    fn step(
        &mut self,
        target: usize,
        first_step: usize,
        limit: u64,
        count: &mut CountRows<'_>,
    ) -> Result<(), Error> {
        if limit == 0 {
            return Ok(());
        }
        let (draw, round) = (self.selections.len() - 1, self.used.round);
        let step = StepNumbers { draw, target, round };
        let mut plan = self.plan.clone();
        plan.strata[0].steps.drain(..first_step);
        let budget = self.stratum.budget;
        let pool = Pool::of(&plan, step);
        let keys = pool.keys;
        let left = self.left().records;
        let guess = if left > self.few { self.sample.guess(&pool, budget, limit) } else { None };
        let mut search = ThresholdSearch::new(budget, limit, left, self.few, guess);
        while let Some(range) = search.range() {
            let request = CountRequest { plan, step, range, edges: Vec::new() };
            search.advance(count(&request)?)?;
            plan = request.plan;
        }

        let Outcome { threshold, splits_ties, selected, next } = search.outcome();
        self.used.in_round.add(selected);
        let selection = &mut self.selections[draw][target];
        selection.totals.add(selected);
        selection.next = next;
        if let Some(threshold) = threshold {
            selection.splits_ties |= splits_ties;
            selection.threshold = lesser(selection.threshold, Some(threshold.key()));
            self.plan.strata[0].steps.push(Step { draw, round, keys, threshold });
        }
        Ok(())
    }
}
