//! Evaluates ways to weigh: what each would select by one half of a target is compared with the other half, in another
//! feature space.
//!
//! In the feature space in which a candidate weighs, it would be evaluated by what it was optimized for. Nothing is
//! drawn: each document of the sample counts as often as it is likely to be selected.

use rayon::prelude::*;

use super::aim::Aim;
use super::choice::{Candidate, HeldOutScore, Weighting};
use super::document_sample::{DocumentBlock, DocumentSample};
use super::expected::DrawFromSample;
use super::halves::{HalvedTarget, HeldOut, best_rounds};
use super::inclusion::{ONE, Unit};
use super::kl::{kl, to_a_millionth};
use super::text_sampler::{SampledText, TextSample};
use super::trajectory::Trajectory;
use crate::density::{density, normalized};
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers, Hash, Tokenizer};
use crate::observer::Observer;
use crate::resample::Normalize;

/// The feature space to evaluate in, in which no candidate weighs.
pub(crate) const EVALUATION_SPACE: FeatureSpace =
    FeatureSpace { tokenizer: Tokenizer::Bytes, punkt: None, ngrams: 4, buckets: 1 << 16, hash: Hash::Dsir1 };

/// The features of sampled texts, in their order.
pub(crate) fn featurize(
    sample: &TextSample,
    featurizers: &Featurizers,
    observer: &Observer,
) -> DocumentSample {
    let blocks = tasks(&sample.texts).map(|(_, texts)| {
        let mut block = DocumentBlock::of_buckets(featurizers.space().buckets);
        let (mut featurizer, mut features) = (featurizers.featurizer(), Vec::new());
        for text in texts.iter().take_while(|_| !observer.is_cancelled()) {
            features_of(text, &mut featurizer, &mut features);
            block.push(text.tokens, text.bytes, &features).weight_log2 = text.weight_log2;
        }
        block
    });
    DocumentSample::new(blocks.collect::<Vec<_>>())
}

/// The probabilities of documents of a sample to be selected, in units of 2^-32: by each half of a target.
type Inclusions = [Vec<u64>; 2];

/// What is expected to be selected for one target with n-grams of one length.
#[derive(Debug)]
pub(crate) struct Expectation {
    /// The best number of rounds, by text held out in the same feature space; `None` if plain weights are best.
    rounds: Option<u32>,
    published: Inclusions,
    tokens: Inclusions,
    /// `None` if refining is the same as one of these two.
    refined: Option<Inclusions>,
}

/// What each half of a target selects of `sample` in draws like `aim`: as published, per token, and refined. The target
/// is counted in the space of the sample. `None` if it has too few documents, or nothing is selected.
pub(crate) fn expect(
    hash: Hash,
    smoothing: f64,
    target: HalvedTarget<'_>,
    sample: &DocumentSample,
    aim: &Aim,
    observer: &Observer,
) -> Option<Expectation> {
    let halves = target.densities(smoothing)?;
    let raw = density(&sample.counts(target.whole.counts.len()), 0.0)?;
    let draw = DrawFromSample::new(sample, aim, observer);
    let trajectories = halves.each_ref().map(|half| Trajectory::new(hash, &draw, half, &raw));
    let inclusions = |[first, second]: &[Trajectory<'_>; 2], normalize| {
        Some([first.inclusions(normalize)?, second.inclusions(normalize)?])
    };
    let published = inclusions(&trajectories, Normalize::None)?;
    let tokens = inclusions(&trajectories, Normalize::Tokens)?;
    let held_out = HeldOut::new(trajectories, &halves)?;
    let rounds = best_rounds(&held_out.history);
    let refined = match rounds {
        None | Some(0) => None,
        Some(_) => Some(inclusions(&held_out.best, Normalize::Tokens)?),
    };
    Some(Expectation { rounds, published, tokens, refined })
}

impl Expectation {
    fn inclusions(&self, weights: Weighting) -> &Inclusions {
        match (weights, &self.refined, self.rounds) {
            (Weighting::Refined, Some(refined), _) => refined,
            (Weighting::Tokens, ..) | (Weighting::Refined, None, Some(_)) => &self.tokens,
            (Weighting::Published, ..) | (Weighting::Refined, None, None) => &self.published,
        }
    }
}

