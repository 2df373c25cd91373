use crate::cli::args::Fit;
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::summary;
use crate::jobs::{self, FitLearn, FitOptions};

pub(crate) fn fit(args: &Fit, host: Host<'_>) -> Result<Outcome, Failure> {
    args.input.refuse_shared_stdin(&args.fit, &args.learn)?;
    let exclude = args.input.exclude();
    let read = args.ids.of(args.records.options(&args.punkt)?)?;
    let min_tokens = args.refine.min_tokens;
    let learn = match (args.learn.against(&exclude)?, args.refine.refine_for) {
        (Some(against), _) => FitLearn::Classifier { against, min_tokens },
        (None, Some(share)) => FitLearn::RefinedFor { share, min_tokens },
        (None, None) => FitLearn::Plain,
    };
    let options = FitOptions {
        raw: args.input.shards_if_any(&exclude)?,
        targets: args.fit.count.targets(&exclude)?,
        count: args.fit.options(read.punkt.as_deref())?,
        learn,
        read,
        punkt_is_named: args.punkt.punkt.is_some(),
        rejects: args.records.rejects.clone(),
        output: args.output.clone(),
        run: args.run.options(Some(&args.input)),
    };
    let report = host.run(&args.run, None, |observer| jobs::fit(options, observer))?;
    summary::finish(&report, "fit", args, &args.run)
}
