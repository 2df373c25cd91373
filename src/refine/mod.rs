//! Refine: learns log-ratios with which a selection as a whole is distributed like the target.
//!
//! DSIR weighs each document alone, and nothing makes the sum of what is selected match the target. Here, each round
//! computes the density q of the selection that is expected with the log-ratios θ, and moves θ by
//! η (ln(p_target + ε) − ln(q + ε)): down where the selection has too much, up where it has too little. Log weights are
//! per token. The number of rounds is chosen on halves of the target: what is learned from one is evaluated by the
//! other. `docs/refine.md` tells why, and where it fails.

/// The number of buckets that is best to refine in, for nearly all targets: `docs/refine.md` has the evidence.
pub const REFINING_BUCKETS: u32 = 1 << 16;

mod aim;
mod by_bucket;
mod classify;
mod coarse;
mod document_sample;
mod document_sampler;
mod expected;
mod features;
mod halves;
mod inclusion;
mod kl;
mod learn;
mod logistic;
mod minimize;
mod oversampling;
mod packed;
mod text_sampler;
mod trajectory;

pub(crate) use aim::Aim;
pub use classify::Classification;
pub(crate) use classify::{HalvedSample, classify};
pub(crate) use document_sample::DocumentSample;
pub(crate) use document_sampler::{DocumentBlocks, DocumentSampler};
pub use learn::Refinement;
pub(crate) use learn::refine;
pub(crate) use oversampling::{Oversampling, RawDocument};
pub(crate) use text_sampler::{HashedText, TextSample, TextSampler, TextsOfLevel};
