//! Fitting a model whose targets are refined.

use std::time::Instant;

use dsir::density::{Counts, Model};
use dsir::pipeline::{self, Eligible, ReadOptions, ReadReport, Rejects, TargetShards};
use dsir::reader::Shards;
use dsir::refine::{Aim, Sampled, refine};
use dsir::resample::{DrawOptions, target_shares};
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
    sampled: Sampled,
    pub(crate) report: ReadReport,
}

/// Which rejects are kept: those of the targets, and those of the raw corpus too if nothing reads it once more.
pub(crate) struct KeptRejects<'a>(pub(crate) &'a mut Option<Rejects>, pub(crate) bool);

/// Counts targets and raw corpus, with what refining needs.
pub(crate) fn count(
    args: &FitArgs,
    targets: &[TargetShards],
    (raw, eligible): (&Shards, &Eligible),
    read: &ReadOptions,
    KeptRejects(rejects, of_raw): KeptRejects<'_>,
    run: &Run,
    summary: &mut Summary,
) -> Result<Counted, Failure> {
    let space = args.count.space(read.punkt.as_deref())?;
    let mut model = Model { space, smoothing: args.count.smoothing, raw: None, targets: Vec::new() };
    let mut halves = Vec::new();
    for target in targets {
        let (target, half, report) =
            pipeline::count_target_and_half(target, space, read, rejects.as_mut(), &run.progress)?;
        // An empty target is found out now, not after the raw corpus has been counted.
        model.target_density(&target)?;
        summary.stage("target", &report);
        model.targets.push(target);
        halves.push(half);
    }
    let rejects = rejects.as_mut().filter(|_| of_raw);
    let budget = args.budget();
    let (counts, sampled, report) =
        pipeline::count_raw_and_sample(raw, space, budget, read, eligible, rejects, &run.progress)?;
    summary.stage("fit", &report);
    model.raw = Some(counts);
    // Raw text without a token is found out now.
    model.raw_density()?;
    Ok(Counted { model, halves, sampled, report })
}

impl Counted {
    /// Refines every target for its part of what `aim` says; `shares` are split as `draw` splits them.
    pub(crate) fn refine(
        self,
        aim: impl Fn(&Sampled) -> Aim,
        draw: &DrawOptions,
        run: &Run,
        summary: &mut Summary,
    ) -> Result<Model, Failure> {
        let Counted { mut model, halves, sampled, .. } = self;
        run.progress.begin("refine", None);
        let start = Instant::now();
        let shares = target_shares(draw, &WeightsInfo::sizes(&model))?;
        let aim = aim(&sampled);
        let mut refinements = Vec::new();
        for (target, (half, share)) in halves.iter().zip(shares).enumerate() {
            let aim = Aim { share: aim.share * share, ..aim };
            refinements.push(refine(&mut model, target, half, &sampled, &aim)?);
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
