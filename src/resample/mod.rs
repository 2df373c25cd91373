//! Resample: from weights on disk to a decision for each record.
//!
//! Gumbel-top-k (arXiv 2302.03169, section 3): key = log weight / T + Gumbel noise, and the records with
//! the largest keys are selected, which is sampling without replacement in proportion to
//! exp(log weight / T).

mod cut;
mod draw;
mod error;
mod noise;
mod rule;
mod scan;
mod screen;
mod shares;
mod survey;

pub use draw::{Draw, Selection};
pub use error::Error;
pub use noise::Noise;
pub use screen::Screen;
pub(crate) use screen::ScreenState;
pub use shares::Proportions;
pub use survey::{LogWeights, Survey};

use std::fmt;

use crate::weights::Row;

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
    /// How many selections to make, each with the whole budget and with noise of its own.
    pub draws: u32,
    /// No record is selected again before all that are eligible were.
    pub disjoint: bool,
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
            draws: 1,
            disjoint: false,
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

    fn subtract(&mut self, other: Totals) {
        self.records -= other.records;
        self.tokens -= other.tokens;
        self.bytes -= other.bytes;
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
