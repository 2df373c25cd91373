use crate::cli::args::Merge;
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::options::refuse_dash;
use crate::jobs::{self, MergeOptions, RunOptions};

pub(crate) fn merge(args: &Merge, host: Host<'_>) -> Result<Outcome, Failure> {
    args.models.iter().try_for_each(|path| refuse_dash("MODEL", path))?;
    let options = MergeOptions {
        models: args.models.clone(),
        add_targets: args.add_targets,
        output: args.output.clone(),
        run: RunOptions::default(),
    };
    host.run_short(|observer| jobs::merge(&options, observer))?;
    Ok(Outcome::default())
}
