use std::collections::{HashMap, HashSet};
use std::path::Path;

use dsir::density::{Error, Model, RawCounts};
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
        let parts = model.raw.as_ref().map(RawCounts::parts).unwrap_or_default();
        if model.raw.is_some() && !files.insert(same_by_any_name(path)) {
            let path = path.display();
            return Err(Failure::usage(format!(
                "{path} is given twice: its raw counts would be added twice"
            )));
        }
        match &mut merged {
            Some(merged) => match merged.merge(model, args.add_targets) {
                Err(Error::CountedTwice) => return Err(twice(path, &parts, &counted)),
                merged => merged?,
            },
            none => *none = Some(model),
        }
        counted.extend(parts.into_iter().map(|part| (part, path)));
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

/// Of a model with raw counts that an earlier one has too.
fn twice(path: &Path, parts: &[String], counted: &HashMap<String, &Path>) -> Failure {
    let earlier =
        parts.iter().find_map(|part| counted.get(part)).map_or(Path::new("another"), |earlier| earlier);
    let (path, earlier) = (path.display(), earlier.display());
    Failure::usage(format!(
        "{path} holds raw counts that {earlier} holds too, as a copy or an earlier merge does: they would be added twice; leave \
         one of them out"
    ))
}

fn same_by_any_name(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}
