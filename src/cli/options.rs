//! From what was typed to options that make sense, or a usage error.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{
    CountArgs, DecontaminateArgs, FitArgs, FitTokens, HashArg, IdArgs, InputArgs, Invalid, LearnArg,
    LearnArgs, Measure, PunktArgs, QualityArg, QualityArgs, RecordArgs, RunArgs, TokenizerArg, WhereArgs,
};
use super::failure::Failure;
use crate::density::{FitBudget, Model};
use crate::featurizer::{FeatureSpace, Hash, Punkt, Tokenizer};
use crate::jobs::{
    Against, CountOptions, DecontaminateOptions, Filter, ReadOptions, RunOptions, SelectionShards,
    TargetShards,
};
use crate::quality::QualityBounds;
use crate::reader::{Conditions, Exclude, FieldPath, IdFields, Shards, TextFields};

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
    /// With the sentence model in `punkt`, if the feature space needs one.
    pub(crate) fn options(&self, punkt: Option<&Path>) -> Result<CountOptions, Failure> {
        let budget = match self.fit_tokens {
            FitTokens::Auto => FitBudget::auto(self.count.buckets),
            FitTokens::All => FitBudget(None),
            FitTokens::AtMost(ngrams) => FitBudget(Some(ngrams)),
        };
        Ok(CountOptions {
            space: self.count.space(punkt)?,
            smoothing: self.count.smoothing,
            rare: self.rare,
            budget,
        })
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
            (Tokenizer::WordTokenize, None) => return Err(crate::featurizer::Error::NoPunkt.into()),
            (Tokenizer::WordTokenize, Some(folder)) => Some(Punkt::read(folder)?.fingerprint()),
            _ => None,
        };
        Ok(FeatureSpace { tokenizer, punkt, ..FeatureSpace::default() })
    }
}

impl LearnArgs {
    /// What a classifier tells documents of the target from, if one is to be learned.
    pub(crate) fn against(&self, exclude: &Exclude) -> Result<Option<Against>, Failure> {
        // The parser lets it pass beside options that exclude --learn.
        let Some(LearnArg::Classifier) = self.learn else {
            return match self.against.is_empty() {
                true => Ok(None),
                false => Err(Failure::usage("--against is for --learn")),
            };
        };
        let paths: Vec<&Path> = self.against.iter().map(Path::new).collect();
        let shards = (!paths.is_empty()).then(|| Shards::find_without(paths, exclude)).transpose()?;
        Ok(Some(Against(shards)))
    }
}

impl IdArgs {
    /// With the ids that records are known by.
    pub(crate) fn of(&self, read: ReadOptions) -> Result<ReadOptions, Failure> {
        let ids = IdFields::new(&self.id_field)
            .ok_or_else(|| Failure::usage("--id-field: a field's name with an empty part"))?;
        Ok(ReadOptions { ids, ..read })
    }
}

impl DecontaminateArgs {
    /// What documents must not share, if anything is named.
    pub(crate) fn options(&self, exclude: &Exclude) -> Result<Option<DecontaminateOptions>, Failure> {
        if self.decontaminate.is_empty() {
            return match self.decontaminate_ngrams {
                13 => Ok(None),
                _ => Err(Failure::usage("--decontaminate-ngrams is for --decontaminate")),
            };
        }
        let given: Vec<_> = self.decontaminate.iter().map(|set| named_path(set)).collect();
        let mut sets = Vec::new();
        for (name, paths) in apart("--decontaminate", &given)? {
            paths.iter().try_for_each(|path| refuse_dash("--decontaminate", path))?;
            sets.push((name, Shards::find_without(paths, exclude)?));
        }
        let fields = match &self.decontaminate_field[..] {
            [] => None,
            fields => Some(text_fields("--decontaminate-field", fields)?),
        };
        let (ngrams, report) = (self.decontaminate_ngrams as usize, self.decontaminate_report.clone());
        Ok(Some(DecontaminateOptions { sets, ngrams, fields, report }))
    }
}

