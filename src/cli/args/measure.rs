//! What `measure` takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::draw::temperature;
use super::{CountArgs, InputArgs, PunktArgs, RecordArgs, RunArgs, amount};

/// Say how close selections came to the target: KL reduction, repeats, overlap.
///
/// The KL reduction of a selection is KL(target ‖ raw) − KL(target ‖ selected) on hashed n-grams, in nats: how much
/// closer to the target it is than the raw corpus. Any tool may have made the selections. Other --buckets and --ngrams
/// than the draw had keep a method from being judged by its own yardstick alone.
#[derive(Args, Serialize)]
#[command(group(ArgGroup::new("wanted").required(true).multiple(true).args(["target", "model"])))]
#[command(after_long_help = "Examples:
  Two selections, in a feature space of their own:
    dsir measure --target wanted.jsonl --ngrams 3 --buckets 100000 \\
      --selected dsir=selected.jsonl.zst --selected other=other/ corpus/
  Without reading the corpus again, and for a program to read:
    dsir measure --model model.json --selected selected.jsonl.zst --json
  As the authors of DSIR measure:
    dsir measure --target wanted.jsonl --hash sha256 --sample 100000 --epsilon 1e-10 --selected selected.jsonl \
    corpus/")]
pub(crate) struct Measure {
    /// A selection: a file, a folder or `-`; repeatable
    ///
    /// Each is measured, and compared with the others. A NAME of letters, digits, `_` and `-` names one (default: its
    /// file's name up to the first dot); files given one NAME are one selection.
    #[arg(long, value_name = "[NAME=]FILE|DIR", help_heading = "Measure", required = true)]
    pub(crate) selected: Vec<String>,
    /// Add E to every density before its logarithm
    #[arg(long, value_name = "E", help_heading = "Measure", default_value = "1e-8", allow_negative_numbers = true,
          value_parser = epsilon)]
    pub(crate) epsilon: f64,
    /// Count N documents of the raw corpus and of each selection, if they have more
    ///
    /// They are chosen by the records' content, so that they are the same however the files are cut. What is sampled is
    /// read twice. By default everything counts.
    #[arg(long, value_name = "N", help_heading = "Measure", allow_negative_numbers = true, value_parser = sample)]
    pub(crate) sample: Option<usize>,
    /// Another seed chooses another sample
    #[arg(
        long,
        value_name = "SEED",
        help_heading = "Measure",
        allow_negative_numbers = true,
        default_value_t = 0,
        value_parser = amount::amount
    )]
    pub(crate) seed: u64,
    /// Tell the effective sample size of these weights: a folder or a file
    #[arg(long, value_name = "WEIGHTS_DIR", help_heading = "Measure")]
    pub(crate) weights: Option<PathBuf>,
    /// With --weights, leave out records with fewer tokens
    #[arg(
        long,
        value_name = "N",
        help_heading = "Measure",
        allow_negative_numbers = true,
        default_value_t = 100,
        value_parser = amount::amount32,
        requires = "weights"
    )]
    pub(crate) min_tokens: u32,
    /// With --weights, divide log weights by T; 0 has no effective sample size
    #[arg(long, value_name = "T", help_heading = "Measure", default_value_t = 1.0, allow_negative_numbers = true,
          value_parser = temperature, requires = "weights")]
    pub(crate) temperature: f64,
    /// Print one JSON object instead of words
    #[arg(long, help_heading = "Measure")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) count: CountArgs,
    #[command(flatten)]
    pub(crate) punkt: PunktArgs,
    /// Measure in this model's feature space; it also stands in for --target and RAW where they are not given
    #[arg(long, value_name = "MODEL", help_heading = "Model", conflicts_with_all = [
        "ngrams", "buckets", "hash", "tokenizer", "smoothing",
    ])]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

fn epsilon(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| (1e-300..=1.0).contains(number));
    number.ok_or("it must be a number from 1e-300 to 1")
}

fn sample(text: &str) -> Result<usize, String> {
    usize::try_from(amount::some(text)?).map_err(|_| "it must be smaller".to_owned())
}
