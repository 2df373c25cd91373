//! Options that make no sense together, or with what they are used on.

use std::fmt;
use std::path::PathBuf;

use crate::featurizer::Tokenizer;
use crate::resample::InvalidDraw;
use crate::weights::StoredConditions;

/// What is written by a job or by its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputKind {
    /// Records.
    Records,
    /// A model.
    Model,
    /// Weights.
    Weights,
    /// Log weights for other tools.
    Scores,
    /// The report of a job.
    Summary,
    /// Records that were skipped.
    Rejects,
    /// What is told of documents that were left out.
    LeftOut,
    /// A plan.
    Plan,
    /// A page about a selection.
    Page,
}

impl OutputKind {
    /// In what form it is written, if it is not compressed.
    pub(crate) fn form(self) -> &'static str {
        if self == OutputKind::Page { "HTML" } else { "JSON" }
    }
}

impl fmt::Display for OutputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OutputKind::Records => "the output",
            OutputKind::Model => "the model",
            OutputKind::Weights => "the weights",
            OutputKind::Scores => "the sidecars",
            OutputKind::Summary => "the summary",
            OutputKind::Rejects => "the rejects",
            OutputKind::LeftOut => "the report of what was left out",
            OutputKind::Plan => "the plan",
            OutputKind::Page => "the page",
        })
    }
}

