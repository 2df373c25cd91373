use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::groups::is_mix_in;
use super::moments::{LogWeights, Moments};
use super::rule::Rule;
use super::sample::{RowSample, SampledRow};
use super::scan::{PieceRows, Visit};
use super::{DrawOptions, Error, Position, Totals, scan, shares};
use crate::weights::{RowSource, TargetSize};

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
    /// What is eligible in each group and in each set that is mixed in, if the rows have groups.
    pub groups: BTreeMap<u64, Totals>,
    /// The log weights that decide, of the eligible records, for each target that draws.
    pub log_weights: Vec<LogWeights>,
}

impl Survey {
    /// Reads all of `weights` once: [`WeightsFile`](crate::weights::WeightsFile)s, one for each shard in input order,
    /// or another [`RowSource`]. Records of fewer tokens than `min_tokens` are not eligible; `temperature` is that of
    /// the effective sample size.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new<S: RowSource + ?Sized>(weights: &S, min_tokens: u32, temperature: f64) -> Result<Self, Error> {
        let (part, _) = survey(&weights, 0, &Rule::new(min_tokens), temperature, u64::MAX)?;
        part.finish()
    }
}

/// What there is to draw from in some of the rows. Parts of different rows add up to a [`Survey`], in whatever order
/// they are merged; a part can be written down (with serde).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyPart {
    /// How many log weights each row has.
    #[serde(deserialize_with = "some_targets")]
    pub(super) targets: usize,
    #[serde(deserialize_with = "some_targets")]
    drawing_targets: usize,
    temperature: f64,
    records: u64,
    invalid: u64,
    left_out: u64,
    too_short: u64,
    eligible: Totals,
    groups: BTreeMap<u64, Totals>,
    /// For each piece of the rows that was read at once, where it begins, and for each target that draws, its moments.
    moments: Vec<(Position, Vec<Moments>)>,
}

impl SurveyPart {
    /// Reads rows for a draw once; their first shard is number `first_shard` of the whole input. `targets` tells the
    /// sizes of the targets.
    ///
    /// # Errors
    /// Options that do not fit the targets; rows that cannot be read.
    pub fn new<S: RowSource + ?Sized>(
        rows: &S,
        first_shard: usize,
        targets: Option<&[TargetSize]>,
        options: &DrawOptions,
    ) -> Result<Self, Error> {
        let count = rows.targets();
        let exponents = shares::target_split(options, targets, count)?.exponents;
        let rule = Rule::of(options, exponents, targets, count);
        Ok(survey(&rows, first_shard, &rule, options.spread_temperature(), u64::MAX)?.0)
    }

    fn of_no_rows(targets: usize, rule: &Rule, temperature: f64) -> Self {
        SurveyPart {
            targets,
            drawing_targets: rule.drawing_targets(targets),
            temperature,
            records: 0,
            invalid: 0,
            left_out: 0,
            too_short: 0,
            eligible: Totals::default(),
            groups: BTreeMap::new(),
            moments: Vec::new(),
        }
    }

    /// Adds what there is in other rows.
    ///
    /// # Errors
    /// A part that was made for another draw; nothing is changed then.
    pub fn merge(&mut self, other: SurveyPart) -> Result<(), Error> {
        let made_for = |part: &SurveyPart| (part.targets, part.drawing_targets, part.temperature.to_bits());
        if made_for(self) != made_for(&other) {
            return Err(Error::OtherCounts);
        }
        self.add(other);
        Ok(())
    }

    fn add(&mut self, other: SurveyPart) {
        self.records = self.records.saturating_add(other.records);
        self.invalid = self.invalid.saturating_add(other.invalid);
        self.left_out = self.left_out.saturating_add(other.left_out);
        self.too_short = self.too_short.saturating_add(other.too_short);
        self.eligible.merge(other.eligible);
        for (group, there) in other.groups {
            self.groups.entry(group).or_default().merge(there);
        }
        self.moments.extend(other.moments);
    }

