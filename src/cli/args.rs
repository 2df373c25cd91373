//! The command line as typed. Every doc comment is the option's help.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use dsir::featurizer::FeatureSpace;
use dsir::resample::Proportions;
use serde::Serialize;

/// Select language-model training data by importance resampling (DSIR).
///
/// From a huge raw corpus of JSONL shards, dsir picks the documents which, taken together, are
/// distributed like a small target set.
#[derive(Parser)]
#[command(name = "dsir", version, max_term_width = 100, propagate_version = true, subcommand_required = true)]
#[command(after_help = "Examples:
  dsir select --target wanted.jsonl -k 10000 -o selected.jsonl.zst corpus/
  dsir help select")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Do the whole job: fit, weigh, draw and write
    Select(Select),
    /// Count n-grams of raw shards and targets into a model
    Fit(Fit),
    /// Weigh every record with a model: one weights file for each shard
    Weigh(Weigh),
    /// Draw records by their weights and write them
    Resample(Resample),
    /// Add up models of parts of a corpus
    Merge(Merge),
    /// Say in words what is in a model, a weights file or a weights folder
    Inspect(Inspect),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Select the raw records that are distributed like the target.
///
/// Counts the n-grams of the raw corpus and of the target, weighs every raw record by how much more its
/// n-grams occur in the target, and draws by these weights. `fit`, `weigh` and `resample` with the same
/// options do the same in steps.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["target", "model"])))]
#[command(after_long_help = "Examples:
  Ten thousand documents:
    dsir select --target wanted.jsonl -k 10000 -o selected.jsonl corpus/
  A billion tokens, half like each of two targets, with a report:
    dsir select --target code=code.jsonl --target math=math.jsonl --separate-targets \\
      --proportions code=1,math=1 --tokens 1000000000 -o out.jsonl.zst --summary out.json corpus/
  In a pipeline:
    zstdcat *.zst | dsir select --model model.json -k 500 - | jq -r .text")]
