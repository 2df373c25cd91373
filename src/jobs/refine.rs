//! Fitting a model whose targets are refined.

use std::time::Instant;

use super::count_options::CountOptions;
use super::report::{Report, StageReport};
use super::run::Run;
use crate::density::{Counts, Model};
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, RefinedDraws};
use crate::passes::{
    CountedTarget, Eligible, Elsewhere, RawCorpus, ReadOptions, ReadReport, Rejects, TargetShards,
    TextHashes, count_raw_and_sample, count_target_and_half, featurize_texts, sample_texts,
};
use crate::reader::Shards;
use crate::refine::{Aim, DocumentSample, DocumentSampler, Oversampling, Refinement, TextSampler, refine};
use crate::resample::{Combine, DrawOptions, Method, Normalize, Totals, target_shares};
use crate::warning::Warning;
use crate::weights::WeightsInfo;

/// What is counted before it is refined.
pub(super) struct Counted {
    pub(super) model: Model,
    /// Of each target, one half.
    halves: Vec<Counts>,
    sampled: DocumentSample,
    /// For each target.
    aims: Vec<Aim>,
    /// The texts of the targets.
    pub(super) texts: TextHashes,
    pub(super) report: ReadReport,
}

/// Where rejects are kept: those of the targets, and those of the raw corpus too if nothing reads it once more.
pub(super) struct KeptRejects<'a> {
    pub(super) rejects: &'a mut Option<Rejects>,
    pub(super) of_raw: bool,
}

/// What is refined for, and on what.
pub(super) struct Of<'a> {
    pub(super) targets: &'a [TargetShards],
    pub(super) raw: &'a Shards,
    pub(super) eligible: &'a Eligible,
    /// Who reads the raw corpus, if this machine does not.
    pub(super) elsewhere: Option<&'a Elsewhere>,
}

/// Counts targets and raw corpus, with what refining needs. What `aim` says of all that is eligible is split over the
/// targets as `draw` splits it.
pub(super) fn count(
    options: &CountOptions,
    of: Of<'_>,
    (aim, draw): (&dyn Fn(&Totals) -> Aim, &DrawOptions),
    read: &ReadOptions,
    kept: KeptRejects<'_>,
    run: &Run,
    report: &mut Report,
) -> Result<Counted, Error> {
    let Of { targets, raw, eligible, elsewhere } = of;
    let CountOptions { space, smoothing, budget, .. } = *options;
    let KeptRejects { rejects, of_raw } = kept;
    // It is read several times.
    raw.keep_streams(run.temp_dir());
    let mut model = Model { space, smoothing, raw: None, targets: Vec::new() };
    let (mut halves, mut all_texts) = (Vec::new(), TextHashes::default());
    for target in targets {
        let CountedTarget { target, half, texts, report: was_read } =
            count_target_and_half(target, space, read, rejects.as_mut(), &run.observer)?;
        // An empty target is found out now, not after the raw corpus has been counted.
        model.target_density(&target)?;
        report.read("target", &was_read);
        all_texts.join(&texts);
        model.targets.push(target);
        halves.push(half);
    }
    let first = TextSampler::new(space.buckets);
    let (texts, was_read) = sample_texts(raw, space, read, eligible, first, elsewhere, &run.observer)?;
    report.stages.push(StageReport::sampling("sample", &was_read));
    let shares = target_shares(draw, &WeightsInfo::sizes(&model))?;
    let aims = aim(&texts.eligible).split(&shares);
    let mut aimed = Vec::new();
    for (target, aim) in model.targets.iter().zip(&aims) {
        aimed.push((model.target_density(target)?, *aim));
    }
    let start = Instant::now();
    let sample = featurize_texts(&texts, space, read, &run.observer)?;
    let oversampling = Oversampling::new(space.hash, &aimed, &sample, &run.observer);
    run.observer.check()?;
    drop(sample);
    drop(texts);
    report.computed("oversample", start);
    let sampler = DocumentSampler::new(space.buckets, oversampling);
    let rejects = rejects.as_mut().filter(|_| of_raw);
    let corpus = RawCorpus { shards: raw, space, budget, read, elsewhere };
    let (counts, sampled, was_read) =
        count_raw_and_sample(corpus, eligible, sampler, rejects, &run.observer)?;
    report.read("fit", &was_read);
    model.raw = Some(counts);
    // Raw text without a token is found out now.
    model.raw_density()?;
    Ok(Counted { model, halves, sampled, aims, texts: all_texts, report: was_read })
}

impl Counted {
    /// Refines every target.
    pub(super) fn refine(self, run: &Run, report: &mut Report) -> Result<Model, Error> {
        let Counted { mut model, halves, sampled, aims, .. } = self;
        run.observer.begin("refine", None);
        let start = Instant::now();
        let mut refinements = Vec::new();
        for (target, (half, aim)) in halves.iter().zip(&aims).enumerate() {
            refinements.push(refine(&mut model, target, half, &sampled, aim, &run.observer)?);
            run.observer.check()?;
        }
        for Refinement { target, history, rounds, .. } in refinements.iter() {
            let best = history.iter().skip(1).copied().fold(f64::INFINITY, f64::min);
            if rounds.is_none() || history.is_empty() {
                run.observer.warn(Warning::NotRefined {
                    target: (refinements.len() > 1).then(|| target.clone()),
                    held_out: history.first().map(|plain| (*plain, best)),
                });
            }
        }
        report.refined = Some(refinements);
        report.computed("refine", start);
        Ok(model)
    }
}

/// Refuses draws that refining does not learn for.
pub(super) fn refuse_other_draws(draw: &DrawOptions) -> Result<(), InvalidOptions> {
    let refuse = |draws| Err(InvalidOptions::OtherDraws { draws });
    if draw.method != Method::Gumbel || !draw.is_at_temperature_1() {
        return refuse(RefinedDraws::Gumbel);
    }
    if draw.normalize.is_some_and(|normalize| normalize != Normalize::Tokens) {
        return refuse(RefinedDraws::PerToken);
    }
    if draw.combine != Combine::Apart {
        return refuse(RefinedDraws::Apart);
    }
    Ok(())
}
