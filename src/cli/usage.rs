//! Options that make no sense, in the words of the command line.

use std::path::Path;

use super::advice;
use super::failure::Failure;
use crate::resample::{self, IdleOption, InvalidDraw};
use crate::weights::StoredConditions;
use crate::{InvalidOptions, OutputKind, RefinedDraws};

impl<E: Into<crate::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.into() {
            crate::Error::Options(error) => Failure::usage(words(&error)),
            // Only the targets tell that these options cannot be had for them.
            error @ crate::Error::Resample(
                resample::Error::CurveOfSeveral | resample::Error::DeviationsOfSeveral,
            ) => Failure::usage(advice::words(&error)),
            error => Failure::Failed { error: Box::new(error), resumable: None },
        }
    }
}

/// The option that names an output.
pub(crate) fn option(what: OutputKind) -> &'static str {
    match what {
        OutputKind::Summary => "--summary",
        OutputKind::Rejects => "--rejects",
        OutputKind::LeftOut => "--decontaminate-report",
        OutputKind::Plan => "--plan-only",
        OutputKind::Page => "the report",
        _ => "-o",
    }
}

/// What was typed that makes no sense, and what to type instead.
pub(crate) fn words(error: &InvalidOptions) -> String {
    let named = |what: OutputKind, path: &Path| format!("{} {}", option(what), path.display());
    match error {
        InvalidOptions::RareTwice => format!("--rare: {error}"),
        InvalidOptions::RareLearned => "--rare has no text to learn from: --refine, --auto and --learn are for targets".to_owned(),
        InvalidOptions::MixedInUnclean => {
            "--mix-in FILE: --unique and --decontaminate do not look into it; make it clean first, by dsir select with \
             --method random, or mix in raw records by --mix-in FIELD=VALUE=N"
                .to_owned()
        }
        InvalidOptions::DecontaminateBytes => {
            format!("--decontaminate: {error}; pass another --tokenizer")
        }
        InvalidOptions::OtherIds { .. } => format!("--id-field: {error}; give the same as for weigh, or none"),
        InvalidOptions::PlanOfUnique => {
            "--unique: a plan cannot tell which records have the text of another; draw and write at once, with -o".to_owned()
        }
        InvalidOptions::Dash { what } => format!("{}: `-` is no file; name one", option(*what)),
        InvalidOptions::Ending { what, ending } => format!(
            "{}: .{ending} is not written; what is written is JSONL, compressed if the name ends in .zst or .gz, or \
             Parquet if it ends in .parquet",
            option(*what)
        ),
        InvalidOptions::PlainJson { what, ending } => {
            format!("{} is written as plain {}; name it without .{ending}", option(*what), what.form())
        }
        InvalidOptions::StdoutIsOutput { what, path } => {
            format!("{}: the records go there; name another file", named(*what, path))
        }
        InvalidOptions::InsideInput { what, path, folder, inside } => format!(
            "{}: this is in {}, which is walked for shards, so that the next run would read it as raw; \
             name a place outside, or leave it out with --exclude '{}'",
            named(*what, path),
            folder.display(),
            inside.display()
        ),
        InvalidOptions::WorkDirIsOutput { folder } => {
            format!("--work {}: the output goes there; name another", folder.display())
        }
        InvalidOptions::DrawsToStdout => {
            "--draws makes several selections: name their place with -o".to_owned()
        }
        InvalidOptions::ShuffledFolder => {
            "--shuffle mixes the shards: give it one output, not a folder".to_owned()
        }
        InvalidOptions::WrittenNowhere => {
            "--shuffle, --annotate and --mix-in FILE change what is written: name its place with -o"
                .to_owned()
        }
        InvalidOptions::SameName { name } => {
            format!(
                "two shards, of RAW or --mix-in, would be written as {}; write to one file, or leave one out",
                name.display()
            )
        }
        InvalidOptions::MixedInTwice { path } => format!(
            "--mix-in: {} is given twice, or is among RAW too: its records could be selected twice",
            path.display()
        ),
        InvalidOptions::MixInUnderConditions { conditions } => format!(
            "--mix-in: the weights were made with {}, and may lack what is mixed in; weigh without it, and pass it \
                here",
            typed(conditions)
        ),
        InvalidOptions::OtherDraws { draws } => {
            let draws = match draws {
                RefinedDraws::Gumbel => "--method gumbel and --temperature 1: it learns for such draws",
                RefinedDraws::PerToken => "log weights per token: leave --normalize to it",
                RefinedDraws::Apart => "targets that draw apart, not for --combine product",
            };
            format!("--refine, and so --auto, is for {draws}")
        }
        InvalidOptions::QualityOfIds => {
            "--quality measures words, and the tokenizer `ids` has numbers".to_owned()
        }
        InvalidOptions::PunktUnused { tokenizer } => format!(
            "--punkt is for the tokenizer `word_tokenize` and for --quality, and nothing else: the tokenizer here is \
                `{tokenizer}`"
        ),
        InvalidOptions::LearnWithoutRaw => {
            "--refine-for and --learn are of a raw corpus: name RAW shards".to_owned()
        }
        InvalidOptions::ReviewOnEngine => {
            "--report: what an engine selects is reported afterwards, by `dsir report`".to_owned()
        }
        InvalidOptions::ReviewBesideMixIn => {
            "--report-by: sources cannot be told apart by a field beside --mix-in FIELD=VALUE".to_owned()
        }
        InvalidOptions::OtherModel { model } => {
            format!("--model {}: the weights were not made with this model", model.display())
        }
        InvalidOptions::NothingToCount => "nothing to count: name RAW shards, a --target, or both".to_owned(),
        InvalidOptions::NothingToMerge => "no MODEL to merge".to_owned(),
        InvalidOptions::NothingToPrepare => {
            "nothing to do: pass --chunk-words, --quality, --quality-field, --where, --where-not or --pack"
                .to_owned()
        }
        InvalidOptions::FieldTwice { field } => {
            format!("--quality-field: --keep-whole writes a field `{field}`; choose another name")
        }
        InvalidOptions::PlanOf { scores: false } => {
            "the plan was made of weights: pass --weights too".to_owned()
        }
        InvalidOptions::PlanOf { scores: true } => {
            "the plan was made of scores: pass --scores too".to_owned()
        }
        InvalidOptions::Draw(error) => words_of(error),
        // The library's own words name no option.
        other => other.to_string(),
    }
}

