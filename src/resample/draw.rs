use super::cut::{self, Cut, Found, Pool, Sampled};
use super::rule::{Lane, Rule};
use super::strata::{self, Stratum};
use super::{Budget, DrawOptions, Error, Method, Position, Survey, Totals, shares, survey};
use crate::weights::{Row, TargetSize, WeightsFile};

/// Finished draws: they decide on any record from its row of weights.
#[derive(Clone, Debug)]
pub struct Draw {
    rule: Rule,
    /// Of all strata, by their groups.
    passes: Vec<Passes>,
    /// Whether records were drawn whatever their weights.
    pub at_random: bool,
    /// What there was to draw from.
    pub survey: Survey,
    /// What was selected, for each draw and in it for each target; without what was mixed in.
    pub selections: Vec<Vec<Selection>>,
    /// What was selected from each group and each set that is mixed in, if there are any.
    pub groups: Vec<FromGroup>,
}

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

/// What was selected from one group.
#[derive(Clone, Debug, PartialEq)]
pub struct FromGroup {
    /// The group, or the set that is mixed in.
    pub name: String,
    /// Which of both it is.
    pub is_mixed_in: bool,
    /// What was eligible.
    pub there: Totals,
    /// What was selected, by each draw.
    pub selected: Vec<Totals>,
}

/// When a pass takes its records.
///
/// In a round a record is taken at most once; the next round begins, with all records, when a draw begins or, if draws are
/// disjoint, when all records were taken. Nor does one draw take a record twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    draw: usize,
    round: usize,
    /// The first pass that this one must know of.
    since: usize,
}

/// One taking of records, for one target of one draw.
#[derive(Clone, Debug)]
struct Pass {
    turn: Turn,
    lane: Lane,
    cut: Cut,
}

/// All that is taken from one stratum.
#[derive(Clone, Debug)]
pub(super) struct Passes {
    group: Option<u64>,
    passes: Vec<Pass>,
}

impl Draw {
    /// Draws from `weights`, one file for each shard in input order. `targets` tells the sizes of the targets.
    ///
    /// The weights are read a few times over in parallel, in an amount of memory that does not depend on
    /// their number.
    ///
    /// # Errors
    /// A request that cannot be met; weights that cannot be read.
    pub fn new(
        weights: &[WeightsFile],
        targets: Option<&[TargetSize]>,
        options: &DrawOptions,
    ) -> Result<Draw, Error> {
        let count = weights.first().map_or(1, |file| file.layout().targets());
        let shares::Lanes { shares, exponents } = shares::lanes(options, targets, count)?;
        let rule = Rule::of(options, exponents, targets, count);
        let rows: u64 = weights.iter().map(WeightsFile::rows).sum();
        let (survey, sample) =
            survey::survey(weights, &rule, options.spread_temperature(), cut::sampling(rows))?;
        if survey.eligible.records == 0 {
            return Err(Error::NoneEligible {
                records: survey.records,
                too_short: survey.too_short,
                left_out: survey.left_out,
                invalid: survey.invalid,
                min_tokens: options.min_tokens,
            });
        }
        let mut draw = Draw {
            selections: vec![vec![Selection::default(); shares.len()]; options.draws as usize],
            passes: Vec::new(),
            groups: Vec::new(),
            at_random: options.method == Method::Random,
            survey,
            rule,
        };
        for stratum in strata::plan(options, &draw.survey, &shares)? {
            draw.take(Drawing::all(weights, &draw.rule, &sample, options, &stratum)?, &stratum);
        }
        draw.groups.sort_by(|a, b| a.is_mixed_in.cmp(&b.is_mixed_in).then(a.name.cmp(&b.name)));
        match draw.selections.iter().any(|selections| total(selections).records == 0) {
            true => Err(Error::NothingFits { budget: options.budget }),
            false => Ok(draw),
        }
    }

    /// Takes in what was drawn from a stratum.
    fn take(&mut self, drawn: Drawn, stratum: &Stratum) {
        if stratum.group.is_some() {
            let selected = drawn.selections.iter().map(|draw| total(draw)).collect();
            let (name, is_mixed_in) = (stratum.name.clone(), stratum.at_random);
            self.groups.push(FromGroup { name, is_mixed_in, there: stratum.there, selected });
        }
        self.passes.push(drawn.passes);
        self.passes.sort_by_key(|passes| passes.group);
        if stratum.at_random {
            return;
        }
        for (ours, theirs) in self.selections.iter_mut().flatten().zip(drawn.selections.iter().flatten()) {
            ours.totals.add(theirs.totals);
            ours.threshold = lesser(ours.threshold, theirs.threshold);
            ours.splits_ties |= theirs.splits_ties;
            ours.next = ours.next.max(theirs.next);
        }
    }

    /// The draws that have selected the record at `position`, each with the target that it was selected for.
    #[inline]
    pub fn selected_by(&self, position: Position, row: &Row<'_>) -> impl Iterator<Item = (usize, usize)> {
        let is_eligible = self.rule.is_eligible(row);
        let of_group = self.passes.binary_search_by_key(&self.rule.group(row), |passes| passes.group);
        let passes = match of_group {
            Ok(index) if is_eligible => &self.passes[index].passes[..],
            _ => &[],
        };
        let takes = move |pass: &Pass| pass.cut.takes(self.rule.key(row, pass.lane), row.record(), position);
        takers(passes, takes).map(|pass| (pass.turn.draw, pass.lane.target))
    }

    /// All that one draw has selected, with what was mixed in.
    pub fn total_of(&self, draw: usize) -> Totals {
        let mut sum = total(&self.selections[draw]);
        let mixed_in = self.groups.iter().filter(|group| group.is_mixed_in);
        mixed_in.for_each(|group| sum.add(group.selected[draw]));
        sum
    }
}