pub(crate) struct Select {
    #[command(flatten)]
    pub(crate) fit: FitArgs,
    /// Use this model instead of fitting one
    #[arg(long, value_name = "MODEL", help_heading = "Model", conflicts_with_all = ["target", "separate_targets", "ngrams", "buckets", "hash", "tokenizer", "smoothing", "fit_tokens"])]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) draw: DrawArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Count the n-grams of raw shards and of targets into a model.
///
/// Without RAW the model holds targets alone, without --target raw counts alone: `dsir merge` joins such
/// partial models, so that a corpus can be counted on many machines.
#[derive(Args, Serialize)]
#[command(after_long_help = "Examples:
  dsir fit --target wanted.jsonl -o model.json corpus/
  dsir fit -o raw-17.json corpus/shard-17.jsonl.zst")]
pub(crate) struct Fit {
    #[command(flatten)]
    pub(crate) fit: FitArgs,
    /// Where the model goes
    #[arg(short, long, value_name = "MODEL", help_heading = "Output")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Weigh every record with a model.
///
/// Each shard gets one weights file, a NumPy array with the fields log_weight, record, tokens and bytes,
/// named by the shard's path from the shards' common folder. One weighing serves many draws.
#[derive(Args, Serialize)]
#[command(after_long_help = "Example:
  dsir weigh --model model.json -o weights/ corpus/")]
pub(crate) struct Weigh {
    /// The model to weigh with
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub(crate) model: PathBuf,
    /// The folder for the weights
    #[arg(short, long, value_name = "WEIGHTS_DIR", help_heading = "Output")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Draw records by their weights and write them.
///
/// Reads the weights to decide and the shards only to write. Weights of your own are welcome: a .npy file
/// for each shard with a field log_weight; the shards are then read once more for the rest.
#[derive(Args, Serialize)]
#[command(after_long_help = "Examples:
  dsir resample --weights weights/ -k 10000 -o selected.jsonl corpus/
  dsir resample --weights weights/ --fraction 0.05 --seed 7 --shuffle corpus/ | head")]
pub(crate) struct Resample {
    /// The folder with the weights, or the weights file of a single shard
    #[arg(long, value_name = "WEIGHTS_DIR", help_heading = "Model")]
    pub(crate) weights: PathBuf,
    #[command(flatten)]
    pub(crate) draw: DrawArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Add up models of parts of a corpus.
///
/// Raw counts are added; targets are joined by name. The result is the model that one fit on all parts
/// would have given.
#[derive(Args, Serialize)]
#[command(after_long_help = "Example:
  dsir merge target.json raw-*.json -o model.json")]
pub(crate) struct Merge {
    /// The models
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) models: Vec<PathBuf>,
    /// Where the model goes
    #[arg(short, long, value_name = "MODEL")]
    pub(crate) output: PathBuf,
    /// Add up the counts of targets that have one name but differ
    #[arg(long)]
    pub(crate) add_targets: bool,
}

/// Say in words what is in a model, a weights file or a weights folder.
#[derive(Args, Serialize)]
pub(crate) struct Inspect {
    /// A model, a weights file, or a folder of weights files
    #[arg(value_name = "MODEL|WEIGHTS")]
    pub(crate) path: PathBuf,
    /// Count records with fewer tokens as too short
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100)]
    pub(crate) min_tokens: u32,
}

/// Print a completion script for a shell.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct FitArgs {
    /// Text like that to be selected: a file, a folder or `-`; repeatable
    ///
    /// All targets count as one, unless --separate-targets keeps them apart; a NAME of letters, digits, `_`
    /// and `-` names one (default when apart: its file's name up to the first dot). Write ./a=b.jsonl for a
    /// file with `=` in its name.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(crate) target: Vec<String>,
    /// Keep the targets apart: each draws its share of the selection
    #[arg(long)]
    pub(crate) separate_targets: bool,
    /// Count n-grams of 1 to N tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=FeatureSpace::MAX_NGRAMS as i64))]
    pub(crate) ngrams: u8,
    /// Hash n-grams into N buckets
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=FeatureSpace::MAX_BUCKETS as i64))]
    pub(crate) buckets: u32,
    /// How an n-gram finds its bucket
    #[arg(long, value_enum, default_value_t = HashArg::Dsir1)]
    pub(crate) hash: HashArg,
    /// How a text is split into tokens
    #[arg(long, value_enum, default_value_t = TokenizerArg::Wordpunct)]
    pub(crate) tokenizer: TokenizerArg,
    /// Add A to every bucket's count in the targets
    #[arg(long, value_name = "A", default_value_t = 0.0, allow_negative_numbers = true, value_parser = smoothing)]
    pub(crate) smoothing: f64,
    /// Count at most so many n-grams of the raw corpus: auto, all, or a number
    ///
    /// A larger corpus is sampled as a whole, by the records' content. `auto` is 100000 for each bucket.
    #[arg(long, value_name = "auto|all|N", default_value = "auto")]
    pub(crate) fit_tokens: FitTokens,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Draw")]