/// Options of a draw that make no sense together.
pub(crate) fn words_of_draw(error: &InvalidDraw) -> Failure {
    Failure::usage(words_of(error))
}

fn words_of(error: &InvalidDraw) -> String {
    match error {
        InvalidDraw::Idle { option, method } => {
            let option = match option {
                IdleOption::Normalize => "--normalize",
                IdleOption::Product => "--combine product",
            };
            format!("{option} has no meaning for --method {method}")
        }
        InvalidDraw::TemperatureOfMethod => {
            "--temperature is for --method gumbel: the others know none".to_owned()
        }
        InvalidDraw::Temperatures { temperatures, draws } => format!(
            "--temperature: {temperatures} temperatures for {draws} draws; give one for each of --draws, or one for all"
        ),
        InvalidDraw::Temperature(_) => format!("--temperature: {error}"),
        InvalidDraw::SameDraws => {
            "--method topk or --temperature 0 draws the same every time: pass --disjoint, or no --draws"
                .to_owned()
        }
        InvalidDraw::ExponentsOfNoProduct => {
            "--exponents are those of a product: pass --combine product".to_owned()
        }
        InvalidDraw::ProportionsOfProduct => {
            "--combine product makes one draw: there are no --proportions of it".to_owned()
        }
        InvalidDraw::SharesOfProduct => {
            "--combine product makes one draw: --proportions-temperature has no shares to change".to_owned()
        }
        InvalidDraw::CurveOfMethod => {
            "--repeat-curve draws by ranks: --temperature and other methods than gumbel have no meaning for it".to_owned()
        }
        InvalidDraw::Repeats(_) => format!("--repeat: {error}"),
        InvalidDraw::ShareAboveAll(share) => {
            format!(
                "--fraction {share}: it must be above 0 and up to 1, or --repeat must let records be selected more than once"
            )
        }
        InvalidDraw::RepeatsOfDisjoint => {
            "--disjoint draws select no record again: --repeat and --repeat-curve have no meaning for them".to_owned()
        }
        InvalidDraw::ParetoOfNoScores => {
            "--method pareto draws by scores: pass --scores or --score-field".to_owned()
        }
    }
}

/// Conditions as they are typed.
fn typed(conditions: &StoredConditions) -> String {
    let parts = match conditions {
        StoredConditions::InWords(words) => return words.join(" "),
        StoredConditions::InParts(parts) => parts,
    };
    let joined = |option: &str, conditions: &[(String, String, String)]| -> Vec<String> {
        let typed = |(field, operator, value): &(String, String, String)| {
            format!("{option} {field}{operator}{value}")
        };
        conditions.iter().map(typed).collect()
    };
    let quality = parts
        .quality
        .iter()
        .map(|quality| format!("--quality {} with the sentence model {}", quality.bounds, quality.punkt));
    let conditions = [joined("--where", &parts.wanted), joined("--where-not", &parts.unwanted)].concat();
    conditions.into_iter().chain(quality).collect::<Vec<_>>().join(" ")
}