impl PunktArgs {
    /// Reads the sentence model, which must be there.
    pub(crate) fn read(&self) -> Result<Arc<Punkt>, Failure> {
        let folder = self.folder().ok_or(crate::featurizer::Error::NoPunkt)?;
        Ok(Arc::new(Punkt::read(&folder)?))
    }

    /// The folder that is named, or the first that is where NLTK would look.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        punkt_folder(self.punkt.as_deref())
    }
}

/// The folder of NLTK's sentence model that is `named`, or the first that is where NLTK would look.
pub fn punkt_folder(named: Option<&Path>) -> Option<PathBuf> {
    let home = std::env::home_dir().map(|home| home.join("nltk_data"));
    let listed: Vec<PathBuf> = std::env::var_os("NLTK_DATA")
        .map(|paths| std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    let shared = ["/usr/share/nltk_data", "/usr/local/share/nltk_data"].map(PathBuf::from);
    let usual = listed.into_iter().chain(home).chain(shared).map(|data| data.join("tokenizers/punkt_tab"));
    named.map(Path::to_path_buf).or_else(|| usual.into_iter().find(|folder| folder.is_dir()))
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

    pub(crate) fn refuse_shared_stdin(&self, fit: &FitArgs, learn: &LearnArgs) -> Result<(), Failure> {
        let ours = self.raw.iter().chain(&self.files_from).any(|path| path == Path::new("-"));
        let others = learn.against.iter().any(|path| path == "-");
        let both = match (ours, fit.count.reads_stdin(), others) {
            (true, true, _) => "RAW and --target",
            (true, _, true) => "RAW and --against",
            (_, true, true) => "--target and --against",
            _ => return Ok(()),
        };
        Err(Failure::usage(format!("standard input (`-`) cannot be both {both}")))
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
    /// With the folder of the sentence model, which is read where it is needed.
    pub(crate) fn options(&self, punkt: &PunktArgs) -> Result<ReadOptions, Failure> {
        let fields = text_fields("--text-field", &self.text_field)?;
        let skip_invalid = self.invalid == Invalid::Skip || self.rejects.is_some();
        let ids = IdFields::default();
        Ok(ReadOptions { fields, skip_invalid, ids, punkt: punkt.folder() })
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

/// What is asked of records, whatever is drawn.
#[derive(Clone, Copy)]
pub(crate) struct FilterArgs<'a>(
    pub(crate) &'a WhereArgs,
    pub(crate) &'a QualityArgs,
    pub(crate) &'a PunktArgs,
);

impl FilterArgs<'_> {
    pub(crate) fn filter(self) -> Result<Filter, Failure> {
        let FilterArgs(r#where, quality, punkt) = self;
        let quality = quality.bounds().map(|bounds| Ok::<_, Failure>((bounds, punkt.read()?))).transpose()?;
        Ok(Filter { conditions: r#where.conditions(), quality, ..Filter::default() })
    }
}

impl RunArgs {
    /// For a job that reads `input`.
    pub(crate) fn options(&self, input: Option<&InputArgs>) -> RunOptions {
        RunOptions {
            threads: self.threads.map(usize::from),
            temp_dir: self.temp_dir.clone(),
            also_read: input
                .into_iter()
                .flat_map(|input| input.files_from.clone())
                .chain(self.config.clone())
                .collect(),
            summary: self.summary.clone(),
            engine: None,
        }
    }
}

/// The fields that make up a text.
pub(crate) fn text_fields(option: &str, names: &[String]) -> Result<TextFields, Failure> {
    TextFields::new(names).ok_or_else(|| {
        let most = TextFields::MAX;
        Failure::usage(format!("{option}: a name with an empty part, or more than {most} fields"))
    })
}

pub(crate) fn field_path(option: &str, name: &str) -> Result<FieldPath, Failure> {
    FieldPath::new(name)
        .ok_or_else(|| Failure::usage(format!("{option} {name}: a field's name with an empty part")))
}

/// Refuses `-` where neither standard input nor output is meant by it.
pub(crate) fn refuse_dash(what: &str, path: &Path) -> Result<(), Failure> {
    match path == Path::new("-") {
        true => Err(Failure::usage(format!("{what}: `-` is no file; name one"))),
        false => Ok(()),
    }
}