/// Options that make no sense. Nothing was read or written for them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOptions {
    /// A target with the name of the one in which all n-grams are as likely.
    #[error("two targets named `rare`; name the other differently")]
    RareTwice,
    /// That target, where log-ratios are learned.
    #[error("what is rare is not learned for: there is no text to hold out")]
    RareLearned,
    /// Files that are mixed in, into which nobody looks for what is asked of the raw records.
    #[error(
        "files that are mixed in are not looked into for texts: mix in records of the raw corpus, or clean them first"
    )]
    MixedInUnclean,
    /// Evaluation sets in a feature space whose tokens are bytes.
    #[error(
        "a few bytes in a row are in every text: evaluation sets are looked for by words, characters or ids"
    )]
    DecontaminateBytes,
    /// Weights of records that were known by something else.
    #[error("records are to be known by {}, and were weighed by {}", known_by(.asked), known_by(.there))]
    OtherIds {
        /// The fields that are asked for.
        asked: Vec<String>,
        /// The fields by which they were known.
        there: Vec<String>,
    },
    /// A plan of records of which some are left out for their texts.
    #[error("a plan cannot tell which records have the text of another: draw and write at once")]
    PlanOfUnique,
    /// `-` where a file must be named.
    #[error("{what}: `-` is no file; name one")]
    Dash {
        /// What it stands for.
        what: OutputKind,
    },
    /// A name that promises a format that is not written.
    #[error(
        "{what}: .{ending} is not written; what is written is JSONL, compressed if the name ends in .zst or .gz, or \
         Parquet if it ends in .parquet"
    )]
    Ending {
        /// What is to be written.
        what: OutputKind,
        /// The ending of its name.
        ending: String,
    },
    /// Parquet, where it is not built in.
    #[error("{what}: Parquet is written by builds with it: cargo install … --features parquet")]
    NoParquet {
        /// What is to be written.
        what: OutputKind,
    },
    /// A compressed name for plain JSON.
    #[error("{what} is written as plain {}; name it without .{ending}", what.form())]
    PlainJson {
        /// What is to be written.
        what: OutputKind,
        /// The ending of its name.
        ending: String,
    },
    /// Two outputs in one file.
    #[error("two outputs would go to {}", path.display())]
    TwoOutputs {
        /// The file.
        path: PathBuf,
    },
    /// Standard output that goes to an input.
    #[error("standard output goes to {}, which is an input; name another file", input.display())]
    StdoutIsInput {
        /// The input.
        input: PathBuf,
    },
    /// An output that is also standard output, where the records go.
    #[error("{what} {}: the records go there; name another file", path.display())]
    StdoutIsOutput {
        /// The other output.
        what: OutputKind,
        /// Its file.
        path: PathBuf,
    },
    /// An output in a folder that is walked for shards.
    #[error("{what} {}: this is in {}, which is walked for shards, so that the next run would read it as raw; \
             name a place outside, or leave it out", path.display(), folder.display())]
    InsideInput {
        /// What is to be written.
        what: OutputKind,
        /// Its path.
        path: PathBuf,
        /// The folder that is walked.
        folder: PathBuf,
        /// The path from there.
        inside: PathBuf,
    },
    /// A work directory where the output goes.
    #[error("work directory {}: the output goes there; name another", folder.display())]
    WorkDirIsOutput {
        /// The directory.
        folder: PathBuf,
    },
    /// A work directory in a store.
    #[error("work directory {}: it must be a folder of this machine, for files grow in it", folder.display())]
    WorkDirIsUrl {
        /// The URL.
        folder: PathBuf,
    },
    /// Several draws on standard output.
    #[error("several draws make several selections: name their place")]
    DrawsToStdout,
    /// A shuffled folder.
    #[error("shuffling mixes the shards: it takes one output, not a folder")]
    ShuffledFolder,
    /// What changes the output, where there is none.
    #[error("shuffling, annotating and mixing in files change what is written: they need an output")]
    WrittenNowhere,
    /// Two shards that would be written under one name.
    #[error("two shards would be written as {}; write to one file, or leave one out", name.display())]
    SameName {
        /// The name.
        name: PathBuf,
    },
    /// A file that is mixed in and is raw too, or is mixed in twice.
    #[error("{} is mixed in twice, or is raw too: its records could be selected twice", path.display())]
    MixedInTwice {
        /// The file.
        path: PathBuf,
    },
    /// Weights made under conditions, from which something is to be mixed in that they may lack.
    #[error(
        "the weights were made under conditions ({conditions}), and may lack what is mixed in; weigh without them"
    )]
    MixInUnderConditions {
        /// The conditions.
        conditions: StoredConditions,
    },
    /// Draws that refining does not learn for.
    #[error("refining is for {draws}")]
    OtherDraws {
        /// The draws that it is for.
        draws: RefinedDraws,
    },
    /// Quality, which is measured in words, of numbers.
    #[error("quality is measured in words, and the tokenizer `ids` has numbers")]
    QualityOfIds,
    /// A sentence model that nothing would use.
    #[error(
        "a sentence model is for the tokenizer `word_tokenize` and for quality, and nothing else: \
             the tokenizer here is `{tokenizer}`"
    )]
    PunktUnused {
        /// The tokenizer.
        tokenizer: Tokenizer,
    },
    /// Refining without the raw corpus from which it learns.
    #[error("refining learns from the raw corpus: name its shards")]
    LearnWithoutRaw,
    /// Neither raw shards nor targets.
    #[error("nothing to count: name raw shards, a target, or both")]
    NothingToCount,
    /// No models to merge.
    #[error("no model to merge")]
    NothingToMerge,
    /// One model twice among those to merge.
    #[error("{} is given twice: its raw counts would be added twice", path.display())]
    ModelTwice {
        /// The file.
        path: PathBuf,
    },
    /// A model whose raw counts another holds too.
    #[error("{} holds raw counts that {} holds too, as a copy or an earlier merge does: they would be added twice; \
             leave one of them out", path.display(), earlier.display())]
    CountedTwice {
        /// The model.
        path: PathBuf,
        /// The other.
        earlier: PathBuf,
    },
    /// No steps to prepare records by.
    #[error("nothing to do: no step is asked for")]
    NothingToPrepare,
    /// Two steps that add one field.
    #[error("the pieces are given a field `{field}`; choose another name for that of quality")]
    FieldTwice {
        /// The field.
        field: String,
    },
    /// A review of what other machines select.
    #[error("what an engine selects is reviewed afterwards, from weights")]
    ReviewOnEngine,
    /// A review whose sources are told apart as what is mixed in is.
    #[error("sources cannot be told apart by a field where records are mixed in by another")]
    ReviewBesideMixIn,
    /// A model that is not the one that weights were made with.
    #[error("{}: the weights were not made with this model", model.display())]
    OtherModel {
        /// The model.
        model: PathBuf,
    },
    /// A plan whose weights or scores are not named.
    #[error("the plan was made of {}: name them", if *scores { "scores" } else { "weights" })]
    PlanOf {
        /// Whether it was made of scores, not of weights.
        scores: bool,
    },
    /// What a draw is asked for.
    #[error(transparent)]
    Draw(#[from] InvalidDraw),
}

/// The draws that refining learns for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefinedDraws {
    /// By Gumbel noise, at temperature 1.
    Gumbel,
    /// By log weights per token.
    PerToken,
    /// For each target apart.
    Apart,
}

impl fmt::Display for RefinedDraws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RefinedDraws::Gumbel => "Gumbel noise at temperature 1: it learns for such draws",
            RefinedDraws::PerToken => "log weights per token: leave the normalization to it",
            RefinedDraws::Apart => "targets that draw apart, not for a product",
        })
    }
}

/// By what records are known, in words.
fn known_by(fields: &[String]) -> String {
    if fields.is_empty() { "their content".to_owned() } else { format!("their {}", fields.join(", ")) }
}
