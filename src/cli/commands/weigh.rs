use crate::cli::args::{SidecarForm, Weigh};
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::options::{FilterArgs, refuse_dash};
use crate::cli::summary;
use crate::jobs::{self, ScoreFiles, WeighOptions};

pub(crate) fn weigh(args: &Weigh, host: Host<'_>) -> Result<Outcome, Failure> {
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    refuse_dash("--model", &args.model)?;
    let options = WeighOptions {
        raw,
        model: args.model.clone(),
        read: args.ids.of(args.records.options(&args.punkt)?)?,
        filter: FilterArgs(&args.r#where, &args.quality, &args.punkt).filter()?,
        punkt_is_named: args.punkt.punkt.is_some(),
        decontaminate: args.decontaminate.options(&exclude)?,
        rejects: args.records.rejects.clone(),
        output: args.output.clone(),
        score_files: args.sidecar.map(|form| match form {
            SidecarForm::Parquet => ScoreFiles::Parquet,
            SidecarForm::Dolma => ScoreFiles::Dolma,
        }),
        work_dir: args.work.work.clone(),
        run: args.run.options(Some(&args.input)),
    };
    let report = host.run(&args.run, None, |observer| jobs::weigh(options, observer))?;
    summary::finish(&report, "weigh", args, &args.run)
}
