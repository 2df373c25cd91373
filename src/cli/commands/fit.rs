use std::path::Path;

use dsir::density::Model;
use dsir::error::Error;
use dsir::passes::{self, Eligible, RawCorpus, ReadOptions, ReadReport, Rejects, TargetShards};
use dsir::reader::{Shard, Shards};
use dsir::refine::Aim;
use dsir::resample::{Budget, DrawOptions, Totals};
use dsir::storage::work_dir::ResumableDir;

use crate::cli::args::{CountArgs, Fit, FitArgs};
use crate::cli::failure::Failure;
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::refining::{self, KeptRejects};
use crate::cli::summary::Summary;

pub(crate) fn fit(args: &Fit) -> Result<(), Failure> {
    args.input.refuse_shared_stdin(&args.fit)?;
    let exclude = args.input.exclude();
    let raw = args.input.shards_if_any(&exclude)?;
    let targets = args.fit.count.targets(&exclude)?;
    if raw.is_none() && targets.is_empty() {
        return Err(Failure::usage("nothing to count: name RAW shards, a --target, or both"));
    }
    args.punkt.check(args.fit.count.tokenizer.into(), None)?;
    if args.refine.refine_for.is_some() && raw.is_none() {
        return Err(Failure::usage("--refine-for learns from the raw corpus: name RAW shards"));
    }
    let read = args.records.options(&args.punkt)?;
    let all_shards = || raw.iter().chain(targets.iter().map(|target| &target.shards));
    let run = Run::new(&args.run, all_shards())?;
    let mut outputs = vec![Output::json("-o", &args.output)];
    outputs.extend(args.run.outputs().chain(args.records.outputs()));
    let inputs = all_shards().flat_map(Shards::iter).map(Shard::path).chain(args.input.files_from.as_deref());
    outputs::check(&outputs, false, inputs)?;
    if let Some(shards) = &raw {
        outputs::refuse_inside(outputs.iter().map(Output::named), shards, &exclude)?;
    }
    run.warn_of_unused(&exclude);

    let mut summary = Summary::new("fit", args, &run);
    run.work(|| {
        let mut rejects = rejects(args.records.rejects.as_deref(), &run)?;
        let model = match (&raw, args.refine.refine_for) {
            (Some(raw), Some(share)) => {
                let eligible = Eligible { min_tokens: args.refine.min_tokens, ..Eligible::default() };
                // Of tokens; how many does not matter.
                let aim = |_: &Totals| Aim { budget: Budget::Tokens(0), share };
                let of = refining::Of { targets: &targets, raw, eligible: &eligible };
                let (aimed, kept) = ((&aim as _, &DrawOptions::default()), KeptRejects(&mut rejects, true));
                let counted = refining::count(&args.fit, of, aimed, &read, kept, &run, &mut summary)?;
                summary.raw(raw.len(), raw.passed_over(), &counted.report);
                counted.refine(&run, &mut summary)?
            }
            (raw, _) => {
                let mut model =
                    count_targets(&args.fit.count, &targets, &read, &mut rejects, &run, &mut summary)?;
                if let Some(raw) = raw {
                    let rejects = rejects.as_mut();
                    let report =
                        count_raw(&mut model, &args.fit, raw, &read, rejects, None, &run, &mut summary)?;
                    summary.raw(raw.len(), raw.passed_over(), &report);
                }
                model
            }
        };
        write_model(&model, &args.output)?;
        rejects.map_or(Ok(()), Rejects::finish)?;
        summary.model(&model, true);
        Ok(())
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

pub(super) fn rejects(path: Option<&Path>, run: &Run) -> Result<Option<Rejects>, Failure> {
    Ok(path.map(|path| Rejects::create(path, &run.temp_dir)).transpose()?)
}

/// Completes the rejects of records that were `read`, also if all were rejected, and nothing else is made of them.
pub(super) fn finish_rejects<T>(rejects: Option<Rejects>, read: Result<T, Error>) -> Result<T, Failure> {
    if matches!(read, Ok(_) | Err(Error::NoDocument { .. })) {
        rejects.map_or(Ok(()), Rejects::finish)?;
    }
    Ok(read?)
}

/// A model of the targets alone.
pub(super) fn count_targets(
    args: &CountArgs,
    targets: &[TargetShards],
    read: &ReadOptions,
    rejects: &mut Option<Rejects>,
    run: &Run,
    summary: &mut Summary,
) -> Result<Model, Failure> {
    let mut model = Model {
        space: args.space(read.punkt.as_deref())?,
        smoothing: args.smoothing,
        raw: None,
        targets: Vec::new(),
    };
    add_targets(&mut model, targets, read, rejects, run, summary)?;
    Ok(model)
}

/// Adds targets to `model`, counted in its feature space.
pub(super) fn add_targets(
    model: &mut Model,
    targets: &[TargetShards],
    read: &ReadOptions,
    rejects: &mut Option<Rejects>,
    run: &Run,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for target in targets {
        let (target, texts, report) =
            passes::count_target(target, model.space, read, rejects.as_mut(), &run.observer)?;
        // An empty target is found out now, not after the raw corpus has been counted.
        model.target_density(&target)?;
        summary.stage("target", &report);
        summary.note_target_texts(&texts);
        model.targets.push(target);
    }
    Ok(())
}

/// Adds the counts of the raw corpus to `model`.
#[expect(clippy::too_many_arguments, reason = "all that counting needs, in two commands")]
pub(super) fn count_raw(
    model: &mut Model,
    args: &FitArgs,
    raw: &Shards,
    read: &ReadOptions,
    rejects: Option<&mut Rejects>,
    work: Option<&ResumableDir>,
    run: &Run,
    summary: &mut Summary,
) -> Result<ReadReport, Failure> {
    let corpus = RawCorpus { shards: raw, space: model.space, budget: args.budget(), read };
    let (counts, report) = passes::count_raw(corpus, rejects, work, &run.observer)?;
    summary.stage("fit", &report);
    model.raw = Some(counts);
    // Raw text without a token is found out now.
    model.raw_density()?;
    Ok(report)
}

pub(super) fn write_model(model: &Model, path: &Path) -> Result<(), Failure> {
    let mut file = dsir::storage::whole_file::WholeFile::create(path)?;
    let mut buffer = std::io::BufWriter::new(&mut file);
    let written = model.write(&mut buffer).and_then(|()| std::io::Write::flush(&mut buffer));
    drop(buffer);
    written.map_err(|source| dsir::storage::whole_file::Error::new(path, source))?;
    Ok(file.finish()?)
}
