//! What to type when something went wrong: the library's words name no option.

use std::path::Path;

use crate::reader::{self, Fault};
use crate::storage::{WorkDirError, without_secrets};
use crate::{Error, density, featurizer, resample, weights, writer};

/// What happened, where, and what to do next.
pub(crate) fn words(error: &Error) -> String {
    let before = option_of(error).unwrap_or_default();
    let after = advice(error).unwrap_or_default();
    without_secrets(&format!("{before}{error}{after}"))
}

/// The option that an error is of, to be put before its words. Those of targets begin with the option's name.
fn option_of(error: &Error) -> Option<&'static str> {
    let Error::Resample(error) = error else { return None };
    match error {
        resample::Error::NoSuchGroup { .. } | resample::Error::GroupTooSmall { .. } => {
            Some("--group-share: ")
        }
        resample::Error::CurveTooLow { .. } | resample::Error::CurveOfSeveral => Some("--repeat-curve: "),
        resample::Error::DeviationsOfSeveral => Some("--temperature: "),
        resample::Error::TooManyGroups { .. } => Some("--group-by: "),
        resample::Error::MixInTooSmall { .. } => Some("--mix-in "),
        resample::Error::OfTargets { .. } => Some("--"),
        _ => None,
    }
}

/// What to type, as the end of a sentence or a line of its own.
fn advice(error: &Error) -> Option<String> {
    let words = match error {
        Error::Reader(error) => return of_reader(error),
        Error::Resample(error) => of_resample(error)?,
        Error::Featurizer(featurizer::Error::OtherPunkt { .. }) => {
            "name the folder of the right one with --punkt"
        }
        Error::Featurizer(featurizer::Error::NoPunkt | featurizer::Error::Open { .. }) => {
            "then name the folder punkt_tab with --punkt"
        }
        Error::Density(density::Error::NoRawFeatures { .. }) => "if the corpus has text, raise --fit-tokens",
        Error::Density(density::Error::TargetDiffers { .. }) => "pass --add-targets to add the counts up",
        Error::Density(density::Error::Learned { .. }) => "--refine-for and --learn do that, of all shards",
        Error::Density(density::Error::Options { what: "smoothing" }) => "--smoothing must be the same",
        Error::Density(density::Error::Options { .. }) => "--fit-tokens must be the same",
        Error::Density(density::Error::NoTarget) => "fit takes --target",
        Error::Weights(weights::Error::Missing { .. }) => "run dsir weigh on it, with the same RAW as here",
        Error::Weights(weights::Error::Score { .. }) => "--log-scores takes any number",
        Error::Weights(weights::Error::OtherShard { .. } | weights::Error::OtherModel { .. }) => {
            ", or name a new folder with -o"
        }
        Error::Writer(writer::Error::Temporary { .. }) => {
            "free some space, or name another folder with --temp-dir"
        }
        Error::TempDir { .. } => "name another folder with --temp-dir",
        Error::Threads(_) => "ask for fewer with --threads",
        Error::WorkDir(WorkDirError::Busy { .. }) => "wait for it, or name another folder with --work",
        Error::WorkDir(_) => "name a new or an empty folder with --work",
        _ => return None,
    };
    // What begins with a comma goes on in the error's own sentence.
    Some(if words.starts_with(',') { words.to_owned() } else { format!("; {words}") })
}

fn of_resample(error: &resample::Error) -> Option<&'static str> {
    Some(match error {
        resample::Error::NoneEligible { too_short: 1.., .. } => "lower --min-tokens",
        resample::Error::NoneEligible { left_out: 1.., .. } => {
            "look at --where, --where-not, --quality and --decontaminate"
        }
        resample::Error::MoreThanThereAre { .. } => "--allow-fewer takes all that are eligible",
        resample::Error::TooFew { .. } => {
            "lower --min-tokens, let records come again with --repeat, or pass --allow-fewer to take them all"
        }
        resample::Error::CurveTooLow { .. } => "--repeat allows more, and --allow-fewer takes what there is",
        resample::Error::GroupTooSmall { .. } => "--allow-fewer takes them all",
        resample::Error::MixInTooSmall { there: 1.., .. } => ", lower --min-tokens, or pass --allow-fewer",
        resample::Error::CurveOfSeveral | resample::Error::DeviationsOfSeveral => "pass --combine product",
        resample::Error::UnknownShares { .. } => "give the shares with --proportions",
        _ => return None,
    })
}

fn of_reader(error: &reader::Error) -> Option<String> {
    let words = match error {
        reader::Error::Record { shard, line, fault, walked } => {
            let remedy = match fault {
                Fault::Missing { .. } => {
                    Some("name the field with the text with --text-field, the same for target and raw")
                }
                Fault::NotInItem { .. } => {
                    let words = "name the fields of an item with --decontaminate-field";
                    return Some(format!("\n  {words}{}", leave_out(shard, *walked && *line == 1)));
                }
                fault => fault.remedy(),
            };
            let skip = "pass --invalid skip to leave such records out";
            let remedy = match (fault, remedy) {
                (Fault::SeveralLines, Some(remedy)) => remedy.to_owned(),
                (_, Some(remedy)) => format!("{remedy}, or {skip}"),
                (_, None) => skip.to_owned(),
            };
            return Some(format!("\n  {remedy}{}", leave_out(shard, *walked && *line == 1)));
        }
        reader::Error::Foreign { shard, walked, .. } => return Some(leave_out(shard, *walked)),
        reader::Error::Spool { .. } => "free some space, or name another folder with --temp-dir",
        _ => return None,
    };
    Some(format!("; {words}"))
}

fn leave_out(shard: &Path, walked: bool) -> String {
    match shard.file_name().filter(|_| walked) {
        Some(name) => {
            format!("; if the file is no shard, leave it out with --exclude '{}'", name.to_string_lossy())
        }
        None => String::new(),
    }
}