fn total(selections: &[Selection]) -> Totals {
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

impl Passes {
    /// Whether the record at `position` may be taken in this turn.
    #[inline]
    pub(super) fn leave(&self, rule: &Rule, turn: Turn, position: Position, row: &Row<'_>) -> bool {
        rule.group(row) == self.group
            && self.is_free(turn, |pass| pass.cut.takes(rule.key(row, pass.lane), row.record(), position))
    }

    /// The same for the record of a sampled row.
    pub(super) fn leave_sampled(&self, rule: &Rule, turn: Turn, sampled: &Sampled) -> bool {
        sampled.group == self.group
            && self.is_free(turn, |pass| {
                pass.cut.takes(sampled.key(rule, pass.lane), sampled.record(), sampled.position)
            })
    }

    #[inline]
    fn is_free(&self, turn: Turn, takes: impl Fn(&Pass) -> bool) -> bool {
        takers(&self.passes[turn.since..], takes)
            .all(|pass| pass.turn.draw != turn.draw && pass.turn.round != turn.round)
    }
}

/// The passes that take a record, of those that would if it were there.
#[inline]
fn takers(passes: &[Pass], takes: impl Fn(&Pass) -> bool) -> impl Iterator<Item = &Pass> {
    let mut last: Option<Turn> = None;
    passes.iter().filter(move |pass| {
        let free = last.is_none_or(|last| last.draw != pass.turn.draw && last.round != pass.turn.round);
        let takes = free && takes(pass);
        if takes {
            last = Some(pass.turn);
        }
        takes
    })
}

/// What was drawn from one stratum.
struct Drawn {
    passes: Passes,
    /// For each draw and in it for each target.
    selections: Vec<Vec<Selection>>,
}

/// The draws from one stratum, under way.
struct Drawing<'a> {
    weights: &'a [WeightsFile],
    rule: &'a Rule,
    sample: &'a [Sampled],
    options: &'a DrawOptions,
    stratum: &'a Stratum,
    drawn: Drawn,
    taken: Taken,
}

/// What may not be taken again.
#[derive(Default)]
struct Taken {
    round: usize,
    in_round: Totals,
    /// By the draw under way, in earlier rounds.
    before: Totals,
}

impl Taken {
    fn next_round(&mut self, before: Totals) {
        *self = Taken { round: self.round + 1, in_round: Totals::default(), before };
    }
}

impl<'a> Drawing<'a> {
    /// All draws from a stratum.
    fn all(
        weights: &'a [WeightsFile],
        rule: &'a Rule,
        sample: &'a [Sampled],
        options: &'a DrawOptions,
        stratum: &'a Stratum,
    ) -> Result<Drawn, Error> {
        let passes = Passes { group: stratum.group, passes: Vec::new() };
        let drawn = Drawn { passes, selections: Vec::new() };
        let mut drawing = Drawing { weights, rule, sample, options, stratum, drawn, taken: Taken::default() };
        for number in 0..options.draws {
            drawing.draw(number)?;
        }
        Ok(drawing.drawn)
    }

    fn draw(&mut self, number: u32) -> Result<(), Error> {
        let since = if self.options.disjoint {
            self.taken.before = Totals::default();
            0
        } else {
            self.taken.next_round(Totals::default());
            self.drawn.passes.passes.len()
        };
        let Stratum { ref limits, budget, at_random, .. } = *self.stratum;
        self.drawn.selections.push(vec![Selection::default(); limits.len()]);
        for (target, limit) in limits.iter().enumerate() {
            let lane = Lane::new(self.options, number, target);
            let lane = if at_random { lane.at_random() } else { lane };
            let there = budget.price(&self.left());
            self.pass(lane, since, there.min(*limit))?;
            if there < *limit {
                // All there was is taken: from the start again.
                let drawn = &self.drawn.selections[number as usize];
                let (all, taken) = (total(drawn), drawn[target].totals);
                self.taken.next_round(all);
                self.pass(lane, since, limit - budget.price(&taken))?;
            }
            let taken = self.drawn.selections[number as usize][target].totals;
            if matches!(budget, Budget::Records(_)) && taken.records < *limit && !self.options.allow_fewer {
                // Some have no weight for this target.
                let (records, eligible) = (self.stratum.there.records, taken);
                return Err(Error::TooFew { budget, records, eligible });
            }
        }
        Ok(())
    }

    fn left(&self) -> Totals {
        let mut left = self.stratum.there;
        left.subtract(self.taken.in_round);
        left.subtract(self.taken.before);
        left
    }

    /// Takes up to `limit` of what is left.
    fn pass(&mut self, lane: Lane, since: usize, limit: u64) -> Result<(), Error> {
        if limit == 0 {
            return Ok(());
        }
        let turn = Turn { draw: self.drawn.selections.len() - 1, round: self.taken.round, since };
        let Drawing { weights, rule, sample, .. } = *self;
        let pool = Pool { weights, rule, passes: &self.drawn.passes, turn, lane, size: self.left(), sample };
        let Found { cut, taken, next } = pool.cut(self.stratum.budget, limit)?;
        self.taken.in_round.add(taken);
        let selection = &mut self.drawn.selections[turn.draw][lane.target];
        selection.totals.add(taken);
        selection.next = next;
        if let Some(cut) = cut {
            selection.splits_ties |= cut.splits_ties();
            selection.threshold = lesser(selection.threshold, Some(cut.threshold()));
            self.drawn.passes.passes.push(Pass { turn, lane, cut });
        }
        Ok(())
    }
}

#[cfg(test)]
mod against_sorting;
