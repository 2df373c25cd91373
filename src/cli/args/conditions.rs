//! Which records are wanted.

use clap::{Args, ValueEnum};
use dsir::quality::Between;
use dsir::reader::FieldPath;
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct WhereArgs {
    /// Keep the records whose FIELD is VALUE; repeatable
    ///
    /// A dotted path reaches into objects. In VALUE, `*` stands for any characters and `?` for any one. Strings are compared as
    /// they are, numbers, true, false and null as they are written; an array is VALUE if one of its elements is. Several
    /// values of one field are alternatives; of several fields, each must have one of its values.
    #[arg(id = "where", long = "where", value_name = "FIELD=VALUE", value_parser = condition)]
    pub(crate) r#where: Vec<(String, String)>,
    /// Leave out the records whose FIELD is VALUE; repeatable
    #[arg(long, value_name = "FIELD=VALUE", value_parser = condition)]
    pub(crate) where_not: Vec<(String, String)>,
}

/// What a text must be like, by its tokens.
#[derive(Args, Serialize)]
#[command(next_help_heading = "Quality")]
pub(crate) struct QualityArgs {
    /// Keep the texts that are within the bounds of the DSIR paper
    ///
    /// Tokens are those of NLTK's word_tokenize, which takes a sentence model: see --punkt. The bounds may be changed one by one.
    #[arg(long, value_enum)]
    pub(crate) quality: Option<QualityArg>,
    /// Keep texts with more than A and fewer than B tokens [paper: 40..500]
    #[arg(long, value_name = "A..B")]
    pub(crate) quality_length: Option<Between>,
    /// Keep texts whose commonest token has a share between A and B of all [paper: 0.02..0.2]
    #[arg(long, value_name = "A..B")]
    pub(crate) quality_repeating: Option<Between>,
    /// Keep texts whose share of tokens but stop words and punctuation is between A and B [paper: 0.3..0.7]
    #[arg(long, value_name = "A..B")]
    pub(crate) quality_informative: Option<Between>,
    /// Keep texts whose share of tokens but single digits is between A and B [paper: 0.8..]
    #[arg(long, value_name = "A..B")]
    pub(crate) quality_numeric: Option<Between>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QualityArg {
    /// Length 40..500, repeating 0.02..0.2, informative 0.3..0.7, numeric 0.8..
    Paper,
}

fn condition(text: &str) -> Result<(String, String), &'static str> {
    let (field, value) = text.split_once('=').ok_or("it must be as FIELD=VALUE")?;
    FieldPath::new(field).ok_or("the field's name has an empty part")?;
    Ok((field.to_owned(), value.to_owned()))
}
