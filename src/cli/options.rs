//! From what was typed to options that make sense, or a usage error.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dsir::density::{FitBudget, Model};
use dsir::featurizer::{FeatureSpace, Hash, Punkt, Tokenizer};
use dsir::observer::Observer;
use dsir::passes::{ReadOptions, SelectionShards, TargetShards};
use dsir::quality::QualityBounds;
use dsir::reader::{Conditions, Exclude, Shard, Shards, TextFields};
use dsir::storage::unfinished::TemporaryFolder;
use dsir::warning::Warning;
use dsir::writer::Destination;

use super::args::{
    CountArgs, FitArgs, FitTokens, HashArg, InputArgs, Invalid, Measure, PunktArgs, QualityArg, QualityArgs,
    RecordArgs, RunArgs, TokenizerArg, WhereArgs,
};
use super::bar::{Bar, Voice};
use super::failure::Failure;
use super::outputs::Output;
use super::signals;
use super::warnings::words;

impl CountArgs {
    /// The feature space, with the sentence model in `punkt` if it needs one.
    pub(crate) fn space(&self, punkt: Option<&Path>) -> Result<FeatureSpace, Failure> {
        let hash = match self.hash {
            HashArg::Dsir1 => Hash::Dsir1,
            HashArg::Sha256 => Hash::Sha256,
        };
        let space = self.tokenizer.space(punkt)?;
        Ok(FeatureSpace { ngrams: self.ngrams, buckets: self.buckets, hash, ..space })
    }

    /// The targets' shards, in the order of the targets' first mention.
    pub(crate) fn targets(&self, exclude: &Exclude) -> Result<Vec<TargetShards>, Failure> {
        let mut targets = Vec::new();
        for (name, paths) in self.named_targets()? {
            targets.push(TargetShards { name, shards: Shards::find_without(paths, exclude)? });
        }
        Ok(targets)
    }

    fn named_targets(&self) -> Result<Vec<(String, Vec<&Path>)>, Failure> {
        let given: Vec<_> = self.target.iter().map(|target| named_path(target)).collect();
        let Some((first, _)) = given.first() else { return Ok(Vec::new()) };
        if !self.separate_targets {
            // Under the name that all were given, if they were.
            let name = first.filter(|_| given.iter().all(|(name, _)| name == first));
            let paths = given.iter().map(|(_, path)| *path).collect();
            return Ok(vec![(name.unwrap_or(Model::ONE_TARGET).to_owned(), paths)]);
        }
        apart("--target", &given)
    }

    pub(crate) fn reads_stdin(&self) -> bool {
        self.target.iter().any(|target| named_path(target).1 == Path::new("-"))
    }
}

impl FitArgs {
    pub(crate) fn budget(&self) -> FitBudget {
        match self.fit_tokens {
            FitTokens::Auto => FitBudget::auto(self.count.buckets),
            FitTokens::All => FitBudget(None),
            FitTokens::AtMost(ngrams) => FitBudget(Some(ngrams)),
        }
    }
}

/// Files by their names: a name given several times names all of them, and nothing else has the same.
fn apart<'a>(
    option: &str,
    given: &[(Option<&'a str>, &'a Path)],
) -> Result<Vec<(String, Vec<&'a Path>)>, Failure> {
    let mut found: Vec<(String, Vec<&Path>)> = Vec::new();
    for (name, path) in given {
        let own = name.map_or_else(|| stem(path), str::to_owned);
        let is_given = |other: &Path| given.iter().any(|(name, path)| *path == other && name.is_some());
        match found.iter_mut().find(|(earlier, _)| *earlier == own) {
            None => found.push((own, vec![path])),
            Some((_, paths)) if name.is_some() && is_given(paths[0]) => paths.push(path),
            Some((_, paths)) => {
                let (other, path) = (paths[0].display(), path.display());
                return Err(Failure::usage(format!(
                    "{option}: {other} and {path} would both be called `{own}`; write NAME=FILE to tell them apart"
                )));
            }
        }
    }
    Ok(found)
}

impl From<TokenizerArg> for Tokenizer {
    fn from(typed: TokenizerArg) -> Self {
        match typed {
            TokenizerArg::Wordpunct => Tokenizer::Wordpunct,
            TokenizerArg::WordTokenize => Tokenizer::WordTokenize,
            TokenizerArg::Unicode => Tokenizer::Unicode,
            TokenizerArg::Bytes => Tokenizer::Bytes,
            TokenizerArg::Ids => Tokenizer::Ids,
        }
    }
}

impl TokenizerArg {
    /// A feature space of this tokenizer, with the sentence model in `punkt` if it needs one.
    pub(crate) fn space(self, punkt: Option<&Path>) -> Result<FeatureSpace, Failure> {
        let tokenizer = Tokenizer::from(self);
        let punkt = match (tokenizer, punkt) {
            (Tokenizer::WordTokenize, None) => return Err(dsir::featurizer::Error::NoPunkt.into()),
            (Tokenizer::WordTokenize, Some(folder)) => Some(Punkt::read(folder)?.fingerprint()),
            _ => None,
        };
        Ok(FeatureSpace { tokenizer, punkt, ..FeatureSpace::default() })
    }
}

