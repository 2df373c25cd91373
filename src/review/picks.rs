//! Rows that are picked by what is smallest of them, whatever their order.

use crate::resample::Position;

/// A row of a document that is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pick {
    pub(super) position: Position,
    /// The content hash.
    pub(super) hash: u64,
    pub(super) tokens: u32,
    pub(super) is_selected: bool,
    /// The target that it was drawn for, or nearly.
    pub(super) target: usize,
    /// The log weight that decides for this target.
    pub(super) log_weight: f64,
    /// By how much its key is above the threshold.
    pub(super) margin: f64,
}

/// The rows with the smallest ranks; of equal ranks, the first in input order.
#[derive(Clone, Debug)]
pub(super) struct Smallest {
    most: usize,
    /// What is above is not wanted.
    bound: u64,
    /// Whether copies of a record are one.
    distinct: bool,
    rows: Vec<(u64, Pick)>,
}

impl Smallest {
    pub(super) fn new(most: usize) -> Self {
        Smallest { most, bound: u64::MAX, distinct: false, rows: Vec::new() }
    }

    /// Of copies of a record, only the first in input order; for few.
    pub(super) fn distinct(most: usize) -> Self {
        Smallest { distinct: true, ..Smallest::new(most) }
    }

    /// Whether a row of this rank is wanted so far.
    #[inline]
    pub(super) fn wants(&self, rank: u64) -> bool {
        rank <= self.bound
    }

    pub(super) fn add(&mut self, rank: u64, pick: Pick) {
        if self.wants(rank) {
            if self.distinct
                && let Some((_, there)) = self.rows.iter_mut().find(|(_, there)| there.hash == pick.hash)
            {
                // Copies have the same rank.
                if pick.position < there.position {
                    *there = pick;
                }
                return;
            }
            self.rows.push((rank, pick));
            if self.rows.len() >= 2 * self.most {
                self.cut();
            }
        }
    }

    pub(super) fn join(&mut self, other: Smallest) {
        self.bound = self.bound.min(other.bound);
        other.rows.into_iter().for_each(|(rank, pick)| self.add(rank, pick));
    }

    fn cut(&mut self) {
        if self.rows.len() > self.most {
            self.rows.select_nth_unstable_by_key(self.most - 1, |(rank, pick)| (*rank, pick.position));
            self.rows.truncate(self.most);
            self.bound = self.rows.iter().map(|(rank, _)| *rank).max().unwrap_or(u64::MAX);
        }
    }

    /// In the order of their ranks.
    pub(super) fn finish(mut self) -> Vec<Pick> {
        self.cut();
        self.rows.sort_unstable_by_key(|(rank, pick)| (*rank, pick.position));
        self.rows.into_iter().map(|(_, pick)| pick).collect()
    }
}

/// Of a sample of what was not selected, so many whose keys are next to the threshold.
pub(super) fn next_below(others: &[Pick], most: usize) -> Vec<Pick> {
    let mut others = others.to_vec();
    others.sort_by(|a, b| b.margin.total_cmp(&a.margin).then(a.position.cmp(&b.position)));
    others.dedup_by_key(|pick| pick.hash);
    others.truncate(most);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_in_any_order_and_cutting() {
        let pick = |hash: u64| Pick {
            position: Position { shard: 0, record: hash },
            hash,
            tokens: 1,
            is_selected: true,
            target: 0,
            log_weight: 0.0,
            margin: 0.0,
        };
        let ranks: Vec<u64> = (0..1000u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).collect();
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        for cut in [0, 1, 500, 1000] {
            let (mut one, mut other) = (Smallest::new(7), Smallest::new(7));
            ranks[..cut].iter().for_each(|rank| one.add(*rank, pick(*rank)));
            ranks[cut..].iter().rev().for_each(|rank| other.add(*rank, pick(*rank)));
            one.join(other);
            assert_eq!(one.finish().iter().map(|pick| pick.hash).collect::<Vec<_>>(), sorted[..7]);
        }
    }
}
