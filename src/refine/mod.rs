//! Refine: learns log-ratios with which a selection as a whole is distributed like the target.
//!
//! DSIR weighs each document alone, and nothing makes the sum of what is selected match the target. Here, each round
//! computes the density q of the selection that is expected with the log-ratios θ, and moves θ by
//! η (ln(p_target + ε) − ln(q + ε)): down where the selection has too much, up where it has too little. Log weights are
//! per token. The number of rounds is chosen on halves of the target: what is learned from one is evaluated by the
//! other. `docs/refine.md` tells why, and where it fails.

mod aim;
mod by_bucket;
mod choice;
mod classify;
mod coarse;
mod document_sample;
mod document_sampler;
mod evaluate;
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
pub(crate) use choice::Choice;
pub use choice::{Candidate, Evaluation, HeldOutScore, Weighting};
pub use classify::Classification;
pub(crate) use classify::{HalvedSample, classify};
pub(crate) use document_sample::DocumentSample;
pub(crate) use document_sampler::{DocumentBlocks, DocumentSampler};
pub(crate) use evaluate::{EVALUATION_SPACE, Expectation, evaluate, expect, featurize};
pub(crate) use halves::HalvedTarget;
pub use learn::Refinement;
pub(crate) use learn::refine;
pub(crate) use oversampling::{Oversampling, RawDocument};
pub(crate) use text_sampler::{TextSample, TextSampler, TextsOfLevel};
