use std::fmt;

use crate::weights::Row;

/// Numbers of records and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// The records.
    pub records: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Their bytes, newlines included.
    pub bytes: u64,
}

impl Totals {
    #[inline]
    pub(super) fn of_row(row: &Row<'_>) -> Self {
        Totals::of_record(row.tokens(), row.bytes())
    }

    #[inline]
    pub(super) fn of_record(tokens: u32, bytes: u32) -> Self {
        Totals { records: 1, tokens: tokens.into(), bytes: bytes.into() }
    }

    #[inline]
    pub(crate) fn add_row(&mut self, row: &Row<'_>) {
        self.add(Totals::of_row(row));
    }

    /// The same so many times over.
    pub(crate) fn times(self, times: u32) -> Totals {
        let times = u64::from(times);
        Totals {
            records: self.records.saturating_mul(times),
            tokens: self.tokens.saturating_mul(times),
            bytes: self.bytes.saturating_mul(times),
        }
    }

    /// What is left without `other`; nothing rather than less.
    pub(super) fn without(self, other: Totals) -> Totals {
        Totals {
            records: self.records.saturating_sub(other.records),
            tokens: self.tokens.saturating_sub(other.tokens),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    pub(crate) fn add(&mut self, other: Totals) {
        self.records += other.records;
        self.tokens += other.tokens;
        self.bytes += other.bytes;
    }

    /// Adds what another machine may have counted, and may have counted wrongly.
    pub(super) fn merge(&mut self, other: Totals) {
        self.records = self.records.saturating_add(other.records);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

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
    /// How much of the budget records use up, in its unit.
    #[inline]
    pub(crate) fn price(self, of: &Totals) -> u64 {
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