/// The scores of all candidates for one target, in their order. The KL reduction is how much closer one half of the
/// target is to what is expected by the other half than to the sample as it is, the mean of both ways round.
/// `expectations` are those of [`Candidate::NGRAMS`] on this sample; the target is counted in the space of
/// `featurizers`. `None` if nothing can be evaluated.
pub(crate) fn evaluate(
    sample: &TextSample,
    featurizers: &Featurizers,
    expectations: &[Expectation; Candidate::NGRAMS.len()],
    target: HalvedTarget<'_>,
    observer: &Observer,
) -> Option<Vec<HeldOutScore>> {
    let [first_half, second_half] = target.densities(0.0)?;
    let of = |candidate: Candidate| {
        let place = Candidate::NGRAMS.iter().position(|ngrams| *ngrams == candidate.ngrams)?;
        expectations.get(place)
    };
    // Where refining is the same as something simpler, it is evaluated once.
    let (mut different, mut places) = (Vec::<&Inclusions>::new(), Vec::new());
    for candidate in Candidate::all() {
        let inclusions = of(candidate)?.inclusions(candidate.weights);
        let known = different.iter().position(|other| std::ptr::eq(*other, inclusions));
        places.push(known.unwrap_or(different.len()));
        if known.is_none() {
            different.push(inclusions);
        }
    }
    let columns: Vec<&[u64]> = different.iter().flat_map(|both| both.iter().map(Vec::as_slice)).collect();
    let Densities { raw, selected } = densities(sample, featurizers, &columns, observer)?;
    let reduction = |half: &[f64], selected: &[f64]| kl(half, &raw) - kl(half, selected);
    let reductions: Vec<f64> = selected
        .as_chunks()
        .0
        .iter()
        .map(|[by_first, by_second]| {
            to_a_millionth((reduction(&second_half, by_first) + reduction(&first_half, by_second)) / 2.0)
        })
        .collect();
    let score = |(candidate, place): (Candidate, usize)| {
        let rounds = of(candidate).and_then(|expectation| expectation.rounds);
        let rounds = rounds.filter(|_| candidate.weights == Weighting::Refined);
        HeldOutScore { kl_reduction: reductions[place], rounds }
    };
    Some(Candidate::all().zip(places).map(score).collect())
}

struct Densities {
    /// The density of all texts.
    raw: Vec<f64>,
    /// Their density where each counts as often as it is likely to be selected, for each column of probabilities.
    selected: Vec<Vec<f64>>,
}

fn densities(
    sample: &TextSample,
    featurizers: &Featurizers,
    columns: &[&[u64]],
    observer: &Observer,
) -> Option<Densities> {
    let buckets = featurizers.space().buckets as usize;
    // No text has more tokens than bytes, and each token ends n n-grams.
    let ngrams = |one: &SampledText| one.text.len() as u64 * u64::from(featurizers.space().ngrams);
    let unit = Unit::new(sample.texts.iter().map(|one| (ngrams(one), one.weight_log2)));
    let tables = tasks(&sample.texts).map(|(first, texts)| {
        let (mut featurizer, mut features) = (featurizers.featurizer(), Vec::new());
        let mut tables = vec![vec![0u64; buckets]; 1 + columns.len()];
        for (place, text) in (first..).zip(texts).take_while(|_| !observer.is_cancelled()) {
            features_of(text, &mut featurizer, &mut features);
            let inclusions = std::iter::once(ONE).chain(columns.iter().map(|column| column[place]));
            for (table, inclusion) in
                tables.iter_mut().zip(inclusions).filter(|(_, inclusion)| *inclusion > 0)
            {
                let times = unit.times(inclusion, text.weight_log2);
                features.iter().for_each(|bucket| table[*bucket as usize] += times);
            }
        }
        tables
    });
    let tables = tables.reduce_with(|mut sums, tables| {
        let cells = sums.iter_mut().flatten().zip(tables.iter().flatten());
        cells.for_each(|(sum, count)| *sum += count);
        sums
    })?;
    let mut densities = tables.iter().map(|table| normalized(table));
    let raw = densities.next()??;
    Some(Densities { raw, selected: densities.collect::<Option<_>>()? })
}

fn features_of(text: &SampledText, featurizer: &mut Featurizer, features: &mut Vec<u32>) {
    features.clear();
    featurizer.featurize(&text.text, |buckets| features.extend(buckets));
}

/// Splits texts into a few tasks, each with the place of its first text: only a few, since each needs much memory.
fn tasks(texts: &[SampledText]) -> impl ParallelIterator<Item = (usize, &[SampledText])> {
    const MOST: usize = 8;
    let task = texts.len().div_ceil(rayon::current_num_threads().min(MOST)).max(1);
    texts.par_chunks(task).enumerate().map(move |(number, texts)| (number * task, texts))
}

#[cfg(test)]
mod tests {
    use super::super::choice::Choice;
    use super::super::text_sampler::tests::texts_of;
    use super::*;
    use crate::density::Counts;
    use crate::resample::Budget;

