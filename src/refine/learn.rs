//! Learning the log-ratios of a target.

use serde::Serialize;

use super::aim::Aim;
use super::document_sample::DocumentSample;
use super::expected::DrawFromSample;
use super::halves::{HalvedTarget, MIN_DOCUMENTS, best_rounds, held_out_history};
use super::trajectory::Trajectory;
use crate::density::{Counts, Error, Learned, LogRatios, Model, Refined};
use crate::observer::Observer;

/// The result of refining.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refinement {
    /// The name of the target.
    pub target: String,
    /// The share that was refined for.
    pub share: f64,
    /// As in [`Refined::history`]; empty if it could not be tried.
    pub history: Vec<f64>,
    /// The best number of rounds; `None` if plain log-ratios were kept. Without a history it is 0.
    pub rounds: Option<u32>,
}

impl Refinement {
    /// Halves of a target with fewer documents are not evaluated.
    pub const FEWEST_DOCUMENTS: u64 = MIN_DOCUMENTS;
}

/// So many n-grams, but no more than one for each bucket, draw a small target towards raw.
const PRIOR: usize = 10_000;

/// The density of a target too small to say much about most buckets: with [`PRIOR`] n-grams more, distributed as raw. It
/// is the mean of the posterior, if that is the prior (Dirichlet smoothing; Zhai and Lafferty 2004).
fn towards_raw(counts: &[u64], raw: &[f64]) -> Vec<f64> {
    let prior = counts.len().min(PRIOR) as f64;
    let sum = counts.iter().map(|count| *count as f64).sum::<f64>() + prior;
    counts.iter().zip(raw).map(|(count, raw)| (*count as f64 + prior * raw) / sum).collect()
}

/// Refines one target of `model` for draws like `aim`, on a sample of the raw documents. `half` has the counts of one
/// half of the target's documents, split by their content. Where nothing can be held out of it, the log-ratios are
/// drawn towards raw. If held-out text is not closer to the selection with refined log-ratios than to the one with
/// plain ones, the target stays as it is. Once `observer` is told to stop, what is returned is worth nothing.
///
/// # Errors
/// A partial model, or one that counted nothing on one side.
pub(crate) fn refine(
    model: &mut Model,
    target: usize,
    half: &Counts,
    sample: &DocumentSample,
    aim: &Aim,
    observer: &Observer,
) -> Result<Refinement, Error> {
    let (hash, smoothing) = (model.space.hash, model.smoothing);
    let raw = model.raw_density()?;
    let whole = model.target_density(&model.targets[target])?;
    let target = &mut model.targets[target];
    let share = aim.share_of(sample);
    let mut refinement = Refinement { target: target.name.clone(), share, history: Vec::new(), rounds: None };
    let halves = HalvedTarget { whole: &target.counts, half }.densities(smoothing);
    if let Some(halves) = &halves {
        // The best number of rounds is found on fewer documents, too.
        let draw = DrawFromSample::new(sample.smaller(), aim, observer);
        let trajectories = halves.each_ref().map(|half| Trajectory::new(hash, &draw, half, &raw));
        refinement.history = held_out_history(trajectories, halves).unwrap_or_default();
    }
    if refinement.history.is_empty() {
        let log_ratios = LogRatios::table(hash, &towards_raw(&target.counts.counts, &raw), &raw);
        let refined = Refined { share, rounds: 0, history: Vec::new(), log_ratios };
        target.learned = Some(Learned::Refined(refined));
        refinement.rounds = Some(0);
        return Ok(refinement);
    }
    let Some(rounds) = best_rounds(&refinement.history) else { return Ok(refinement) };

    let draw = DrawFromSample::new(sample, aim, observer);
    let mut trajectory = Trajectory::new(hash, &draw, &whole, &raw);
    (0..rounds).for_each(|_| trajectory.step());
    refinement.rounds = Some(rounds);
    let (history, log_ratios) = (refinement.history.clone(), trajectory.log_ratios);
    target.learned = Some(Learned::Refined(Refined { share, rounds, history, log_ratios }));
    Ok(refinement)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::by_bucket::ByBucket;
    use super::super::document_sample::tests::sample_of;
    use super::*;
    use crate::density::{FitBudget, RawCounts, Target};
    use crate::featurizer::FeatureSpace;
    use crate::resample::{Budget, Normalize};

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
        let target_of = Target { name: "t".into(), counts, learned: None };
        let mut model = Model { space, smoothing: 0.0, raw: Some(raw_counts), targets: vec![target_of] };
        let half: Vec<Vec<u32>> = target.iter().step_by(2).cloned().collect();
        let aim = Aim { budget: Budget::Tokens(0), share };
        let half = counts_of(&half, buckets);
        let refinement = refine(&mut model, 0, &half, &sample_of(raw), &aim, &Observer::default()).unwrap();
        let refined = model.targets.remove(0).learned.map(|learned| match learned {
            Learned::Refined(refined) => refined,
            Learned::Classifier(classifier) => panic!("{classifier:?}"),
        });
        (refinement, refined)
    }

    /// So many documents of ten n-grams in each of the buckets.
    fn kinds(of_each: &[usize]) -> Vec<Vec<u32>> {
        let kinds = of_each.iter().zip(0..);
        kinds.flat_map(|(count, bucket)| std::iter::repeat_n(vec![bucket; 10], *count)).collect()
    }

    /// The density of the selection expected with these log-ratios.
    fn selected(refined: &Refined, share: f64, raw: &[Vec<u32>]) -> Vec<f64> {
        let sample = sample_of(raw);
        let hash = FeatureSpace::default().hash;
        let log_weights = sample.log_weights(hash, &ByBucket::of(&refined.log_ratios), Normalize::Tokens);
        let observer = Observer::default();
        let draw = DrawFromSample::new(&sample, &Aim { budget: Budget::Tokens(0), share }, &observer);
        draw.expect(&log_weights, None, refined.log_ratios.len()).unwrap().density
    }

    #[test]
    fn plain_weights_select_the_rarer_kind_alone_and_refined_ones_both() {
        // A tenth should be like a target that is half of each of two kinds. The second is rarer in the raw corpus, so
        // that each of its documents weighs more: plain weights select all of it, and nothing else.
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
    fn log_ratios_of_targets_too_small_to_evaluate_by_are_drawn_towards_raw() {
        let raw = kinds(&[300, 100, 600]);
        // Nine documents; and twenty, of which every other is empty.
        let every_other_empty: Vec<Vec<u32>> =
            kinds(&[5, 5]).into_iter().flat_map(|document| [document, vec![]]).collect();
        for target in [kinds(&[5, 4]), every_other_empty] {
            let (refinement, refined) = refine_for(0.1, &raw, &target, 3);
            let refined = refined.unwrap();
            assert_eq!((refinement.rounds, refinement.history.len()), (Some(0), 0));
            assert!(refined.is_of_small_target());
            // Of what the target has nothing, there are three n-grams like raw beside its own.
            let all = target.iter().map(Vec::len).sum::<usize>() as f64;
            let expected = (3.0 / (all + 3.0)).ln() * f64::from(1 << 26);
            // Beside the 1e-8 in both logarithms.
            assert!((refined.log_ratios[2] as f64 - expected).abs() < 64.0, "{refined:?}, {expected}");
        }
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
                (rounds, None) => prop_assert_eq!(rounds, Some(0)),
            }
            let mut backwards = raw.clone();
            backwards.reverse();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| refine_for(share, &backwards, &target, 12));
            prop_assert_eq!(again, (refinement, refined));
        }
    }
}
