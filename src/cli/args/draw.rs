//! What is drawn.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::amount;
use crate::resample::{Exponents, Proportions, RepeatCurve};

#[derive(Args, Serialize)]
#[command(next_help_heading = "Draw")]
pub(crate) struct DrawArgs {
    /// Select K records
    ///
    /// Numbers of records, tokens and bytes may be written as 10k, 1.5M, 2G, 1e9 or 1_000.
    #[arg(short = 'k', long, value_name = "K", allow_negative_numbers = true, value_parser = amount::some)]
    pub(crate) num: Option<u64>,
    /// Select this share of the eligible records, from 0 to 1, or up to M with --repeat M
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = fraction)]
    pub(crate) fraction: Option<f64>,
    /// Select records of at most N tokens together
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = amount::some)]
    pub(crate) tokens: Option<u64>,
    /// Select records of at most N bytes together, newlines included
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = amount::some)]
    pub(crate) bytes: Option<u64>,
    /// Leave out records with fewer tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100,
          value_parser = amount::amount32)]
    pub(crate) min_tokens: u32,
    /// How records are drawn; each command has its own choice.
    #[arg(skip = MethodArg::Gumbel)]
    pub(crate) method: MethodArg,
    /// Divide log weights by T before drawing; 0 takes the largest without noise. T,T,... : one for each of --draws
    ///
    /// 0.5sd is half a standard deviation of the log weights of what is eligible: as much noise, whatever their spread.
    #[arg(long, value_name = "T", default_value = "1", value_delimiter = ',', allow_negative_numbers = true,
          value_parser = TemperatureArg::parse)]
    pub(crate) temperature: Vec<TemperatureArg>,
    /// Divide log weights, which are sums over all n-grams of a document, by its length [default: none; tokens if the
    /// model is refined]
    ///
    /// The length is in hundreds of tokens. Without it, long documents have extreme weights.
    #[arg(long, value_enum, hide_short_help = true)]
    pub(crate) normalize: Option<NormalizeArg>,
    /// Another seed draws another selection
    #[arg(long, value_name = "SEED", allow_negative_numbers = true, default_value_t = 0, value_parser = amount::amount)]
    pub(crate) seed: u64,
    /// The separate targets' shares: NAME=SHARE,... or SHARE,... in their order
    ///
    /// Shares need not sum to 1. The default is by the targets' tokens. Implies --separate-targets.
    #[arg(long, value_name = "SHARES", hide_short_help = true)]
    #[serde(serialize_with = "as_text")]
    pub(crate) proportions: Option<Proportions>,
    /// Between shares by the targets' tokens (1) and even ones (inf): in proportion to tokens^(1/T)
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true,
          value_parser = shares_temperature, conflicts_with = "proportions", hide_short_help = true)]
    pub(crate) proportions_temperature: f64,
    /// What separate targets do: each draws its share, or one draw by the product of all importance weights
    ///
    /// `product` implies --separate-targets.
    #[arg(long, value_enum, default_value_t = CombineArg::Apart, hide_short_help = true)]
    pub(crate) combine: CombineArg,
    /// The powers in the product: NAME=E,... or E,... in the targets' order; a negative one draws away from a target
    ///
    /// The default is the geometric mean.
    #[arg(long, value_name = "EXPONENTS", allow_hyphen_values = true, hide_short_help = true)]
    #[serde(serialize_with = "as_text")]
    pub(crate) exponents: Option<Exponents>,
    /// Draw within groups of records that have the same value in this field; a dotted path reaches into objects
    ///
    /// A value is a string, a number, true or false; all records without one are the group `(none)`.
    #[arg(long, value_name = "FIELD", hide_short_help = true)]
    pub(crate) group_by: Option<String>,
    /// The groups' shares of the budget: raw (by what there is of each), even, or NAME=SHARE,...
    #[arg(long, value_name = "raw|even|SHARES", requires = "group_by", hide_short_help = true)]
    pub(crate) group_share: Option<GroupShareArg>,
    /// Also select N random records, beside the budget: of those where FIELD is VALUE, or of FILE; repeatable
    ///
    /// Records where FIELD is VALUE are drawn in no other way, and no other condition but --min-tokens is asked of
    /// them. Those of FILE come behind the others, if nothing is shuffled; write ./a=b.jsonl for a file with `=` in its
    /// name.
    #[arg(long, value_name = "WHAT=N", hide_short_help = true)]
    pub(crate) mix_in: Vec<String>,
    /// Take all eligible records if they are fewer than asked for
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_fewer: bool,
    /// Make E selections, one for each epoch, each with the whole budget and with noise of its own
    ///
    /// They go into folders `epoch-0`, `epoch-1`, ... in the folder of -o, or around its file. The first is the one
    /// that is made without this option.
    #[arg(long, value_name = "E", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=1000), hide_short_help = true)]
    pub(crate) draws: Option<u32>,
    /// Let a record be selected up to M times, each time with noise of its own; budgets count every time
    ///
    /// Up to 1000. As upsampling within an epoch limit asks for: between sampling without replacement and with it.
    #[arg(long, value_name = "M", allow_negative_numbers = true, value_parser = amount::amount32)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repeat: Option<u32>,
    /// Draw by rank: at percentile P of the eligible tokens, ordered by log weight or score, expect a record C times
    ///
    /// Neither may fall. Between points it is linear; before the first and behind the last the number stays. All is
    /// scaled to the budget, but to no more than --repeat times, by default the largest C rounded up. With --group-by,
    /// ranks are within groups. 40:0,40:1,95:1,100:7 drops the lower 40%. For one target or a product; not with
    /// --temperature or --disjoint.
    #[arg(long, value_name = "P:C,...", hide_short_help = true)]
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub(crate) repeat_curve: Option<RepeatCurve>,
    /// With --draws, select no record again before all eligible records were selected
    #[arg(long, requires = "draws", hide_short_help = true)]
    pub(crate) disjoint: bool,
}

