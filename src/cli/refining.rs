//! Fitting a model whose targets are refined.

use std::time::Instant;

use dsir::density::{Counts, Model};
use dsir::passes::{
    self, CountedTarget, Eligible, RawCorpus, ReadOptions, ReadReport, Rejects, TargetShards,
};
use dsir::reader::Shards;
use dsir::refine::{Aim, DocumentSample, DocumentSampler, Oversampling, TextSampler, refine};
use dsir::resample::{DrawOptions, Totals, target_shares};
use dsir::weights::WeightsInfo;

use super::args::{CombineArg, FitArgs, MethodArg, NormalizeArg, Select};
use super::failure::Failure;
use super::options::Run;
use super::summary::Summary;

/// What is counted before it is refined.
pub(crate) struct Counted {
    pub(crate) model: Model,
    /// Of each target, one half.
    halves: Vec<Counts>,
    sampled: DocumentSample,
    /// For each target.
    aims: Vec<Aim>,
    pub(crate) report: ReadReport,
}

/// Which rejects are kept: those of the targets, and those of the raw corpus too if nothing reads it once more.
pub(crate) struct KeptRejects<'a>(pub(crate) &'a mut Option<Rejects>, pub(crate) bool);

/// What is refined for, and on what.
pub(crate) struct Of<'a> {
    pub(crate) targets: &'a [TargetShards],
    pub(crate) raw: &'a Shards,
    pub(crate) eligible: &'a Eligible,
}

/// Counts targets and raw corpus, with what refining needs. What `aim` says of all that is eligible is split over the targets as `draw` splits it.
pub(crate) fn count(
    args: &FitArgs,
    of: Of<'_>,
    (aim, draw): (&dyn Fn(&Totals) -> Aim, &DrawOptions),
    read: &ReadOptions,
    KeptRejects(rejects, of_raw): KeptRejects<'_>,
    run: &Run,
    summary: &mut Summary,
) -> Result<Counted, Failure> {
    let Of { targets, raw, eligible } = of;
    // It is read several times.
    raw.keep_streams(&run.temp_dir);
    let space = args.count.space(read.punkt.as_deref())?;
    let mut model = Model { space, smoothing: args.count.smoothing, raw: None, targets: Vec::new() };
    let mut halves = Vec::new();
    for target in targets {
        let CountedTarget { target, half, texts, report } =
            passes::count_target_and_half(target, space, read, rejects.as_mut(), &run.observer)?;
        // An empty target is found out now, not after the raw corpus has been counted.
        model.target_density(&target)?;
        summary.stage("target", &report);
        summary.note_target_texts(&texts);
        model.targets.push(target);
        halves.push(half);
    }
    let first = TextSampler::new(space.buckets);
    let (texts, report) = passes::sample_texts(raw, space, read, eligible, first, &run.observer)?;
    summary.stage_of_sampling(&report);
    let shares = target_shares(draw, &WeightsInfo::sizes(&model))?;
    let aims = aim(&texts.eligible).split(&shares);
    let mut aimed = Vec::new();
    for (target, aim) in model.targets.iter().zip(&aims) {
        aimed.push((model.target_density(target)?, *aim));
    }
    let start = Instant::now();
    let oversampling = Oversampling::new(space.hash, &aimed, &passes::featurize_texts(&texts, space, read)?);
    drop(texts);
    summary.stage_without_bytes("oversample", start.elapsed().as_secs_f64());
    let sampler = DocumentSampler::new(space.buckets, oversampling);
    let rejects = rejects.as_mut().filter(|_| of_raw);
    let corpus = RawCorpus { shards: raw, space, budget: args.budget(), read };
    let (counts, sampled, report) =
        passes::count_raw_and_sample(corpus, eligible, sampler, rejects, &run.observer)?;
    summary.stage("fit", &report);
    model.raw = Some(counts);
    // Raw text without a token is found out now.
    model.raw_density()?;
    Ok(Counted { model, halves, sampled, aims, report })
}

impl Counted {
    /// Refines every target.
    pub(crate) fn refine(self, run: &Run, summary: &mut Summary) -> Result<Model, Failure> {
        let Counted { mut model, halves, sampled, aims, .. } = self;
        run.observer.begin("refine", None);
        let start = Instant::now();
        let mut refinements = Vec::new();
        for (target, (half, aim)) in halves.iter().zip(&aims).enumerate() {
            refinements.push(refine(&mut model, target, half, &sampled, aim)?);
        }
        summary.refined(&refinements);
        summary.stage_without_bytes("refine", start.elapsed().as_secs_f64());
        Ok(model)
    }
}

/// Refining is for draws of one kind, and so is choosing, which tries it.
pub(crate) fn refuse_other_draws(args: &Select) -> Result<(), Failure> {
    let draw = &args.draw;
    let option = match (args.refine.refine, args.refine.auto) {
        (true, _) => "--refine",
        (_, true) => "--auto",
        _ => return Ok(()),
    };
    let refuse = |why: &str| Err(Failure::usage(format!("{option} is for {why}")));
    if draw.method != MethodArg::Gumbel || draw.temperature != [1.0] {
        return refuse("--method gumbel and --temperature 1: it learns for such draws");
    }
    if draw.normalize.is_some_and(|normalize| normalize != NormalizeArg::Tokens) {
        return refuse("log weights per token: leave --normalize to it");
    }
    if draw.combine != CombineArg::Apart {
        return refuse("targets that draw apart, not for --combine product");
    }
    Ok(())
}