#[command(group(ArgGroup::new("budget").required(true).args(["num", "fraction", "tokens", "bytes"])))]
pub(crate) struct DrawArgs {
    /// Select K records
    #[arg(short = 'k', long, value_name = "K", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) num: Option<u64>,
    /// Select this share of the eligible records, from 0 to 1
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub(crate) fraction: Option<f64>,
    /// Select records of at most N tokens together
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tokens: Option<u64>,
    /// Select records of at most N bytes together, newlines included
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) bytes: Option<u64>,
    /// Leave out records with fewer tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100)]
    pub(crate) min_tokens: u32,
    /// Divide log weights by T before drawing; 0 takes the largest without noise
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true, value_parser = temperature)]
    pub(crate) temperature: f64,
    /// Another seed draws another selection
    #[arg(long, value_name = "SEED", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The separate targets' shares: NAME=SHARE,... or SHARE,... in their order
    ///
    /// Shares need not sum to 1. The default is by the targets' tokens.
    #[arg(long, value_name = "SHARES")]
    #[serde(serialize_with = "as_text")]
    pub(crate) proportions: Option<Proportions>,
    /// Take all eligible records if they are fewer than asked for
    #[arg(long)]
    pub(crate) allow_fewer: bool,
    /// Make E selections, one for each epoch, each with the whole budget and with noise of its own
    ///
    /// They go into folders `epoch-0`, `epoch-1`, ... in the folder of -o, or around its file. The first is the one
    /// that is made without this option.
    #[arg(long, value_name = "E", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) draws: Option<u32>,
    /// With --draws, select no record again before all eligible records were selected
    #[arg(long, requires = "draws")]
    pub(crate) disjoint: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Where the selection goes [default: standard output]
    ///
    /// A name in .zst or .gz is compressed. A folder (a name ending in `/`) gets one file for each shard,
    /// with the shard's relative name.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Write in random order instead of input order
    #[arg(long)]
    pub(crate) shuffle: bool,
    /// Add each record's log weight to it, as a field `log_weight`
    #[arg(long)]
    pub(crate) annotate: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Shards: JSONL, plain, gzip or zstd; folders are walked; `-` is standard input
    #[arg(value_name = "RAW")]
    pub(crate) raw: Vec<PathBuf>,
    /// Read more paths of shards from LIST, one on each line
    #[arg(long, value_name = "LIST")]
    pub(crate) files_from: Option<PathBuf>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Input")]
pub(crate) struct RecordArgs {
    /// The field with the text; a dotted path reaches into objects; repeatable
    ///
    /// Given several times, the texts are joined with one space.
    #[arg(long, value_name = "FIELD", default_value = "text")]
    pub(crate) text_field: Vec<String>,
    /// What to do with an invalid record
    #[arg(long, value_enum, default_value_t = Invalid::Stop)]
    pub(crate) invalid: Invalid,
    /// Write the skipped records, and why, to FILE; implies --invalid skip
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Run")]
pub(crate) struct WorkArgs {
    /// Keep finished work in DIR, so that the same command goes on from it [default: beside the output]
    ///
    /// The default is the output's name with `.dsir-work`; there is none for standard output. A run that ends well
    /// removes the folder; one that was killed or failed leaves it.
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunArgs {
    /// Write a summary to FILE, as one JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Use N threads [default: what the machine and its cgroup allow]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// The folder for temporary data [default: $TMPDIR or /tmp]
    #[arg(long, value_name = "DIR")]
    pub(crate) temp_dir: Option<PathBuf>,
    /// No progress and no summary on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HashArg {
    /// Fast, and the same for ever (see docs/feature-space.md)
    Dsir1,
    /// The reference's: results compare with published ones
    Sha256,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenizerArg {
    /// Words and runs of punctuation, as NLTK's WordPunctTokenizer
    Wordpunct,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Invalid {
    /// Stop at the first
    Stop,
    /// Count it and go on
    Skip,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FitTokens {
    Auto,
    All,
    #[serde(untagged)]
    AtMost(u64),
}

impl std::str::FromStr for FitTokens {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(FitTokens::Auto),
            "all" => Ok(FitTokens::All),
            number => match number.parse() {
                Ok(number) if number > 0 => Ok(FitTokens::AtMost(number)),
                _ => Err("it must be auto, all, or a number above 0"),
            },
        }
    }
}

fn smoothing(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1e12).contains(number));
    number.ok_or("it must be a number from 0 to 1e12")
}

fn temperature(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|t| *t == 0.0 || (1e-9..=1e12).contains(t));
    number.ok_or("it must be 0, or a number from 1e-9 to 1e12")
}

fn share(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or("it must be a number above 0 and up to 1")
}

fn as_text<S: serde::Serializer>(value: &Option<Proportions>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(proportions) => serializer.collect_str(proportions),
        None => serializer.serialize_none(),
    }
}
