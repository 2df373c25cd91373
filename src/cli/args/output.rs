//! What is written, and how a run goes.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Where the selection goes [default: standard output]
    ///
    /// A name in .zst or .gz is compressed, one in .parquet is a table. A folder (a name ending in `/`) gets one file
    /// for each shard, with the shard's relative name.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Write in random order instead of input order
    ///
    /// The order depends on the records and the seed alone.
    #[arg(long)]
    pub(crate) shuffle: bool,
    /// Add each record's log weight to it, as a field `log_weight`
    #[arg(long)]
    pub(crate) annotate: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportArgs {
    /// Also write a page about the selection to FILE, in HTML: what was selected, from where, and why
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) by: ReportByArgs,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportByArgs {
    /// In the report, tell sources apart by this field; a dotted path reaches into objects [default: shards]
    #[arg(long, value_name = "FIELD", conflicts_with = "group_by", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report_by: Option<String>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Run")]
pub(crate) struct WorkArgs {
    /// Keep finished work in DIR, so that the same command resumes from it [default: beside the output]
    ///
    /// The default is the output's name with `.dsir-work`; there is none for standard output. A run that ends well
    /// removes the folder; one that was killed or failed leaves it.
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) work: Option<PathBuf>,
}

#[derive(Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct DryRunArgs {
    /// Check what can be checked, say what would be done, in what time and space, and do nothing else
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunArgs {
    /// Write a summary to FILE, as one JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Use up to N threads [default: what the machine and its cgroup allow]
    ///
    /// No more than there is work for.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// The folder for temporary data [default: $TMPDIR or /tmp]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) temp_dir: Option<PathBuf>,
    /// No progress and no summary on standard error; warnings are told all the same
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Take options from FILE, in TOML, under their own names; what is typed wins
    ///
    /// A list stands for an option that may be repeated, `true` for one without a value, `raw` for the shards. FILE may
    /// be the summary of an earlier run: then its options are taken, but for the places of its outputs.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Print a file for --config with the options of this command, and do nothing else
    #[arg(long, hide_short_help = true)]
    #[serde(skip)]
    pub(crate) print_config: bool,
}
