use dsir::density::Model;

use crate::cli::args::Merge;
use crate::cli::failure::Failure;

pub(crate) fn merge(args: &Merge) -> Result<(), Failure> {
    let mut models = args.models.iter();
    let Some(first) = models.next() else {
        return Err(Failure::usage("no MODEL to merge"));
    };
    let mut merged = Model::read(first)?;
    for path in models {
        merged.merge(Model::read(path)?, args.add_targets)?;
    }
    super::fit::write_model(&merged, &args.output)
}
