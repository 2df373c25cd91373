//! Log-ratios that were learned from documents, in place of those of the counts.

use serde::{Deserialize, Serialize};

use super::LogRatios;
use crate::featurizer::FeatureSpace;
use crate::ln::logistic;

/// However log weights are normalized, a document of so many tokens keeps its own.
pub(crate) const UNCHANGED_TOKENS: f64 = 100.0;

/// The length by which log weights are normalized.
#[inline]
pub(crate) fn length(tokens: u32) -> f64 {
    f64::from(tokens.max(1)) / UNCHANGED_TOKENS
}

/// Log-ratios that were learned. All are meant for log weights normalized by tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Learned {
    /// With them, a selection as a whole comes closest to the target.
    Refined(Refined),
    /// They tell documents of the target from others.
    Classifier(Classifier),
}

impl Learned {
    /// One for each bucket, in the fixed point of [`LogRatios`].
    pub fn log_ratios(&self) -> &[i64] {
        match self {
            Learned::Refined(refined) => &refined.log_ratios,
            Learned::Classifier(classifier) => &classifier.log_ratios,
        }
    }

    /// Whether these can be log-ratios of a feature space.
    pub(super) fn is_sound(&self, space: FeatureSpace) -> bool {
        match self {
            Learned::Refined(refined) => refined.is_sound(space),
            Learned::Classifier(classifier) => classifier.is_sound(space),
        }
    }
}

fn are_log_ratios(log_ratios: &[i64], space: FeatureSpace) -> bool {
    let largest = LogRatios::largest(space.hash);
    log_ratios.len() == space.buckets as usize
        && log_ratios.iter().all(|ratio| (-largest..=largest).contains(ratio))
}

/// Log-ratios with which a selection as a whole comes closest to the target: see [`refine`](crate::refine).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refined {
    /// The share of the eligible raw documents that they were made for.
    pub share: f64,
    /// How many steps were made from the log-ratios of the counts.
    pub rounds: u32,
    /// KL of the held-out part of the target from the expected selection, in nats: by plain weights, by those per
    /// token, and after each round that was tried. Empty if the target is too small to hold out a part of.
    pub history: Vec<f64>,
    /// One for each bucket, in the fixed point of [`LogRatios`].
    pub log_ratios: Vec<i64>,
}

impl Refined {
    /// Whether nothing could be held out of the target, so that its log-ratios were only drawn towards raw.
    pub fn is_of_small_target(&self) -> bool {
        self.rounds == 0 && self.history.is_empty()
    }

    /// Whether these can be log-ratios of a feature space.
    fn is_sound(&self, space: FeatureSpace) -> bool {
        are_log_ratios(&self.log_ratios, space)
            && self.share > 0.0
            && self.share <= 1.0
            && (self.history.len() > self.rounds as usize + 1 || self.is_of_small_target())
            && self.history.iter().all(|kl| kl.is_finite())
    }
}

/// A logistic regression of whether a document is of the target: the log-odds are `bias` and the log weight per token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classifier {
    /// Added to the log weight per token, so that documents of the target and others are as likely.
    pub bias: f64,
    /// How strongly the log-ratios were regularized: half of this is the factor of their penalty.
    pub penalty: f64,
    /// The documents it was learned from: of the target, and others.
    pub documents: [u64; 2],
    /// How well it tells documents apart that were held out; `None` if there were too few to hold out any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOut>,
    /// One for each bucket, in the fixed point of [`LogRatios`].
    pub log_ratios: Vec<i64>,
}

/// How well documents are told apart that were held out, the mean of both halves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// The area under the ROC curve: how likely a document of the target has a larger log weight than another one.
    pub auc: f64,
    /// The mean of −ln of the probability of what a document is, in nats, as if both kinds were as frequent.
    pub log_loss: f64,
}

impl Classifier {
    /// How likely a document with this log weight and so many tokens is of the target, where as many documents are of
    /// the target as are not.
    pub fn probability(&self, log_weight: f64, tokens: u32) -> f64 {
        logistic(self.bias + log_weight / length(tokens))
    }

    fn is_sound(&self, space: FeatureSpace) -> bool {
        let held_out = |held_out: HeldOut| {
            (0.0..=1.0).contains(&held_out.auc) && held_out.log_loss >= 0.0 && held_out.log_loss.is_finite()
        };
        are_log_ratios(&self.log_ratios, space)
            && self.bias.is_finite()
            && self.penalty > 0.0
            && self.penalty.is_finite()
            && self.documents.iter().all(|documents| *documents > 0)
            && self.held_out.is_none_or(held_out)
    }
}
