//! How a plan is written down: numbers that must keep every bit are hexadecimal.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::expected::Expected;
use super::keys::{KeyMethod, KeyRules, order};
use super::plan::{Plan, Step, StratumPlan};
use super::rule::Rule;
use super::threshold::Threshold;
use super::{MOST_REPEATS, Normalize, Position};

/// As a plan is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFields {
    method: KeyMethod,
    /// Of each draw.
    temperatures: Vec<f64>,
    seed: u64,
    min_tokens: u32,
    /// Of each target.
    normalize: Vec<Normalize>,
    exponents: Option<Vec<f64>>,
    grouped: bool,
    strata: Vec<StratumFields>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StratumFields {
    group: Option<Bits>,
    at_random: bool,
    /// How often a draw may select one record, if that is more than once.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    repeats: u32,
    /// How often records are expected, from the lowest ranks to the highest, if that makes the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<Vec<ExpectedFields>>,
    steps: Vec<StepFields>,
}

fn once() -> u32 {
    1
}

fn is_once(repeats: &u32) -> bool {
    *repeats == 1
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFields {
    /// The bits of the largest log weight of which it holds, a double-precision number.
    up_to: Bits,
    /// The bits of how often they are expected.
    times: Bits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFields {
    draw: usize,
    target: usize,
    round: usize,
    /// The bits of the threshold, a double-precision number.
    key: Bits,
    /// The largest content hash that is selected of those with this key.
    hash: Bits,
    /// The last that is selected of the copies with this hash; `None`: all are.
    last: Option<Position>,
    /// The number of the last time that it is selected, from 0; `None`: as often as it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat: Option<u32>,
}

/// 64 bits, written as 16 hexadecimal digits.
#[derive(Clone, Copy)]
struct Bits(u64);

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // `from_str_radix` would take a sign, too.
        if text.len() != 16 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(de::Error::custom(format!("`{text}` is not a number of 16 hexadecimal digits")));
        }
        u64::from_str_radix(&text, 16).map(Bits).map_err(de::Error::custom)
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Plan { rule, keys, strata } = self;
        let step = |step: &Step| StepFields {
            draw: step.draw,
            target: step.keys.target,
            round: step.round,
            key: Bits(step.threshold.key().to_bits()),
            hash: Bits(step.threshold.hash),
            last: Some(step.threshold.last).filter(|last| *last != Position::END),
            repeat: Some(step.threshold.repeat).filter(|repeat| *repeat != u32::MAX),
        };
        let stratum = |stratum: &StratumPlan| StratumFields {
            group: stratum.group.map(Bits),
            at_random: stratum.at_random,
            repeats: stratum.repeats,
            expected: stratum.expected.as_ref().map(|expected| {
                let cells = expected.cells().map(|(up_to, times)| ExpectedFields {
                    up_to: Bits(up_to.to_bits()),
                    times: Bits(times.to_bits()),
                });
                cells.collect()
            }),
            steps: stratum.steps.iter().map(step).collect(),
        };
        let fields = PlanFields {
            method: keys.method,
            temperatures: keys.temperatures.clone(),
            seed: keys.seed,
            min_tokens: rule.min_tokens,
            normalize: rule.normalize.clone(),
            exponents: rule.exponents.clone(),
            grouped: rule.grouped,
            strata: strata.iter().map(stratum).collect(),
        };
        fields.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PlanFields::deserialize(deserializer)?.checked().map_err(de::Error::custom)
    }
}

impl PlanFields {
    /// The plan, unless it is one that no draw could have made.
    fn checked(self) -> Result<Plan, &'static str> {
        let PlanFields { method, temperatures, seed, min_tokens, normalize, exponents, grouped, strata } =
            self;
        if temperatures.is_empty() || !temperatures.iter().all(|t| t.is_finite() && *t >= 0.0) {
            return Err("a plan without draws, or with a temperature that is not a number of at least 0");
        }
        if normalize.is_empty() || exponents.as_ref().is_some_and(|of| of.len() != normalize.len()) {
            return Err("a plan without targets, or with another number of exponents");
        }
        if !exponents.iter().flatten().all(|exponent| exponent.is_finite()) {
            return Err("a plan with an exponent that is not a number");
        }
        let mut plan = Plan {
            rule: Rule { min_tokens, normalize, exponents, grouped },
            keys: KeyRules { method, temperatures, seed },
            strata: Vec::with_capacity(strata.len()),
        };
        for StratumFields { group, at_random, repeats, expected, steps } in strata {
            if !(1..=MOST_REPEATS).contains(&repeats) {
                return Err("a plan that selects records too often, or not once");
            }
            if (method == KeyMethod::Curve && !at_random) != expected.is_some() {
                return Err("a plan of a curve that does not tell how often records are expected");
            }
            let cell = |cell: ExpectedFields| (f64::from_bits(cell.up_to.0), f64::from_bits(cell.times.0));
            let expected = expected.map(|cells| Expected::checked(cells.into_iter().map(cell).collect()));
            let expected = expected.transpose()?;
            let steps = steps.into_iter().map(|step| step.checked(&plan, at_random));
            let steps = steps.collect::<Result<Vec<_>, _>>()?;
            if !steps.is_sorted_by_key(|step| (step.draw, step.round))
                || !steps.is_sorted_by_key(|step| step.round)
            {
                return Err("a plan whose steps are not in the order of draws and rounds");
            }
            let group = group.map(|Bits(group)| group);
            plan.strata.push(StratumPlan { group, at_random, repeats, expected, steps });
        }
        if !plan.strata.is_sorted_by(|one, next| one.group < next.group) {
            return Err("a plan whose groups are not in order, or not different");
        }
        Ok(plan)
    }
}

impl StepFields {
    fn checked(self, plan: &Plan, at_random: bool) -> Result<Step, &'static str> {
        let StepFields { draw, target, round, key: Bits(key), hash: Bits(hash), last, repeat } = self;
        if draw >= plan.draws() || target >= plan.rule.drawing_targets(plan.targets()) {
            return Err("a plan with a step for a draw or a target that is not there");
        }
        let key = f64::from_bits(key);
        if key.is_nan() {
            return Err("a plan with a threshold that is not a number");
        }
        let (last, repeat) = (last.unwrap_or(Position::END), repeat.unwrap_or(u32::MAX));
        let threshold = Threshold { order: order(key), hash, last, repeat };
        Ok(Step { draw, round, keys: plan.keys.rule(draw, target, at_random), threshold })
    }
}
