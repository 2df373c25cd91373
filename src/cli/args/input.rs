//! What is read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Shards: JSONL, plain, gzip or zstd, Parquet and others; folders are walked; `-` is standard input
    ///
    /// CSV and TSV are known by their endings, JSON arrays, Parquet and Arrow files by their content. See docs/data.md.
    #[arg(value_name = "RAW")]
    pub(crate) raw: Vec<PathBuf>,
    /// Read more paths of shards from LIST, one on each line
    #[arg(long, value_name = "LIST")]
    pub(crate) files_from: Option<PathBuf>,
    /// Leave out files of walked folders whose name, or path from the folder, is like GLOB; repeatable
    ///
    /// `*` stands for any characters and `?` for any one. Without a `/`, GLOB is also of the folders on the way.
    /// Files that are named themselves are read whatever they are called.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Input")]
pub(crate) struct RecordArgs {
    /// The field with the text; a dotted path reaches into objects; repeatable
    ///
    /// Given several times, the texts are joined with one space. Where there is nothing at the path, a key with dots
    /// is looked for; `a\.b` is such a key always.
    #[arg(long, value_name = "FIELD", default_value = "text")]
    pub(crate) text_field: Vec<String>,
    /// What to do with an invalid record
    #[arg(long, value_enum, default_value_t = Invalid::Stop)]
    pub(crate) invalid: Invalid,
    /// Write the skipped records, and why, to FILE; implies --invalid skip
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Input")]
pub(crate) struct IdArgs {
    /// Draw by the record's id in FIELD instead of its content; a dotted path reaches into objects; repeatable
    ///
    /// Noise, samples and ties go by the id, so that the same documents are drawn from a corpus in another form, or with
    /// other metadata. An id is a string, a number, true or false; a raw record without one is invalid.
    #[arg(long, value_name = "FIELD", hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) id_field: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Invalid {
    /// Stop at the first
    Stop,
    /// Count it and go on
    Skip,
}
