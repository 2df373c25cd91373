use dsir::Observer;
use dsir::jobs::{self, MergeOptions, RunOptions};

use crate::cli::args::Merge;
use crate::cli::failure::{Failure, say};
use crate::cli::options::refuse_dash;
use crate::cli::warnings::words;

pub(crate) fn merge(args: &Merge) -> Result<(), Failure> {
    args.models.iter().try_for_each(|path| refuse_dash("MODEL", path))?;
    let options = MergeOptions {
        models: args.models.clone(),
        add_targets: args.add_targets,
        output: args.output.clone(),
        run: RunOptions::default(),
    };
    let observer = Observer::new(|warning| say(&format!("warning: {}", words(warning))));
    jobs::merge(&options, &observer)?;
    Ok(())
}