    /// The survey of all rows.
    ///
    /// # Errors
    /// More groups than can be drawn from.
    pub fn finish(mut self) -> Result<Survey, Error> {
        if self.groups.len() > MOST_GROUPS {
            return Err(Error::TooManyGroups { most: MOST_GROUPS });
        }
        self.moments.sort_unstable_by_key(|(start, _)| *start);
        let mut sums = vec![Moments::NONE; self.drawing_targets];
        for (_, moments) in &self.moments {
            for (sum, moments) in sums.iter_mut().zip(moments) {
                *sum = sum.join(moments, self.temperature);
            }
        }
        Ok(Survey {
            records: self.records,
            invalid: self.invalid,
            left_out: self.left_out,
            too_short: self.too_short,
            eligible: self.eligible,
            groups: self.groups,
            log_weights: sums.iter().map(|sum| sum.log_weights(self.temperature)).collect(),
        })
    }
}

/// As many targets as a weights file may have, so that no written number asks for more memory than there is.
fn some_targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let targets = usize::deserialize(deserializer)?;
    match targets {
        1..=65536 => Ok(targets),
        _ => Err(de::Error::custom(format!("a survey of {targets} targets"))),
    }
}

/// Each group is drawn from by itself, which takes a few readings of all rows.
const MOST_GROUPS: usize = 4096;

/// Gathers what is eligible, how the log weights spread, and a sample of rows.
struct SurveyVisit<'a> {
    rule: &'a Rule,
    targets: usize,
    temperature: f64,
    /// One row in so many is sampled.
    every: u64,
}

/// What one thread has read.
struct SurveyThread {
    part: SurveyPart,
    /// The eligible log weights of the piece being read, target after target.
    log_weights: Vec<Vec<f64>>,
    sample: Vec<SampledRow>,
}

impl Visit for SurveyVisit<'_> {
    type State = SurveyThread;

    fn state(&self) -> SurveyThread {
        let part = SurveyPart::of_no_rows(self.targets, self.rule, self.temperature);
        SurveyThread { log_weights: vec![vec![]; part.drawing_targets], part, sample: vec![] }
    }

    fn piece<'a>(&self, thread: &mut SurveyThread, start: Position, rows: impl PieceRows<'a>) {
        let SurveyThread { part, log_weights, sample } = thread;
        log_weights.iter_mut().for_each(Vec::clear);
        for (position, row) in rows {
            part.records += 1;
            if !self.rule.is_weighed(&row) {
                // What was skipped has no tokens.
                *(if row.tokens() == 0 { &mut part.invalid } else { &mut part.left_out }) += 1;
                continue;
            }
            if !self.rule.is_eligible(&row) {
                part.too_short += 1;
                continue;
            }
            if part.records % self.every == 0 {
                sample.push(SampledRow::new(self.rule, position, &row));
            }
            if let Some(group) = self.rule.group(&row) {
                if part.groups.len() <= MOST_GROUPS {
                    part.groups.entry(group).or_default().add_row(&row);
                }
                if is_mix_in(group) {
                    continue;
                }
            }
            part.eligible.add_row(&row);
            for (target, log_weights) in log_weights.iter_mut().enumerate() {
                let log_weight = self.rule.log_weight_of(&row, target);
                if log_weight > f64::NEG_INFINITY {
                    log_weights.push(log_weight);
                }
            }
        }
        let moments = log_weights.iter().map(|log_weights| Moments::of(log_weights, self.temperature));
        part.moments.push((start, moments.collect()));
    }
}

/// What there is in rows whose first shard is number `first_shard`, and a sample of the eligible ones: one in `every`.
pub(super) fn survey(
    rows: &dyn RowSource,
    first_shard: usize,
    rule: &Rule,
    temperature: f64,
    every: u64,
) -> Result<(SurveyPart, RowSample), Error> {
    let visit = SurveyVisit { rule, targets: rows.targets(), temperature, every };
    let mut part = visit.state().part;
    let mut sample = RowSample { every, rows: Vec::new() };
    for thread in scan::scan(rows, first_shard, &visit)? {
        part.add(thread.part);
        sample.rows.extend(thread.sample);
    }
    Ok((part, sample))
}
