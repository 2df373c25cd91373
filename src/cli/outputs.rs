//! What the outputs of a run must be, found out before the work.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use dsir::observer::Observer;
use dsir::reader::{Exclude, Shards};
use dsir::storage::descriptor;
use dsir::warning::Warning;
use dsir::writer::{self, Destination, Sink};

use super::failure::Failure;

/// A file to be written, and the option that names it.
pub(crate) struct Output<'a> {
    option: &'static str,
    path: &'a Path,
    /// Whether it is compressed if its name says so.
    compressed: bool,
}

impl<'a> Output<'a> {
    /// Records, compressed if the name says so.
    pub(crate) fn records(option: &'static str, path: &'a Path) -> Self {
        Output { option, path, compressed: true }
    }

    /// JSON, never compressed.
    pub(crate) fn json(option: &'static str, path: &'a Path) -> Self {
        Output { option, path, compressed: false }
    }

    /// A weights file, under a name that is not the user's.
    pub(crate) fn weights(path: &'a Path) -> Self {
        Output { option: "-o", path, compressed: false }
    }

    /// The option and the path.
    pub(crate) fn named(&self) -> (&'static str, PathBuf) {
        (self.option, self.path.to_path_buf())
    }

    /// Refuses names that promise what will not be.
    fn check_name(&self) -> Result<(), Failure> {
        let Output { option, path, compressed } = self;
        refuse_dash(option, path)?;
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ours = ["gz", "zst", "zstd"].contains(&ending.as_str());
        let foreign = ["xz", "bz2", "lz4", "br", "7z", "zip", "parquet", "arrow", "csv", "tsv"]
            .contains(&ending.as_str());
        if foreign && *compressed {
            return Err(Failure::usage(format!(
                "{option}: .{ending} is not written; what is written is JSONL, compressed if the name ends in .zst or .gz"
            )));
        }
        if (ours || foreign) && !compressed {
            return Err(Failure::usage(format!(
                "{option} is written as plain JSON; name it without .{ending}"
            )));
        }
        Ok(())
    }
}

/// Makes sure that all of `outputs` can be written, do not get in each other's way, and overwrite none of `inputs`.
pub(crate) fn check<'a>(
    outputs: &[Output<'_>],
    records_to_stdout: bool,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    if records_to_stdout || outputs.iter().any(|output| descriptor::of_path(output.path) == Some(1)) {
        super::stdout::check()?;
    }
    let inputs: Vec<&Path> = inputs.into_iter().collect();
    let stdout = records_to_stdout.then(stdout).flatten();
    if let Some(stdout) = stdout.as_ref().filter(|stdout| stdout.is_file()) {
        let is_stdout = |path: &&&Path| path.metadata().is_ok_and(|there| is_same(stdout, &there));
        if let Some(input) = inputs.iter().find(is_stdout) {
            let input = input.display();
            return Err(Failure::usage(format!(
                "standard output goes to {input}, which is an input; name another file"
            )));
        }
    }
    for output in outputs {
        output.check_name()?;
        let there = output.path.metadata();
        if there.is_ok_and(|there| stdout.as_ref().is_some_and(|stdout| is_same(stdout, &there))) {
            let (option, path) = (output.option, output.path.display());
            return Err(Failure::usage(format!("{option} {path}: the records go there; name another file")));
        }
    }
    check_apart(outputs)?;
    let paths = || outputs.iter().map(|output| output.path);
    writer::refuse_overwriting(paths(), inputs)?;
    paths().try_for_each(Sink::check)?;
    Ok(())
}

/// Refuses outputs that a walked folder would give back as shards: the next run would read them as raw.
pub(crate) fn refuse_inside(
    outputs: impl IntoIterator<Item = (&'static str, PathBuf)>,
    shards: &Shards,
    exclude: &Exclude,
) -> Result<(), Failure> {
    for (option, path) in outputs {
        if let Some((folder, inside)) = shards.walks_to(&path)
            && !exclude.matches(&inside)
        {
            return Err(Failure::usage(format!(
                "{option} {}: this is in {}, which is walked for shards, so that the next run would read it as raw; \
                 name a place outside, or leave it out with --exclude '{}'",
                path.display(),
                folder.display(),
                inside.display()
            )));
        }
    }
    Ok(())
}

/// Warns of files that are in the folders of `destinations` already: those of the same names are replaced, the others
/// stay beside them. What an earlier try of the same run has left is no news if this one `resumes`.
pub(crate) fn warn_of_files(
    destination: &Destination,
    draws: Option<u32>,
    written: impl IntoIterator<Item = PathBuf>,
    resumes: bool,
    observer: &Observer,
) {
    let (folder, name) = match (destination, draws) {
        (Destination::Folder(folder), _) => (folder.as_path(), None),
        (Destination::File(path), Some(_)) => (path.parent().unwrap_or(Path::new("")), path.file_name()),
        _ => return,
    };
    let written: HashSet<PathBuf> = written.into_iter().map(|path| absolute(&path)).collect();
    let (mut replaced, mut stay) = ((Vec::new(), 0), (Vec::new(), 0));
    let start = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in walkdir::WalkDir::new(start).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        // Around a file, only the epochs of its name are ours.
        let is_epoch = || path.parent().and_then(Path::file_name).is_some_and(is_epoch_name);
        let is_ours = name
            .map_or_else(|| Shards::is_shard_name(path), |name| path.file_name() == Some(name) && is_epoch());
        if !entry.file_type().is_file() || !is_ours {
            continue;
        }
        let (some, all) = if written.contains(&absolute(path)) { &mut replaced } else { &mut stay };
        if some.len() < 3 {
            some.push(path.strip_prefix(start).unwrap_or(path).to_path_buf());
        }
        *all += 1;
    }
    if resumes {
        replaced = (Vec::new(), 0);
    }
    if replaced.1 + stay.1 > 0 {
        observer.warn(Warning::FilesThere { folder: start.into(), replaced, stay });
    }
}

fn is_epoch_name(name: &std::ffi::OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_prefix("epoch-"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Makes sure that no two outputs are one file.
pub(crate) fn check_apart(outputs: &[Output<'_>]) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for Output { path, .. } in outputs {
        let takes_several = path.metadata().is_ok_and(|there| !there.is_file());
        if !seen.insert(absolute(path)) && !takes_several {
            return Err(Failure::usage(format!("two outputs would go to {}", path.display())));
        }
    }
    Ok(())
}

/// Refuses `-` where neither standard input nor output is meant by it.
pub(crate) fn refuse_dash(what: &str, path: &Path) -> Result<(), Failure> {
    match path == Path::new("-") {
        true => Err(Failure::usage(format!("{what}: `-` is no file; name one"))),
        false => Ok(()),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// What standard output is.
fn stdout() -> Option<Metadata> {
    File::from(std::io::stdout().as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    let holds_records = a.is_file() || a.file_type().is_fifo() || a.file_type().is_socket();
    holds_records && (a.dev(), a.ino()) == (b.dev(), b.ino())
}
