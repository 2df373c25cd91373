//! Refine: learns log-ratios with which a selection as a whole is distributed like the target.
//!
//! DSIR weighs each document alone, and nothing makes the sum of what is selected match the target. Here, each round finds the
//! density q of the selection that the log-ratios θ would give, and moves θ by η (ln(p_target + ε) − ln(q + ε)): down where the
//! selection has too much, up where it has too little. Log weights are per token. How many rounds are good is found out on
//! halves of the target: what is learned from one is judged by the other. `docs/refine.md` tells why, and where it fails.

mod by_bucket;
mod choice;
mod coarse;
mod expected;
mod judge;
mod levels;
mod prospects;
mod rounds;
mod sample;
mod sampled;
mod texts;

pub use choice::{Candidate, Choice, Judged, OfTarget, Weights};
pub use judge::{Expectation, JUDGE, expect, featurize, judge};
pub use prospects::Prospects;
pub use sample::{Sampler, SamplerThread};
pub use sampled::Sampled;
pub use texts::{SampledTexts, TextSampler, TextSamplerThread};

use crate::density::{Counts, Error, Model, Refined, density};
use crate::resample::{Budget, Totals};
use rayon::prelude::*;
use serde::Serialize;

use choice::to_a_millionth;
use rounds::{Course, kl, prices};

/// For which draws the log-ratios are to be good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// In what the budget is counted; its size does not matter.
    pub budget: Budget,
    /// The share that is drawn of all eligible documents, above 0 and up to 1.
    pub share: f64,
}

/// What came of refining.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refinement {
    /// The name of the target.
    pub target: String,
    /// The share that was refined for.
    pub share: f64,
    /// As in [`Refined::history`]; empty if it could not be tried.
    pub history: Vec<f64>,
    /// How many rounds were best; `None` if plain log-ratios were kept.
    pub rounds: Option<u32>,
}

impl Refinement {
    /// A target of fewer documents cannot be judged by halves of it.
    pub const FEWEST_DOCUMENTS: u64 = 10;
}

/// The first rounds overshoot in turns, so that no few rounds without improvement are a reason to stop; and after so many there
/// is little left to gain.
const ROUNDS: u32 = 12;
/// So many sampled documents must be expected in a selection, or what is learned is learned from too few.
const FEWEST_SELECTED: f64 = 100.0;

impl Aim {
    /// For a draw of `budget` from all that is eligible.
    pub fn new(budget: Budget, eligible: &Totals) -> Self {
        let part = |limit: u64| limit as f64 / (budget.price(eligible) as f64).max(1.0);
        let share = match budget {
            Budget::Fraction(fraction) => fraction,
            Budget::Records(limit) | Budget::Tokens(limit) | Budget::Bytes(limit) => part(limit),
        };
        Aim { budget, share: share.min(1.0) }
    }

    /// Its parts, each of which is such a share of it.
    pub fn split(self, shares: &[f64]) -> Vec<Aim> {
        shares.iter().map(|share| Aim { share: self.share * share, ..self }).collect()
    }

    /// The share at which the sample selects enough documents to learn from.
    fn share_of(&self, sample: &Sampled) -> f64 {
        let least = FEWEST_SELECTED / sample.stands_for().max(1.0);
        if sample.is_part() { self.share.max(least.min(1.0)) } else { self.share }
    }
}

/// Refines one target of `model` for what `aim` says, on a sample of the raw documents. `half` counts one half of the target's
/// documents, split by their content. If held-out text is not closer to the selection by refined log-ratios than it is to that by
/// plain ones, the target stays as it is.
///
/// # Errors
/// A partial model, or one that counted nothing on one side.
pub fn refine(
    model: &mut Model,
    target: usize,
    half: &Counts,
    sample: &Sampled,
    aim: &Aim,
) -> Result<Refinement, Error> {
    let (hash, smoothing) = (model.space.hash, model.smoothing);
    let raw = model.raw_density()?;
    let whole = model.target_density(&model.targets[target])?;
    let target = &mut model.targets[target];
    let share = aim.share_of(sample);
    let mut refinement = Refinement { target: target.name.clone(), share, history: Vec::new(), rounds: None };
    let Some(halves) = densities_of_halves(&target.counts, half, smoothing) else { return Ok(refinement) };
    // How many rounds are good is seen on fewer documents, too.
    let fewer = sample.fewer();
    let prices_of_fewer = prices(fewer, aim);
    let trial = |half| Course::new(hash, (fewer, &prices_of_fewer), aim.share_of(fewer), half, &raw);
    let held_out = held_out([trial(&halves.0), trial(&halves.1)], &halves);
    refinement.history = held_out.map(|held_out| held_out.history).unwrap_or_default();
    let Some(rounds) = best(&refinement.history).and_then(|best| best.checked_sub(1)) else {
        return Ok(refinement);
    };
    let prices = prices(sample, aim);
    let mut course = Course::new(hash, (sample, &prices), share, &whole, &raw);
    (0..rounds).for_each(|_| course.step());
    refinement.rounds = Some(rounds as u32);
    target.refined = Some(Refined {
        share,
        rounds: rounds as u32,
        history: refinement.history.clone(),
        log_ratios: course.log_ratios,
    });
    Ok(refinement)
}

