//! Which options to select with: six ways to weigh are tried on a sample of the raw texts and on halves of the targets.

use std::time::Instant;

use crate::density::{Counts, Target, density};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::observer::Observer;
use crate::passes::{
    Eligible, ReadOptions, ReadReport, TargetShards, count_target_and_half, featurize_texts, sample_texts,
};
use crate::reader::Shards;
use crate::refine::{
    Aim, Candidate, Choice, Expectation, JUDGE, Prospects, SampledTexts, TextSampler, expect, judge,
};
use crate::resample::{DrawOptions, target_shares};
use crate::warning::Warning;
use crate::weights::TargetSize;

use super::fit::CountOptions;
use super::report::{AutoReport, Report, StageReport};
use super::run::Run;

/// For what is chosen.
#[derive(Clone, Copy)]
pub(super) struct ChooseOptions<'a> {
    /// The feature space; its n-grams are of no account, those of the candidates are tried.
    pub space: FeatureSpace,
    /// What is added to every count in the targets.
    pub smoothing: f64,
    /// What is going to be drawn.
    pub draw: &'a DrawOptions,
    /// Which raw documents may be drawn.
    pub eligible: &'a Eligible,
    /// How records become documents.
    pub read: &'a ReadOptions,
}

/// What was chosen.
#[derive(Debug)]
pub(super) struct Chosen {
    /// One choice for all targets.
    pub choice: Choice,
    /// How the raw corpus was read.
    pub report: ReadReport,
    /// How long everything else took.
    pub seconds: f64,
}

/// Reads the raw corpus once, or twice if it is larger than a sample, and the targets three times, and chooses the [`Candidate`] with which
/// what is expected to be selected by one half of a target comes closest to the other. Streams must be kept
/// ([`Shards::keep_streams`]). Invalid raw records are passed over: who selects reads them again.
///
/// # Errors
/// Shards that cannot be read; targets without a document; proportions that do not fit the targets.
pub(super) fn choose(
    raw: &Shards,
    targets: &[TargetShards],
    options: ChooseOptions<'_>,
    observer: &Observer,
) -> Result<Chosen, Error> {
    let ChooseOptions { space, smoothing, draw, eligible, read } = options;
    // What the targets lack is found out before the raw corpus is read.
    let start = Instant::now();
    let count = |space| -> Result<Vec<(Target, Counts)>, Error> {
        let each = targets.iter().map(|target| {
            count_target_and_half(target, space, read, None, observer)
                .map(|(target, half, ..)| (target, half))
        });
        each.collect()
    };
    let in_judge = count(JUDGE)?;
    let spaces = Candidate::NGRAMS.map(|ngrams| FeatureSpace { ngrams, ..space });
    let mut in_spaces = Vec::new();
    for space in spaces {
        in_spaces.push((space, count(space)?));
    }
    let before = start.elapsed();
    let first = TextSampler::new(space.buckets);
    let (mut texts, mut report) = sample_texts(raw, space, (eligible, first), read, observer)?;

    let start = Instant::now();
    let prospects = prospects(&texts, options, &in_spaces[0])?;
    let meanwhile = start.elapsed();
    if prospects.most() > 0 {
        let lifting = TextSampler::lifting(space.buckets, prospects, texts.eligible);
        // Both at once would take too much memory.
        drop(texts);
        let second = sample_texts(raw, in_spaces[0].0, (eligible, lifting), read, observer)?;
        (texts, report) = (second.0, report.and(&second.1));
    }

    observer.begin("judge", None);
    let start = Instant::now();
    let aims =
        in_spaces.iter().map(|(_, counted)| aims(&texts, draw, counted)).collect::<Result<Vec<_>, _>>()?;
    let featurizers = read.featurizers(JUDGE)?;
    let mut judged = Vec::new();
    // Each is done with before the next, and featurized for anew: what is expected of all documents takes more room than their texts.
    for (number, (target, half)) in in_judge.iter().enumerate() {
        let mut expectations = Vec::new();
        for ((space, counted), aims) in in_spaces.iter().zip(&aims) {
            let sample = featurize_texts(&texts, *space, read)?;
            let ((target, half), aim) = (&counted[number], &aims[number]);
            expectations.extend(expect((space.hash, smoothing), &target.counts, half, &sample, aim));
        }
        let expectations: Option<[Expectation; Candidate::NGRAMS.len()]> = expectations.try_into().ok();
        judged.push(expectations.and_then(|all| judge(&texts, &featurizers, &all, &target.counts, half)));
    }
    let choice = Choice::new(&judged);
    let seconds = (before + meanwhile + start.elapsed()).as_secs_f64();
    Ok(Chosen { choice, report, seconds })
}

/// What tells which documents are to be sampled more often, if not all are in the first sample.
fn prospects(
    first: &SampledTexts,
    options: ChooseOptions<'_>,
    (space, counted): &(FeatureSpace, Vec<(Target, Counts)>),
) -> Result<Prospects, Error> {
    let aims = aims(first, options.draw, counted)?;
    let densities = counted.iter().map(|(target, _)| density(&target.counts.counts, options.smoothing));
    let Some(densities) = densities.collect::<Option<Vec<_>>>() else { return Ok(Prospects::default()) };
    let sample = featurize_texts(first, *space, options.read)?;
    Ok(Prospects::new(space.hash, &densities.into_iter().zip(aims).collect::<Vec<_>>(), &sample))
}

/// How much is going to be drawn for each target.
fn aims(texts: &SampledTexts, draw: &DrawOptions, targets: &[(Target, Counts)]) -> Result<Vec<Aim>, Error> {
    let sizes: Vec<TargetSize> = targets.iter().map(|(target, _)| TargetSize::of(target)).collect();
    Ok(Aim::new(draw.budget, &texts.eligible).split(&target_shares(draw, &sizes)?))
}

/// Chooses, and tells of it.
pub(super) fn choose_and_tell(
    count: &CountOptions,
    (raw, targets): (&Shards, &[TargetShards]),
    draw: &DrawOptions,
    eligible: &Eligible,
    read: &ReadOptions,
    run: &Run,
    report: &mut Report,
) -> Result<Candidate, Error> {
    // All are read again.
    raw.keep_streams(run.temp_dir());
    targets.iter().for_each(|target| target.shards.keep_streams(run.temp_dir()));
    let options = ChooseOptions { space: count.space, smoothing: count.smoothing, draw, eligible, read };
    let Chosen { choice, report: was_read, seconds } = choose(raw, targets, options, &run.observer)?;
    report.stages.push(StageReport::sampling("sample", &was_read));
    report.stages.push(StageReport::computing("judge", seconds));
    let Choice { candidate, judged } = choice;
    let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    match judged.iter().find(|judged| judged.candidate == candidate) {
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
        judged_in: JUDGE,
        targets: names,
        candidates: judged,
        chosen: candidate,
    });
    Ok(candidate)
}