impl PunktArgs {
    /// Refuses a sentence model that nothing would use, and quality that is asked of numbers.
    pub(crate) fn check(&self, tokenizer: Tokenizer, quality: Option<&QualityArgs>) -> Result<(), Failure> {
        let measures = quality.is_some_and(|quality| quality.bounds().is_some());
        if tokenizer == Tokenizer::Ids && measures {
            return Err(Failure::usage("--quality measures words, and the tokenizer `ids` has numbers"));
        }
        match self.punkt {
            Some(_) if tokenizer != Tokenizer::WordTokenize && !measures => Err(Failure::usage(format!(
                "--punkt is for the tokenizer `word_tokenize` and for --quality, and nothing else: the tokenizer here is `{tokenizer}`"
            ))),
            _ => Ok(()),
        }
    }

    /// Reads the sentence model, which must be there.
    pub(crate) fn read(&self) -> Result<Arc<Punkt>, Failure> {
        let folder = self.folder().ok_or(dsir::featurizer::Error::NoPunkt)?;
        Ok(Arc::new(Punkt::read(&folder)?))
    }

    /// The folder that is named, or the first that is where NLTK would look.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let home = std::env::home_dir().map(|home| home.join("nltk_data"));
        let named: Vec<PathBuf> = std::env::var_os("NLTK_DATA")
            .map(|paths| std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        let shared = ["/usr/share/nltk_data", "/usr/local/share/nltk_data"].map(PathBuf::from);
        let usual = named.into_iter().chain(home).chain(shared).map(|data| data.join("tokenizers/punkt_tab"));
        self.punkt.clone().or_else(|| usual.into_iter().find(|folder| folder.is_dir()))
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
        _ if name == "-" => "stdin".to_owned(),
        Some(stem) => stem.to_owned(),
        None => name.into_owned(),
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

    /// The files that name or hold the raw records.
    pub(crate) fn inputs<'a>(&'a self, shards: &'a Shards) -> impl Iterator<Item = &'a Path> {
        shards.iter().map(Shard::path).chain(self.files_from.as_deref())
    }

    /// The files of folders that are left out.
    pub(crate) fn exclude(&self) -> Exclude {
        Exclude::new(self.exclude.iter().cloned())
    }

    /// The raw shards; there must be some.
    pub(crate) fn shards(&self, exclude: &Exclude) -> Result<Shards, Failure> {
        let shards = self.shards_if_any(exclude)?;
        shards.ok_or_else(|| {
            let piped = !std::io::stdin().is_terminal();
            let hint = if piped { " To read standard input, name it: `-`." } else { "" };
            Failure::usage(format!(
                "no RAW: name the shards, folders of shards, or a list with --files-from.{hint}"
            ))
        })
    }

    pub(crate) fn shards_if_any(&self, exclude: &Exclude) -> Result<Option<Shards>, Failure> {
        let paths = self.paths()?;
        if paths.is_empty() {
            return Ok(None);
        }
        let readers = paths.iter().filter(|path| *path == Path::new("-")).count();
        if readers + usize::from(self.files_from.as_deref() == Some(Path::new("-"))) > 1 {
            return Err(Failure::usage("standard input (`-`) can be read only once"));
        }
        Ok(Some(Shards::find_without(paths, exclude)?))
    }

    pub(crate) fn refuse_shared_stdin(&self, fit: &FitArgs) -> Result<(), Failure> {
        let ours = self.raw.iter().chain(&self.files_from).any(|path| path == Path::new("-"));
        if ours && fit.count.reads_stdin() {
            return Err(Failure::usage("standard input (`-`) cannot be both RAW and --target"));
        }
        Ok(())
    }
}

impl Measure {
    /// The selections' shards, in the order of their first mention.
    pub(crate) fn selections(&self, exclude: &Exclude) -> Result<Vec<SelectionShards>, Failure> {
        let given: Vec<_> = self.selected.iter().map(|selected| named_path(selected)).collect();
        let mut selections = Vec::new();
        for (name, paths) in apart("--selected", &given)? {
            selections.push(SelectionShards { name, shards: Shards::find_without(paths, exclude)? });
        }
        Ok(selections)
    }

    pub(crate) fn refuse_shared_stdin(&self) -> Result<(), Failure> {
        let named = self.count.target.iter().chain(&self.selected).map(|given| named_path(given).1);
        let paths = self.input.raw.iter().chain(&self.input.files_from).map(PathBuf::as_path);
        match named.chain(paths).filter(|path| *path == Path::new("-")).count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::usage("standard input (`-`) can be read only once")),
        }
    }
}

