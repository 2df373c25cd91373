use serde::{Deserialize, Serialize};

use super::{Budget, Exponents, GroupShares, Groups, MixIn, Proportions, RepeatCurve};
use crate::density::length;

/// How keys are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// log weight / T + Gumbel noise: sampling without replacement in proportion to exp(log weight / T).
    #[default]
    Gumbel,
    /// Noise alone: every record is as likely as any other.
    Random,
    /// Of scores from 0 to 1, first those that are larger than 1 − Pareto(9) noise, in random order; then those that
    /// are when the noise is drawn a second time, and so on. Source: heuristic classification (arXiv 2302.03169,
    /// section 4.1, after Brown et al. 2020, appendix A).
    Pareto,
}

/// In what temperatures are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemperatureUnit {
    /// In that of log weights.
    #[default]
    LogWeights,
    /// In standard deviations of the log weights that decide, of what is eligible: for one target, or a product.
    Deviations,
}

/// What a log weight is divided by, since it is a sum over all n-grams of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalize {
    /// Nothing, as published.
    #[default]
    None,
    /// √(tokens / 100).
    Sqrt,
    /// tokens / 100.
    Tokens,
}

impl Normalize {
    #[inline]
    pub(crate) fn apply(self, log_weight: f64, tokens: u32) -> f64 {
        match self {
            Normalize::None => log_weight,
            Normalize::Sqrt => log_weight / length(tokens).sqrt(),
            Normalize::Tokens => log_weight / length(tokens),
        }
    }
}

/// How several targets draw.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Combine {
    /// Each draws its share.
    #[default]
    Apart,
    /// One draw by the product of the importance weights, each to the power of its exponent. Without exponents each is
    /// 1 / the number of targets: the geometric mean.
    Product(Option<Exponents>),
}

/// What decides a draw.
///
/// ```
/// use dsir::resample::{Budget, DrawOptions};
///
/// let options = DrawOptions { budget: Budget::Tokens(1_000_000), seed: 7, ..DrawOptions::default() };
/// assert_eq!((options.min_tokens, options.draws), (100, 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DrawOptions {
    /// How much to select.
    pub budget: Budget,
    /// The least number of tokens of an eligible record.
    pub min_tokens: u32,
    /// How keys are made.
    pub method: Method,
    /// T: 1 samples in proportion to the importance weights, 0 selects the largest without noise. One for each draw;
    /// the last one also for all further draws.
    pub temperatures: Vec<f64>,
    /// In what temperatures are told.
    pub temperature_unit: TemperatureUnit,
    /// What log weights are divided by; `None`: what the log-ratios were made for, [`Normalize::Tokens`] for a refined
    /// target and [`Normalize::None`] for any other.
    pub normalize: Option<Normalize>,
    /// How several targets draw.
    pub combine: Combine,
    /// The seed of the noise.
    pub seed: u64,
    /// Whether everything is selected, without an error, if less than the budget is eligible.
    pub allow_fewer: bool,
    /// The targets' shares of the budget; by default, by their tokens.
    pub proportions: Option<Proportions>,
    /// τ: shares by default are in proportion to tokens^(1/τ); infinite for even ones.
    pub proportions_temperature: f64,
    /// The groups' shares of the budget; `None` if records are not drawn by groups.
    pub groups: Option<GroupShares>,
    /// What is drawn beside the budget.
    pub mix_in: Vec<MixIn>,
    /// How many selections to make, each with the whole budget and with noise of its own.
    pub draws: u32,
    /// Whether no draw selects a record again before all that are eligible were selected.
    pub disjoint: bool,
    /// How often a draw may select one record; budgets count each time.
    pub repeat: u32,
    /// How often records are expected by their ranks, up to a factor that the budget decides; `None` if they are drawn
    /// by their log weights.
    pub curve: Option<RepeatCurve>,
}

impl DrawOptions {
    /// Sets the names of the groups, which are known once the records were read. Nothing is changed if records are not
    /// drawn by groups.
    pub fn set_group_names(&mut self, names: Groups) {
        if let Some(groups) = &mut self.groups {
            groups.names = names;
        }
    }

    /// Whether every draw is at temperature 1, as if none had been asked for.
    pub(crate) fn is_at_temperature_1(&self) -> bool {
        self.temperatures == [1.0] && self.temperature_unit == TemperatureUnit::LogWeights
    }

    /// Whether some records are drawn apart from others.
    pub(super) fn has_strata(&self) -> bool {
        self.groups.is_some() || !self.mix_in.is_empty()
    }

    /// The temperature that makes importance weights of log weights; 0 if records are not drawn by them, or if it is
    /// not known before the rows are read.
    pub(crate) fn spread_temperature(&self) -> f64 {
        let is_known = self.method == Method::Gumbel && self.temperature_unit == TemperatureUnit::LogWeights;
        if is_known && self.curve.is_none() { self.temperature_of(0) } else { 0.0 }
    }

    /// The temperature of draw number `draw`.
    pub(super) fn temperature_of(&self, draw: u32) -> f64 {
        let last = self.temperatures.last().copied().unwrap_or(1.0);
        self.temperatures.get(draw as usize).copied().unwrap_or(last)
    }
}

impl Default for DrawOptions {
    fn default() -> Self {
        DrawOptions {
            budget: Budget::Fraction(1.0),
            min_tokens: 100,
            method: Method::default(),
            temperatures: vec![1.0],
            temperature_unit: TemperatureUnit::default(),
            normalize: None,
            combine: Combine::default(),
            seed: 0,
            allow_fewer: false,
            proportions: None,
            proportions_temperature: 1.0,
            groups: None,
            mix_in: Vec::new(),
            draws: 1,
            disjoint: false,
            repeat: 1,
            curve: None,
        }
    }
}
