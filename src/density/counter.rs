//! Counting the raw corpus with several threads, or a sample of it.

use serde::{Deserialize, Serialize};

use super::copies::Cells;
use super::{Counts, Error, FitBudget, RawCounts};
use crate::sampling::{LevelSlot, Levels, Sampler, level};

/// What the threads that count a corpus share.
#[derive(Debug)]
pub(crate) struct RawCounter {
    budget: FitBudget,
    buckets: u32,
    sampler: Sampler,
    /// What an earlier run has counted.
    before: Option<CountsSoFar>,
}

/// What was counted of a part of a corpus. It is stored in checkpoints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CountsSoFar {
    pub(crate) counts: RawCounts,
    pub(crate) cells: Cells,
}

/// What one thread has counted.
#[derive(Clone, Debug)]
pub(crate) struct ThreadCounts {
    buckets: u32,
    documents_read: u64,
    levels: Levels<Counts>,
    cells: Cells,
}

/// A document that is being counted.
#[derive(Debug)]
pub(crate) struct DocumentCounts<'a> {
    level: LevelSlot<'a, Counts>,
    ngrams: u64,
}

impl RawCounter {
    /// A counter that has counted nothing yet.
    pub(crate) fn new(budget: FitBudget, buckets: u32) -> Self {
        RawCounter { budget, buckets, sampler: Sampler::new(budget.0), before: None }
    }

    /// For a part of a corpus of which other parts were counted, from this level on.
    pub(crate) fn with_floor(self, floor: usize) -> Self {
        RawCounter { sampler: self.sampler.with_floor(floor), ..self }
    }

    /// Resumes from what [`so_far`](RawCounter::so_far) gave to an earlier run.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn resume(before: CountsSoFar, buckets: u32) -> Result<Self, Error> {
        let budget = before.counts.fit_ngrams;
        let sampler = before.counts.sample()?.resume(budget.0);
        Ok(RawCounter { budget, buckets, sampler, before: Some(before) })
    }

    /// The counts of one thread.
    pub(crate) fn thread(&self) -> ThreadCounts {
        ThreadCounts { buckets: self.buckets, documents_read: 0, levels: Levels::new(), cells: Cells::new() }
    }

    /// Adds up what the threads have counted.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn finish(&self, threads: impl IntoIterator<Item = ThreadCounts>) -> Result<RawCounts, Error> {
        Ok(self.so_far(threads)?.finish())
    }

    /// Adds up what the threads have counted of a part of the corpus.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn so_far(
        &self,
        threads: impl IntoIterator<Item = ThreadCounts>,
    ) -> Result<CountsSoFar, Error> {
        let (mut documents, mut cells, mut before) = (0, Cells::new(), None);
        if let Some(CountsSoFar { counts, cells: cells_before }) = &self.before {
            documents = counts.documents_read;
            cells.join(cells_before);
            before = Some(counts.sample()?);
        }
        let threads = threads.into_iter().map(|thread| {
            documents += thread.documents_read;
            cells.join(&thread.cells);
            thread.levels
        });
        let sample = Levels::merge(before.into_iter().chain(threads), self.budget.0)?;
        let counts = RawCounts::of_sample(self.budget, documents, sample, self.buckets)?;
        Ok(CountsSoFar { counts, cells })
    }
}

impl CountsSoFar {
    /// The counts of the whole corpus, if that is what these are.
    pub(crate) fn finish(self) -> RawCounts {
        RawCounts { copies: self.cells.many_copies().unwrap_or(0), ..self.counts }
    }

    /// The counts of two parts of a corpus together, in this number of buckets.
    ///
    /// # Errors
    /// Counts past 64 bits.
    pub(crate) fn merge(&self, other: &CountsSoFar, buckets: u32) -> Result<Self, Error> {
        let (budget, mut cells) = (self.counts.fit_ngrams, self.cells.clone());
        cells.join(&other.cells);
        let sample = Levels::merge([self.counts.sample()?, other.counts.sample()?], budget.0)?;
        let documents = self.counts.documents_read + other.counts.documents_read;
        Ok(CountsSoFar { counts: RawCounts::of_sample(budget, documents, sample, buckets)?, cells })
    }

    /// From which level on records are counted.
    pub(crate) fn floor(&self) -> usize {
        self.counts.first_level as usize
    }
}

impl ThreadCounts {
    /// Begins a document whose record has this content hash and length; `None` if it is not in the sample, and so is
    /// not counted.
    pub(crate) fn begin<'a>(
        &'a mut self,
        counter: &'a RawCounter,
        content_hash: u64,
        bytes: u64,
    ) -> Option<DocumentCounts<'a>> {
        self.documents_read += 1;
        self.cells.add(content_hash, bytes);
        let level = level(content_hash, 0);
        let level = self.levels.slot(&counter.sampler, level, || Counts::new(self.buckets))?;
        Some(DocumentCounts { level, ngrams: 0 })
    }

    /// Drops what can no longer be in the sample; worth a call for each block.
    pub(crate) fn raise_floor(&mut self, counter: &RawCounter) {
        self.levels.raise_floor(&counter.sampler);
    }
}

impl DocumentCounts<'_> {
    /// Counts n-grams of the document.
    #[inline]
    pub(crate) fn add(&mut self, buckets: &[u32]) {
        self.ngrams += buckets.len() as u64;
        buckets.iter().for_each(|bucket| self.level.payload.counts[*bucket as usize] += 1);
    }

    /// Counts n-grams of the document and returns the sum of the numbers in `table` for their buckets: one loop is
    /// faster than two.
    #[inline]
    pub(crate) fn add_and_sum(&mut self, buckets: &[u32], table: &[i64]) -> i64 {
        self.ngrams += buckets.len() as u64;
        // With both of one length, one bounds check is enough.
        let length = table.len().min(self.level.payload.counts.len());
        let (counts, table) = (&mut self.level.payload.counts[..length], &table[..length]);
        let mut sum = 0;
        for bucket in buckets {
            counts[*bucket as usize] += 1;
            sum += table[*bucket as usize];
        }
        sum
    }

    /// Ends the document, which has this number of tokens.
    pub(crate) fn end(mut self, tokens: u64) {
        self.level.payload.tokens += tokens;
        self.level.payload.documents += 1;
        self.level.add_size(self.ngrams);
    }
}
