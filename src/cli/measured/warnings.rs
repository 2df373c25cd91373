//! When numbers say nothing: what chance could have given, and what is too small to tell.

use dsir::density::Closeness;

use super::{Measured, WeightsRow};
use crate::cli::format::number;

/// A target of whose n-grams more are alone in their buckets is mostly noise.
const MOST_LONE: f64 = 0.5;
/// Weights with an effective sample size of a larger share of the records are all but equal.
const ALL_BUT_EQUAL: f64 = 0.99;

impl Measured {
    /// What takes the meaning from what was measured.
    pub(super) fn find_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for target in self.targets.iter().filter(|target| target.lone_ngrams > MOST_LONE) {
            warnings.push(format!(
                "target `{}` is too small for this feature space: {:.0}% of its n-grams are alone in their bucket, so its \
                 density is mostly noise; give it more text, or measure with fewer --buckets or --ngrams",
                target.name,
                100.0 * target.lone_ngrams,
            ));
        }
        for selection in &self.selections {
            if selection.distinct_records <= 1 {
                let copies = if selection.corpus.documents > 1 { ", several times over" } else { "" };
                let name = &selection.name;
                warnings
                    .push(format!("selection `{name}` is a single record{copies}: no sample of anything"));
            }
            warnings.extend(selection.kl.iter().filter_map(|kl| no_signal(&selection.name, kl)));
        }
        warnings
    }
}

fn no_signal(selection: &str, kl: &Closeness) -> Option<String> {
    let (Closeness { target, reduction, .. }, chance) = (kl, kl.by_chance());
    let words = match kl.is_beyond_chance() {
        true => return None,
        false if *reduction <= 0.0 => format!(
            "is no closer to target `{target}` than the raw corpus is, nor than chance would make it: reduction {reduction:.2e}, \
             by chance up to {chance:.2e}: too few documents, or too unlike the target"
        ),
        false => format!(
            "is hardly closer to target `{target}` than a random selection could be: reduction {reduction:.2e}, by chance up to \
             {chance:.2e}"
        ),
    };
    Some(format!("selection `{selection}` {words}"))
}

impl WeightsRow {
    pub(super) fn warning(&self) -> Option<String> {
        let WeightsRow { target, eligible, min_tokens, log_weights, .. } = self;
        if *eligible == 0 {
            return Some(format!("weights for target `{target}`: no record has {min_tokens} tokens or more"));
        }
        let size = log_weights.effective_sample_size.filter(|size| *size > ALL_BUT_EQUAL * *eligible as f64);
        let equal = size.is_some() || log_weights.deviation == 0.0;
        (equal && *eligible > 1).then(|| {
            format!(
                "weights for target `{target}` are all but equal over {} records: a draw by them is a draw at random",
                number(*eligible)
            )
        })
    }
}
