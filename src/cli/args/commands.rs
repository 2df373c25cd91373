//! What each command takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use clap_complete::Shell;
use serde::Serialize;

use super::{
    DecontaminateArgs, DrawArgs, DryRunArgs, FitArgs, IdArgs, InputArgs, LearnArgs, MethodArg, OutputArgs,
    PunktArgs, QualityArgs, RecordArgs, RefineArgs, RefineForArgs, ReportArgs, ReportByArgs, RunArgs,
    SelectMethodArg, TokenizerArg, UniqueArgs, WhereArgs, WorkArgs, amount,
};

/// Select the raw records that are distributed like the target.
///
/// Counts the n-grams of the raw corpus and of the target, weighs every raw record by how much more its
/// n-grams occur in the target, and draws by these weights. `fit`, `weigh` and `resample` with the same
/// options do the same in steps.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("budget").required(true).args(["num", "fraction", "tokens", "bytes"])))]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["target", "rare", "model"])))]
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
    #[arg(long, value_name = "MODEL", help_heading = "Model", conflicts_with_all = [
        "target", "rare", "separate_targets", "ngrams", "buckets", "hash", "tokenizer", "smoothing", "fit_tokens",
        "learn",
    ])]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) refine: RefineArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) learn: LearnArgs,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    #[command(flatten)]
    pub(crate) draw: DrawArgs,
    /// How records are drawn
    #[arg(long, value_enum, default_value_t = SelectMethodArg::Gumbel, help_heading = "Draw", hide_short_help = true)]
    #[serde(skip)]
    pub(crate) method: SelectMethodArg,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) unique: UniqueArgs,
    #[command(flatten)]
    pub(crate) r#where: WhereArgs,
    #[command(flatten)]
    pub(crate) quality: QualityArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) decontaminate: DecontaminateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) report: ReportArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) ids: IdArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    #[serde(skip)]
    pub(crate) dry: DryRunArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Count the n-grams of raw shards and of targets into a model.
///
/// Without RAW the model holds targets alone, without --target raw counts alone: `dsir merge` joins such
/// partial models, so that a corpus can be counted on many machines.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("learned").args(["refine_for", "learn"])))]
#[command(after_long_help = "Examples:
  dsir fit --target wanted.jsonl -o model.json corpus/
  dsir fit -o raw-17.json corpus/shard-17.jsonl.zst")]
pub(crate) struct Fit {
    #[command(flatten)]
    pub(crate) fit: FitArgs,
    #[command(flatten)]
    pub(crate) refine: RefineForArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) learn: LearnArgs,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    /// Where the model goes
    #[arg(short, long, value_name = "MODEL", help_heading = "Output")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) ids: IdArgs,
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
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    /// The folder for the weights
    #[arg(short, long, value_name = "WEIGHTS_DIR", help_heading = "Output")]
    pub(crate) output: PathBuf,
    /// Write the log weights, and a classifier's probabilities, also in a form that other tools read, a file for each
    /// shard beside its weights
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Output", hide_short_help = true)]
    pub(crate) sidecar: Option<SidecarForm>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) ids: IdArgs,
    #[command(flatten)]
    pub(crate) r#where: WhereArgs,
    #[command(flatten)]
    pub(crate) quality: QualityArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) decontaminate: DecontaminateArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SidecarForm {
    /// Parquet with the columns log_weight and tokens
    Parquet,
    /// Attributes of Dolma: lines with an id and dsir__log_weight
    Dolma,
}

/// Draw records by their weights and write them.
///
/// Reads the weights to decide and the shards only to write. Weights of your own are welcome: a .npy file
/// for each shard with a field log_weight; the shards are then read once more for the rest.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("by").args(["weights", "scores", "score_field"])))]
#[command(group(ArgGroup::new("budget").required(true).args(["num", "fraction", "tokens", "bytes", "plan"])))]
#[command(after_long_help = "Examples:
  dsir resample --weights weights/ -k 10000 -o selected.jsonl corpus/
  dsir resample --weights weights/ --fraction 0.05 --seed 7 --shuffle corpus/ | head
  Probabilities of a classifier, as in heuristic classification:
    dsir resample --scores scores.npy --method pareto -k 10000 -o selected.jsonl corpus/
  Within languages, the same of each:
    dsir resample --weights weights/ --group-by lang --group-share even --tokens 1000000000 -o out/ corpus/
  Decided once, and written shard by shard, on any machine:
    dsir resample --weights weights/ -k 10000 --plan-only plan.json corpus/
    dsir resample --weights weights/ --plan plan.json -o out/ corpus/shard-17.jsonl")]
pub(crate) struct Resample {
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) drawn_by: DrawnByArgs,
    /// Decide, and write what was decided to PLAN and nothing else
    #[arg(long, value_name = "PLAN", help_heading = "Plan", conflicts_with_all = ["plan", "output", "shuffle",
              "annotate"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan_only: Option<PathBuf>,
    /// Write what PLAN has selected of the shards named here, instead of drawing
    ///
    /// However the shards of a plan are cut into parts, the parts in input order are what one run selects. Files that
    /// are mixed in are shards too. --weights or --scores name what the plan was made of.
    #[arg(long, value_name = "PLAN", help_heading = "Plan", conflicts_with_all = [
        "min_tokens", "method", "temperature", "normalize", "seed", "proportions", "proportions_temperature", "combine",
        "exponents", "group_by", "group_share", "mix_in", "allow_fewer", "draws", "disjoint", "where", "where_not",
        "quality", "quality_length", "quality_repeating", "quality_informative", "quality_numeric", "log_scores",
        "score_field", "tokenizer", "text_field", "invalid", "rejects", "repeat", "repeat_curve", "unique", "id_field",
    ])]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    #[command(flatten)]
    pub(crate) draw: DrawArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) unique: UniqueArgs,
    #[command(flatten)]
    pub(crate) r#where: WhereArgs,
    #[command(flatten)]
    pub(crate) quality: QualityArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) ids: IdArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Write a page about a selection: what was selected, from where, and why.