/// The densities of both halves of a target; `None` if there are too few documents for that.
fn densities_of_halves(whole: &Counts, half: &Counts, smoothing: f64) -> Option<(Vec<f64>, Vec<f64>)> {
    let rest: Vec<u64> =
        whole.counts.iter().zip(&half.counts).map(|(all, some)| all.saturating_sub(*some)).collect();
    let with_features = |counts: &[u64]| density(counts, 0.0).and_then(|_| density(counts, smoothing));
    let halves = (with_features(&half.counts)?, with_features(&rest)?);
    (whole.documents >= Refinement::FEWEST_DOCUMENTS).then_some(halves)
}

/// What came of judging what each half of a target teaches by the other half.
struct HeldOut<'a> {
    /// KL of each half from the selection that the other half's course expects, the mean of both: by plain weights, per token, and
    /// after each round.
    history: Vec<f64>,
    /// The courses where that is least of all rounds, the one per token being the first.
    best: [Course<'a>; 2],
}

/// Goes both courses to their end; `None` if nothing is selected.
fn held_out<'a>(mut courses: [Course<'a>; 2], halves: &(Vec<f64>, Vec<f64>)) -> Option<HeldOut<'a>> {
    let mean =
        |first: &[f64], second: &[f64]| to_a_millionth((kl(&halves.1, first) + kl(&halves.0, second)) / 2.0);
    let of =
        |[first, second]: &[Course<'a>; 2]| Some(mean(first.density.as_deref()?, second.density.as_deref()?));
    let [first, second] = &courses;
    let plain = mean(&first.plain()?, &second.plain()?);
    let mut least = of(&courses)?;
    let mut history = vec![plain, least];
    let mut best = courses.clone();
    for _ in 0..ROUNDS {
        courses.par_iter_mut().for_each(Course::step);
        let now = of(&courses)?;
        history.push(now);
        if now < least {
            (least, best) = (now, courses.clone());
        }
    }
    Some(HeldOut { history, best })
}

