//! Judges ways to weigh: what each would select by one half of a target, looked at in another feature space, beside the other half.
//!
//! Who is judged in the space in which it weighs is judged by what it was made to be good at. And nothing is drawn: each document of the sample
//! counts as often as it is likely to be selected.

use rayon::prelude::*;

use super::choice::{Candidate, OfTarget, Weights, to_a_millionth};
use super::expected::ONE;
use super::rounds::{Course, kl, prices};
use super::sampled::{Part, Sampled, Unit};
use super::texts::{SampledText, SampledTexts};
use super::{Aim, best, densities_of_halves, held_out};
use crate::density::{Counts, density, normalized};
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers, Hash, Tokenizer};
use crate::resample::Normalize;

/// The feature space to judge in, which nobody weighs in.
pub const JUDGE: FeatureSpace =
    FeatureSpace { tokenizer: Tokenizer::Bytes, punkt: None, ngrams: 4, buckets: 1 << 16, hash: Hash::Dsir1 };

/// The features of sampled texts, in their order.
pub fn featurize(texts: &SampledTexts, featurizers: &Featurizers) -> Sampled {
    let parts = tasks(&texts.documents).map(|(_, documents)| {
        let mut part = Part::of_buckets(featurizers.space().buckets);
        let (mut featurizer, mut features) = (featurizers.featurizer(), Vec::new());
        for document in documents {
            features_of(document, &mut featurizer, &mut features);
            // How far it is thinned is known, and needs no lift.
            part.push(document.thinned.into(), (document.tokens, document.bytes), &features);
        }
        part
    });
    let parts: Vec<_> = parts.collect();
    Sampled::of(parts, |document| document.lift)
}

/// What is expected to be selected for one target with n-grams of one length.
#[derive(Debug)]
pub struct Expectation {
    /// The rounds that are best, by text held out in the same feature space; `None` if plain weights are.
    rounds: Option<u32>,
    /// By each half of the target: how likely each document of the sample is to be selected.
    published: [Vec<u64>; 2],
    tokens: [Vec<u64>; 2],
    /// There if refining is neither of these two.
    refined: Option<[Vec<u64>; 2]>,
}

/// What each half of a target selects of `sample`, for `aim`: as published, per token, and refined. `half` counts one half of the documents,
/// all of which `target` counts, in the space of the sample. `None` if there are too few, or nothing is selected.
pub fn expect(
    (hash, smoothing): (Hash, f64),
    target: &Counts,
    half: &Counts,
    sample: &Sampled,
    aim: &Aim,
) -> Option<Expectation> {
    let halves = densities_of_halves(target, half, smoothing)?;
    let raw = density(&sample.counts(target.counts.len()), 0.0)?;
    let (share, prices) = (aim.share_of(sample), prices(sample, aim));
    let courses = [&halves.0, &halves.1].map(|half| Course::new(hash, (sample, &prices), share, half, &raw));
    let both = |[first, second]: &[Course<'_>; 2], normalize| {
        Some([first.inclusions(normalize)?, second.inclusions(normalize)?])
    };
    let published = both(&courses, Normalize::None)?;
    let tokens = both(&courses, Normalize::Tokens)?;
    let held_out = held_out(courses, &halves)?;
    let rounds = best(&held_out.history)?.checked_sub(1).map(|rounds| rounds as u32);
    let refined = match rounds {
        None | Some(0) => None,
        Some(_) => Some(both(&held_out.best, Normalize::Tokens)?),
    };
    Some(Expectation { rounds, published, tokens, refined })
}

impl Expectation {
    fn inclusions(&self, weights: Weights) -> &[Vec<u64>; 2] {
        match (weights, &self.refined, self.rounds) {
            (Weights::Refined, Some(refined), _) => refined,
            (Weights::Tokens, ..) | (Weights::Refined, None, Some(_)) => &self.tokens,
            (Weights::Published, ..) | (Weights::Refined, None, None) => &self.published,
        }
    }
}

