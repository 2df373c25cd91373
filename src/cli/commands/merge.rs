use std::collections::HashSet;
use std::path::Path;

use dsir::density::Model;

use crate::cli::args::Merge;
use crate::cli::failure::Failure;
use crate::cli::outputs::{self, Output};

pub(crate) fn merge(args: &Merge) -> Result<(), Failure> {
    let paths = || args.models.iter().map(|path| path.as_path());
    paths().try_for_each(|path| outputs::refuse_dash("MODEL", path))?;
    outputs::check(&[Output::json("-o", &args.output)], false, paths())?;

    let mut merged: Option<Model> = None;
    let mut counted = HashSet::new();
    for path in paths() {
        let model = Model::read(path)?;
        if model.raw.is_some() && !counted.insert(same_by_any_name(path)) {
            let path = path.display();
            return Err(Failure::usage(format!(
                "{path} is given twice: its raw counts would be added twice"
            )));
        }
        match &mut merged {
            Some(merged) => merged.merge(model, args.add_targets)?,
            none => *none = Some(model),
        }
    }
    match merged {
        Some(merged) => super::fit::write_model(&merged, &args.output),
        None => Err(Failure::usage("no MODEL to merge")),
    }
}

fn same_by_any_name(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}