    fn counts_of(texts: &[&str], space: FeatureSpace) -> Counts {
        let mut counts = Counts::new(space.buckets);
        let mut featurizer = Featurizer::new(space).unwrap();
        for text in texts {
            let count = |buckets: &[u32]| buckets.iter().for_each(|b| counts.counts[*b as usize] += 1);
            counts.tokens += featurizer.featurize(text, count);
            counts.documents += 1;
        }
        counts
    }

    /// The scores of all candidates where `share` of the tokens of `raw` is selected for `target`. One half of it is
    /// every other text.
    fn scores(share: f64, raw: &[&str], target: &[&str]) -> Option<Vec<HeldOutScore>> {
        let (texts, observer) = (texts_of(raw), Observer::default());
        let half: Vec<&str> = target.iter().step_by(2).copied().collect();
        let counts = |space| (counts_of(target, space), counts_of(&half, space));
        let expectations = Candidate::NGRAMS.map(|ngrams| {
            let space = FeatureSpace { ngrams, ..FeatureSpace::default() };
            let sample = featurize(&texts, &Featurizers::new(space, None).unwrap(), &observer);
            let ((whole, half), aim) = (counts(space), Aim { budget: Budget::Tokens(0), share });
            expect(space.hash, 0.0, HalvedTarget { whole: &whole, half: &half }, &sample, &aim, &observer)
        });
        let [Some(first), Some(second)] = expectations else { return None };
        let (whole, half) = counts(EVALUATION_SPACE);
        let featurizers = Featurizers::new(EVALUATION_SPACE, None).unwrap();
        evaluate(
            &texts,
            &featurizers,
            &[first, second],
            HalvedTarget { whole: &whole, half: &half },
            &observer,
        )
    }

    #[test]
    fn nothing_is_gained_by_selecting_everything() {
        let raw = ["sea and tide"; 20].into_iter().chain(["tax and form"; 20]).collect::<Vec<_>>();
        let scores = scores(1.0, &raw, &["sea and tide"; 12]).unwrap();
        assert_eq!(scores, vec![HeldOutScore { kl_reduction: 0.0, rounds: None }; 6]);
    }

    #[test]
    fn a_reduction_is_how_much_nearer_what_is_selected_is_in_the_other_space() {
        let raw = ["sea and tide"; 20].into_iter().chain(["tax and form"; 20]).collect::<Vec<_>>();
        let scores = scores(0.5, &raw, &["sea and tide"; 12]).unwrap();
        // What is selected is what is wanted, so that the whole distance of the raw corpus is gained.
        let density = |texts: &[&str]| normalized(&counts_of(texts, EVALUATION_SPACE).counts).unwrap();
        let whole = kl(&density(&["sea and tide"]), &density(&raw));
        for score in &scores {
            assert!(whole > 0.3 && (score.kl_reduction - whole).abs() < 1e-3, "{scores:?}, of {whole}");
        }
        let choice = Choice::new(&[Some(scores)]);
        assert_eq!(choice.candidate, Candidate::PUBLISHED);
    }

    #[test]
    fn what_is_like_the_target_as_a_whole_is_better_than_the_rarer_half_of_it() {
        // As in the tests of refining: half of each of two kinds is wanted, and the second is rarer.
        let kinds = [("sea tide boat wind", 60), ("moon star comet sun", 20), ("tax form due rate", 120)];
        let raw: Vec<&str> = kinds.iter().flat_map(|(text, count)| vec![*text; *count]).collect();
        // Two by two, so that each half has as many of both.
        let target = [kinds[0].0, kinds[0].0, kinds[1].0, kinds[1].0].repeat(5);
        let scores = scores(0.1, &raw, &target).unwrap();
        let choice = Choice::new(&[Some(scores.clone())]);
        assert_eq!(choice.candidate.weights, Weighting::Refined, "{scores:?}");
        for (score, candidate) in scores.iter().zip(Candidate::all()) {
            let refined = candidate.weights == Weighting::Refined;
            assert_eq!(score.rounds.is_some(), refined);
            assert_eq!(score.kl_reduction > 0.5, refined, "{candidate}: {scores:?}");
        }
    }

    #[test]
    fn too_few_documents_cannot_be_evaluated() {
        let raw = ["sea and tide", "tax and form"];
        assert_eq!(scores(0.5, &raw, &["sea and tide"; 9]), None);
        assert_eq!(scores(0.5, &[], &["sea and tide"; 12]), None);
        assert_eq!(scores(0.5, &raw, &[""; 12]), None);
    }
}
