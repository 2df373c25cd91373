//! Chooses the options to select with: six ways to weigh are tried on a sample of the raw texts and on halves of the
//! targets.

use std::time::Instant;

use super::count_options::CountOptions;
use super::refine::Of;
use super::report::{AutoReport, Report, StageReport};
use super::run::Run;
use crate::density::density;
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::observer::Observer;
use crate::passes::{
    CountedTarget, Eligible, Elsewhere, ReadOptions, ReadReport, TargetShards, count_target_and_half,
    featurize_texts, sample_texts,
};
use crate::reader::Shards;
use crate::refine::{
    Aim, Candidate, Choice, EVALUATION_SPACE, Expectation, Oversampling, TextSample, TextSampler, evaluate,
    expect,
};
use crate::resample::{DrawOptions, target_shares};
use crate::warning::Warning;
use crate::weights::TargetSize;

/// What the choice is for.
#[derive(Clone, Copy)]
pub(super) struct ChooseOptions<'a> {
    /// The feature space, whatever the length of its n-grams: the candidates have their own.
    pub space: FeatureSpace,
    /// Added to every count in the targets.
    pub smoothing: f64,
    /// The draw that follows.
    pub draw: &'a DrawOptions,
    /// Which raw documents may be drawn.
    pub eligible: &'a Eligible,
    /// How records become documents.
    pub read: &'a ReadOptions,
    /// Who reads the raw corpus, if this machine does not.
    pub elsewhere: Option<&'a Elsewhere>,
}

/// The choice, and the time it took.
#[derive(Debug)]
pub(super) struct Chosen {
    /// One choice for all targets.
    pub choice: Choice,
    /// How the raw corpus was read.
    pub report: ReadReport,
    /// The seconds that everything else took.
    pub seconds: f64,
}

/// The targets, counted in one feature space.
struct CountedIn {
    space: FeatureSpace,
    targets: Vec<CountedTarget>,
}

/// Reads the raw corpus once, or twice if it is larger than a sample, and the targets three times, and chooses the
/// [`Candidate`] with which the selection expected by one half of a target is closest to the other half. Streams must
/// be kept ([`Shards::keep_streams`]). Invalid raw records are ignored, since the selection reads them again.
///
/// # Errors
/// Shards that cannot be read; targets without a document; proportions that do not fit the targets.
pub(super) fn choose(
    raw: &Shards,
    targets: &[TargetShards],
    options: ChooseOptions<'_>,
    observer: &Observer,
) -> Result<Chosen, Error> {
    let ChooseOptions { space, smoothing, draw, eligible, read, elsewhere } = options;
    // Faults of the targets are found before the raw corpus is read.
    let start = Instant::now();
    let count = |space| -> Result<CountedIn, Error> {
        let each = targets.iter().map(|target| count_target_and_half(target, space, read, None, observer));
        Ok(CountedIn { space, targets: each.collect::<Result<_, _>>()? })
    };
    let in_evaluation_space = count(EVALUATION_SPACE)?;
    let mut in_spaces = Vec::new();
    for ngrams in Candidate::NGRAMS {
        in_spaces.push(count(FeatureSpace { ngrams, ..space })?);
    }
    let before = start.elapsed();
    let first = TextSampler::new(space.buckets);
    let (mut texts, mut report) = sample_texts(raw, space, read, eligible, first, elsewhere, observer)?;

    let start = Instant::now();
    let oversampling = oversampling(&texts, options, &in_spaces[0], observer)?;
    let meanwhile = start.elapsed();
    if oversampling.max_boost() > 0 {
        let second = TextSampler::oversampling_by(oversampling, space.buckets, texts.eligible);
        // Both samples at once would take too much memory.
        drop(texts);
        let (second, second_report) =
            sample_texts(raw, in_spaces[0].space, read, eligible, second, elsewhere, observer)?;
        (texts, report) = (second, report.and(&second_report));
    }

    observer.begin("evaluate", None);
    let start = Instant::now();
    let aims = in_spaces.iter().map(|counted| aims(&texts, draw, counted)).collect::<Result<Vec<_>, _>>()?;
    let featurizers = read.featurizers(EVALUATION_SPACE)?;
    let mut scores = Vec::new();
    // One target is done with before the next, and texts are featurized again for each: the features take more memory
    // than the texts.
    for (number, target) in in_evaluation_space.targets.iter().enumerate() {
        let mut expectations = Vec::new();
        for (CountedIn { space, targets }, aims) in in_spaces.iter().zip(&aims) {
            let sample = featurize_texts(&texts, *space, read, observer)?;
            let halved = targets[number].halved();
            expectations.extend(expect(space.hash, smoothing, halved, &sample, &aims[number], observer));
        }
        let expectations: Option<[Expectation; Candidate::NGRAMS.len()]> = expectations.try_into().ok();
        scores.push(
            expectations.and_then(|all| evaluate(&texts, &featurizers, &all, target.halved(), observer)),
        );
        observer.check()?;
    }
    let choice = Choice::new(&scores);
    let seconds = (before + meanwhile + start.elapsed()).as_secs_f64();
    Ok(Chosen { choice, report, seconds })
}

