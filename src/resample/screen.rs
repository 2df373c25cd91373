//! Which records may still be selected while others are not weighed yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::keys::{KeyRule, KeyRules, Keyed, key_of_order, order};
use super::rule::Rule;
use super::shares::{TargetSplit, target_split};
use super::{Budget, Draw, DrawOptions, Error, Selection, TemperatureUnit, Totals};
use crate::weights::{Row, TargetSize};

/// Decides of each record, when it is weighed, whether it may still be selected in the end. Threads may share it.
///
/// With a budget of records, tokens or bytes it is sure: a record is out when records with larger keys use the budget
/// up. With a fraction, which nobody can tell before the end, it guesses from the records so far; [`Screen::holds`]
/// tells whether it was right.
pub(crate) struct Screen {
    rule: Rule,
    budget: Budget,
    /// Whether there are no keys before the end: some records are drawn apart from others, or by their ranks, or
    /// temperatures are not known.
    has_no_keys: bool,
    /// How often a draw may select one record.
    repeats: u32,
    /// Whether some of the records may turn out to have the same text as others, and be left out.
    some_repeated: bool,
    fingerprint: u64,
    /// How each draw makes keys for each target, and its share of the budget with the shares of the draws and targets
    /// before it, which may select its records.
    key_rules: Vec<(KeyRule, f64)>,
    so_far: Mutex<KeysSoFar>,
    /// The same of a few of the records that nobody asks it about, of a draw for one target from all that is eligible.
    few_so_far: Mutex<KeysSoFar>,
}

/// What a [`Screen`] has dropped: all that is below the highest thresholds it ever had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScreenState {
    /// Of the draw that it is for.
    fingerprint: u64,
    highest: Vec<usize>,
}

/// The records weighed so far.
struct KeysSoFar {
    eligible: u64,
    /// For each draw and target.
    keys: Vec<Keys>,
}

/// A guessed threshold leaves room for so many times the records that seem to be needed, and for a few more.
const ROOM: f64 = 2.0;
const FEW: f64 = 4096.0;
/// For the likely threshold, one record in so many is looked at, by its content hash.
const ONE_IN: u64 = 16;

impl Screen {
    /// For a draw from the records of these targets.
    ///
    /// # Errors
    /// Proportions that do not fit the targets.
    pub(crate) fn new(targets: &[TargetSize], options: &DrawOptions) -> Result<Self, Error> {
        let TargetSplit { shares, exponents } = target_split(options, Some(targets), targets.len())?;
        let rules = KeyRules::of(options);
        let mut key_rules = Vec::new();
        for draw in 0..options.draws {
            let mut before = if options.disjoint { f64::from(draw) } else { 0.0 };
            for (target, share) in shares.iter().enumerate() {
                before += share;
                key_rules.push((rules.rule(draw as usize, target, false), before));
            }
        }
        let none =
            |count: usize| KeysSoFar { eligible: 0, keys: (0..count).map(|_| Keys::new(count)).collect() };
        let has_no_keys = options.has_strata()
            || options.curve.is_some()
            || options.temperature_unit == TemperatureUnit::Deviations;
        let few = usize::from(key_rules.len() == 1 && !has_no_keys);
        Ok(Screen {
            rule: Rule::of(options, exponents, Some(targets), targets.len()),
            budget: options.budget,
            has_no_keys,
            repeats: options.repeat,
            some_repeated: false,
            fingerprint: xxhash_rust::xxh3::xxh3_64(format!("{options:?} {targets:?}").as_bytes()),
            so_far: Mutex::new(none(key_rules.len())),
            few_so_far: Mutex::new(none(few)),
            key_rules,
        })
    }

    /// The same for candidates that a sample is kept beside: those of an earlier run without one are no use.
    pub(crate) fn beside_sample(self) -> Self {
        Screen { fingerprint: !self.fingerprint, ..self }
    }

    /// The same where, of records with the same text, one alone is going to be there: then it guesses.
    pub(crate) fn of_repeated_texts(self) -> Self {
        Screen { some_repeated: true, fingerprint: self.fingerprint.rotate_left(1), ..self }
    }

