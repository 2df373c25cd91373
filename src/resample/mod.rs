//! Resample: from weights on disk to a decision for each record.
//!
//! Gumbel-top-k (arXiv 2302.03169, section 3): key = log weight / T + Gumbel noise, and the records with
//! the largest keys are selected, which is sampling without replacement in proportion to
//! exp(log weight / T).

mod cut;
mod error;
mod noise;
mod scan;
mod screen;
mod shares;
mod survey;

pub use error::Error;
pub use noise::Noise;
pub use screen::Screen;
pub(crate) use screen::ScreenState;
pub use shares::Proportions;
pub use survey::{LogWeights, Survey};

use std::fmt;

use cut::{Cut, Pool, Sampled};

use crate::weights::{Row, TargetSize, WeightsFile};

/// How much to select.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// So many records.
    Records(u64),
    /// This share of the eligible records, from 0 to 1, to the nearest record.
    Fraction(f64),
    /// Records of at most so many tokens together.
    Tokens(u64),
    /// Records of at most so many bytes together, newlines included.
    Bytes(u64),
}

impl Budget {
    /// What records take of the budget, in its unit.
    fn price(self, of: &Totals) -> u64 {
        match self {
            Budget::Records(_) | Budget::Fraction(_) => of.records,
            Budget::Tokens(_) => of.tokens,
            Budget::Bytes(_) => of.bytes,
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Budget::Records(records) => write!(f, "{records} records"),
            Budget::Fraction(fraction) => write!(f, "a fraction of {fraction:?}"),
            Budget::Tokens(tokens) => write!(f, "{tokens} tokens"),
            Budget::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

/// What decides a draw.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawOptions {
    /// How much to select.
    pub budget: Budget,
    /// The least number of tokens of an eligible record.
    pub min_tokens: u32,
    /// T: 1 samples in proportion to the importance weights, 0 takes the largest without noise.
    pub temperature: f64,
    /// Other noise for another seed.
    pub seed: u64,
    /// Take everything if less than the budget is eligible.
    pub allow_fewer: bool,
    /// The targets' shares of the budget; by default, by their tokens.
    pub proportions: Option<Proportions>,
}

impl Default for DrawOptions {
    fn default() -> Self {
        DrawOptions {
            budget: Budget::Fraction(1.0),
            min_tokens: 100,
            temperature: 1.0,
            seed: 0,
            allow_fewer: false,
            proportions: None,
        }
    }
}

/// Numbers of records and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// The records.
    pub records: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Their bytes, newlines included.
    pub bytes: u64,
}

impl Totals {
    fn add_row(&mut self, row: &Row<'_>) {
        self.add(Totals { records: 1, tokens: row.tokens().into(), bytes: row.bytes().into() });
    }

    fn add(&mut self, other: Totals) {
        self.records += other.records;
        self.tokens += other.tokens;
        self.bytes += other.bytes;
    }
}

/// The place of a record in the input order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The shard, from 0.
    pub shard: usize,
    /// The record in it, from 0.
    pub record: u64,
}

impl Position {
    /// After every record.
    const END: Position = Position { shard: usize::MAX, record: u64::MAX };
}

/// A finished draw: it decides on any record from its row of weights.
#[derive(Clone, Debug)]
pub struct Draw {
    rule: Rule,
    cuts: Vec<Option<Cut>>,
    /// What there was to draw from.
    pub survey: Survey,
    /// What was selected, for each target.
    pub selected: Vec<Totals>,
}

/// What a record's key is made of, and which records have one.
#[derive(Clone, Debug)]
struct Rule {
    min_tokens: u32,
    temperature: f64,
    noises: Vec<Noise>,
}

impl Rule {
    fn new(options: &DrawOptions, targets: usize) -> Self {
        Rule {
            min_tokens: options.min_tokens,
            temperature: options.temperature,
            noises: (0..targets as u64).map(|target| Noise::new(options.seed, 0, target)).collect(),
        }
    }

    #[inline]
    fn is_eligible(&self, row: &Row<'_>) -> bool {
        row.tokens() >= self.min_tokens && row.log_weight(0) > f64::NEG_INFINITY
    }

    #[inline]
    fn key(&self, row: &Row<'_>, target: usize) -> f64 {
        self.key_of(row.log_weight(target), row.record(), target)
    }

