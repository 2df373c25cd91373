//! Which records are wanted.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::quality::Between;
use crate::reader::Condition;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct WhereArgs {
    /// Keep the records whose FIELD is VALUE; repeatable
    ///
    /// Also FIELD!=VALUE, and FIELD<N, FIELD<=N, FIELD>N, FIELD>=N, which compare numbers. A dotted path reaches into
    /// objects; where there is none, it is a key with dots, and so is `a\.b` always. In VALUE, `*` stands for any
    /// characters and `?` for any one. Strings are compared as they are, numbers, true, false and null as they are
    /// written; an array is VALUE if one of its elements is. Several values of one field are alternatives; all else
    /// must hold together.
    #[arg(id = "where", long = "where", value_name = "FIELD=VALUE")]
    #[serde(serialize_with = "as_parts")]
    pub(crate) r#where: Vec<Condition>,
    /// Leave out the records whose FIELD is VALUE; repeatable
    ///
    /// With the same comparisons as --where.
    #[arg(long, value_name = "FIELD=VALUE", hide_short_help = true)]
    #[serde(serialize_with = "as_parts")]
    pub(crate) where_not: Vec<Condition>,
}

/// Field and value, and between them the comparison if it is another than `=`.
fn as_parts<S: serde::Serializer>(conditions: &[Condition], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(conditions.iter().map(|condition| match condition.parts() {
        (field, "=", value) => vec![field, value.to_owned()],
        (field, sign, value) => vec![field, sign.to_owned(), value.to_owned()],
    }))
}

/// Whether the same text may be drawn twice.
#[derive(Args, Serialize)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct UniqueArgs {
    /// Of documents with the same text, let only one be drawn: that with the least content hash
    ///
    /// Records may differ in all else. Those that are left out are told in the summary.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unique: bool,
}

/// What documents must not share with evaluation sets.
#[derive(Args, Serialize)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct DecontaminateArgs {
    /// Leave out documents that share a long n-gram with an item of this evaluation set: a file or folder; repeatable
    ///
    /// A NAME of letters, digits, `_` and `-` names it (default: its file's name up to the first dot).
    ///
    /// Tokens are those of the model, so that case and white space make no difference. N-grams with few different words
    /// and those of very many items, such as instructions, are not looked for. The summary tells what was found.
    #[arg(long, value_name = "[NAME=]EVAL")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) decontaminate: Vec<String>,
    /// How many tokens in a row a document must share with an item; at least 5
    #[arg(long, value_name = "N", default_value_t = 13, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(5..=1000), hide_short_help = true)]
    #[serde(skip_serializing_if = "is_13")]
    pub(crate) decontaminate_ngrams: u32,
    /// A field of the items that is searched for; repeatable [default: as --text-field]
    ///
    /// Given several times, such as for question and answer, the texts are joined with one space.
    #[arg(long, value_name = "FIELD", requires = "decontaminate", hide_short_help = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) decontaminate_field: Vec<String>,
    /// Write to FILE, for each document that is left out, what it shares and with which items, as JSON lines
    #[arg(long, value_name = "FILE", requires = "decontaminate", hide_short_help = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decontaminate_report: Option<PathBuf>,
}

fn is_13(ngrams: &u32) -> bool {
    *ngrams == 13
}

/// What a text must be like, by its tokens.
#[derive(Args, Serialize)]
#[command(next_help_heading = "Quality")]
pub(crate) struct QualityArgs {
    /// Keep the texts that are within the bounds of the DSIR paper
    ///
    /// Tokens are those of NLTK's word_tokenize, which takes a sentence model: see --punkt. The bounds may be changed
    /// one by one.
    #[arg(long, value_enum, hide_short_help = true)]
    pub(crate) quality: Option<QualityArg>,
    /// Keep texts with more than A and fewer than B tokens [paper: 40..500]
    #[arg(long, value_name = "A..B", hide_short_help = true)]
    pub(crate) quality_length: Option<Between>,
    /// Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]
    #[arg(long, value_name = "A..B", hide_short_help = true)]
    pub(crate) quality_repeating: Option<Between>,
    /// Keep texts whose share of tokens but stop words and punctuation is between A and B [paper: 0.3..0.7]
    #[arg(long, value_name = "A..B", hide_short_help = true)]
    pub(crate) quality_informative: Option<Between>,
    /// Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]
    #[arg(long, value_name = "A..B", hide_short_help = true)]
    pub(crate) quality_numeric: Option<Between>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QualityArg {
    /// Length 40..500, repeating 0.02..0.2, informative 0.3..0.7, numeric 0.8..
    Paper,
}
