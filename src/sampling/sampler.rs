//! What the threads that sample a corpus share.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::level::{LEVELS, smallest_level};

/// Adds up what all threads have sampled, by level, so that each can tell what is no longer of use.
#[derive(Debug)]
pub struct Sampler {
    budget: Option<u64>,
    sizes: [AtomicU64; LEVELS],
    /// The floor of what was sampled before: the levels below it exceeded the budget.
    floor_before: usize,
}

impl Sampler {
    /// A sampler that has sampled nothing yet, for a sample of at most this size; `None` samples everything.
    pub fn new(budget: Option<u64>) -> Self {
        Sampler { budget, sizes: [const { AtomicU64::new(0) }; LEVELS], floor_before: 0 }
    }

    /// With what was sampled of other parts of the corpus, which has this floor: levels below it exceed the budget.
    pub(crate) fn with_floor(self, floor: usize) -> Self {
        Sampler { floor_before: self.floor_before.max(floor), ..self }
    }

    /// A sampler that has already sampled so much of each level, in a sample with this floor.
    pub(super) fn resume(budget: Option<u64>, floor: usize, sizes: impl Iterator<Item = u64>) -> Self {
        let sampler = Sampler { floor_before: floor, ..Sampler::new(budget) };
        sampler.sizes.iter().zip(sizes).for_each(|(sum, size)| sum.store(size, Ordering::Relaxed));
        sampler
    }

    /// The largest size of the sample; `None` if everything is sampled.
    pub fn budget(&self) -> Option<u64> {
        self.budget
    }

    /// The largest record worth sampling: a sample should not consist of a few large ones.
    pub fn max_size(&self) -> u64 {
        self.budget.map_or(u64::MAX, |budget| budget / 16)
    }

    /// The sum of the sizes of a level.
    pub(super) fn size_of(&self, level: usize) -> &AtomicU64 {
        &self.sizes[level]
    }

    /// The level below which nothing can be in the sample any more.
    pub(super) fn floor(&self) -> usize {
        let sizes = self.sizes.iter().map(|size| size.load(Ordering::Relaxed));
        smallest_level(sizes, self.budget).max(self.floor_before)
    }
}

/// As another machine is told of it: its budget and its floor, without the sizes of what this one has sampled.
impl Serialize for Sampler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.budget, self.floor()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sampler {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (budget, floor) = Deserialize::deserialize(deserializer)?;
        Ok(Sampler::new(budget).with_floor(floor))
    }
}
