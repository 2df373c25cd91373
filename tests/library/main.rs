//! The library as its users see it.

#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod corpus;

/// The published reference's numbers.
mod reference;

/// The test vectors of `docs/feature-space.md`, and tokens of many scripts.
mod feature_space;

/// The tokenizers beside `wordpunct`.
mod tokenizers;

/// The same selection however the corpus is cut, compressed, ordered or shared out.
mod determinism;

/// Selections measured: the same however they are cut, and held against chance.
mod measure;

/// What the draw promises in the long run.
mod statistics;

/// Selections in memory.
mod memory;

/// Jobs at once, cancelled and resumed.
mod jobs;

/// Jobs whose corpus is read by an engine, on other machines.
mod engine;