/// A temperature in log weights, or in their standard deviations.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum TemperatureArg {
    LogWeights(f64),
    Deviations(f64),
}

impl TemperatureArg {
    pub(crate) const ONE: TemperatureArg = TemperatureArg::LogWeights(1.0);

    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.strip_suffix("sd") {
            Some(deviations) => temperature(deviations).map(TemperatureArg::Deviations),
            None => temperature(text).map(TemperatureArg::LogWeights),
        }
    }
}

impl Serialize for TemperatureArg {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TemperatureArg::LogWeights(temperature) => serializer.serialize_f64(*temperature),
            TemperatureArg::Deviations(deviations) => serializer.collect_str(&format_args!("{deviations}sd")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MethodArg {
    /// In proportion to the importance weights: the largest of log weight / T + Gumbel noise
    Gumbel,
    /// The largest log weights; the same as --temperature 0
    Topk,
    /// Whatever the weights
    Random,
    /// Scores from 0 to 1 that are larger than 1 - Pareto(9) noise (resample --scores)
    Pareto,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NormalizeArg {
    /// As published
    None,
    /// By the square root of the length
    Sqrt,
    /// By the length
    Tokens,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CombineArg {
    /// Each draws its share
    Apart,
    /// One draw for all
    Product,
}

#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupShareArg {
    Raw,
    Even,
    #[serde(untagged)]
    Named(Vec<(String, f64)>),
}

/// The methods that need no scores.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SelectMethodArg {
    /// In proportion to the importance weights: the largest of log weight / T + Gumbel noise
    Gumbel,
    /// The largest log weights; the same as --temperature 0
    Topk,
    /// Whatever the weights
    Random,
}

impl From<SelectMethodArg> for MethodArg {
    fn from(typed: SelectMethodArg) -> Self {
        match typed {
            SelectMethodArg::Gumbel => MethodArg::Gumbel,
            SelectMethodArg::Topk => MethodArg::Topk,
            SelectMethodArg::Random => MethodArg::Random,
        }
    }
}

impl std::str::FromStr for GroupShareArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "raw" => Ok(GroupShareArg::Raw),
            "even" => Ok(GroupShareArg::Even),
            shares => {
                let named = shares.parse::<Proportions>()?.named();
                let named = named.ok_or("it must be raw, even, or NAME=SHARE,...")?;
                let twice = named
                    .iter()
                    .enumerate()
                    .find(|(at, (name, _))| named[..*at].iter().any(|(earlier, _)| earlier == name));
                match twice {
                    Some((_, (name, _))) => Err(format!("group `{name}` is given twice")),
                    None => Ok(GroupShareArg::Named(named)),
                }
            }
        }
    }
}

fn shares_temperature(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|t| *t >= 0.01);
    number.ok_or("it must be a number from 0.01, or inf")
}

pub(super) fn temperature(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|t| *t == 0.0 || (1e-9..=1e12).contains(t));
    number.ok_or("it must be 0, or a number from 1e-9 to 1e12")
}

fn fraction(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && number.is_finite());
    number.ok_or("it must be a number above 0, and up to 1 without --repeat")
}

pub(super) fn share(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or("it must be a number above 0 and up to 1")
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(proportions) => serializer.collect_str(proportions),
        None => serializer.serialize_none(),
    }
}