    /// Whether candidates are kept at all: where there are no keys, all shards are read again.
    pub(crate) fn keeps_some(&self) -> bool {
        !self.has_no_keys
    }

    /// Whether nothing that it drops can be selected.
    pub(crate) fn is_sure(&self) -> bool {
        !matches!(self.budget, Budget::Fraction(_)) && !self.has_no_keys && !self.some_repeated
    }

    /// Whether the record of this row can be selected at all.
    pub(crate) fn is_eligible(&self, row: &Row<'_>) -> bool {
        self.rule.is_eligible(row)
    }

    /// Takes the rows of records just weighed into account, and returns which of them may still be selected, as
    /// indices into the rows.
    pub(crate) fn keep<'a>(&self, rows: impl Iterator<Item = Row<'a>>) -> Vec<usize> {
        if self.has_no_keys {
            return Vec::new();
        }
        // Of a record, as many for each draw and target as it may be selected there.
        let (repeats, count) = (self.repeats as usize, self.key_rules.len() * self.repeats as usize);
        let mut eligible = Vec::new();
        let mut orders = Vec::new();
        for (index, row) in rows.enumerate().filter(|(_, row)| self.rule.is_eligible(row)) {
            eligible.push((index, self.budget.price(&Totals::of_row(&row))));
            orders.extend(self.key_rules.iter().flat_map(|(keys, _)| self.orders(&row, *keys)));
        }
        let open: Vec<u64> = {
            let mut so_far = self.keys_so_far();
            so_far.eligible += eligible.len() as u64;
            for ((_, price), orders) in eligible.iter().zip(orders.chunks(count)) {
                for (keys, orders) in so_far.keys.iter_mut().zip(orders.chunks(repeats)) {
                    orders.iter().for_each(|order| keys.add(*order, *price));
                }
            }
            let KeysSoFar { eligible, keys } = &mut *so_far;
            let limits = self.key_rules.iter().map(|(_, share)| self.limit(*share, *eligible));
            keys.iter_mut().zip(limits).map(|(keys, limit)| keys.open(limit)).collect()
        };
        let may_be_selected = |orders: &[u64]| {
            let mut of_rules = orders.chunks(repeats).zip(&open);
            of_rules.any(|(orders, open)| orders.iter().any(|order| order >= open))
        };
        let kept = eligible.iter().zip(orders.chunks(count)).filter(|(_, orders)| may_be_selected(orders));
        kept.map(|((index, _), _)| *index).collect()
    }

    /// The orders of the keys with which a record may be selected.
    fn orders(&self, row: &Row<'_>, keys: KeyRule) -> impl Iterator<Item = u64> + use<> {
        let value = self.rule.log_weight_of(row, keys.target);
        let keyed = Keyed { value, content_hash: row.record() };
        (0..self.repeats).map(move |repeat| order(keys.key(keyed, repeat)))
    }

    /// About where the threshold would be if there were no more records, by some of all that were weighed. `None` if
    /// records do not have one threshold, or all so far would be selected.
    pub(crate) fn likely_threshold<'a>(&self, rows: impl Iterator<Item = Row<'a>>) -> Option<f64> {
        let [(key_rule, _)] = &self.key_rules[..] else { return None };
        if self.has_no_keys {
            return None;
        }
        let is_sampled = |row: &Row<'_>| row.record().is_multiple_of(ONE_IN) && self.rule.is_eligible(row);
        let mut sampled: Vec<(u64, u64)> = Vec::new();
        let mut records = 0;
        for row in rows.filter(is_sampled) {
            records += 1;
            let price = self.budget.price(&Totals::of_row(&row));
            sampled.extend(self.orders(&row, *key_rule).map(|order| (order, price)));
        }
        let mut so_far = self.few_so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let KeysSoFar { eligible, keys } = &mut *so_far;
        let [keys] = &mut keys[..] else { return None };
        *eligible += ONE_IN * records;
        sampled.into_iter().for_each(|(order, price)| keys.add(order, ONE_IN * price));
        let limit = match self.budget {
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) => limit,
            Budget::Fraction(fraction) => (fraction * *eligible as f64) as u64,
        };
        let threshold = key_of_order(keys.open(limit));
        (keys.open > 0 && threshold.is_finite()).then_some(threshold)
    }

    /// How much of the budget a target and those before it use up at most.
    fn limit(&self, share: f64, eligible: u64) -> u64 {
        let whole = match self.budget {
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) if self.some_repeated => {
                limit as f64 * ROOM
            }
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) => limit as f64,
            Budget::Fraction(fraction) => fraction * eligible as f64 * ROOM + FEW,
        };
        // The parts of a budget are rounded up or down, each by less than one.
        (whole * share * (1.0 + 1e-9)) as u64 + self.key_rules.len() as u64
    }

    /// Whether everything that `draw` has selected was kept.
    pub(crate) fn holds(&self, draw: &Draw) -> bool {
        let kept = |(selection, keys): (&Selection, &Keys)| {
            selection.threshold.is_none_or(|threshold| keys.bin(order(threshold)) >= keys.highest)
        };
        !self.has_no_keys && draw.selections.iter().flatten().zip(&self.keys_so_far().keys).all(kept)
    }

    /// What a later run needs to resume it.
    pub(crate) fn state(&self) -> ScreenState {
        let highest = self.keys_so_far().keys.iter().map(|keys| keys.highest).collect();
        ScreenState { fingerprint: self.fingerprint, highest }
    }

    /// Takes into account what the screen of an earlier run has dropped; false, and nothing is changed, if that one
    /// was for another draw.
    pub(crate) fn resume(&self, before: &ScreenState) -> bool {
        let same = before.fingerprint == self.fingerprint;
        if same {
            let mut so_far = self.keys_so_far();
            let highest = so_far.keys.iter_mut().zip(&before.highest);
            highest.for_each(|(keys, before)| keys.highest = keys.highest.max(*before));
        }
        same
    }

    fn keys_so_far(&self) -> MutexGuard<'_, KeysSoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of the budget the records weighed so far would use up, by their keys in one draw for one target.
