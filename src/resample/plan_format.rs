//! How a plan is written down: numbers that must keep every bit are hexadecimal.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::keys::{KeyRules, order};
use super::plan::{Plan, Step, StratumPlan};
use super::rule::Rule;
use super::threshold::Threshold;
use super::{Method, Normalize, Position};

/// As a plan is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFields {
    method: Method,
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
    steps: Vec<StepFields>,
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
        };
        let stratum = |stratum: &StratumPlan| StratumFields {
            group: stratum.group.map(Bits),
            at_random: stratum.at_random,
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
        for StratumFields { group, at_random, steps } in strata {
            let steps = steps.into_iter().map(|step| step.checked(&plan, at_random));
            let steps = steps.collect::<Result<Vec<_>, _>>()?;
            if !steps.is_sorted_by_key(|step| (step.draw, step.round))
                || !steps.is_sorted_by_key(|step| step.round)
            {
                return Err("a plan whose steps are not in the order of draws and rounds");
            }
            let group = group.map(|Bits(group)| group);
            plan.strata.push(StratumPlan { group, at_random, steps });
        }
        if !plan.strata.is_sorted_by(|one, next| one.group < next.group) {
            return Err("a plan whose groups are not in order, or not different");
        }
        Ok(plan)
    }
}

impl StepFields {
    fn checked(self, plan: &Plan, at_random: bool) -> Result<Step, &'static str> {
        let StepFields { draw, target, round, key: Bits(key), hash: Bits(hash), last } = self;
        if draw >= plan.draws() || target >= plan.rule.drawing_targets(plan.targets()) {
            return Err("a plan with a step for a draw or a target that is not there");
        }
        let key = f64::from_bits(key);
        if key.is_nan() {
            return Err("a plan with a threshold that is not a number");
        }
        let threshold = Threshold { order: order(key), hash, last: last.unwrap_or(Position::END) };
        Ok(Step { draw, round, keys: plan.keys.rule(draw, target, at_random), threshold })
    }
}
