//! Counts of the raw corpus, or of a sample of it that is the same however the corpus is cut.
//!
//! A record's level is the number of leading zeros of its content hash: level j and above hold one
//! record in 2^j. Counts kept apart by level give, after one pass, the sample for any smallest level.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::copies::Cells;
use super::{Counts, Error};

/// Levels 0 to 64.
const LEVELS: usize = 65;

/// How many n-grams of the raw corpus are counted at most; `None`: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FitBudget(pub Option<u64>);

impl FitBudget {
    /// The reference's default: 100 000 n-grams for each bucket.
    pub fn auto(buckets: u32) -> Self {
        FitBudget(Some(100_000 * u64::from(buckets)))
    }

    /// The smallest level from which the n-grams, given by level, keep within the budget.
    pub(crate) fn smallest_level(self, ngrams: &[u64]) -> usize {
        let Some(budget) = self.0 else { return 0 };
        let mut sum = 0u64;
        for (level, ngrams) in ngrams.iter().enumerate().rev() {
            sum = sum.saturating_add(*ngrams);
            if sum > budget {
                return level + 1;
            }
        }
        0
    }
}

/// Counts of the raw records from some level on, kept apart by level so that models can be merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCounts {
    /// The most n-grams to count.
    pub fit_ngrams: FitBudget,
    /// All raw documents that were read, counted or not.
    pub documents_read: u64,
    /// The smallest level that is counted; 0 if the corpus is counted whole.
    pub first_level: u32,
    /// About how many copies there are of one record, if they are so many that a sample would be far off: then all is
    /// counted, whatever the budget. 0 if they are not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copies: u64,
    /// What these were merged from, each known by a hash of its counts; empty if they were counted at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<String>,
    /// The counts of that level and of those above it.
    pub levels: Vec<Counts>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl RawCounts {
    fn from_levels(
        fit_ngrams: FitBudget,
        documents_read: u64,
        mut levels: Vec<Option<Counts>>,
        from: usize,
        buckets: u32,
    ) -> Result<Self, Error> {
        let mut ngrams = vec![0; levels.len()];
        for (ngrams, level) in ngrams.iter_mut().zip(&levels) {
            *ngrams = level.as_ref().map_or(Some(0), Counts::ngrams).ok_or(Error::Overflow)?;
        }
        let first = fit_ngrams.smallest_level(&ngrams).max(from);
        let last = levels.iter().rposition(Option::is_some).map_or(first, |last| last + 1).max(first);
        levels.truncate(last);
        let kept = levels.into_iter().skip(first);
        let levels = kept.map(|level| level.unwrap_or_else(|| Counts::new(buckets))).collect();
        Ok(RawCounts {
            fit_ngrams,
            documents_read,
            first_level: first as u32,
            levels,
            ..RawCounts::default()
        })
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

    /// The counts of two parts of a corpus together: what counting both at once gives.
    ///
    /// # Errors
    /// Parts counted to different budgets; counts past 64 bits.
    pub fn merge(&self, other: &RawCounts, buckets: u32) -> Result<RawCounts, Error> {
        if self.fit_ngrams != other.fit_ngrams {
            return Err(Error::Options { what: "the n-grams that are counted at most" });
        }
        let mut levels: Vec<Option<Counts>> = vec![None; LEVELS];
        for part in [self, other] {
            for (level, counts) in levels.iter_mut().skip(part.first_level as usize).zip(&part.levels) {
                match level {
                    Some(sum) => sum.add(counts)?,
                    None => *level = Some(counts.clone()),
                }
            }
        }
        let documents = self.documents_read.checked_add(other.documents_read).ok_or(Error::Overflow)?;
        // Below the higher of the two first levels one part was not counted.
        let from = self.first_level.max(other.first_level) as usize;
        let copies = self.copies.saturating_add(other.copies);
        let budget = if copies > 0 { FitBudget(None) } else { self.fit_ngrams };
        let merged = RawCounts::from_levels(budget, documents, levels, from, buckets)?;
        let parts = [self.parts(), other.parts()].concat();
        if parts.iter().collect::<HashSet<_>>().len() < parts.len() {
            return Err(Error::CountedTwice);
        }
        Ok(RawCounts { fit_ngrams: self.fit_ngrams, copies, merged: parts, ..merged })
    }

    /// What was counted at once and makes up these counts: each part is known by a hash of its counts.
    pub fn parts(&self) -> Vec<String> {
        if !self.merged.is_empty() {
            return self.merged.clone();
        }
        // Numbers always make JSON.
        let counts = serde_json::to_vec(self).unwrap_or_default();
        vec![format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&counts))]
    }

    /// Whether there are many copies of one record, and yet only a sample was counted: parts of a corpus did so
    /// before they were merged, or a stream that cannot be read again.
    pub fn may_miss_copies(&self) -> bool {
        self.copies > 0 && self.first_level > 0
    }

    /// Whether these can be counts of so many buckets.
    pub(crate) fn is_sound(&self, buckets: u32) -> bool {
        self.first_level as usize + self.levels.len() <= LEVELS
            && self.levels.iter().all(|level| level.counts.len() == buckets as usize)
    }
}

/// The sampling that the threads counting a corpus share.
#[derive(Debug)]
pub struct RawSample {
    budget: FitBudget,
    ngrams: [AtomicU64; LEVELS],
    /// What an earlier run has counted.
    before: Option<PartCounts>,
}

/// What was counted part of the way through a corpus.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PartCounts {
    pub(crate) counts: RawCounts,
    cells: Cells,
}

/// What one thread has counted, by level.
#[derive(Debug)]
pub struct LevelCounts {
    buckets: u32,
    documents_read: u64,
    levels: Vec<Option<Counts>>,
    cells: Cells,
    /// Levels below this can no longer be in the sample.
    floor: usize,
}