struct Keys {
    /// In bins of rising keys.
    amounts: Vec<u64>,
    shift: u32,
    /// The lowest bin whose records may be selected, and what is in those above it.
    open: usize,
    above: u64,
    /// The highest that `open` has ever been.
    highest: usize,
}

/// A bin is no wider than a 64th of its keys, unless there are many draws and targets: their bins have 8 MB together.
const BINS_LOG2: u32 = 18;
const ALL_BINS_LOG2: u32 = 20;
/// Sign and exponent of a key, at the least.
const FEWEST_BINS_LOG2: u32 = 12;

impl Keys {
    fn new(key_rules: usize) -> Self {
        let most = ALL_BINS_LOG2.saturating_sub(key_rules.next_power_of_two().trailing_zeros());
        let bins_log2 = most.clamp(FEWEST_BINS_LOG2, BINS_LOG2);
        Keys { amounts: vec![0; 1 << bins_log2], shift: 64 - bins_log2, open: 0, above: 0, highest: 0 }
    }

    fn bin(&self, order: u64) -> usize {
        (order >> self.shift) as usize
    }

    fn add(&mut self, order: u64, amount: u64) {
        let bin = self.bin(order);
        self.amounts[bin] += amount;
        if bin > self.open {
            self.above += amount;
        }
    }

