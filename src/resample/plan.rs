use super::expected::Expected;
use super::keys::{KeyPlace, KeyRule, KeyRules, Keyed};
use super::rule::Rule;
use super::scan::{PieceRows, Visit};
use super::threshold::Threshold;
use super::{Error, Position, scan};
use crate::weights::{Row, RowSource};

/// What finished draws decided, and nothing of what they were decided by: from any row and its position it follows
/// which draws have selected the record, and for which target.
///
/// It can be written down (with serde) and read on another machine, which applies it to any part of the rows. It does
/// not name the shards: positions are those of the input order that was drawn from.
///
/// ```
/// use dsir::resample::{Budget, Draw, DrawOptions, Plan};
/// use dsir::weights::{RowFields, Rows};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [mut all, mut first, mut second] = [Rows::new(1), Rows::new(1), Rows::new(1)];
/// for number in 0..1000 {
///     if number == 600 {
///         all.begin_shard();
///     }
///     let part = if number < 600 { &mut first } else { &mut second };
///     for rows in [&mut all, part] {
///         let fields = RowFields { record: number, ..RowFields::default() };
///         rows.push(&[(number % 7) as f64], fields)?;
///     }
/// }
/// let options = DrawOptions { budget: Budget::Records(50), min_tokens: 0, ..DrawOptions::default() };
/// let draw = Draw::new(&all, None, &options)?;
///
/// let written = serde_json::to_string(draw.plan())?;
/// let plan: Plan = serde_json::from_str(&written)?;
/// let mut selected = plan.selected(&first, 0)?;
/// selected[0].extend(plan.selected(&second, 1)?.remove(0));
/// assert_eq!(selected, draw.selected(&all)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) rule: Rule,
    pub(super) keys: KeyRules,
    /// In the order of their groups.
    pub(super) strata: Vec<StratumPlan>,
}

/// What was decided for one stratum: records that are drawn from together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StratumPlan {
    /// The group of its records; `None` if there are no groups.
    pub(super) group: Option<u64>,
    /// Whether its records are drawn without regard to the log weights.
    pub(super) at_random: bool,
    /// How often a draw may select one record.
    pub(super) repeats: u32,
    /// How often records are expected by their ranks, if that makes the keys.
    pub(super) expected: Option<Expected>,
    /// In the order in which they select.
    pub(super) steps: Vec<Step>,
}

impl StratumPlan {
    /// What the keys of a record with this log weight are made of.
    #[inline]
    pub(super) fn keyed(&self, log_weight: f64, content_hash: u64) -> Keyed {
        let value = self.expected.as_ref().map_or(log_weight, |expected| expected.times(log_weight));
        Keyed { value, content_hash }
    }

    /// The same for the record of a row.
    #[inline]
    pub(super) fn keyed_row(&self, rule: &Rule, row: &Row<'_>, target: usize) -> Keyed {
        self.keyed(rule.log_weight_of(row, target), row.record())
    }
}

/// What one draw has selected for one target in one round.
///
/// In a round a record is selected at most once; the next round begins, with all records, when a draw begins or, if
/// draws are disjoint, when all records were selected. Nor does one draw select a record twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) draw: usize,
    pub(super) round: usize,
    pub(super) keys: KeyRule,
    pub(super) threshold: Threshold,
}

impl Step {
    /// Whether it selects a record, given what its key is made of, if no earlier step has.
    #[inline]
    pub(super) fn selects(&self, of: Keyed, position: Position, repeat: u32) -> bool {
        let key = self.threshold.key();
        match self.keys.place(of, repeat, (key, key)) {
            KeyPlace::Below => false,
            KeyPlace::Above => true,
            KeyPlace::At(key) => self.threshold.selects(key, of.content_hash, position, repeat),
        }
    }
}

/// The steps that select a record, of those that would if no earlier step had.
#[inline]
pub(super) fn selecting(steps: &[Step], selects: impl Fn(&Step) -> bool) -> impl Iterator<Item = &Step> {
    let mut last: Option<(usize, usize)> = None;
    steps.iter().filter(move |step| {
        let is_free = last.is_none_or(|(draw, round)| draw != step.draw && round != step.round);
        let selects = is_free && selects(step);
        if selects {
            last = Some((step.draw, step.round));
        }
        selects
    })
}

/// A record that a draw has selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectedRecord {
    /// Where it is.
    pub position: Position,
    /// The number of the target that it was selected for, from 0.
    pub target: usize,
}

impl Plan {
    /// How many draws there are.
    pub fn draws(&self) -> usize {
        self.keys.temperatures.len()
    }

    /// Whether a draw may select a record more than once, or does so by a curve.
    pub(crate) fn repeats(&self) -> bool {
        self.strata.iter().any(|stratum| stratum.repeats > 1 || stratum.expected.is_some())
    }

    /// Whether the records are drawn by their ranks.
    pub(crate) fn is_by_curve(&self) -> bool {
        self.strata.iter().any(|stratum| stratum.expected.is_some())
    }

