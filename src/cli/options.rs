//! From what was typed to options that make sense, or a usage error.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use dsir::density::{FitBudget, Model};
use dsir::featurizer::{FeatureSpace, Hash, Tokenizer};
use dsir::pipeline::{ReadOptions, TargetShards};
use dsir::progress::Progress;
use dsir::reader::{Shards, TextFields};
use dsir::resample::{Budget, DrawOptions};
use dsir::writer::{self, Sink};

use super::args::{
    DrawArgs, FitArgs, FitTokens, HashArg, InputArgs, Invalid, RecordArgs, RunArgs, TokenizerArg,
};
use super::bar::Bar;
use super::failure::Failure;

impl FitArgs {
    pub(crate) fn space(&self) -> FeatureSpace {
        let tokenizer = match self.tokenizer {
            TokenizerArg::Wordpunct => Tokenizer::Wordpunct,
        };
        let hash = match self.hash {
            HashArg::Dsir1 => Hash::Dsir1,
            HashArg::Sha256 => Hash::Sha256,
        };
        FeatureSpace { tokenizer, ngrams: self.ngrams, buckets: self.buckets, hash }
    }

    pub(crate) fn budget(&self) -> FitBudget {
        match self.fit_tokens {
            FitTokens::Auto => FitBudget::auto(self.buckets),
            FitTokens::All => FitBudget(None),
            FitTokens::AtMost(ngrams) => FitBudget(Some(ngrams)),
        }
    }

    /// The targets' shards, in the order of the targets' first mention.
    pub(crate) fn targets(&self) -> Result<Vec<TargetShards>, Failure> {
        let mut named: Vec<(String, Vec<&Path>)> = Vec::new();
        for target in &self.target {
            let (name, path) = named_path(target);
            let name = match name {
                _ if !self.separate_targets => Model::ONE_TARGET.to_owned(),
                Some(name) => name.to_owned(),
                None => stem(path),
            };
            match named.iter_mut().find(|(earlier, _)| *earlier == name) {
                Some((_, paths)) => paths.push(path),
                None => named.push((name, vec![path])),
            }
        }
        let mut targets = Vec::with_capacity(named.len());
        for (name, paths) in named {
            targets.push(TargetShards { name, shards: Shards::find(paths)? });
        }
        Ok(targets)
    }

    pub(crate) fn reads_stdin(&self) -> bool {
        self.target.iter().any(|target| named_path(target).1 == Path::new("-"))
    }
}

/// Splits `NAME=FILE`.
fn named_path(target: &str) -> (Option<&str>, &Path) {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    match target.split_once('=') {
        Some((name, path)) if is_name(name) && !path.is_empty() => (Some(name), Path::new(path)),
        _ => (None, Path::new(target)),
    }
}

/// The name of a file up to its first dot.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match name.split('.').find(|part| !part.is_empty()) {
        Some(stem) if name != "-" => stem.to_owned(),
        _ => "stdin".to_owned(),
    }
}

impl InputArgs {
    /// The paths given, those in the list included.
    fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut paths = self.raw.clone();
        if let Some(list) = &self.files_from {
            paths.extend(Shards::read_list(list)?);
        }
        Ok(paths)
    }

    /// The raw shards; there must be some.
    pub(crate) fn shards(&self) -> Result<Shards, Failure> {
        let shards = self.shards_if_any()?;
        shards.ok_or_else(|| {
            let piped = !std::io::stdin().is_terminal();
            let hint = if piped { " To read standard input, name it: `-`." } else { "" };
            Failure::usage(format!(
                "no RAW: name the shards, folders of shards, or a list with --files-from.{hint}"
            ))
        })
    }

    pub(crate) fn shards_if_any(&self) -> Result<Option<Shards>, Failure> {
        let paths = self.paths()?;
        if paths.is_empty() {
            return Ok(None);
        }
        let readers = paths.iter().filter(|path| *path == Path::new("-")).count();
        if readers + usize::from(self.files_from.as_deref() == Some(Path::new("-"))) > 1 {
            return Err(Failure::usage("standard input (`-`) can be read only once"));
        }
        Ok(Some(Shards::find(paths)?))
    }

    pub(crate) fn refuse_shared_stdin(&self, fit: &FitArgs) -> Result<(), Failure> {
        let ours = self.raw.iter().chain(&self.files_from).any(|path| path == Path::new("-"));
        if ours && fit.reads_stdin() {
            return Err(Failure::usage("standard input (`-`) cannot be both RAW and --target"));
        }
        Ok(())
    }
}

impl RecordArgs {
    pub(crate) fn options(&self) -> Result<ReadOptions, Failure> {
        let fields = TextFields::new(&self.text_field).ok_or_else(|| {
            let most = TextFields::MAX;
            Failure::usage(format!("--text-field: a name with an empty part, or more than {most} fields"))
        })?;
        Ok(ReadOptions { fields, skip_invalid: self.invalid == Invalid::Skip || self.rejects.is_some() })
    }
}

impl DrawArgs {
    pub(crate) fn options(&self) -> Result<DrawOptions, Failure> {
        let budget = match (self.num, self.fraction, self.tokens, self.bytes) {
            (Some(records), ..) => Budget::Records(records),
            (_, Some(fraction), ..) => Budget::Fraction(fraction),
            (_, _, Some(tokens), _) => Budget::Tokens(tokens),
            (.., Some(bytes)) => Budget::Bytes(bytes),
            _ => {
                return Err(Failure::usage("how much? Pass -k, --fraction, --tokens or --bytes"));
            }
        };
        Ok(DrawOptions {
            budget,
            min_tokens: self.min_tokens,
            temperature: self.temperature,
            seed: self.seed,
            allow_fewer: self.allow_fewer,
            proportions: self.proportions.clone(),
        })
    }
}

/// What every command that reads shards runs with.
pub(crate) struct Run {
    pub(crate) progress: Progress,
    pub(crate) temp_dir: PathBuf,
    pub(crate) quiet: bool,
    pool: rayon::ThreadPool,
}

impl Run {
    pub(crate) fn new(args: &RunArgs) -> Result<Self, Failure> {
        let temp_dir = args.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        // Found out now rather than after hours of work.
        tempfile::tempfile_in(&temp_dir)
            .map_err(|source| dsir::error::Error::TempDir { folder: temp_dir.clone(), source })?;
        let threads = args.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Failure::usage(format!("--threads: {error}")))?;
        Ok(Run { progress: Progress::default(), temp_dir, quiet: args.quiet, pool })
    }

    /// Does the work with the threads asked for, and shows how far it is.
    pub(crate) fn work<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let _bar = Bar::start(&self.progress, self.quiet);
        self.pool.install(work)
    }

    pub(crate) fn temp_dir_error(&self, source: std::io::Error) -> dsir::error::Error {
        dsir::error::Error::TempDir { folder: self.temp_dir.clone(), source }
    }

    pub(crate) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// Makes sure, before the work, that these files can be written and that they overwrite no input.
pub(crate) fn check_outputs<'a>(
    outputs: &[&Path],
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    for (index, output) in outputs.iter().enumerate() {
        if outputs[..index].contains(output) && output.metadata().map_or(true, |metadata| metadata.is_file())
        {
            return Err(Failure::usage(format!("two outputs would go to {}", output.display())));
        }
    }
    writer::refuse_overwriting(outputs, inputs)?;
    outputs.iter().try_for_each(|output| Sink::check(output))?;
    Ok(())
}
