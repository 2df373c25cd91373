//! Counts of the raw corpus, or of a sample of it by content hash.
//!
//! The counts of a sample are kept apart by the levels of [`sampling`](crate::sampling), so that models can be merged.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Counts, Error};
use crate::sampling::{HASH_LEVELS, Levels, Payload};

/// The largest number of n-grams of the raw corpus to count; `None` counts all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FitBudget(pub Option<u64>);

impl FitBudget {
    /// The reference's default: 100 000 n-grams for each bucket.
    pub fn auto(buckets: u32) -> Self {
        FitBudget(Some(100_000 * u64::from(buckets)))
    }
}

/// Counts of the raw records from some level on, one for each level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCounts {
    /// The largest number of n-grams to count.
    pub fit_ngrams: FitBudget,
    /// All raw documents that were read, counted or not.
    pub documents_read: u64,
    /// The smallest level that is counted; 0 if the corpus is counted whole.
    pub first_level: u32,
    /// The approximate number of copies of one record, if they are so many that a sample would be far off: everything
    /// is counted then, whatever the budget. 0 if they are not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copies: u64,
    /// The counts that these were merged from, each identified by a hash; empty if they were counted at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<String>,
    /// The counts of that level and of those above it.
    pub levels: Vec<Counts>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Payload for Counts {
    type Error = Error;

    fn merge(&mut self, others: Self) -> Result<(), Error> {
        self.add(&others)
    }
}

impl RawCounts {
    /// The counts of a sample.
    pub(super) fn of_sample(
        fit_ngrams: FitBudget,
        documents_read: u64,
        sample: Levels<Counts>,
        buckets: u32,
    ) -> Result<Self, Error> {
        let first_level = sample.floor();
        let mut levels = Vec::new();
        for (level, counts) in sample.into_payloads() {
            counts.ngrams().ok_or(Error::Overflow)?;
            // Levels without a record have no payload.
            levels.resize_with(level - first_level, || Counts::new(buckets));
            levels.push(counts);
        }
        let first_level = first_level as u32;
        Ok(RawCounts { fit_ngrams, documents_read, first_level, levels, ..RawCounts::default() })
    }

    /// The sample that these are the counts of.
    pub(super) fn sample(&self) -> Result<Levels<Counts>, Error> {
        let sized = |counts: &Counts| Ok((counts.ngrams().ok_or(Error::Overflow)?, counts.clone()));
        let levels = self.levels.iter().map(sized).collect::<Result<Vec<_>, Error>>()?;
        Ok(Levels::from_floor(self.first_level as usize, levels))
    }

    /// The sum over the levels that are counted.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub fn total(&self, buckets: u32) -> Result<Counts, Error> {
        let mut total = Counts::new(buckets);
        self.levels.iter().try_for_each(|level| total.add(level))?;
        total.ngrams().ok_or(Error::Overflow)?;
        Ok(total)
    }

    /// The counts of two parts of a corpus together: the same as of counting both at once.
    ///
    /// # Errors
    /// Parts counted to different budgets; counts past 64 bits; a part that is in both.
    pub fn merge(&self, other: &RawCounts, buckets: u32) -> Result<RawCounts, Error> {
        if self.fit_ngrams != other.fit_ngrams {
            return Err(Error::Options { what: "the n-grams that are counted at most" });
        }
        let copies = self.copies.saturating_add(other.copies);
        let budget = if copies > 0 { FitBudget(None) } else { self.fit_ngrams };
        let sample = Levels::merge([self.sample()?, other.sample()?], budget.0)?;
        let documents = self.documents_read.checked_add(other.documents_read).ok_or(Error::Overflow)?;
        let merged = RawCounts::of_sample(self.fit_ngrams, documents, sample, buckets)?;
        let parts = [self.parts(), other.parts()].concat();
        if parts.iter().collect::<HashSet<_>>().len() < parts.len() {
            return Err(Error::CountedTwice);
        }
        Ok(RawCounts { copies, merged: parts, ..merged })
    }

    /// The parts that were counted at once and make up these counts, each identified by a hash of its counts.
    pub fn parts(&self) -> Vec<String> {
        if !self.merged.is_empty() {
            return self.merged.clone();
        }
        // Numbers always make JSON.
        let counts = serde_json::to_vec(self).unwrap_or_default();
        vec![format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&counts))]
    }

    /// Whether there are many copies of one record and yet only a sample was counted: in parts of a corpus that were
    /// merged afterwards, or of a stream that cannot be read again.
    pub fn may_miss_copies(&self) -> bool {
        self.copies > 0 && self.first_level > 0
    }

    /// Whether these can be the counts of a corpus in this number of buckets.
    pub(crate) fn is_sound(&self, buckets: u32) -> bool {
        self.first_level as usize + self.levels.len() <= HASH_LEVELS
            && self.levels.iter().all(|level| level.counts.len() == buckets as usize)
    }
}
