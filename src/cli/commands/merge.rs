use std::collections::{HashMap, HashSet};
use std::path::Path;

use dsir::density::Model;
use dsir::warning::Warning;

use crate::cli::args::Merge;
use crate::cli::failure::{Failure, say};
use crate::cli::outputs::{self, Output};
use crate::cli::warnings::words;

pub(crate) fn merge(args: &Merge) -> Result<(), Failure> {
    let paths = || args.models.iter().map(|path| path.as_path());
    paths().try_for_each(|path| outputs::refuse_dash("MODEL", path))?;
    outputs::check(&[Output::json("-o", &args.output)], false, paths())?;

    let mut merged: Option<Model> = None;
    let mut counted: HashMap<String, &Path> = HashMap::new();
    let mut files = HashSet::new();
    for path in paths() {
        let model = Model::read(path)?;
        if let Some(raw) = &model.raw {
            refuse_twice(path, files.insert(same_by_any_name(path)))?;
            for part in raw.parts() {
                if let Some(earlier) = counted.insert(part, path) {
                    let (path, earlier) = (path.display(), earlier.display());
                    return Err(Failure::usage(format!(
                        "{path} holds raw counts that {earlier} holds too, as a copy or an earlier merge does: they would be \
                         added twice; leave one of them out"
                    )));
                }
            }
        }
        match &mut merged {
            Some(merged) => merged.merge(model, args.add_targets)?,
            none => *none = Some(model),
        }
    }
    if let Some(raw) =
        merged.as_ref().and_then(|model| model.raw.as_ref()).filter(|raw| raw.may_miss_copies())
    {
        let (copies, documents) = (raw.copies, raw.documents_read);
        say(&format!("warning: {}", words(&Warning::ManyCopies { copies, documents, sampled: true })));
    }
    match merged {
        Some(merged) => super::fit::write_model(&merged, &args.output),
        None => Err(Failure::usage("no MODEL to merge")),
    }
}

fn refuse_twice(path: &Path, is_new: bool) -> Result<(), Failure> {
    match is_new {
        true => Ok(()),
        false => {
            let path = path.display();
            Err(Failure::usage(format!("{path} is given twice: its raw counts would be added twice")))
        }
    }
}

fn same_by_any_name(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}