    /// How many log weights a row must have.
    pub fn targets(&self) -> usize {
        self.rule.normalize.len()
    }

    /// The draws that have selected the record at `position`, each with the target that it was selected for, as often
    /// as it was. Draws and targets are numbers from 0. No record is selected that has another number of log weights
    /// than [targets](Plan::targets).
    #[inline]
    pub fn selected_by(&self, position: Position, row: &Row<'_>) -> impl Iterator<Item = (usize, usize)> {
        let is_eligible = row.log_weights().len() == self.targets() && self.rule.is_eligible(row);
        let stratum = self.stratum_of(row).filter(|_| is_eligible);
        stratum.into_iter().flat_map(move |stratum| {
            let keyed = move |target| stratum.keyed_row(&self.rule, row, target);
            (0..stratum.repeats).flat_map(move |repeat| {
                selecting(&stratum.steps, move |step| step.selects(keyed(step.keys.target), position, repeat))
                    .map(|step| (step.draw, step.keys.target))
            })
        })
    }

    #[inline]
    fn stratum_of(&self, row: &Row<'_>) -> Option<&StratumPlan> {
        let of_group = self.strata.binary_search_by_key(&self.rule.group(row), |stratum| stratum.group);
        of_group.ok().map(|index| &self.strata[index])
    }

    /// Whether the record was neither skipped as invalid nor left out by conditions.
    #[inline]
    pub(crate) fn is_weighed(&self, row: &Row<'_>) -> bool {
        self.rule.is_weighed(row)
    }

    /// Whether the record may be drawn.
    #[inline]
    pub(crate) fn is_eligible(&self, row: &Row<'_>) -> bool {
        self.rule.is_eligible(row)
    }

    /// How many targets draw: one if their weights are combined.
    pub(crate) fn drawing_targets(&self) -> usize {
        self.rule.drawing_targets(self.targets())
    }

    /// The log weight that decides for a target that draws.
    #[inline]
    pub(crate) fn log_weight(&self, row: &Row<'_>, target: usize) -> f64 {
        self.rule.log_weight_of(row, target)
    }

    /// Whether the first draw has one threshold for all records, each of which it selects up to once, so that its keys
    /// rank them.
    pub(crate) fn ranks_all(&self) -> bool {
        let of_first = |stratum: &StratumPlan| stratum.steps.iter().filter(|step| step.draw == 0).count();
        self.strata.len() == 1 && self.strata[0].repeats == 1 && of_first(&self.strata[0]) == 1
    }

    /// By how much the key of an eligible record is above the threshold of the first draw, for the target for which
    /// that is most, and the number of this target; below zero if it is not. `None` if nothing is drawn by its weight.
    #[inline]
    pub(crate) fn margin(&self, row: &Row<'_>) -> Option<(usize, f64)> {
        let stratum = self.stratum_of(row)?;
        let margin = |step: &Step, repeat| {
            let keyed = stratum.keyed_row(&self.rule, row, step.keys.target);
            match (step.keys.key(keyed, repeat), step.threshold.key()) {
                // Also of two that are infinite.
                (key, threshold) if key == threshold => 0.0,
                (key, threshold) => key - threshold,
            }
        };
        let of_step = |step| (0..stratum.repeats).map(move |repeat| (step, repeat));
        let margins = stratum
            .steps
            .iter()
            .filter(|step| step.draw == 0)
            .flat_map(of_step)
            .map(|(step, repeat): (&Step, u32)| (step.keys.target, margin(step, repeat)));
        margins.max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// What each draw has selected of `rows`, in input order. Their first shard is number `first_shard` of the input
    /// that was drawn from. Takes up 24 bytes for each record selected.
    ///
    /// # Errors
    /// Rows that cannot be read, or of another number of targets.
    pub fn selected<S: RowSource + ?Sized>(
        &self,
        rows: &S,
        first_shard: usize,
    ) -> Result<Vec<Vec<SelectedRecord>>, Error> {
        if rows.shards() > 0 && rows.targets() != self.targets() {
            return Err(Error::PlanOfOtherTargets { expected: self.targets(), found: rows.targets() });
        }
        let mut selected = vec![Vec::new(); self.draws()];
        for thread in scan::scan(&rows, first_shard, &GatherSelected(self))? {
            selected.iter_mut().zip(thread).for_each(|(all, of_thread)| all.extend(of_thread));
        }
        selected.iter_mut().for_each(|records| records.sort_unstable());
        Ok(selected)
    }
}

/// Gathers what is selected, for each draw.
struct GatherSelected<'a>(&'a Plan);

impl Visit for GatherSelected<'_> {
    type State = Vec<Vec<SelectedRecord>>;

    fn state(&self) -> Self::State {
        vec![Vec::new(); self.0.draws()]
    }

    fn piece<'a>(&self, selected: &mut Self::State, _: Position, rows: impl PieceRows<'a>) {
        for (position, row) in rows {
            for (draw, target) in self.0.selected_by(position, &row) {
                selected[draw].push(SelectedRecord { position, target });
            }
        }
    }
}
