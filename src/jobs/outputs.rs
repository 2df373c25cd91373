//! What the outputs of a job must be, found out before the work.

use std::collections::HashSet;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::run::Run;
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;
use crate::reader::Shards;
use crate::storage::{self, FileId, Storage, descriptor_of_path};
use crate::warning::Warning;
use crate::writer::{self, Destination, Sink};

/// A file to be written.
pub(super) struct Output<'a> {
    pub(super) what: OutputKind,
    pub(super) path: &'a Path,
}

impl<'a> Output<'a> {
    pub(super) fn new(what: OutputKind, path: &'a Path) -> Self {
        Output { what, path }
    }

    /// Refuses names that promise what will not be.
    fn check_name(&self) -> Result<(), InvalidOptions> {
        let Output { what, path } = *self;
        refuse_dash(what, path)?;
        let is_compressed = matches!(what, OutputKind::Records | OutputKind::Rejects | OutputKind::LeftOut);
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ours = ["gz", "gzip", "zst", "zstd"].contains(&ending.as_str());
        let foreign = ["xz", "bz2", "lz4", "br", "7z", "zip", "parquet", "arrow", "feather", "csv", "tsv"]
            .contains(&ending.as_str());
        let inner = Path::new(path.file_stem().unwrap_or_default());
        if ours && writer::is_table(inner) {
            return Err(InvalidOptions::Ending { what, ending: format!("parquet.{ending}") });
        }
        let is_table = cfg!(feature = "parquet") && what == OutputKind::Records && writer::is_table(path);
        match is_compressed {
            true if is_table => Ok(()),
            true if foreign => Err(InvalidOptions::Ending { what, ending }),
            false if foreign || ours => Err(InvalidOptions::PlainJson { what, ending }),
            _ => Ok(()),
        }
    }
}

/// Makes sure that all of `outputs` can be written, do not get in each other's way, and overwrite none of `inputs`.
pub(super) fn check<'a>(
    outputs: &[Output<'_>],
    records_to_stdout: bool,
    inputs: impl IntoIterator<Item = &'a Path>,
    run: &Run,
) -> Result<(), Error> {
    let inputs: Vec<&Path> = inputs.into_iter().collect();
    let stdout = records_to_stdout.then(storage::stdout).flatten();
    if let Some(stdout) = stdout.as_ref().filter(|stdout| stdout.is_file()) {
        let is_stdout = |path: &&&Path| path.metadata().is_ok_and(|there| is_same(stdout, &there));
        if let Some(input) = inputs.iter().find(is_stdout) {
            return Err(InvalidOptions::StdoutIsInput { input: input.to_path_buf() }.into());
        }
    }
    for output in outputs {
        output.check_name()?;
        let there = output.path.metadata();
        if there.is_ok_and(|there| stdout.as_ref().is_some_and(|stdout| is_same(stdout, &there))) {
            let Output { what, path } = *output;
            return Err(InvalidOptions::StdoutIsOutput { what, path: path.into() }.into());
        }
    }
    check_apart(outputs)?;
    let paths = || outputs.iter().map(|output| output.path);
    writer::refuse_overwriting(paths(), inputs)?;
    paths().try_for_each(|path| Sink::check(path, &run.storage))?;
    Ok(())
}

/// Refuses outputs that a walked folder would give back as shards: the next run would read them as raw.
pub(super) fn refuse_inside<'a>(
    outputs: impl IntoIterator<Item = &'a Output<'a>>,
    shards: &Shards,
) -> Result<(), InvalidOptions> {
    for Output { what, path } in outputs {
        if let Some((folder, inside)) = shards.walks_to(path) {
            let (what, path, folder) = (*what, path.to_path_buf(), folder.into());
            return Err(InvalidOptions::InsideInput { what, path, folder, inside });
        }
    }
    Ok(())
}

/// Warns of files that are in the folders of `destination` already: those of the same names are replaced, the others
/// stay beside them. What an earlier try of the same run has left is no news if this one `resumes`.
pub(super) fn warn_of_files(
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
    // What cannot be listed cannot be warned of.
    for path in storage::files_below(start).unwrap_or_default() {
        let path = path.as_path();
        // Around a file, only the epochs of its name are ours.
        let is_epoch = || path.parent().and_then(Path::file_name).is_some_and(is_epoch_name);
        let is_ours = name
            .map_or_else(|| Shards::is_shard_name(path), |name| path.file_name() == Some(name) && is_epoch());
        if !is_ours {
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
pub(super) fn check_apart(outputs: &[Output<'_>]) -> Result<(), InvalidOptions> {
    let mut seen = HashSet::new();
    for Output { path, .. } in outputs {
        let takes_several = path.metadata().is_ok_and(|there| !there.is_file());
        if !seen.insert(absolute(path)) && !takes_several {
            return Err(InvalidOptions::TwoOutputs { path: path.to_path_buf() });
        }
    }
    Ok(())
}

/// Refuses `-` where neither standard input nor output is meant by it.
pub(super) fn refuse_dash(what: OutputKind, path: &Path) -> Result<(), InvalidOptions> {
    if path == Path::new("-") { Err(InvalidOptions::Dash { what }) } else { Ok(()) }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

fn is_same(a: &Metadata, b: &Metadata) -> bool {
    storage::holds_bytes(a) && FileId::of(a).is_some() && FileId::of(a) == FileId::of(b)
}

/// Writes the file `path`, which appears whole or not at all.
///
/// # Errors
/// What the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = Storage::default().create(path)?;
    file.write_all(bytes).map_err(|source| storage::Error::new(path, source))?;
    Ok(file.finish()?)
}

/// Whether one of the outputs is standard output, by whatever name.
pub fn are_to_stdout<'a>(outputs: impl IntoIterator<Item = &'a Path>) -> bool {
    outputs.into_iter().any(|path| descriptor_of_path(path) == Some(1))
}
