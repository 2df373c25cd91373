use dsir::density::Model;
use dsir::passes::{self, Candidates, Eligible, Measuring, TargetShards, WeighOptions, Weighed};
use dsir::reader::Shard;
use dsir::refine::Aim;
use dsir::resample::{Budget, Method, Screen, Totals, target_shares};
use dsir::storage::work_dir::ResumableDir;
use dsir::weights::{TargetSize, WeightsFolder, WeightsInfo};

use super::fit::{count_raw, count_targets, finish_rejects, rejects};
use super::resample::{Destined, Drawing, draw_and_write};
use crate::cli::args::{CombineArg, Select};
use crate::cli::choosing;
use crate::cli::drawing::{Asked, fields_asked_for};
use crate::cli::failure::Failure;
use crate::cli::mix_in::{self, FileMixedIn, draw_beside};
use crate::cli::options::Run;
use crate::cli::outputs;
use crate::cli::refining::{self, KeptRejects};
use crate::cli::summary::{Scores, Summary};

pub(crate) fn select(mut args: Select) -> Result<(), Failure> {
    args.imply();
    args.input.refuse_shared_stdin(&args.fit)?;
    args.model.iter().try_for_each(|path| outputs::refuse_dash("--model", path))?;
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    let targets = args.fit.count.targets(&exclude)?;
    let read = args.records.options(&args.punkt)?;
    let mut draw = args.draw.options()?;
    let filter = args.draw.filter(Asked(&args.r#where, &args.quality, &args.punkt))?;
    let mix_in = args.draw.files_mixed_in()?;
    mix_in::refuse_twice(&raw, &mix_in)?;
    if args.model.is_none() {
        args.punkt.check(args.fit.count.tokenizer.into(), Some(&args.quality))?;
    }
    refining::refuse_other_draws(&args)?;
    choosing::refuse_ids(&args)?;
    let run = Run::new(&args.run, [&raw])?.printing_to(args.output.output.as_deref());
    if args.model.is_none() {
        // Shares that do not fit the targets are found out now, whatever their tokens will be.
        let size =
            |target: &TargetShards| TargetSize { name: target.name.clone(), tokens: 1, refined: false };
        target_shares(&draw, &targets.iter().map(size).collect::<Vec<_>>())?;
    }
    let target_paths = targets.iter().flat_map(|target| target.shards.iter()).map(Shard::path);
    let inputs = args.input.inputs(&raw).chain(target_paths).chain(args.model.as_deref());
    let inputs = inputs.chain(mix_in.iter().flat_map(FileMixedIn::inputs));
    let output = Destined::new(
        &args.output,
        args.draw.draws,
        &raw,
        &mix_in,
        args.run.outputs().chain(args.records.outputs()),
        inputs,
    )?;

    let work_dir = args.work.work_dir(&output.destination, &raw, &run)?;
    output.refuse_inside(&raw, &exclude)?;
    run.warn_of_unused(&exclude);
    let resumes = work_dir.work().is_some_and(|work| ResumableDir::holds_something(work.folder()));
    output.warn_of_files(&raw, resumes, &run);
    passes::look_for_fields(&raw, &fields_asked_for(&filter, None), &run.observer);
    let mut summary = Summary::new("select", &args, &run);
    let work = run.work(|| {
        let eligible = Eligible { min_tokens: draw.min_tokens, filter: filter.clone() };
        if args.refine.auto {
            let of = (&raw, &targets[..]);
            choosing::choose(&mut args, of, &draw, &eligible, &read, &run, &mut summary)?;
            draw.normalize = args.draw.normalize();
        }
        let mut rejects = rejects(args.records.rejects.as_deref(), &run)?;
        let model = match &args.model {
            Some(path) => {
                let model = Model::read(path)?;
                args.punkt.check(model.space.tokenizer, Some(&args.quality))?;
                model
            }
            None if args.refine.refine => {
                let aim = |eligible: &Totals| Aim::new(draw.budget, eligible);
                let of = refining::Of { targets: &targets, raw: &raw, eligible: &eligible };
                let kept = KeptRejects(&mut rejects, false);
                let counted = refining::count(&args.fit, of, (&aim, &draw), &read, kept, &run, &mut summary)?;
                refuse_too_many(&counted.model, draw.budget, draw.allow_fewer)?;
                counted.refine(&run, &mut summary)?
            }
            None => {
                // Counting comes first, and weighing reads once more.
                raw.keep_streams(&run.temp_dir);
                let mut model =
                    count_targets(&args.fit.count, &targets, &read, &mut rejects, &run, &mut summary)?;
                let work = work_dir.work();
                count_raw(&mut model, &args.fit, &raw, &read, None, work, &run, &mut summary)?;
                refuse_too_many(&model, draw.budget, draw.allow_fewer)?;
                model
            }
        };

        let beside = draw_beside(&mix_in, model.space, &draw, &read, &run, &mut summary)?;
        let info = WeightsInfo::new(&model, &read.fields, &filter.asked);
        let candidates = Candidates::new(&work_dir.parts(), Screen::new(&info.targets, &draw)?);
        let options = WeighOptions {
            rejects: rejects.as_mut(),
            candidates: Some(&candidates),
            publish_to: None,
            filter,
        };
        let weighed = passes::weigh(&model, &raw, &read, &work_dir, options, &run.observer);
        let Weighed { read: report, groups } = finish_rejects(rejects, weighed)?;
        draw.set_group_names(groups);
        summary.stage("weigh", &report);
        summary.raw(raw.len(), raw.passed_over(), &report);
        summary.model(&model, draw.method != Method::Random);

        let weights = WeightsFolder::new(&work_dir.parts()).open(&raw)?;
        let texts = summary.target_texts.take();
        let drawing = Drawing {
            options: &draw,
            weights: &weights,
            targets: Some(&info.targets),
            raw: &raw,
            candidates: Some(&candidates),
            beside: &beside,
            scores: Scores::of_sums(draw.normalize, &info.targets),
            measuring: Some(Measuring { model: &model, read: &read, target: texts.as_ref() }),
        };
        draw_and_write(&drawing, &output, &run, &mut summary)
    });
    match work {
        Ok(()) => work_dir.remove(),
        Err(failure) => return Err(failure.with_kept(work_dir)),
    }
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

impl Select {
    /// What is asked of several targets keeps them apart.
    fn imply(&mut self) {
        let Select { draw, fit, method, .. } = self;
        draw.method = (*method).into();
        fit.count.separate_targets |= draw.proportions.is_some()
            || draw.proportions_temperature != 1.0
            || draw.combine == CombineArg::Product;
    }
}

/// More records than the corpus has are refused before it is weighed.
fn refuse_too_many(model: &Model, budget: Budget, allow_fewer: bool) -> Result<(), Failure> {
    let documents = model.raw.as_ref().map_or(0, |raw| raw.documents_read);
    match budget {
        Budget::Records(asked) if asked > documents && !allow_fewer => {
            Err(dsir::resample::Error::MoreThanThereAre { asked, documents }.into())
        }
        _ => Ok(()),
    }
}
