use std::path::Path;

use dsir::density::Model;
use dsir::pipeline::{self, Rejects};
use dsir::reader::Shard;
use dsir::weights::WeightsFolder;

use crate::cli::args::Weigh;
use crate::cli::failure::Failure;
use crate::cli::options::{Run, check_outputs};
use crate::cli::summary::Summary;

pub(crate) fn weigh(args: &Weigh) -> Result<(), Failure> {
    let raw = args.input.shards()?;
    let read = args.records.options()?;
    let run = Run::new(&args.run)?;
    let model = Model::read(&args.model)?;
    let outputs = [args.run.summary.as_ref(), args.records.rejects.as_ref()];
    let outputs: Vec<&Path> = outputs.into_iter().flatten().map(|path| path.as_path()).collect();
    let inputs = raw.iter().map(Shard::path).chain([args.model.as_path()]);
    check_outputs(&outputs, inputs)?;

    let mut summary = Summary::new("weigh", args, run.threads());
    run.work(|| {
        let mut rejects = super::fit::rejects(args.records.rejects.as_deref(), &run)?;
        let folder = WeightsFolder::new(&args.output);
        let report = pipeline::weigh(&model, &raw, &folder, &read, rejects.as_mut(), None, &run.progress)?;
        rejects.map_or(Ok(()), Rejects::finish)?;
        summary.stage("weigh", &report);
        summary.raw(raw.len(), raw.passed_over(), &report);
        Ok(())
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}
