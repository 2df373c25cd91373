//! What the outputs of a run must be, found out before the work.

use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use dsir::writer::{self, Sink};

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

    /// Refuses names that promise what will not be.
    fn check_name(&self) -> Result<(), Failure> {
        let Output { option, path, compressed } = self;
        refuse_dash(option, path)?;
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ours = ["gz", "zst", "zstd"].contains(&ending.as_str());
        let foreign = ["xz", "bz2", "lz4", "br", "7z", "zip", "parquet", "arrow"].contains(&ending.as_str());
        if foreign && *compressed {
            return Err(Failure::usage(format!(
                "{option}: .{ending} is not written; a name in .zst or .gz is compressed, any other is plain"
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
    let stdout = records_to_stdout.then(stdout).flatten();
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