    #[inline]
    fn key_of(&self, log_weight: f64, content_hash: u64, target: usize) -> f64 {
        if self.temperature == 0.0 {
            return log_weight;
        }
        log_weight / self.temperature + self.noises[target].gumbel(content_hash)
    }

    /// The key, unless it is certain without the noise's logarithms that it is below or above a range.
    #[inline]
    fn key_within(&self, row: &Row<'_>, target: usize, (low, high): (f64, f64)) -> Where {
        let log_weight = row.log_weight(target);
        let key = if self.temperature == 0.0 {
            log_weight
        } else {
            let scaled = log_weight / self.temperature;
            let bits = self.noises[target].bits(row.record());
            let (least, most) = noise::bounds(bits);
            if scaled + most < low {
                return Where::Below;
            }
            if scaled + least > high {
                return Where::Above;
            }
            scaled + noise::gumbel(bits)
        };
        Where::Key(key)
    }
}

/// Where a key is, seen from a range.
enum Where {
    Below,
    Above,
    /// Here: it may still be outside.
    Key(f64),
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
        let shares = shares::shares(options.proportions.as_ref(), targets, count)?;
        let rule = Rule::new(options, count);
        let rows: u64 = weights.iter().map(WeightsFile::rows).sum();
        let (survey, sample) = survey::survey(weights, &rule, cut::sampling(rows))?;
        if survey.eligible.records == 0 {
            return Err(Error::NoneEligible {
                records: survey.records,
                too_short: survey.too_short,
                invalid: survey.invalid,
                min_tokens: options.min_tokens,
            });
        }
        let limit = limit(options, &survey)?;

        let mut draw = Draw { rule, cuts: Vec::new(), selected: Vec::new(), survey };
        let mut left = draw.survey.eligible;
        for (target, limit) in shares::split(limit, &shares).into_iter().enumerate() {
            let pool = Pool { weights, draw: &draw, target, size: left, sample: &sample };
            let (cut, selected) = pool.cut(options.budget, limit)?;
            left.records -= selected.records;
            left.tokens -= selected.tokens;
            left.bytes -= selected.bytes;
            draw.cuts.push(cut);
            draw.selected.push(selected);
        }
        if draw.total().records == 0 {
            return Err(Error::NothingFits { budget: options.budget });
        }
        Ok(draw)
    }

    /// The target that the record at `position` was selected for; `None` if it was not selected.
    #[inline]
    pub fn target_of(&self, position: Position, row: &Row<'_>) -> Option<usize> {
        if !self.rule.is_eligible(row) {
            return None;
        }
        let takes = |(target, cut): (usize, &Option<Cut>)| {
            cut.as_ref().is_some_and(|cut| cut.takes(self.rule.key(row, target), position)).then_some(target)
        };
        self.cuts.iter().enumerate().find_map(takes)
    }

    /// Whether the record of a sampled row was selected for an earlier target.
    fn has_taken(&self, sampled: &Sampled) -> bool {
        let takes = |(target, cut): (usize, &Option<Cut>)| {
            let key = self.rule.key_of(sampled.log_weights[target], sampled.record, target);
            cut.as_ref().is_some_and(|cut| cut.takes(key, sampled.position))
        };
        self.cuts.iter().enumerate().any(takes)
    }

    /// All that was selected.
    pub fn total(&self) -> Totals {
        let mut total = Totals::default();
        self.selected.iter().for_each(|selected| total.add(*selected));
        total
    }

    /// The smallest key that was selected, for each target; `None` where nothing was.
    pub fn thresholds(&self) -> impl Iterator<Item = Option<f64>> + '_ {
        self.cuts.iter().map(|cut| cut.as_ref().map(Cut::threshold))
    }
}

/// The budget in its own unit: records, tokens or bytes.
fn limit(options: &DrawOptions, survey: &Survey) -> Result<u64, Error> {
    let (asked, there) = match options.budget {
        Budget::Records(records) => (records, survey.eligible.records),
        Budget::Fraction(fraction) => {
            let records = (survey.eligible.records as f64 * fraction).round() as u64;
            (records.min(survey.eligible.records), survey.eligible.records)
        }
        Budget::Tokens(tokens) => (tokens, survey.eligible.tokens),
        Budget::Bytes(bytes) => (bytes, survey.eligible.bytes),
    };
    if asked > there && !options.allow_fewer {
        return Err(Error::TooFew {
            budget: options.budget,
            records: survey.records,
            eligible: survey.eligible,
        });
    }
    Ok(asked.min(there))
}