///
/// Draws again as `resample` with the same options does, reads the shards, and writes no records. The page is one HTML
/// file that asks for nothing else. `dsir select --report` writes it on the way.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("by").required(true).args(["weights", "scores", "score_field"])))]
#[command(group(ArgGroup::new("budget").required(true).args(["num", "fraction", "tokens", "bytes"])))]
#[command(after_long_help = "Examples:
  dsir report --weights weights/ --model model.json -k 10000 -o report.html corpus/
  The same for languages instead of shards:
    dsir report --weights weights/ --model model.json -k 10000 --report-by meta.lang -o report.html corpus/")]
pub(crate) struct Report {
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) drawn_by: DrawnByArgs,
    /// The model that the weights were made with: for KL reduction, n-grams, and what log weights are made of
    #[arg(long, value_name = "MODEL", help_heading = "Model", requires = "weights")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    #[command(flatten)]
    pub(crate) draw: DrawArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) unique: UniqueArgs,
    #[command(flatten)]
    pub(crate) r#where: WhereArgs,
    #[command(flatten)]
    pub(crate) quality: QualityArgs,
    /// Where the page goes
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) by: ReportByArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) ids: IdArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What records are drawn by, when they are weighed already.
#[derive(Args, Serialize)]
pub(crate) struct DrawnByArgs {
    /// The folder with the weights, or the weights file of a single shard
    #[arg(long, value_name = "WEIGHTS_DIR", help_heading = "Model")]
    pub(crate) weights: Option<PathBuf>,
    /// Draw by these scores of another tool instead: a .npy file of one number for each record, or a folder with one
    /// for each shard
    ///
    /// A score is an importance weight (--log-scores: its logarithm); for --method pareto, a probability. The order is
    /// that of RAW. FILE:FIELD is a column or field of a file of any form that shards have, and FOLDER:FIELD of one
    /// file for each shard, of the same name with any ending, as Dolma's attributes are.
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    pub(crate) scores: Option<PathBuf>,
    /// Draw by the number in this field of each record instead; a dotted path reaches into objects
    #[arg(long, value_name = "FIELD", help_heading = "Model")]
    pub(crate) score_field: Option<String>,
    /// The scores are logarithms
    #[arg(long, help_heading = "Model")]
    pub(crate) log_scores: bool,
    /// How tokens are counted for weights of your own that do not tell them [default: wordpunct]
    #[arg(long, value_enum, help_heading = "Model")]
    pub(crate) tokenizer: Option<TokenizerArg>,
    /// How records are drawn
    #[arg(long, value_enum, default_value_t = MethodArg::Gumbel, help_heading = "Draw")]
    #[serde(skip)]
    pub(crate) method: MethodArg,
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

/// Say why a document has its log weight, n-gram by n-gram.
///
/// The log weight of a document is the sum of what its n-grams add to it. Those that add and those that take away most
/// are told, and marked in the text.
#[derive(Args, Serialize)]
#[command(after_long_help = "Examples:
  dsir explain --model model.json corpus/shard-0.jsonl.zst:17
  echo 'The tide rises.' | dsir explain --model model.json")]
pub(crate) struct Explain {
    /// A file whose text is the document, SHARD:ROW for a record, or `-` for standard input
    ///
    /// Rows are counted from 0, as in weights and in `report.indices` of Python.
    #[arg(value_name = "FILE|SHARD:ROW")]
    pub(crate) document: Option<PathBuf>,
    /// The model to weigh with
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    /// Show so many n-grams on each side
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Output")]
    pub(crate) top: usize,
    /// Print all n-grams and words as JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// The field with the text of a record; a dotted path reaches into objects; repeatable
    #[arg(long, value_name = "FIELD", default_value = "text", help_heading = "Input")]
    pub(crate) text_field: Vec<String>,
}

/// Say in words what is in a model, weights or shards.
///
/// Of shards, the first records are looked at: which fields they have, which is most likely the text, how long it is,
/// and in what scripts. Of weights, the quantiles in each shard are told.
#[derive(Args, Serialize)]
#[command(after_long_help = "Examples:
  dsir inspect corpus/
  dsir inspect model.json
  dsir inspect model.json --sample corpus/shard-0.jsonl
  dsir inspect weights/")]
pub(crate) struct Inspect {
    /// A model, weights, shards, or a folder of either
    #[arg(value_name = "MODEL|WEIGHTS|SHARD")]
    pub(crate) path: PathBuf,
    /// Count records with fewer tokens as too short
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100,
          value_parser = amount::amount32)]
    pub(crate) min_tokens: u32,
    /// Of a model: tell which n-grams of the first records of these shards say most; repeatable
    #[arg(long, value_name = "SHARD")]
    pub(crate) sample: Vec<PathBuf>,
    /// The field with the text of a record of --sample; a dotted path reaches into objects; repeatable
    #[arg(long, value_name = "FIELD", default_value = "text", requires = "sample")]
    pub(crate) text_field: Vec<String>,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
}

/// Print a manual page, as `man` reads it.
#[derive(Args)]
#[command(after_long_help = "Examples:
  dsir man select > dsir-select.1
  dsir man | man -l -")]
pub(crate) struct Man {
    /// The command; without it, the page of the program
    pub(crate) command: Option<String>,
}

/// Print a completion script for a shell.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}