impl RecordArgs {
    pub(crate) fn outputs(&self) -> impl Iterator<Item = Output<'_>> {
        self.rejects.iter().map(|path| Output::records("--rejects", path))
    }

    /// With the folder of the sentence model, which is read where it is needed.
    pub(crate) fn options(&self, punkt: &PunktArgs) -> Result<ReadOptions, Failure> {
        let fields = TextFields::new(&self.text_field).ok_or_else(|| {
            let most = TextFields::MAX;
            Failure::usage(format!("--text-field: a name with an empty part, or more than {most} fields"))
        })?;
        let skip_invalid = self.invalid == Invalid::Skip || self.rejects.is_some();
        Ok(ReadOptions { fields, skip_invalid, punkt: punkt.folder() })
    }
}

impl QualityArgs {
    /// The bounds; `None` if there are none.
    pub(crate) fn bounds(&self) -> Option<QualityBounds> {
        let default = match self.quality {
            Some(QualityArg::Paper) => QualityBounds::PAPER,
            None => QualityBounds::default(),
        };
        let bounds = QualityBounds {
            tokens: self.quality_length.unwrap_or(default.tokens),
            repeating: self.quality_repeating.unwrap_or(default.repeating),
            informative: self.quality_informative.unwrap_or(default.informative),
            numeric: self.quality_numeric.unwrap_or(default.numeric),
        };
        (bounds != QualityBounds::default()).then_some(bounds)
    }
}

impl WhereArgs {
    pub(crate) fn conditions(&self) -> Conditions {
        Conditions::new(self.r#where.clone(), self.where_not.clone())
    }
}

impl RunArgs {
    pub(crate) fn outputs(&self) -> impl Iterator<Item = Output<'_>> {
        self.summary.iter().map(|path| Output::json("--summary", path))
    }
}

/// What every command that reads shards runs with.
pub(crate) struct Run {
    pub(crate) observer: Observer,
    pub(crate) temp_dir: PathBuf,
    pub(crate) quiet: bool,
    /// Whether records are printed on the terminal, where a bar would be in their way.
    pub(crate) prints_records: bool,
    voice: Arc<Voice>,
    pool: rayon::ThreadPool,
}

/// For so many bytes as stored, one more thread has something to do.
const BYTES_A_THREAD: u64 = 64 << 10;
/// Threads that wait for a disk or a network may be more than the processors, but not by so much that they are in
/// each other's way.
const THREADS_A_PROCESSOR: usize = 4;
const FEW_THREADS: usize = 16;

impl Run {
    /// For reading `shards`.
    pub(crate) fn new<'a>(
        args: &RunArgs,
        shards: impl IntoIterator<Item = &'a Shards>,
    ) -> Result<Self, Failure> {
        let temp_dir = args.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        // Found out now rather than after hours of work.
        tempfile::tempfile_in(&temp_dir)
            .map_err(|source| dsir::error::Error::TempDir { folder: temp_dir.clone(), source })?;
        let no_threads = |error: &dyn std::fmt::Display| dsir::error::Error::Threads(error.to_string());
        signals::watch().map_err(|error| no_threads(&error))?;
        let bytes: Option<u64> = shards.into_iter().map(Shards::total_bytes).sum();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads, bytes)).build();
        let pool = pool.map_err(|error| no_threads(&error))?;
        let voice = Arc::new(Voice::default());
        let teller = Arc::clone(&voice);
        let observer = Observer::new(move |warning| teller.say(&format!("warning: {}", words(warning))));
        Ok(Run { observer, temp_dir, quiet: args.quiet, prints_records: false, voice, pool })
    }

    /// Does the work with the threads asked for, and shows how far it is.
    pub(crate) fn work<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let _bar = Bar::start(&self.observer, &self.voice, self.quiet || self.prints_records);
        self.pool.install(work)
    }

    /// A folder for temporary data of this run.
    pub(crate) fn temporary_folder(&self) -> Result<TemporaryFolder, Failure> {
        let failed = |source| dsir::error::Error::TempDir { folder: self.temp_dir.clone(), source };
        Ok(TemporaryFolder::create_in(&self.temp_dir).map_err(failed)?)
    }

    pub(crate) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The same for a command whose records go to `destination`.
    pub(crate) fn printing_to(self, destination: Option<&Path>) -> Self {
        let to_stdout = Destination::new(destination) == Destination::Stdout;
        Run { prints_records: to_stdout && std::io::stdout().is_terminal(), ..self }
    }

    /// Warns of patterns that have left out nothing.
    pub(crate) fn warn_of_unused(&self, exclude: &Exclude) {
        for pattern in exclude.unused() {
            self.observer.warn(Warning::NothingExcluded { pattern: pattern.to_owned() });
        }
    }
}

/// How many threads to work with: as many as asked for, or as there are processors, but none that would have nothing
/// to do.
fn threads(asked: Option<u16>, bytes: Option<u64>) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = asked.map_or(processors, usize::from);
    let of_use =
        bytes.map_or(usize::MAX, |bytes| usize::try_from(1 + bytes / BYTES_A_THREAD).unwrap_or(usize::MAX));
    asked.min(of_use).min(FEW_THREADS.max(THREADS_A_PROCESSOR * processors))
}
