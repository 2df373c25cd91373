//! How texts are counted.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::amount;
use crate::featurizer::FeatureSpace;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct CountArgs {
    /// Text like that to be selected: a file, a folder or `-`; repeatable
    ///
    /// All targets count as one, unless --separate-targets keeps them apart; a NAME of letters, digits, `_`
    /// and `-` names one (default when apart: its file's name up to the first dot). Write ./a=b.jsonl for a
    /// file with `=` in its name.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(crate) target: Vec<String>,
    /// Keep the targets apart: each draws its share of the selection, and is measured for itself
    #[arg(long, hide_short_help = true)]
    pub(crate) separate_targets: bool,
    /// Count n-grams of 1 to N tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 2,
          value_parser = clap::value_parser!(u8).range(1..=FeatureSpace::MAX_NGRAMS as i64), hide_short_help = true)]
    pub(crate) ngrams: u8,
    /// Hash n-grams into N buckets
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 10_000, value_parser = buckets,
          hide_short_help = true)]
    pub(crate) buckets: u32,
    /// How an n-gram finds its bucket
    #[arg(long, value_enum, default_value_t = HashArg::Dsir1, hide_short_help = true)]
    pub(crate) hash: HashArg,
    /// How a text is split into tokens
    #[arg(long, value_enum, default_value_t = TokenizerArg::Wordpunct)]
    pub(crate) tokenizer: TokenizerArg,
    /// Add A to every bucket's count in the targets
    #[arg(long, value_name = "A", default_value_t = 0.0, allow_negative_numbers = true, value_parser = smoothing,
          hide_short_help = true)]
    pub(crate) smoothing: f64,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct FitArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) count: CountArgs,
    /// Draw towards what is rare in raw: a target, called `rare`, in which all n-grams are as likely
    ///
    /// Its importance weight is 1 / p(raw). Alone, with --normalize tokens, it draws rare text first; beside others,
    /// --combine product --exponents wanted=1,rare=0.5 weighs by powers of both.
    #[arg(long, hide_short_help = true)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) rare: bool,
    /// Count at most so many n-grams of the raw corpus: auto, all, or a number
    ///
    /// A larger corpus is sampled as a whole, by the records' content. `auto` is 100000 for each bucket.
    #[arg(long, value_name = "auto|all|N", default_value = "auto", hide_short_help = true)]
    pub(crate) fit_tokens: FitTokens,
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
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum TokenizerArg {
    /// Words and runs of punctuation, as NLTK's WordPunctTokenizer
    Wordpunct,
    /// Words, endings and punctuation, as NLTK's word_tokenize; needs --punkt
    WordTokenize,
    /// Words by Unicode's boundaries; in scripts without spaces, characters
    Unicode,
    /// Bytes
    Bytes,
    /// The integers of an array: text that is tokenized already
    Ids,
}

#[derive(Args, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct PunktArgs {
    /// The folder with the trained sentence model, NLTK's punkt_tab
    ///
    /// The tokenizer word_tokenize needs it, and so does --quality. The default is the first that is there of
    /// tokenizers/punkt_tab in $NLTK_DATA, ~/nltk_data, /usr/share/nltk_data and /usr/local/share/nltk_data;
    /// nltk.download('punkt_tab') puts it there.
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) punkt: Option<PathBuf>,
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
            number => match amount::some(number) {
                Ok(number) => Ok(FitTokens::AtMost(number)),
                _ => Err("it must be auto, all, or a number above 0, such as 20000, 20k or 1e9"),
            },
        }
    }
}

fn buckets(text: &str) -> Result<u32, String> {
    let number = amount::amount32(text)?;
    match number {
        1..=FeatureSpace::MAX_BUCKETS => Ok(number),
        _ => Err(format!("it must be from 1 to {}", FeatureSpace::MAX_BUCKETS)),
    }
}

fn smoothing(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1e12).contains(number));
    number.ok_or("it must be a number from 0 to 1e12")
}