/// Where the history is least; of equals, the first.
fn best(history: &[f64]) -> Option<usize> {
    (0..history.len()).min_by(|a, b| history[*a].total_cmp(&history[*b]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::expected::Expected;
    use super::rounds::log_weights;
    use super::sampled::tests::{sample_of, thinned_sample_of};
    use super::*;
    use crate::density::{FitBudget, RawCounts, Target};
    use crate::featurizer::FeatureSpace;
    use crate::resample::Normalize;

    fn counts_of(documents: &[Vec<u32>], buckets: u32) -> Counts {
        let mut counts = Counts::new(buckets);
        for document in documents {
            counts.documents += 1;
            counts.tokens += document.len() as u64;
            document.iter().for_each(|bucket| counts.counts[*bucket as usize] += 1);
        }
        counts
    }

    /// Refines for a share of the tokens; half of the target is every other document of it.
    fn refine_for(
        share: f64,
        raw: &[Vec<u32>],
        target: &[Vec<u32>],
        buckets: u32,
    ) -> (Refinement, Option<Refined>) {
        let space = FeatureSpace { buckets, ..FeatureSpace::default() };
        let levels = vec![counts_of(raw, buckets)];
        let documents_read = raw.len() as u64;
        let raw_counts =
            RawCounts { fit_ngrams: FitBudget(None), documents_read, levels, ..RawCounts::default() };
        let counts = counts_of(target, buckets);
        let target_of = Target { name: "t".into(), counts, refined: None };
        let mut model = Model { space, smoothing: 0.0, raw: Some(raw_counts), targets: vec![target_of] };
        let half: Vec<Vec<u32>> = target.iter().step_by(2).cloned().collect();
        let aim = Aim { budget: Budget::Tokens(0), share };
        let half = counts_of(&half, buckets);
        let refinement = refine(&mut model, 0, &half, &sample_of(raw), &aim).unwrap();
        (refinement, model.targets.remove(0).refined)
    }

    /// So many documents of ten n-grams in each of the buckets.
    fn kinds(of_each: &[usize]) -> Vec<Vec<u32>> {
        let kinds = of_each.iter().zip(0..);
        kinds.flat_map(|(count, bucket)| std::iter::repeat_n(vec![bucket; 10], *count)).collect()
    }

    /// What a selection by these log-ratios is expected to be made of.
    fn selected(refined: &Refined, share: f64, raw: &[Vec<u32>]) -> Vec<f64> {
        let sample = sample_of(raw);
        let hash = FeatureSpace::default().hash;
        let log_weights = log_weights(hash, &sample, &refined.log_ratios, Normalize::Tokens);
        let (prices, buckets) = (vec![10; raw.len()], refined.log_ratios.len());
        Expected::of(&sample, &log_weights, &prices, (share, None), buckets).unwrap().density
    }

    #[test]
    fn plain_weights_take_the_rarer_kind_alone_and_refined_ones_both() {
        // A tenth is to be like a target that is half of each of two kinds. The second is rarer in the raw corpus, so that each
        // of its documents weighs more: plain weights select all of it, and nothing else.
        let raw = kinds(&[300, 100, 600]);
        let (refinement, refined) = refine_for(0.1, &raw, &kinds(&[10, 10]), 3);
        // KL of (½, ½, 0) from (0, 1, 0), with ε = 1/30.
        let (half, none, all) = (0.5 + 1.0 / 30.0, 1f64 / 30.0, 1.0 + 1f64 / 30.0);
        let by_plain = 0.5 * (half / none).ln() + 0.5 * (half / all).ln();
        assert!((refinement.history[0] - by_plain).abs() < 0.01, "{refinement:?}");
        let refined = refined.unwrap();
        assert_eq!(refinement.rounds, Some(refined.rounds));
        assert!(refinement.history[refined.rounds as usize + 1] < 0.02, "{refinement:?}");
        let selected = selected(&refined, 0.1, &raw);
        assert!((selected[0] - 0.5).abs() < 0.1 && selected[2] < 1e-6, "{selected:?}");
    }

    #[test]
    fn what_cannot_be_better_stays_plain() {
        // All of the corpus is selected, whatever the weights.
        let raw = kinds(&[300, 100, 600]);
        let (refinement, refined) = refine_for(1.0, &raw, &kinds(&[10, 10]), 3);
        assert_eq!((refinement.rounds, refined), (None, None));
        assert!(refinement.history.iter().all(|kl| *kl == refinement.history[0]));
    }

    #[test]
    fn targets_too_small_to_judge_by_stay_plain() {
        let raw = kinds(&[300, 100, 600]);
        // Nine documents; and twenty, of which every other is empty.
        let every_other_empty: Vec<Vec<u32>> =
            kinds(&[5, 5]).into_iter().flat_map(|document| [document, vec![]]).collect();
        for target in [kinds(&[5, 4]), every_other_empty] {
            let (refinement, refined) = refine_for(0.1, &raw, &target, 3);
            assert_eq!((refinement.rounds, refined, refinement.history.len()), (None, None, 0));
        }
    }

    #[test]
    fn a_sample_too_small_for_the_share_learns_for_a_larger_one() {
        let eligible = Totals { records: 8000, tokens: 80_000, bytes: 800_000 };
        let aim = Aim::new(Budget::Records(10), &eligible);
        assert_eq!((aim.share, aim.share_of(&sample_of(&kinds(&[1000])))), (0.00125, 0.00125));
        // A hundred documents of those that it stands for.
        assert_eq!(aim.share_of(&thinned_sample_of(&kinds(&[1000]), 3)), 0.0125);
        assert_eq!(Aim::new(Budget::Tokens(40_000), &eligible).share, 0.5);
        assert_eq!(Aim::new(Budget::Bytes(1_000_000), &eligible).share, 1.0, "more than there is");
    }

    fn documents(buckets: u32) -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0..buckets, 0..20), 10..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn never_worse_than_plain_and_the_same_in_any_order(
            raw in documents(12), target in documents(12), share in 0.01f64..1.0, threads in 1usize..4,
        ) {
            prop_assume!(raw.iter().any(|document| !document.is_empty()));
            prop_assume!(target.iter().any(|document| !document.is_empty()));
            let (refinement, refined) = refine_for(share, &raw, &target, 12);
            match (refinement.rounds, refinement.history.first()) {
                (Some(rounds), Some(plain)) => prop_assert!(refinement.history[rounds as usize + 1] < *plain),
                (None, Some(plain)) => prop_assert!(refinement.history.iter().all(|kl| plain <= kl)),
                (rounds, None) => prop_assert_eq!(rounds, None),
            }
            let mut backwards = raw.clone();
            backwards.reverse();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| refine_for(share, &backwards, &target, 12));
            prop_assert_eq!(again, (refinement, refined));
        }
    }
}
