//! The command line as typed. Every doc comment is the option's help.

pub(crate) mod amount;
mod commands;
mod conditions;
mod draw;
mod input;
mod measure;
mod model;
mod output;
mod prepare;
mod refine;

use clap::{Parser, Subcommand};

pub(crate) use commands::{
    Completions, DrawnByArgs, Explain, Fit, Inspect, Man, Merge, Report, Resample, Select, SidecarForm, Weigh,
};
pub(crate) use conditions::{DecontaminateArgs, QualityArg, QualityArgs, UniqueArgs, WhereArgs};
pub(crate) use draw::{
    CombineArg, DrawArgs, GroupShareArg, MethodArg, NormalizeArg, SelectMethodArg, TemperatureArg,
};
pub(crate) use input::{IdArgs, InputArgs, Invalid, RecordArgs};
pub(crate) use measure::Measure;
pub(crate) use model::{CountArgs, FitArgs, FitTokens, HashArg, PunktArgs, TokenizerArg};
pub(crate) use output::{DryRunArgs, OutputArgs, ReportArgs, ReportByArgs, RunArgs, WorkArgs};
pub(crate) use prepare::{ChunkArgs, Prepare};
pub(crate) use refine::{LearnArg, LearnArgs, RefineArgs, RefineForArgs};

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
    /// Write a page about a selection: what was selected, from where, and why
    Report(Report),
    /// Say how close selections came to the target
    Measure(Measure),
    /// Cut, filter and join records
    Prepare(Prepare),
    /// Say why a document has its log weight, n-gram by n-gram
    Explain(Explain),
    /// Say in words what is in a model, weights or shards
    Inspect(Inspect),
    /// Print a manual page, as `man` reads it
    Man(Man),
    /// Print a completion script for a shell
    Completions(Completions),
}
