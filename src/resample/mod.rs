//! Resample: from weights on disk to a decision for each record.
//!
//! Gumbel-top-k (arXiv 2302.03169, section 3): key = log weight / T + Gumbel noise, and the records with
//! the largest keys are selected, which is sampling without replacement in proportion to
//! exp(log weight / T).

mod check;
mod cut;
mod draw;
mod error;
mod groups;
mod invalid;
mod noise;
mod options;
mod rule;
mod scan;
mod screen;
mod shares;
mod strata;
mod survey;

pub use draw::{Draw, FromGroup, Selection};
pub use error::Error;
pub(crate) use groups::is_mix_in;
pub use groups::{GroupShares, Groups, MixIn, ShareBy, group_id, mix_in_id};
pub use invalid::{IdleOption, InvalidDraw};
pub use noise::Noise;
pub use options::{Budget, Combine, DrawOptions, Method, Normalize};
pub use screen::Screen;
pub(crate) use screen::ScreenState;
pub use shares::{Exponents, Proportions, target_shares};
pub use survey::{LogWeights, Survey};

use crate::weights::Row;

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

    pub(crate) fn add(&mut self, other: Totals) {
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