    /// The lowest order in the lowest bin above which there is no more than `limit`.
    fn open(&mut self, limit: u64) -> u64 {
        while self.above > limit {
            self.open += 1;
            self.above -= self.amounts[self.open];
        }
        while self.open > 0 && self.above + self.amounts[self.open] <= limit {
            self.above += self.amounts[self.open];
            self.open -= 1;
        }
        self.highest = self.highest.max(self.open);
        (self.open as u64) << self.shift
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::weights::{RowFields, Rows};

    /// Rows of these log weights for two targets.
    fn rows(log_weights: impl IntoIterator<Item = [f64; 2]>) -> Rows {
        let mut rows = Rows::new(2);
        for (number, log_weights) in (0u64..).zip(log_weights) {
            let record = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let (tokens, bytes) = (100 + number as u32 % 50, 500 + number as u32 % 300);
            rows.push(&log_weights, RowFields { record, tokens, bytes, group: None }).unwrap();
        }
        rows
    }

    /// Weighs the rows in blocks, then draws; returns the screen, the draw, what was kept and what is selected;
    /// `None` if nothing is.
    fn run(
        rows: &Rows,
        block: usize,
        budget: Budget,
        proportions: &str,
        (draws, disjoint): (u32, bool),
    ) -> Option<(Screen, Draw, Vec<usize>, Vec<usize>)> {
        let targets = ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 1, per_token: false });
        let options = DrawOptions {
            budget,
            allow_fewer: true,
            proportions: Some(proportions.parse().unwrap()),
            draws,
            disjoint,
            ..DrawOptions::default()
        };
        let screen = Screen::new(&targets, &options).unwrap();
        let mut kept = Vec::new();
        let all: Vec<Row<'_>> = rows.iter().collect();
        for (number, rows) in all.chunks(block).enumerate() {
            kept.extend(screen.keep(rows.iter().copied()).into_iter().map(|index| number * block + index));
        }

        // A part of the budget may be too small for any record: no draw.
        let draw = Draw::new(rows, Some(&targets), &options).ok()?;
        let mut selected: Vec<usize> =
            (0..draws as usize).flat_map(|draw_number| draw.indices(rows, draw_number).unwrap()).collect();
        selected.sort_unstable();
        selected.dedup();
        Some((screen, draw, kept, selected))
    }

    fn is_part(selected: &[usize], kept: &[usize]) -> bool {
        selected.iter().all(|record| kept.binary_search(record).is_ok())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn nothing_selected_was_dropped(
            weights in prop::collection::vec((-60.0..60.0, -9.0..9.0), 1..900),
            trend in -100.0..100.0,
            block in 1usize..70,
            share in 0.0..1.2,
            proportions in prop::sample::select(vec!["1,1", "1,9", "0,1", "5,1"]),
            kind in 0..3,
            draws in (1u32..6, any::<bool>()),
        ) {
            let place = |number: usize| trend * number as f64 / weights.len() as f64;
            let rows = rows(
                weights
                    .iter()
                    .enumerate()
                    .map(|(number, (first, second))| [first + place(number), second - place(number)]),
            );
            let amount = share * weights.len() as f64;
            let budget = match kind {
                0 => Budget::Records(1 + amount as u64),
                1 => Budget::Tokens(150 + (125.0 * amount) as u64),
                _ => Budget::Bytes(800 + (650.0 * amount) as u64),
            };
            let drawn = run(&rows, block, budget, proportions, draws);
            let Some((screen, draw, kept, selected)) = drawn else { return Ok(()) };
            prop_assert!(screen.is_sure() && screen.holds(&draw));
            prop_assert!(is_part(&selected, &kept));
        }
    }

    #[test]
    fn few_are_kept_when_few_are_wanted() {
        let rows = rows(vec![[0.0, 0.0]; 20_000]);
        let (_, _, kept, selected) = run(&rows, 50, Budget::Records(100), "1,1", (1, false)).unwrap();
        assert_eq!(selected.len(), 100);
        assert!(is_part(&selected, &kept));
        // 100 (1 + ln 200) for one target that must allow for the other's; bins and blocks are coarse.
        assert!(kept.len() < 2000, "{}", kept.len());
    }

    #[test]
    fn a_guess_knows_whether_it_was_right() {
        // As good everywhere: right.
        let even = rows(vec![[0.0, 0.0]; 30_000]);
        let (screen, draw, kept, selected) =
            run(&even, 50, Budget::Fraction(0.02), "1,1", (1, false)).unwrap();
        assert!(!screen.is_sure() && screen.holds(&draw));
        assert!(is_part(&selected, &kept));
        assert!(kept.len() < 20_000, "{}", kept.len());

        // All that is good comes first: at the end, what was dropped would be wanted.
        let falling = rows((0..60_000).map(|number| [if number < 20_000 { 50.0 } else { -50.0 }; 2]));
        let (screen, draw, kept, selected) =
            run(&falling, 50, Budget::Fraction(0.3), "1,1", (1, false)).unwrap();
        assert!(!is_part(&selected, &kept));
        assert!(!screen.holds(&draw));
    }
}
