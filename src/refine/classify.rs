//! Learns to tell documents of a target from others: a logistic regression, regularized as is best for documents that
//! are held out.

use rayon::prelude::*;
use serde::Serialize;

use super::by_bucket::ByBucket;
use super::document_sample::DocumentSample;
use super::halves::MIN_DOCUMENTS;
use super::kl::to_a_millionth;
use super::logistic::{Kind, Regression, log_loss, log_odds};
use crate::density::{Classifier, HeldOut};
use crate::featurizer::Hash;
use crate::observer::Observer;

/// Sampled documents of one kind, and which of them are in the first half, by their content.
pub(crate) struct HalvedSample {
    pub(crate) sample: DocumentSample,
    pub(crate) in_first_half: Vec<bool>,
}

/// What came of learning a classifier for a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// The name of the target.
    pub target: String,
    /// The documents it was learned from: of the target, and others.
    pub documents: [u64; 2],
    /// How strongly it was regularized.
    pub penalty: f64,
    /// How well it tells documents apart that were held out; `None` if there were too few.
    pub held_out: Option<HeldOut>,
}

/// The penalties that are tried, until the loss has risen twice: with the first, all documents look alike; the last
/// changes little.
const PENALTIES: [f64; 13] = [30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 3e-5];
/// Where nothing can be held out.
const CAUTIOUS: f64 = 0.03;

/// Learns to tell documents of the `target` from `others`, with n-grams in so many buckets. Documents without a token
/// are left out. `None` if either has no document with an n-gram, or the job is told to stop.
pub(crate) fn classify(
    hash: Hash,
    target: &HalvedSample,
    others: &HalvedSample,
    buckets: usize,
    observer: &Observer,
) -> Option<Classifier> {
    let examples = Examples { hash, kinds: [target, others], buckets, observer };
    let all = examples.with_tokens();
    let documents = all.each_ref().map(|all| all.iter().filter(|one| **one).count() as u64);
    let best = match documents.iter().all(|documents| *documents >= MIN_DOCUMENTS) {
        true => examples.best_penalty(&all)?,
        false => None,
    };
    let (penalty, held_out) = best.map_or((CAUTIOUS, None), |(penalty, held_out)| (penalty, Some(held_out)));
    let regression = examples.regression(all)?;
    let point = regression.fit(regression.start(), penalty)?;
    let (bias, log_ratios) = (point[buckets], regression.log_ratios(&point));
    Some(Classifier { bias, penalty, documents, held_out, log_ratios })
}

/// Which documents of the target count, and which of the others.
type Among = [Vec<bool>; 2];

/// Documents of both kinds.
struct Examples<'a> {
    hash: Hash,
    kinds: [&'a HalvedSample; 2],
    buckets: usize,
    observer: &'a Observer,
}

impl<'a> Examples<'a> {
    fn with_tokens(&self) -> Among {
        self.kinds.map(|kind| kind.sample.documents.iter().map(|document| document.tokens > 0).collect())
    }

    /// Those of one half.
    fn half(&self, all: &Among, first: bool) -> Among {
        [0, 1].map(|kind| {
            let halves = all[kind].iter().zip(&self.kinds[kind].in_first_half);
            halves.map(|(counts, in_first)| *counts && *in_first == first).collect()
        })
    }