/// The KL reduction of every candidate for one target, in their order: how much nearer the one half of the target is to what is expected by the
/// other than to the sample as it is, the mean of both ways round. `expectations` are those of [`Candidate::NGRAMS`] on these
/// `texts`; the target and half of it are counted in the space of `featurizers`. `None` if nothing can be judged.
pub fn judge(
    texts: &SampledTexts,
    featurizers: &Featurizers,
    expectations: &[Expectation; Candidate::NGRAMS.len()],
    target: &Counts,
    half: &Counts,
) -> Option<OfTarget> {
    let halves = densities_of_halves(target, half, 0.0)?;
    let of = |candidate: Candidate| {
        let at = Candidate::NGRAMS.iter().position(|ngrams| *ngrams == candidate.ngrams)?;
        expectations.get(at)
    };
    // Where refining is the same as something simpler, that is looked at once.
    let (mut different, mut places) = (Vec::<&[Vec<u64>; 2]>::new(), Vec::new());
    for candidate in Candidate::all() {
        let inclusions = of(candidate)?.inclusions(candidate.weights);
        let known = different.iter().position(|other| std::ptr::eq(*other, inclusions));
        places.push(known.unwrap_or(different.len()));
        if known.is_none() {
            different.push(inclusions);
        }
    }
    let columns: Vec<&[u64]> = different.iter().flat_map(|both| both.iter().map(Vec::as_slice)).collect();
    let (raw, selected) = densities(texts, featurizers, &columns)?;
    let reduction = |half: &[f64], selected: &[f64]| kl(half, &raw) - kl(half, selected);
    let reductions: Vec<f64> = selected
        .chunks_exact(2)
        .map(|by| to_a_millionth((reduction(&halves.1, &by[0]) + reduction(&halves.0, &by[1])) / 2.0))
        .collect();
    let of_candidate = |(candidate, place): (Candidate, usize)| {
        let rounds = of(candidate).and_then(|expectation| expectation.rounds);
        (reductions[place], rounds.filter(|_| candidate.weights == Weights::Refined))
    };
    Some(Candidate::all().zip(places).map(of_candidate).collect())
}

