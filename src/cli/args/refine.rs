//! How log-ratios are learned.

use clap::{Args, ValueEnum};
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct RefineArgs {
    /// Learn log-ratios with which the selection as a whole comes closest to the target
    ///
    /// Learned on a sample of the raw corpus for the budget that is drawn, and judged by a part of the target that is
    /// held out: if plain weights are better by that, they are used. See docs/refine.md.
    #[arg(long, requires = "target", conflicts_with_all = ["model", "learn"])]
    pub(crate) refine: bool,
    /// Select as is best for nearly all targets: --refine with --buckets 65536 --fit-tokens 1e9
    ///
    /// If plain weights are better by a part of the target that is held out, they are used. See docs/refine.md.
    #[arg(long, requires = "target", conflicts_with_all = ["model", "refine", "learn", "buckets", "normalize"])]
    pub(crate) auto: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct LearnArgs {
    /// Learn log-ratios that tell documents of the target from others
    ///
    /// The others are raw documents that may be drawn, or those of --against. Log weights per token are then the
    /// log-odds that a document is of the target. See docs/classify.md.
    #[arg(long, value_enum, value_name = "HOW", requires = "target")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) learn: Option<LearnArg>,
    /// With --learn, tell documents of the target from those of FILE, not from raw ones; repeatable
    #[arg(long, value_name = "FILE", requires = "learn", hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) against: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LearnArg {
    /// By logistic regression on n-grams
    Classifier,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct RefineForArgs {
    /// Learn log-ratios with which a selection of this share of the eligible tokens, as a whole, comes closest to the
    /// target
    ///
    /// The same as --refine of select, for draws that are made later. The model is then of these raw shards alone: it
    /// cannot be merged.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = super::draw::share,
          requires = "target")]
    pub(crate) refine_for: Option<f64>,
    /// With --refine-for and --learn, records with fewer tokens are not eligible
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        default_value_t = 100,
        value_parser = super::amount::amount32,
        requires = "learned"
    )]
    pub(crate) min_tokens: u32,
}