/// One document while it is counted.
#[derive(Debug)]
pub struct DocumentCounts<'a> {
    counts: &'a mut Counts,
    ngrams: u64,
    of_level: &'a AtomicU64,
}

impl RawSample {
    /// Nothing counted yet.
    pub fn new(budget: FitBudget) -> Self {
        RawSample { budget, ngrams: [const { AtomicU64::new(0) }; LEVELS], before: None }
    }

    /// Goes on from what [`part`](RawSample::part) gave earlier.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn go_on(before: PartCounts) -> Result<Self, Error> {
        let counts = &before.counts;
        let sample = RawSample::new(counts.fit_ngrams);
        let first = counts.first_level as usize;
        for (ngrams, level) in sample.ngrams.iter().skip(first).zip(&counts.levels) {
            ngrams.store(level.ngrams().ok_or(Error::Overflow)?, Ordering::Relaxed);
        }
        if let (Some(budget), Some(below)) = (counts.fit_ngrams.0, first.checked_sub(1)) {
            // The levels below the first were too many: they stay out.
            sample.ngrams[below].store(budget.saturating_add(1), Ordering::Relaxed);
        }
        Ok(RawSample { before: Some(before), ..sample })
    }

    /// The counts of one thread.
    pub fn thread(&self, buckets: u32) -> LevelCounts {
        LevelCounts { buckets, documents_read: 0, levels: vec![None; LEVELS], cells: Cells::new(), floor: 0 }
    }

    /// Makes one of what the threads have counted.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub fn finish<'a>(
        &self,
        threads: impl IntoIterator<Item = &'a LevelCounts>,
        buckets: u32,
    ) -> Result<RawCounts, Error> {
        let PartCounts { counts, cells } = self.part(threads, buckets)?;
        Ok(RawCounts { copies: cells.many_copies().unwrap_or(0), ..counts })
    }

    /// What the threads have counted so far.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn part<'a>(
        &self,
        threads: impl IntoIterator<Item = &'a LevelCounts>,
        buckets: u32,
    ) -> Result<PartCounts, Error> {
        let mut levels: Vec<Option<Counts>> = vec![None; LEVELS];
        let mut documents = 0;
        let mut cells = Cells::new();
        if let Some(PartCounts { counts: before, cells: cells_before }) = &self.before {
            cells.join(cells_before);
            documents = before.documents_read;
            let before = before.levels.iter().cloned().map(Some);
            levels
                .iter_mut()
                .skip(self.first_before())
                .zip(before)
                .for_each(|(level, before)| *level = before);
        }
        for thread in threads {
            documents += thread.documents_read;
            cells.join(&thread.cells);
            for (sum, counts) in levels.iter_mut().zip(&thread.levels) {
                match (sum, counts) {
                    (Some(sum), Some(counts)) => sum.add(counts)?,
                    (sum @ None, Some(counts)) => *sum = Some(counts.clone()),
                    (_, None) => {}
                }
            }
        }
        // Some threads stopped counting a level before others did; the budget rules all of those out.
        let from = self.floor();
        let counts = RawCounts::from_levels(self.budget, documents, levels, from, buckets)?;
        Ok(PartCounts { counts, cells })
    }

    fn first_before(&self) -> usize {
        self.before.as_ref().map_or(0, |before| before.counts.first_level as usize)
    }

    fn floor(&self) -> usize {
        let ngrams: Vec<u64> = self.ngrams.iter().map(|level| level.load(Ordering::Relaxed)).collect();
        self.budget.smallest_level(&ngrams)
    }
}

impl LevelCounts {
    /// Begins a document, whose record has this content hash and length; `None` if it is not in the sample, and not
    /// counted.
    pub fn begin<'a>(
        &'a mut self,
        sample: &'a RawSample,
        (content_hash, bytes): (u64, u64),
    ) -> Option<DocumentCounts<'a>> {
        self.documents_read += 1;
        self.cells.add(content_hash, bytes);
        let level = content_hash.leading_zeros() as usize;
        if level < self.floor {
            return None;
        }
        let counts = self.levels[level].get_or_insert_with(|| Counts::new(self.buckets));
        Some(DocumentCounts { counts, ngrams: 0, of_level: &sample.ngrams[level] })
    }

    /// Leaves off, from now on, what can no longer be in the sample; worth a call for each block.
    pub fn raise_floor(&mut self, sample: &RawSample) {
        self.floor = sample.floor();
        for level in &mut self.levels[..self.floor] {
            *level = None;
        }
    }
}

impl DocumentCounts<'_> {
    /// Counts n-grams of the document.
    #[inline]
    pub fn add(&mut self, buckets: &[u32]) {
        self.ngrams += buckets.len() as u64;
        buckets.iter().for_each(|bucket| self.counts.counts[*bucket as usize] += 1);
    }

    /// Counts n-grams of the document, and gives the sum of what `table` has for their buckets: one loop takes less than two.
    #[inline]
    pub(crate) fn add_and_sum(&mut self, buckets: &[u32], table: &[i64]) -> i64 {
        self.ngrams += buckets.len() as u64;
        // Of one length, so that one check is enough.
        let length = table.len().min(self.counts.counts.len());
        let (counts, table) = (&mut self.counts.counts[..length], &table[..length]);
        let mut sum = 0;
        for bucket in buckets {
            counts[*bucket as usize] += 1;
            sum += table[*bucket as usize];
        }
        sum
    }

    /// Ends the document, which has so many tokens.
    pub fn end(self, tokens: u64) {
        self.counts.tokens += tokens;
        self.counts.documents += 1;
        self.of_level.fetch_add(self.ngrams, Ordering::Relaxed);
    }
}
