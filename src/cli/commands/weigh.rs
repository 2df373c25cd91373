use std::path::PathBuf;

use dsir::density::Model;
use dsir::passes::{self, WeighOptions};
use dsir::weights::WeightsFolder;
use dsir::writer;

use super::fit::{finish_rejects, rejects};
use crate::cli::args::Weigh;
use crate::cli::drawing::{Asked, fields_asked_for};
use crate::cli::failure::Failure;
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::summary::Summary;

pub(crate) fn weigh(args: &Weigh) -> Result<(), Failure> {
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    let read = args.records.options(&args.punkt)?;
    let filter = Asked(&args.r#where, &args.quality, &args.punkt).filter()?;
    let run = Run::new(&args.run, [&raw])?;
    outputs::refuse_dash("--model", &args.model)?;
    outputs::refuse_dash("-o", &args.output)?;
    let model = Model::read(&args.model)?;
    args.punkt.check(model.space.tokenizer, Some(&args.quality))?;
    let folder = WeightsFolder::new(&args.output);
    let mut outputs: Vec<Output<'_>> = args.run.outputs().chain(args.records.outputs()).collect();
    let inputs = || args.input.inputs(&raw).chain([args.model.as_path()]);
    outputs::check(&outputs, false, inputs())?;
    // The weights get in the way of no other output, and their folder may be yet to be made.
    let weights: Vec<PathBuf> =
        raw.iter().map(|shard| folder.path_of(shard)).chain([folder.info_path()]).collect();
    outputs.extend(weights.iter().map(|path| Output::weights(path)));
    outputs::check_apart(&outputs)?;
    writer::refuse_overwriting(&weights, inputs())?;
    outputs::refuse_inside(outputs.iter().map(Output::named), &raw, &exclude)?;
    passes::refuse_weights_of_others(&raw, &folder)?;
    run.warn_of_unused(&exclude);
    passes::look_for_fields(&raw, &fields_asked_for(&filter, None), &run.observer);

    let work_dir = args.work.work_dir_of_weights(&args.output, &raw)?;
    let mut summary = Summary::new("weigh", args, &run);
    let work = run.work(|| {
        let mut rejects = rejects(args.records.rejects.as_deref(), &run)?;
        let options =
            WeighOptions { rejects: rejects.as_mut(), candidates: None, publish_to: Some(&folder), filter };
        let weighed = passes::weigh(&model, &raw, &read, &work_dir, options, &run.observer);
        let report = finish_rejects(rejects, weighed)?.read;
        summary.stage("weigh", &report);
        summary.raw(raw.len(), raw.passed_over(), &report);
        Ok(())
    });
    match work {
        Ok(()) => work_dir.remove(),
        Err(failure) => return Err(failure.with_kept(work_dir)),
    }
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}
