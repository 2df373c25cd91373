//! What is drawn.

use clap::{ArgGroup, Args};
use dsir::resample::Proportions;
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Draw")]
#[command(group(ArgGroup::new("budget").required(true).args(["num", "fraction", "tokens", "bytes"])))]
pub(crate) struct DrawArgs {
    /// Select K records
    #[arg(short = 'k', long, value_name = "K", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) num: Option<u64>,
    /// Select this share of the eligible records, from 0 to 1
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub(crate) fraction: Option<f64>,
    /// Select records of at most N tokens together
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tokens: Option<u64>,
    /// Select records of at most N bytes together, newlines included
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) bytes: Option<u64>,
    /// Leave out records with fewer tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100)]
    pub(crate) min_tokens: u32,
    /// Divide log weights by T before drawing; 0 takes the largest without noise
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true, value_parser = temperature)]
    pub(crate) temperature: f64,
    /// Another seed draws another selection
    #[arg(long, value_name = "SEED", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The separate targets' shares: NAME=SHARE,... or SHARE,... in their order
    ///
    /// Shares need not sum to 1. The default is by the targets' tokens.
    #[arg(long, value_name = "SHARES")]
    #[serde(serialize_with = "as_text")]
    pub(crate) proportions: Option<Proportions>,
    /// Take all eligible records if they are fewer than asked for
    #[arg(long)]
    pub(crate) allow_fewer: bool,
    /// Make E selections, one for each epoch, each with the whole budget and with noise of its own
    ///
    /// They go into folders `epoch-0`, `epoch-1`, ... in the folder of -o, or around its file. The first is the one
    /// that is made without this option.
    #[arg(long, value_name = "E", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) draws: Option<u32>,
    /// With --draws, select no record again before all eligible records were selected
    #[arg(long, requires = "draws")]
    pub(crate) disjoint: bool,
}

pub(super) fn temperature(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|t| *t == 0.0 || (1e-9..=1e12).contains(t));
    number.ok_or("it must be 0, or a number from 1e-9 to 1e12")
}

fn share(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or("it must be a number above 0 and up to 1")
}

fn as_text<S: serde::Serializer>(value: &Option<Proportions>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(proportions) => serializer.collect_str(proportions),
        None => serializer.serialize_none(),
    }
}