    fn regression(&self, [of_target, of_others]: Among) -> Option<Regression<'a>> {
        let [target, others] = self.kinds;
        let kinds = [
            Kind { sample: &target.sample, among: of_target },
            Kind { sample: &others.sample, among: of_others },
        ];
        Regression::new(self.hash, kinds, self.buckets, self.observer)
    }

    /// The penalty with which what is learned from one half tells the documents of the other half apart best, and how
    /// well; `None` inside if a half of either kind has no n-gram, outside if the job is told to stop.
    fn best_penalty(&self, all: &Among) -> Option<Option<(f64, HeldOut)>> {
        let halves = [self.half(all, true), self.half(all, false)];
        let [Some(first), Some(second)] = halves.clone().map(|half| self.regression(half)) else {
            return Some(None);
        };
        let regressions = [first, second];
        let mut points = regressions.each_ref().map(Regression::start);
        let (mut best, mut worse) = (None::<(f64, HeldOut)>, 0);
        for penalty in PENALTIES {
            let mut found = Vec::new();
            for (place, (regression, point)) in regressions.iter().zip(&mut points).enumerate() {
                // From where the larger penalty has led.
                *point = regression.fit(std::mem::take(point), penalty)?;
                found.push(self.evaluate(
                    &regression.log_ratios(point),
                    point[self.buckets],
                    &halves[1 - place],
                ));
            }
            let mean = |of: fn(&HeldOut) -> f64| {
                to_a_millionth(found.iter().map(of).sum::<f64>() / found.len() as f64)
            };
            let held_out = HeldOut { auc: mean(|one| one.auc), log_loss: mean(|one| one.log_loss) };
            match best {
                Some((_, before)) if held_out.log_loss >= before.log_loss => worse += 1,
                _ => (best, worse) = (Some((penalty, held_out)), 0),
            }
            if worse == 2 {
                break;
            }
        }
        Some(best)
    }

    /// How well these log-ratios tell documents apart.
    fn evaluate(&self, log_ratios: &[i64], bias: f64, among: &Among) -> HeldOut {
        let log_ratios = ByBucket::of(log_ratios);
        let [target, others] = [0, 1].map(|kind| {
            let log_odds = log_odds(self.hash, &self.kinds[kind].sample, &log_ratios, bias);
            let held_out = log_odds.iter().zip(&among[kind]).filter(|(_, counts)| **counts);
            held_out.map(|(odds, _)| *odds).collect::<Vec<f64>>()
        });
        let mean = |odds: &[f64], sign: f64| {
            odds.iter().map(|odds| log_loss(sign * odds)).sum::<f64>() / odds.len().max(1) as f64
        };
        HeldOut { auc: auc(&target, &others), log_loss: (mean(&target, 1.0) + mean(&others, -1.0)) / 2.0 }
    }
}

/// The share of pairs of a document of the target and another in which that of the target has the larger score; equal
/// ones count half.
fn auc(target: &[f64], others: &[f64]) -> f64 {
    let mut sorted = others.to_vec();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let below = |score: &f64| {
        let less = sorted.partition_point(|other| other < score);
        let up_to = sorted.partition_point(|other| other <= score);
        (less + up_to) as u64
    };
    let twice: u64 = target.iter().map(below).sum();
    twice as f64 / 2.0 / (target.len().max(1) * others.len().max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::super::document_sample::tests::sample_of;
    use super::*;

    #[test]
    fn auc_is_the_share_of_pairs_in_order() {
        assert_eq!(auc(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
        assert_eq!(auc(&[1.0], &[1.0, 1.0]), 0.5);
        // 2 over 1; 5 over all three; of six pairs.
        assert_eq!(auc(&[2.0, 5.0], &[1.0, 3.0, 4.0]), 4.0 / 6.0);
    }

    fn halved(documents: &[Vec<u32>]) -> HalvedSample {
        let in_first_half = (0..documents.len()).map(|place| place % 4 < 2).collect();
        HalvedSample { sample: sample_of(documents), in_first_half }
    }

    fn kind(own: u32, documents: u32) -> Vec<Vec<u32>> {
        // Each has something that nothing else has.
        (0..documents).map(|number| vec![own, own, 2, 10 * own + number % 7]).collect()
    }

    #[test]
    fn two_kinds_are_told_apart_and_probabilities_say_how_surely() {
        let (target, others) = (halved(&kind(1, 20)), halved(&kind(3, 40)));
        let found = classify(Hash::Dsir1, &target, &others, 40, &Observer::default()).unwrap();
        assert_eq!(found.documents, [20, 40]);
        assert_eq!(found.held_out.unwrap().auc, 1.0);
        assert!(found.log_ratios[1] > 0 && found.log_ratios[3] < 0, "{found:?}");
        let log_weight = |bucket: usize| found.log_ratios[bucket] as f64 / f64::from(1 << 26) * 100.0;
        assert!(found.probability(log_weight(1), 100) > 0.9 && found.probability(log_weight(3), 100) < 0.1);
        assert_eq!(found.probability(-2.0 * found.bias, 200), 0.5);
    }

    #[test]
    fn too_few_documents_are_learned_from_with_caution_and_none_not_at_all() {
        let others = halved(&kind(3, 40));
        let of = |documents: &[Vec<u32>]| {
            classify(Hash::Dsir1, &halved(documents), &others, 40, &Observer::default())
        };
        let found = of(&kind(1, 9)).unwrap();
        assert_eq!((found.penalty, found.held_out), (CAUTIOUS, None));
        assert_eq!((of(&[]), of(&[vec![], vec![]])), (None, None));
    }

    #[test]
    fn kinds_that_are_alike_are_not_told_apart() {
        let (target, others) = (halved(&kind(1, 20)), halved(&kind(1, 40)));
        let found = classify(Hash::Dsir1, &target, &others, 40, &Observer::default()).unwrap();
        let HeldOut { auc, log_loss } = found.held_out.unwrap();
        assert!((0.3..0.7).contains(&auc) && log_loss > 0.68, "{found:?}");
    }
}
