//! How often the records of one stratum are expected, by their ranks.

use super::histogram::{Bin, KeyRange, MOST_BINS};
use super::keys::{KeyRules, key_of_order, order};
use super::plan::{Plan, StratumPlan};
use super::request::{CountRequest, CountRows, StepNumbers};
use super::strata::Stratum;
use super::{Error, RepeatCurve, Totals};

/// How often a record with a log weight is expected, up to a factor that the budget decides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expected {
    /// In rising order.
    cells: Vec<Cell>,
}

/// Log weights of which the same is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    /// The order of the last of them.
    last: u64,
    times: f64,
}

/// Records whose log weights are near each other.
#[derive(Clone, Copy, Debug)]
struct Near {
    low: u64,
    high: u64,
    totals: Totals,
}

/// Records with different log weights are told apart where they hold more than one part in so many of all tokens.
const PARTS: u64 = 1024;

impl Expected {
    /// By the ranks of all records of `stratum` among its tokens; and what it holds of which anything is expected.
    ///
    /// The records are cut, where their log weights differ, into stretches of at most one part in 1024 of the tokens.
    /// Of each, what is expected is the mean of `curve` over its percentiles. It depends on the records alone.
    ///
    /// # Errors
    /// Those of `count`.
    pub(super) fn of_ranks(
        plan: &Plan,
        stratum: &Stratum,
        curve: &RepeatCurve,
        count: &mut CountRows<'_>,
    ) -> Result<(Self, Totals), Error> {
        let strata = vec![StratumPlan {
            group: stratum.group,
            at_random: false,
            repeats: 1,
            expected: None,
            steps: Vec::new(),
        }];
        let mut request = CountRequest {
            plan: Plan { rule: plan.rule.clone(), keys: KeyRules::of_log_weights(), strata },
            step: StepNumbers { draw: 0, target: 0, round: 0 },
            range: KeyRange::ALL,
            edges: Vec::new(),
        };
        let counted = count(&request)?;
        let mut parts: Vec<KeyRange> = (0..counted.bins.len()).map(|bin| counted.range.bin(bin)).collect();
        let mut all = filled(&parts, &counted.bins);
        loop {
            let sums = Sums::of(&all);
            all = sums.joined(all);
            parts = sums.parts(&all);
            if parts.len() == all.len() {
                return Ok(sums.expected(&all, curve));
            }
            request.edges = parts.iter().map(|part| part.low).collect();
            all = filled(&parts, &count(&request)?.bins);
        }
    }

    /// How often a record is expected; the log weight itself if it has none.
    #[inline]
    pub(super) fn times(&self, log_weight: f64) -> f64 {
        if log_weight == f64::NEG_INFINITY {
            return log_weight;
        }
        let order = order(log_weight);
        let cell = self.cells.partition_point(|cell| cell.last < order);
        self.cells.get(cell).or(self.cells.last()).map_or(0.0, |cell| cell.times)
    }

    /// The largest log weight of each stretch, and what is expected of it.
    pub(super) fn cells(&self) -> impl Iterator<Item = (f64, f64)> {
        self.cells.iter().map(|cell| (key_of_order(cell.last), cell.times))
    }

    /// From the same.
    pub(super) fn checked(cells: Vec<(f64, f64)>) -> Result<Self, &'static str> {
        let is_sound = |(last, times): &(f64, f64)| !last.is_nan() && *times >= 0.0 && times.is_finite();
        let cells_of = |(last, times)| Cell { last: order(last), times };
        let is_sound = cells.iter().all(is_sound);
        let cells: Vec<Cell> = cells.into_iter().map(cells_of).collect();
        match is_sound && cells.is_sorted_by(|one, next| one.last < next.last) {
            true => Ok(Expected { cells }),
            false => Err("a plan with a number of times that makes no sense, or in no order"),
        }
    }
}

/// The parts that hold something.
fn filled(parts: &[KeyRange], bins: &[Bin]) -> Vec<Near> {
    let filled = parts.iter().zip(bins).filter(|(_, bin)| bin.totals.records > 0);
    filled.map(|(part, bin)| Near { low: bin.lowest, high: part.high, totals: bin.totals }).collect()
}

/// What all records hold.
struct Sums {
    /// Tokens or, if there are none, records.
    size: fn(&Totals) -> u64,
    whole: u64,
}

impl Sums {
    fn of(all: &[Near]) -> Self {
        let of = |size: fn(&Totals) -> u64| {
            let whole = all.iter().map(|near| size(&near.totals)).fold(0, u64::saturating_add);
            Sums { size, whole }
        };
        match of(|totals| totals.tokens) {
            Sums { whole: 0, .. } => of(|totals| totals.records),
            by_tokens => by_tokens,
        }
    }

    fn is_small(&self, size: u64) -> bool {
        u128::from(size) * u128::from(PARTS) <= u128::from(self.whole)
    }

    /// With neighbors as one where both together are small.
    fn joined(&self, all: Vec<Near>) -> Vec<Near> {
        let mut joined: Vec<Near> = Vec::new();
        for near in all {
            match joined.last_mut() {
                Some(last)
                    if self.is_small((self.size)(&last.totals).saturating_add((self.size)(&near.totals))) =>
                {
                    last.high = near.high;
                    last.totals.merge(near.totals);
                }
                _ => joined.push(near),
            }
        }
        joined
    }

    /// In more parts where that tells more: as many as there are, if there is no more to tell.
    fn parts(&self, all: &[Near]) -> Vec<KeyRange> {
        let is_open = |near: &Near| near.low < near.high && !self.is_small((self.size)(&near.totals));
        let open = all.iter().filter(|near| is_open(near)).count();
        let each = (MOST_BINS.saturating_sub(all.len()) / open.max(1)).max(2) as u64;
        let mut parts = Vec::new();
        let part = |low, high| KeyRange { low, high, ..KeyRange::ALL };
        for near in all {
            if !is_open(near) {
                parts.push(part(near.low, near.high));
                continue;
            }
            // The lowest alone, which may be that of all; and what is left in equal parts.
            parts.push(part(near.low, near.low));
            let width = ((near.high - near.low) / (each - 1)).saturating_add(1);
            let mut low = near.low + 1;
            loop {
                let high = near.high.min(low.saturating_add(width - 1));
                parts.push(part(low, high));
                if high == near.high {
                    break;
                }
                low = high + 1;
            }
        }
        parts
    }

    /// What is expected of each, and what is there of which anything is.
    fn expected(&self, all: &[Near], curve: &RepeatCurve) -> (Expected, Totals) {
        let (mut cells, mut there): (Vec<Cell>, Totals) = (Vec::new(), Totals::default());
        let part = |size: u64| size as f64 / self.whole.max(1) as f64;
        let mut below = 0;
        for near in all {
            let with = below + (self.size)(&near.totals);
            let times = curve.mean(part(below), part(with));
            below = with;
            if times > 0.0 {
                there.merge(near.totals);
            }
            let last = near.high.min(order(f64::INFINITY));
            match cells.last_mut() {
                Some(cell) if cell.times == times => cell.last = last,
                _ => cells.push(Cell { last, times }),
            }
        }
        (Expected { cells }, there)
    }
}
