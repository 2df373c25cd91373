//! How much was taken of each level, and from which level on it keeps within a budget.

use std::sync::atomic::{AtomicU64, Ordering};

use super::prospects::MOST_LIFT;
use crate::density::FitBudget;

/// Those of content hashes, 0 to 64, and as many as a document can be lifted by.
pub(super) const LEVELS: usize = 65 + MOST_LIFT as usize;

/// What the threads that sample have taken, by level.
#[derive(Debug)]
pub(super) struct Levels {
    budget: u64,
    taken: [AtomicU64; LEVELS],
}

impl Levels {
    pub(super) fn keeping_within(budget: u64) -> Self {
        Levels { budget, taken: [const { AtomicU64::new(0) }; LEVELS] }
    }

    pub(super) fn take(&self, level: usize, size: u64) {
        self.taken[level].fetch_add(size, Ordering::Relaxed);
    }

    /// The smallest level from which on all that was taken keeps within the budget.
    pub(super) fn floor(&self) -> usize {
        self.floor_within(self.budget)
    }

    /// The smallest level from which on all that was taken keeps within half of the budget.
    pub(super) fn floor_of_half(&self) -> usize {
        self.floor_within(self.budget / 2)
    }

    fn floor_within(&self, budget: u64) -> usize {
        let taken: Vec<u64> = self.taken.iter().map(|level| level.load(Ordering::Relaxed)).collect();
        FitBudget(Some(budget)).smallest_level(&taken)
    }

    /// The most of one document: more would be too much of the sample.
    pub(super) fn most(&self) -> u64 {
        self.budget / 16
    }
}
