//! Warnings in words, each with what can be done about it.

use std::path::PathBuf;

use dsir::density::Closeness;
use dsir::refine::Refinement;
use dsir::warning::Warning;

use super::format::{count, number};

/// A selection of a larger share is hardly one.
const MOST: f64 = 0.8;

/// What a warning says, and what can be done.
pub(crate) fn words(warning: &Warning) -> String {
    match warning {
        Warning::SameRecords { first, second, more } => {
            let more = match more {
                0 => String::new(),
                more => format!(" (and {} more hold what another holds)", count(*more as u64, "shard")),
            };
            format!(
                "{} and {} hold the same records{more}, as gzip -k and zstd leave them, and all of them count twice; \
                 leave one out with --exclude",
                first.display(),
                second.display()
            )
        }
        Warning::NoValidRecord { shard, records, first_fault } => format!(
            "{}: none of its {} is valid, so that the whole file is skipped ({first_fault}); if it is no shard, \
             leave it out with --exclude",
            shard.display(),
            count(*records, "record")
        ),
        Warning::NoSuchField { asked_by, field, shard, records, there } => {
            let there: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
            format!(
                "{asked_by}: none of the first {} of {} has a field `{field}`; the first has {}",
                count(*records as u64, "record"),
                shard.display(),
                there.join(", ")
            )
        }
        Warning::FewSpaces { what, documents, of } => format!(
            "{what}: {} of {} are in a script without spaces, of which this tokenizer makes whole clauses into one token: \
             they look too short, and n-grams hardly occur twice; pass --tokenizer unicode",
            number(*documents),
            count(*of, "document")
        ),
        Warning::ManyCopies { copies, documents, sampled: false } => format!(
            "the corpus holds about {} copies of one record among {}: a sample by content would hold all of them or none, \
             so all is counted, whatever --fit-tokens says; removing copies first is faster",
            number(*copies),
            count(*documents, "document")
        ),
        Warning::ManyCopies { copies, documents, sampled: true } => format!(
            "the corpus holds about {} copies of one record among {}, and only a sample by content was counted, which holds \
             all of them or none: log weights of texts like it may be far off; remove copies first, or fit with --fit-tokens all",
            number(*copies),
            count(*documents, "document")
        ),
        Warning::CopiesSelected { copies, records, example, at_random } => {
            let whose = match example {
                Some((first, second)) if first == second => format!(", for instance in {}", first.display()),
                Some((first, second)) => {
                    format!(", for instance in {} and {}", first.display(), second.display())
                }
                None => String::new(),
            };
            let fair = if *at_random { ", which is no random sample of them" } else { "" };
            format!(
                "there are copies in the selection, {} among {}{whose}: equal records have the same noise, and are selected \
                 together or not at all{fair}; remove copies from the corpus first, or give each an id of its own",
                number(*copies),
                count(*records, "record")
            )
        }
        Warning::TargetSelected { documents, records } => format!(
            "there are texts of target documents in the selection, {} among {}: the target is in the raw corpus too, and the \
             selection looks closer to it than it is; take them out of RAW if they should not be selected",
            number(*documents),
            count(*records, "record")
        ),
        Warning::DrawsAlike { shared, records } => format!(
            "the draws are nearly the same: {} of {} are in both of the first two, since the log weights are much farther apart \
             than the noise; --normalize tokens with --temperature 30, a higher --temperature or --auto spreads them, --disjoint \
             repeats nothing",
            number(*shared),
            count(*records, "record")
        ),
        Warning::BudgetLeft { unit, used, asked, next } => format!(
            "only {} of {} {unit} are used: the next record in order of key has {}, and none behind it is taken; ask for more, \
             or cut long documents with prepare --chunk-words",
            number(*used),
            number(*asked),
            number(*next)
        ),
        Warning::NoCloserThanChance { target, reduction, chance, random, share } => {
            let than = match chance {
                Some(chance) => format!("a random one could be (KL reduction {reduction:.3} nats, by chance up to {chance:.3})"),
                None => format!("the raw corpus is (KL reduction {reduction:.3} nats)"),
            };
            let why = if *share > MOST {
                format!("it is {:.0}% of all that is eligible; ask for less", 100.0 * share)
            } else if random.is_some_and(|random| *reduction > random) {
                "it is closer than most random ones, but too small to tell; ask for more".to_owned()
            } else {
                "raw has nothing like the target, or what was selected is much alike; look at some of it, and at the target; a larger \
                 target, --auto or --refine may help"
                    .to_owned()
            };
            format!("{}the selection is no closer to the target than {than}: {why}", of(target))
        }
        Warning::TargetTooSmall { target, documents, lone } => format!(
            "{}the target is small for this feature space: {} with {:.0}% of their n-grams alone in their bucket, so that log \
             weights are mostly noise; a larger target is best, --auto next, then fewer --ngrams or --buckets",
            of(target),
            count(*documents, "document"),
            100.0 * lone
        ),
        Warning::NotRefined { target, held_out: Some((plain, best)) } => format!(
            "{}refining is of no use with these options, and plain weights are used: KL of held-out text is {plain:.3} nats by \
             them, and {best:.3} at best; --auto also tries other --ngrams",
            of(target)
        ),
        Warning::NotRefined { target, held_out: None } => format!(
            "{}refining could not be judged, and plain weights are used: fewer than {} target documents, or too few with text; \
             a larger target helps",
            of(target),
            Refinement::FEWEST_DOCUMENTS
        ),
        Warning::NotJudged { target: None } => format!(
            "--auto could not judge, and the selection is as published: fewer than {} target documents, or too few with text; a \
             larger target helps",
            Refinement::FEWEST_DOCUMENTS
        ),
        Warning::NotJudged { target } => format!(
            "{}has no say in what --auto chooses: fewer than {} documents, or too few with text",
            of(target),
            Refinement::FEWEST_DOCUMENTS
        ),
        Warning::NoGroups => {
            "no record has a string, a number, true or false in the field of --group-by: all are one group; name another field"
                .to_owned()
        }
        Warning::NothingKept => "nothing was kept; look at --where, --where-not and the bounds of --quality".to_owned(),
        Warning::NothingExcluded { pattern } => format!(
            "--exclude '{pattern}' leaves out no file; it is of the files of folders, by name or by path from the folder"
        ),
        Warning::FilesThere { folder, replaced, stay } => {
            let mut parts = Vec::new();
            if replaced.1 > 0 {
                parts.push(format!("{} there, and will be replaced", are(replaced)));
            }
            if stay.1 > 0 {
                parts.push(format!("{} there, and will stay beside the new files", are(stay)));
            }
            format!("{}: {}; name a new folder with -o to keep runs apart", folder.display(), parts.join("; "))
        }
        // Of a later version of the library.
        other => format!("{other:?}"),
    }
}

/// `a.jsonl is`, or `a.jsonl, b.jsonl and 3 more are`.
fn are((some, all): &(Vec<PathBuf>, usize)) -> String {
    let names: Vec<String> = some.iter().map(|path| path.display().to_string()).collect();
    match all - some.len() {
        0 if *all == 1 => format!("{} is", names.join(", ")),
        0 => format!("{} are", names.join(", ")),
        more => format!("{} and {} are", names.join(", "), count(more as u64, "more file")),
    }
}

fn of(target: &Option<String>) -> String {
    target.as_ref().map(|name| format!("{name}: ")).unwrap_or_default()
}

/// What makes a selection no better than chance, if it is not.
///
/// It is a `share` of all eligible records.
pub(crate) fn no_closer(kl: &Closeness, target: Option<String>, share: f64) -> Option<Warning> {
    let (reduction, chance) = (kl.reduction, kl.is_chance_known().then(|| kl.by_chance()));
    (!kl.is_beyond_chance()).then_some(Warning::NoCloserThanChance {
        target,
        reduction,
        chance,
        random: kl.random,
        share,
    })
}
