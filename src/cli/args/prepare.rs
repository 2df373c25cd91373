//! What is done with records before they are weighed, or after they were selected.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{InputArgs, PunktArgs, QualityArgs, RecordArgs, RunArgs, WhereArgs};

/// Cut, filter and join records.
///
/// The steps that are asked for are done in this order: --chunk-words cuts texts into pieces, --quality leaves out what
/// is hardly prose, --where and --where-not keep records by their fields, --pack joins several into one. What no step
/// touches is written byte for byte, in input order.
#[derive(Args, Serialize)]
#[command(after_long_help = "Examples:
  As the DSIR paper does, before selecting with --quality paper:
    dsir prepare --chunk-words 128 -o pieces/ corpus/
  After selecting, join each two of the pieces:
    dsir prepare --pack 2 -o packed.jsonl selected.jsonl
  Two of the sources, without their drafts:
    dsir prepare --where source=books --where 'source=wiki-*' --where-not meta.tags=draft corpus/")]
pub(crate) struct Prepare {
    #[command(flatten)]
    pub(crate) chunk: ChunkArgs,
    #[command(flatten)]
    pub(crate) quality: QualityArgs,
    #[command(flatten)]
    pub(crate) quality_field: QualityFieldArgs,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    #[command(flatten)]
    pub(crate) conditions: WhereArgs,
    #[command(flatten)]
    pub(crate) pack: PackArgs,
    /// Where the records go [default: standard output]
    ///
    /// A name in .zst or .gz is compressed. A folder (a name ending in `/`) gets one file for each shard,
    /// with the shard's relative name.
    #[arg(short, long, value_name = "OUT", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Pieces")]
pub(crate) struct ChunkArgs {
    /// Cut each text into pieces of N words, the last with what is left
    ///
    /// Words are what stands between single spaces. Each piece is a record with all other fields of the whole.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) chunk_words: Option<u32>,
    /// Add to each piece its number `piece`, from 0, the number of `pieces`, and `piece_of`, as SHARD:LINE
    #[arg(long, requires = "chunk_words")]
    pub(crate) keep_whole: bool,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Quality")]
pub(crate) struct QualityFieldArgs {
    /// Write the four numbers into a field NAME of each record [default NAME: quality]
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "quality",
          value_parser = field_name)]
    pub(crate) quality_field: Option<String>,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Packs")]
pub(crate) struct PackArgs {
    /// Join each N records into one: their texts into one text, the values of any other field into an array
    ///
    /// Records are joined across shards, but with a folder as output, where each shard has its own. What is left at the
    /// end is a pack of fewer.
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(2..=65536))]
    pub(crate) pack: Option<u32>,
    /// What stands between the texts of a pack [default: one space]
    #[arg(long, value_name = "TEXT", requires = "pack")]
    pub(crate) pack_separator: Option<String>,
}

fn field_name(name: &str) -> Result<String, &'static str> {
    let sound = !name.is_empty() && !name.contains('.');
    sound.then(|| name.to_owned()).ok_or("it must be a name without dots")
}
