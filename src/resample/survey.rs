use std::collections::BTreeMap;

use super::cut::Sampled;
use super::groups::is_mix_in;
use super::rule::Rule;
use super::scan::{Rows, Visit};
use super::{Error, Totals, scan};
use crate::ln::exp;
use crate::weights::WeightsFile;

/// What there is to draw from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// All records.
    pub records: u64,
    /// Those skipped as invalid when they were weighed.
    pub invalid: u64,
    /// Those left out by conditions when they were weighed.
    pub left_out: u64,
    /// Those with fewer tokens than asked for.
    pub too_short: u64,
    /// Those that may be drawn; not those in sets that are mixed in.
    pub eligible: Totals,
    /// What is eligible in each group and in each set that is mixed in, if the weights tell.
    pub groups: BTreeMap<u64, Totals>,
    /// The log weights that decide, of the eligible records, for each target that draws.
    pub log_weights: Vec<LogWeights>,
}

impl Survey {
    /// Looks through `weights`, one file for each shard in input order.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new(weights: &[WeightsFile], min_tokens: u32, temperature: f64) -> Result<Self, Error> {
        Ok(survey(weights, &Rule::new(min_tokens), temperature, u64::MAX)?.0)
    }
}

/// The spread of log weights.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LogWeights {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// (Σ v)² / Σ v² with v = exp(log weight / T): how many records of equal weight would be as
    /// varied a sample. `None` at temperature 0.
    pub effective_sample_size: Option<f64>,
}

/// Sums over the log weights of one piece, or of several in their order.
#[derive(Clone, Copy, Debug)]
struct Moments {
    count: f64,
    min: f64,
    max: f64,
    mean: f64,
    /// Σ (w − mean)².
    spread: f64,
    /// Σ exp((w − max) / T) and Σ exp(2 (w − max) / T).
    exps: [f64; 2],
}

impl Moments {
    const NONE: Moments = Moments {
        count: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        mean: 0.0,
        spread: 0.0,
        exps: [0.0; 2],
    };

    fn of(log_weights: &[f64], temperature: f64) -> Moments {
        if log_weights.is_empty() {
            return Moments::NONE;
        }
        let count = log_weights.len() as f64;
        let min = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
        let max = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = log_weights.iter().sum::<f64>() / count;
        let spread = log_weights.iter().map(|w| (w - mean) * (w - mean)).sum();
        let mut exps = [0.0; 2];
        // Below e^-40 a term is lost in the rounding of the sum, whose largest term is 1.
        for exponent in
            log_weights.iter().map(|w| (w - max) / temperature).filter(|exponent| *exponent > -40.0)
        {
            let exp = exp(exponent);
            exps[0] += exp;
            exps[1] += exp * exp;
        }
        Moments { count, min, max, mean, spread, exps }
    }

    fn join(&self, other: &Moments, temperature: f64) -> Moments {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { *other } else { *self };
        }
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        let max = self.max.max(other.max);
        let scale = |of: &Moments| if temperature > 0.0 { exp((of.max - max) / temperature) } else { 0.0 };
        let (ours, theirs) = (scale(self), scale(other));
        Moments {
            count,
            min: self.min.min(other.min),
            max,
            mean: self.mean + apart * (other.count / count),
            spread: self.spread + other.spread + apart * apart * (self.count * other.count / count),
            exps: [
                self.exps[0] * ours + other.exps[0] * theirs,
                self.exps[1] * ours * ours + other.exps[1] * theirs * theirs,
            ],
        }
    }
}

/// Each is read through on its own.
const MOST_GROUPS: usize = 4096;

/// Looks at everything once: what is eligible, how the log weights spread, and a sample of rows.
struct Look<'a> {
    rule: &'a Rule,
    targets: usize,
    temperature: f64,
    /// One row in so many is kept.
    every: u64,
}

/// What one thread has seen.
struct Seen {
    survey: Survey,
    pieces: Vec<(usize, Vec<Moments>)>,
    /// The eligible log weights of the piece under way, target after target.
    log_weights: Vec<Vec<f64>>,
    sample: Vec<Sampled>,
}

impl Visit for Look<'_> {
    type State = Seen;

    fn state(&self) -> Seen {
        let survey = Survey::default();
        Seen { survey, pieces: vec![], log_weights: vec![vec![]; self.targets], sample: vec![] }
    }

    fn piece<'a>(&self, seen: &mut Seen, number: usize, rows: impl Rows<'a>) {
        let Seen { survey, pieces, log_weights, sample } = seen;
        log_weights.iter_mut().for_each(Vec::clear);
        for (position, row) in rows {
            survey.records += 1;
            if !self.rule.is_weighed(&row) {
                // What was skipped has no tokens.
                *(if row.tokens() == 0 { &mut survey.invalid } else { &mut survey.left_out }) += 1;
                continue;
            }
            if !self.rule.is_eligible(&row) {
                survey.too_short += 1;
                continue;
            }
            if survey.records % self.every == 0 {
                sample.push(Sampled::new(self.rule, position, &row));
            }
            if let Some(group) = self.rule.group(&row) {
                if survey.groups.len() <= MOST_GROUPS {
                    survey.groups.entry(group).or_default().add_row(&row);
                }
                if is_mix_in(group) {
                    continue;
                }
            }
            survey.eligible.add_row(&row);
            for (target, log_weights) in log_weights.iter_mut().enumerate() {
                let log_weight = self.rule.log_weight_of(&row, target);
                if log_weight > f64::NEG_INFINITY {
                    log_weights.push(log_weight);
                }
            }
        }
        let moments = log_weights.iter().map(|log_weights| Moments::of(log_weights, self.temperature));
        pieces.push((number, moments.collect()));
    }
}

/// Also gives a sample of the eligible rows: one in `every`.
pub(super) fn survey(
    weights: &[WeightsFile],
    rule: &Rule,
    temperature: f64,
    every: u64,
) -> Result<(Survey, Vec<Sampled>), Error> {
    let targets = rule.lanes(weights.first().map_or(1, |file| file.layout().targets()));
    let look = Look { rule, targets, temperature, every };
    let mut survey = look.state().survey;
    let mut pieces = Vec::new();
    let mut sample = Vec::new();
    for seen in scan::scan(weights, &look)? {
        survey.records += seen.survey.records;
        survey.invalid += seen.survey.invalid;
        survey.left_out += seen.survey.left_out;
        survey.too_short += seen.survey.too_short;
        survey.eligible.add(seen.survey.eligible);
        for (group, there) in seen.survey.groups {
            survey.groups.entry(group).or_default().add(there);
        }
        pieces.extend(seen.pieces);
        sample.extend(seen.sample);
    }
    if survey.groups.len() > MOST_GROUPS {
        return Err(Error::TooManyGroups { most: MOST_GROUPS });
    }
    // Floating-point sums depend on their order: the input's, whatever the threads.
    pieces.sort_unstable_by_key(|(piece, _)| *piece);
    let mut sums = vec![Moments::NONE; targets];
    for (_, piece) in pieces {
        for (sum, moments) in sums.iter_mut().zip(piece) {
            *sum = sum.join(&moments, temperature);
        }
    }
    survey.log_weights = sums.iter().map(|sum| spread(sum, temperature)).collect();
    Ok((survey, sample))
}

fn spread(moments: &Moments, temperature: f64) -> LogWeights {
    let [sum, squares] = moments.exps;
    LogWeights {
        min: moments.min,
        max: moments.max,
        mean: moments.mean,
        deviation: (moments.spread / moments.count).sqrt(),
        effective_sample_size: (temperature > 0.0).then_some(sum * sum / squares),
    }
}