/// Decides which documents to sample more often, if not all are in the first sample.
fn oversampling(
    first: &TextSample,
    options: ChooseOptions<'_>,
    counted: &CountedIn,
    observer: &Observer,
) -> Result<Oversampling, Error> {
    let aims = aims(first, options.draw, counted)?;
    let targets = counted.targets.iter().map(|counted| &counted.target);
    let densities = targets.map(|target| density(&target.counts.counts, options.smoothing));
    let Some(densities) = densities.collect::<Option<Vec<_>>>() else { return Ok(Oversampling::default()) };
    let sample = featurize_texts(first, counted.space, options.read, observer)?;
    let targets: Vec<_> = densities.into_iter().zip(aims).collect();
    let oversampling = Oversampling::new(counted.space.hash, &targets, &sample, observer);
    observer.check()?;
    Ok(oversampling)
}

/// How much is going to be drawn for each target.
fn aims(texts: &TextSample, draw: &DrawOptions, counted: &CountedIn) -> Result<Vec<Aim>, Error> {
    let targets = counted.targets.iter().map(|counted| &counted.target);
    let sizes: Vec<TargetSize> = targets.map(TargetSize::of).collect();
    Ok(Aim::new(draw.budget, &texts.eligible.times(draw.repeat)).split(&target_shares(draw, &sizes)?))
}

/// Chooses, and tells of it.
pub(super) fn choose_and_tell(
    count: &CountOptions,
    of: Of<'_>,
    draw: &DrawOptions,
    read: &ReadOptions,
    run: &Run,
    report: &mut Report,
) -> Result<Candidate, Error> {
    let Of { targets, raw, eligible, elsewhere } = of;
    // All are read again.
    raw.keep_streams(run.temp_dir());
    targets.iter().for_each(|target| target.shards.keep_streams(run.temp_dir()));
    let options =
        ChooseOptions { space: count.space, smoothing: count.smoothing, draw, eligible, read, elsewhere };
    let Chosen { choice, report: was_read, seconds } = choose(raw, targets, options, &run.observer)?;
    report.stages.push(StageReport::sampling("sample", &was_read));
    report.stages.push(StageReport::computing("evaluate", seconds));
    let Choice { candidate, evaluations } = choice;
    let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    match evaluations.iter().find(|one| one.candidate == candidate) {
        None => run.observer.warn(Warning::NotEvaluated { target: None }),
        Some(chosen) => {
            let unknown =
                names.iter().zip(&chosen.kl_reductions).filter(|(_, reduction)| reduction.is_none());
            for (name, _) in unknown {
                run.observer.warn(Warning::NotEvaluated { target: Some(name.clone()) });
            }
        }
    }
    report.auto = Some(AutoReport {
        options: candidate.to_string(),
        judged_in: EVALUATION_SPACE,
        targets: names,
        candidates: evaluations,
        chosen: candidate,
    });
    Ok(candidate)
}