/// The density of all texts, and where each counts as often as it is likely to be selected, by each of the columns.
fn densities(
    texts: &SampledTexts,
    featurizers: &Featurizers,
    columns: &[&[u64]],
) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let buckets = featurizers.space().buckets as usize;
    // No text has more tokens than bytes, and each token ends n n-grams.
    let ngrams = |one: &SampledText| one.text.len() as u64 * u64::from(featurizers.space().ngrams);
    let unit = Unit::new(texts.documents.iter().map(|one| (ngrams(one), one.thinned)));
    let tables = tasks(&texts.documents).map(|(first, documents)| {
        let (mut featurizer, mut features) = (featurizers.featurizer(), Vec::new());
        let mut tables = vec![vec![0u64; buckets]; 1 + columns.len()];
        for (at, document) in (first..).zip(documents) {
            features_of(document, &mut featurizer, &mut features);
            let inclusions = std::iter::once(ONE).chain(columns.iter().map(|column| column[at]));
            for (table, inclusion) in
                tables.iter_mut().zip(inclusions).filter(|(_, inclusion)| *inclusion > 0)
            {
                let times = unit.times(inclusion, document.thinned);
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
    Some((raw, densities.collect::<Option<_>>()?))
}

fn features_of(document: &SampledText, featurizer: &mut Featurizer, features: &mut Vec<u32>) {
    features.clear();
    featurizer.featurize(&document.text, |buckets| features.extend(buckets));
}

/// Documents in a few tasks, each of which is given where its documents begin: what each takes is not little.
fn tasks(documents: &[SampledText]) -> impl ParallelIterator<Item = (usize, &[SampledText])> {
    const MOST: usize = 8;
    let task = documents.len().div_ceil(rayon::current_num_threads().min(MOST)).max(1);
    documents.par_chunks(task).enumerate().map(move |(number, documents)| (number * task, documents))
}

#[cfg(test)]
mod tests {
    use super::super::choice::Choice;
    use super::super::texts::tests::texts_of;
    use super::*;
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

    /// What comes of every candidate, where `share` of the tokens of `raw` is selected for `target`, every other text of which is half of it.
    fn judged(share: f64, raw: &[&str], target: &[&str]) -> Option<OfTarget> {
        let texts = texts_of(raw);
        let half: Vec<&str> = target.iter().step_by(2).copied().collect();
        let counts = |space| (counts_of(target, space), counts_of(&half, space));
        let expectations = Candidate::NGRAMS.map(|ngrams| {
            let space = FeatureSpace { ngrams, ..FeatureSpace::default() };
            let sample = featurize(&texts, &Featurizers::new(space, None).unwrap());
            let ((target, half), aim) = (counts(space), Aim { budget: Budget::Tokens(0), share });
            expect((space.hash, 0.0), &target, &half, &sample, &aim)
        });
        let [Some(first), Some(second)] = expectations else { return None };
        let (target, half) = counts(JUDGE);
        judge(&texts, &Featurizers::new(JUDGE, None).unwrap(), &[first, second], &target, &half)
    }

    #[test]
    fn nothing_is_gained_by_selecting_everything() {
        let raw = ["sea and tide"; 20].into_iter().chain(["tax and form"; 20]).collect::<Vec<_>>();
        let of_target = judged(1.0, &raw, &["sea and tide"; 12]).unwrap();
        assert_eq!(of_target, vec![(0.0, None); 6]);
    }

    #[test]
    fn a_reduction_is_how_much_nearer_what_is_selected_is_in_the_other_space() {
        let raw = ["sea and tide"; 20].into_iter().chain(["tax and form"; 20]).collect::<Vec<_>>();
        let of_target = judged(0.5, &raw, &["sea and tide"; 12]).unwrap();
        // What is selected is what is wanted, so that the whole distance of the raw corpus is gained.
        let density = |texts: &[&str]| normalized(&counts_of(texts, JUDGE).counts).unwrap();
        let whole = kl(&density(&["sea and tide"]), &density(&raw));
        for (reduction, _) in &of_target {
            assert!(whole > 0.3 && (reduction - whole).abs() < 1e-3, "{of_target:?}, of {whole}");
        }
        let choice = Choice::new(&[Some(of_target)]);
        assert_eq!(choice.candidate, Candidate::PUBLISHED);
    }

    #[test]
    fn what_is_like_the_target_as_a_whole_is_better_than_the_rarer_half_of_it() {
        // As in the tests of refining: half of each of two kinds is wanted, and the second is rarer.
        let kinds = [("sea tide boat wind", 60), ("moon star comet sun", 20), ("tax form due rate", 120)];
        let raw: Vec<&str> = kinds.iter().flat_map(|(text, count)| vec![*text; *count]).collect();
        // Two by two, so that each half has as many of both.
        let target = [kinds[0].0, kinds[0].0, kinds[1].0, kinds[1].0].repeat(5);
        let of_target = judged(0.1, &raw, &target).unwrap();
        let choice = Choice::new(&[Some(of_target.clone())]);
        assert_eq!(choice.candidate.weights, Weights::Refined, "{of_target:?}");
        for ((reduction, rounds), candidate) in of_target.iter().zip(Candidate::all()) {
            let refined = candidate.weights == Weights::Refined;
            assert_eq!(rounds.is_some(), refined);
            assert_eq!(*reduction > 0.5, refined, "{candidate}: {of_target:?}");
        }
    }

    #[test]
    fn too_few_documents_cannot_be_judged() {
        let raw = ["sea and tide", "tax and form"];
        assert_eq!(judged(0.5, &raw, &["sea and tide"; 9]), None);
        assert_eq!(judged(0.5, &[], &["sea and tide"; 12]), None);
        assert_eq!(judged(0.5, &raw, &[""; 12]), None);
    }
}
