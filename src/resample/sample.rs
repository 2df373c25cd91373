//! A sample of the eligible rows in memory, to guess where the threshold will be.

use super::keys::order;
use super::request::Pool;
use super::rule::Rule;
use super::search::FEW;
use super::{Budget, Position, Totals};
use crate::weights::Row;

/// One eligible row in so many, about 2^16 of them.
pub(super) struct RowSample {
    pub(super) every: u64,
    pub(super) rows: Vec<SampledRow>,
}

/// An eligible row in memory.
pub(super) struct SampledRow {
    position: Position,
    group: Option<u64>,
    log_weights: Vec<f64>,
    record: u64,
    tokens: u32,
    bytes: u32,
}

impl SampledRow {
    pub(super) fn new(rule: &Rule, position: Position, row: &Row<'_>) -> Self {
        let (group, log_weights) = (rule.group(row), row.log_weights().collect());
        let (record, tokens, bytes) = (row.record(), row.tokens(), row.bytes());
        SampledRow { position, group, log_weights, record, tokens, bytes }
    }
}

impl RowSample {
    /// No sample, by which nothing is guessed.
    pub(super) const NONE: RowSample = RowSample { every: u64::MAX, rows: Vec::new() };

    /// Of so many rows, one in how many is sampled: none if they are few enough to be put in order anyway.
    pub(super) fn every(rows: u64) -> u64 {
        if rows <= FEW { u64::MAX } else { (rows >> 16).max(1) }
    }

    /// The orders of keys between which the threshold of a budget very likely is: where it is in the sample, give or
    /// take five deviations. `None` without a sample.
    pub(super) fn guess(&self, pool: &Pool<'_>, budget: Budget, limit: u64) -> Option<(u64, u64)> {
        let mut sample: Vec<(u64, u64)> = Vec::new();
        for row in &self.rows {
            let SampledRow { position, group, ref log_weights, record, tokens, bytes } = *row;
            if group != pool.stratum.group {
                continue;
            }
            let keyed = |of: usize| {
                pool.stratum.keyed(pool.rule.log_weight(|target| log_weights[target], tokens, of), record)
            };
            let of_pool = keyed(pool.keys.target);
            for repeat in (0..pool.stratum.repeats).filter(|repeat| pool.holds(keyed, position, *repeat)) {
                let price = budget.price(&Totals::of_record(tokens, bytes));
                sample.push((order(pool.keys.key(of_pool, repeat)), price));
            }
        }
        if self.rows.is_empty() {
            return None;
        }
        sample.sort_unstable_by(|a, b| b.cmp(a));
        let mut used = 0u64;
        let rank = sample.iter().position(|(_, price)| {
            used = used.saturating_add(price.saturating_mul(self.every));
            used > limit
        });
        let rank = rank.unwrap_or(sample.len());
        let margin = 5 * (rank as f64).sqrt() as usize + 20;
        let high =
            rank.checked_sub(margin).and_then(|at| sample.get(at)).map_or(u64::MAX, |(order, _)| *order);
        let low = sample.get(rank + margin).map_or(0, |(order, _)| *order);
        Some((low, high))
    }
}
