//! Warnings in the words of the command line: what is the matter, and what to type.

use crate::{AskedBy, Warning};

/// What a warning says, and what can be done.
pub(crate) fn words(warning: &Warning) -> String {
    let before = match warning {
        Warning::NoSuchField { asked_by, .. } => format!("{}: ", option(*asked_by)),
        Warning::NothingExcluded { .. } => "--exclude ".to_owned(),
        _ => String::new(),
    };
    let advice = match warning {
        Warning::LowTemperature { enough: Some(enough), .. } => {
            format!("; at about --temperature {} it is worth as many", two_digits(*enough))
        }
        _ => advice(warning).map(|advice| format!("; {advice}")).unwrap_or_default(),
    };
    format!("{before}{warning}{advice}")
}

/// A positive number with two digits that count.
fn two_digits(number: f64) -> f64 {
    let unit = 10f64.powf(number.log10().floor() - 1.0);
    (number / unit).round() * unit
}

/// The option that asks for a field.
fn option(asked_by: AskedBy) -> &'static str {
    match asked_by {
        AskedBy::Unwanted => "--where-not",
        AskedBy::MixIn => "--mix-in",
        AskedBy::GroupBy => "--group-by",
        AskedBy::ReviewBy => "--report-by",
        AskedBy::Scores => "--score-field",
        _ => "--where",
    }
}

fn advice(warning: &Warning) -> Option<&'static str> {
    Some(match warning {
        Warning::SameRecords { .. } => "leave one out with --exclude",
        Warning::ItemsPassedOver { .. } => {
            "name all fields of an item with --decontaminate-field, or look for fewer tokens with --decontaminate-ngrams"
        }
        Warning::LikelyTooFew { there: 0, .. } => "look at --where, --where-not, --quality and --min-tokens",
        Warning::LikelyTooFew { .. } => "ask for less, or pass --allow-fewer",
        Warning::LittleRoom { .. } => "make room, or name another place with -o or --work",
        Warning::NoValidRecord { .. } => "if it is no shard, leave it out with --exclude",
        Warning::FewSpaces { .. } => "pass --tokenizer unicode",
        Warning::TargetShared { .. } => "--decontaminate with the target's file leaves such documents out",
        Warning::ManyCopies { sampled: false, .. } => {
            "--fit-tokens has no effect then, and removing copies first is faster"
        }
        Warning::ManyCopies { sampled: true, .. } => "remove copies first, or fit with --fit-tokens all",
        Warning::DrawsAlike { .. } => {
            "--normalize tokens with --temperature 30, a higher --temperature or --auto spreads them, --disjoint \
                repeats nothing"
        }
        Warning::BudgetLeft { .. } => "ask for more, or cut long documents with prepare --chunk-words",
        Warning::NoCloserThanChance { reduction, random, share, .. }
            if *share <= Warning::LARGEST_SHARE && random.is_none_or(|random| *reduction <= random) =>
        {
            "a larger target, --auto or --refine may help"
        }
        Warning::TargetTooSmall { .. } => {
            "a larger target is best, --auto next, then fewer --ngrams or --buckets"
        }
        Warning::ColumnsGuessed { .. } => "write into a folder (-o DIR/), or leave one kind out",
        Warning::NothingKept => "look at --where, --where-not and the bounds of --quality",
        Warning::FilesThere { .. } => "name a new folder with -o to keep runs apart",
        Warning::TargetIsNoise { .. } => "give it more text, or measure with fewer --buckets or --ngrams",
        _ => return None,
    })
}
