//! Sampling by content hash: a sample of a corpus that is the same however the corpus is cut, ordered or read.
//!
//! A record's *level* is the number of leading zeros of its content hash, so that one record in 2^j has level j or
//! higher. A record that should be sampled more often than others has its level raised by a *boost*. The sample has
//! all records from some level on: the smallest level for which the sizes of all of them add up to at most a budget.
//!
//! That level is known only at the end of the corpus. So every thread keeps what it has seen apart by level, in
//! [`Levels`], while the [`Sampler`] adds up the sizes of all threads. Now and then, a thread raises its floor: it
//! drops the levels that can no longer be in the sample, and ignores their records from then on. What threads have
//! and what was sampled from parts of a corpus, on whatever machine, is merged in any order.
//!
//! What is kept of the records of a level is for the user to decide: their counts, their features, their texts.
//!
//! ```
//! use dsir::sampling::{Levels, Sampler, level};
//!
//! // Records of size 1, each with its content hash; at most 100 of them are wanted.
//! let records = (1..=1000u64).map(|id| (id, id.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
//! let sampler = Sampler::new(Some(100));
//! let mut threads = [Levels::new(), Levels::new()];
//! for (id, content_hash) in records {
//!     let thread: &mut Levels<Vec<u64>> = &mut threads[id as usize % 2];
//!     if let Some(mut slot) = thread.slot(&sampler, level(content_hash, 0), Vec::new) {
//!         slot.payload.push(id);
//!         slot.add_size(1);
//!     }
//!     if id % 50 == 0 {
//!         thread.raise_floor(&sampler);
//!     }
//! }
//! let Ok(sample) = Levels::merge(threads, sampler.budget());
//! // One record in 2^4 is about 62.
//! assert_eq!(sample.floor(), 4);
//! assert_eq!(sample.into_payloads().map(|(_, ids)| ids.len()).sum::<usize>(), 62);
//! ```

mod level;
mod levels;
mod sampler;
#[cfg(test)]
mod tests;

pub use level::{HASH_LEVELS, MAX_BOOST, level};
pub use levels::{LevelSlot, Levels, Payload};
pub use sampler::Sampler;
