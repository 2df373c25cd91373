//! Sampled records by level: those of a thread, of a part of a corpus, or of a whole sample.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::level::{LEVELS, smallest_level};
use super::sampler::Sampler;

/// What is kept of the records of a level.
pub trait Payload: Sized {
    /// Why merging fails; [`Infallible`] if it does not.
    type Error;

    /// Adds what others keep of other records of the same level.
    ///
    /// # Errors
    /// What the implementation says.
    fn merge(&mut self, others: Self) -> Result<(), Self::Error>;
}

impl<T> Payload for Vec<T> {
    type Error = Infallible;

    fn merge(&mut self, others: Self) -> Result<(), Infallible> {
        self.extend(others);
        Ok(())
    }
}

/// Records from a floor on: a payload and a size for each level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Levels<P> {
    floor: usize,
    levels: Vec<Option<Level<P>>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Level<P> {
    size: u64,
    payload: P,
}

/// The level of a record that is being sampled.
#[derive(Debug)]
pub struct LevelSlot<'a, P> {
    /// What is kept of the records of this level.
    pub payload: &'a mut P,
    size: &'a mut u64,
    size_of_all: &'a AtomicU64,
}

impl<P> LevelSlot<'_, P> {
    /// Adds the size of the record, in units of the budget.
    #[inline]
    pub fn add_size(&mut self, size: u64) {
        *self.size += size;
        self.size_of_all.fetch_add(size, Ordering::Relaxed);
    }
}

impl<P> Default for Levels<P> {
    fn default() -> Self {
        Levels { floor: 0, levels: (0..LEVELS).map(|_| None).collect() }
    }
}

impl<P> Levels<P> {
    /// No record yet, and none excluded.
    pub fn new() -> Self {
        Levels::default()
    }

    /// Payloads of this level and of the following ones, each with its size.
    pub fn from_floor(floor: usize, payloads: impl IntoIterator<Item = (u64, P)>) -> Self {
        let mut levels = Levels { floor: floor.min(LEVELS), ..Levels::new() };
        for (level, (size, payload)) in levels.levels.iter_mut().skip(floor).zip(payloads) {
            *level = Some(Level { size, payload });
        }
        levels
    }

    /// A sampler for more records, to be merged with these.
    pub fn resume(&self, budget: Option<u64>) -> Sampler {
        Sampler::resume(budget, self.floor, self.sizes())
    }

    /// The smallest level whose records may be in the sample.
    pub fn floor(&self) -> usize {
        self.floor
    }

    /// The level of a record to be sampled, with a `new` payload if it is the first there; `None` below the floor.
    #[inline]
    pub fn slot<'a>(
        &'a mut self,
        sampler: &'a Sampler,
        level: usize,
        new: impl FnOnce() -> P,
    ) -> Option<LevelSlot<'a, P>> {
        if level < self.floor {
            return None;
        }
        let Level { size, payload } =
            self.levels[level].get_or_insert_with(|| Level { size: 0, payload: new() });
        Some(LevelSlot { payload, size, size_of_all: sampler.size_of(level) })
    }

    /// Drops what can no longer be in the sample. Adding up levels takes a moment: call it once in a while, not for
    /// every record.
    pub fn raise_floor(&mut self, sampler: &Sampler) {
        self.raise_floor_to(sampler.floor());
    }

    fn raise_floor_to(&mut self, floor: usize) {
        self.floor = self.floor.max(floor);
        self.levels[..self.floor].fill_with(|| None);
    }

    /// The smallest level from which on these records keep within a budget.
    pub fn smallest_level(&self, budget: Option<u64>) -> usize {
        smallest_level(self.sizes(), budget).max(self.floor)
    }

    /// The payloads with their levels, which begin at the floor.
    pub fn into_payloads(self) -> impl Iterator<Item = (usize, P)> {
        self.levels.into_iter().enumerate().filter_map(|(level, one)| Some((level, one?.payload)))
    }

    /// The size of each level.
    pub(super) fn sizes(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        self.levels.iter().map(|level| level.as_ref().map_or(0, |level| level.size))
    }
}

impl<P: Payload> Levels<P> {
    /// The sample that parts make up together: what threads have, or what was sampled from parts of a corpus with this
    /// budget or a larger one. It is the one that sampling all records at once gives, whatever the parts are and
    /// however far each has raised its floor.
    ///
    /// # Errors
    /// Payloads that cannot be merged.
    pub fn merge(
        parts: impl IntoIterator<Item = Levels<P>>,
        budget: Option<u64>,
    ) -> Result<Levels<P>, P::Error> {
        let mut all = Levels::<P>::new();
        for part in parts {
            // Below the floor of any part, records are missing.
            all.raise_floor_to(part.floor);
            for (own, other) in all.levels.iter_mut().zip(part.levels).skip(all.floor) {
                match (own, other) {
                    (Some(own), Some(other)) => {
                        own.size = own.size.saturating_add(other.size);
                        own.payload.merge(other.payload)?;
                    }
                    (own, Some(other)) => *own = Some(other),
                    (_, None) => {}
                }
            }
        }
        all.raise_floor_to(all.smallest_level(budget));
        Ok(all)
    }
}
