//! What a job warns of though it goes on: values, with sentences that say what is the matter.

use std::fmt;
use std::path::PathBuf;

use crate::density::HeldOut;

/// Something that may make a result less than what was meant.
///
/// Its text says what it is. How to mend it depends on who asked: the program adds what to type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Two shards that hold the same records.
    SameRecords {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// How many more shards hold what another holds.
        more: usize,
    },
    /// A shard without one valid record.
    NoValidRecord {
        /// The shard.
        shard: PathBuf,
        /// How many records it has.
        records: u64,
        /// What is wrong with the first.
        first_fault: String,
    },
    /// A field that no record at the start of the corpus has.
    NoSuchField {
        /// What asks for it.
        asked_by: AskedBy,
        /// Its name.
        field: String,
        /// The shard that was looked into.
        shard: PathBuf,
        /// How many of its records.
        records: usize,
        /// The fields that they have.
        there: Vec<String>,
    },
    /// A temperature that was asked for, at which the draw is nearly a choice of the largest log weights.
    LowTemperature {
        /// The temperature, in log weights.
        temperature: f64,
        /// The effective sample size of what is eligible.
        effective: f64,
        /// How many records were selected.
        selected: u64,
        /// A temperature at which it is as large as what was selected, if one is known.
        enough: Option<f64>,
    },
    /// Items of an evaluation set that nothing is looked for of.
    ItemsPassedOver {
        /// What the set is called.
        set: String,
        /// How many.
        passed_over: u64,
        /// Of so many.
        items: u64,
        /// How many tokens in a row are looked for.
        ngrams: usize,
    },
    /// More is asked for than there seems to be, by the beginnings of some shards.
    LikelyTooFew {
        /// In what: records, tokens, or bytes.
        unit: &'static str,
        /// How many are asked for.
        asked: u64,
        /// About how many could be drawn.
        there: u64,
    },
    /// Less room than what is written seems to need.
    LittleRoom {
        /// Where it is written.
        path: PathBuf,
        /// About how many bytes.
        needs: u64,
        /// How many are free.
        free: u64,
    },
    /// Documents that are hardly split into tokens: their script has no spaces.
    FewSpaces {
        /// Of what: raw, or a target.
        what: String,
        /// How many.
        documents: u64,
        /// Of how many.
        of: u64,
    },
    /// One record whose copies make up so much of the corpus that a sample by content would be far off: all was
    /// counted.
    ManyCopies {
        /// About how many copies.
        copies: u64,
        /// Of how many documents.
        documents: u64,
        /// Whether the counts are of a sample all the same, as merged ones are.
        sampled: bool,
    },
    /// Records in the selection that are there more than once.
    CopiesSelected {
        /// How many, beside the first of each.
        copies: u64,
        /// Of how many records.
        records: u64,
        /// Two shards that hold the same record, or one twice.
        example: Option<(PathBuf, PathBuf)>,
        /// Whether they were drawn whatever their weights.
        at_random: bool,
    },
    /// Documents of the target in the selection.
    TargetSelected {
        /// How many.
        documents: u64,
        /// Of how many that were selected.
        records: u64,
    },
    /// Selected records that share long n-grams with target documents.
    TargetShared {
        /// How many, beside those with a text of the target.
        documents: u64,
        /// Of so many.
        records: u64,
        /// How many tokens in a row they share.
        ngram: usize,
    },
    /// Draws that have selected nearly the same.
    DrawsAlike {
        /// The records that two draws have in common.
        shared: u64,
        /// The records of one draw.
        records: u64,
    },
    /// A budget in tokens or bytes that was not used, since the next record does not fit.
    BudgetLeft {
        /// The unit.
        unit: &'static str,
        /// What was used.
        used: u64,
        /// What was asked for.
        asked: u64,
        /// The size of the record that did not fit.
        next: u64,
    },
    /// A selection that is no closer to the target than chance would make it.
    NoCloserThanChance {
        /// The number of the draw, if there are several.
        epoch: Option<usize>,
        /// The target, if there are several.
        target: Option<String>,
        /// The KL reduction.
        reduction: f64,
        /// Up to where chance goes; `None` if the raw corpus is too small to tell, and the selection is no closer
        /// than that is.
        chance: Option<f64>,
        /// The mean reduction of random selections of as many n-grams, if it is known.
        random: Option<f64>,
        /// The share of all eligible records that it is.
        share: f64,
    },
    /// A target too small for the feature space.
    TargetTooSmall {
        /// The target, if there are several.
        target: Option<String>,
        /// Its documents.
        documents: u64,
        /// The share of its n-grams that are alone in their bucket.
        lone: f64,
    },
    /// Refining that did not help: plain weights are used.
    NotRefined {
        /// The target, if there are several.
        target: Option<String>,
        /// KL of held-out text by plain weights, and the least that was reached; `None` if the target is too small to
        /// tell.
        held_out: Option<(f64, f64)>,
    },
    /// A classifier that hardly tells documents apart, or of which nobody knows how well it does.
    DoubtfulClassifier {
        /// The target, if there are several.
        target: Option<String>,
        /// How well it tells held-out documents apart; `None` if none could be held out.
        held_out: Option<HeldOut>,
    },
    /// Groups by a field that no record has.
    NoGroups,
    /// Tables and other shards that go into one table, whose columns are guessed then.
    ColumnsGuessed {
        /// A shard that is a table.
        table: PathBuf,
        /// One that is not.
        other: PathBuf,
    },
    /// Nothing was written.
    NothingKept,
    /// A pattern that has left out no file.
    NothingExcluded {
        /// The pattern.
        pattern: String,
    },
    /// Files of an earlier run in the folder that is written to.
    FilesThere {
        /// The folder.
        folder: PathBuf,
        /// Some of those that are replaced, and how many there are.
        replaced: (Vec<PathBuf>, usize),
        /// Some of those that stay beside the new ones, and how many there are.
        stay: (Vec<PathBuf>, usize),
    },
    /// A target that is mostly noise in the feature space in which selections are measured.
    TargetIsNoise {
        /// The target.
        target: String,
        /// The share of its n-grams that are alone in their bucket.
        lone: f64,
    },
    /// A selection of one record.
    SingleRecord {
        /// The selection.
        selection: String,
        /// Whether it holds that several times.
        repeated: bool,
    },
    /// A selection that is measured to be no closer to a target than chance would make it.
    NoSignal {
        /// The selection.
        selection: String,
        /// The target.
        target: String,
        /// The KL reduction.
        reduction: f64,
        /// Up to where chance goes.
        chance: f64,
    },
    /// Weights of which no record is eligible.
    NoneEligible {
        /// The target.
        target: String,
        /// The least number of tokens.
        min_tokens: u32,
    },
    /// Weights that are all but equal.
    EqualWeights {
        /// The target.
        target: String,
        /// How many records.
        records: u64,
    },
}

/// What asks for a field of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskedBy {
    /// A condition that must hold.
    Wanted,
    /// A condition that must not.
    Unwanted,
    /// A set that is mixed in.
    MixIn,
    /// Groups.
    GroupBy,
    /// Sources of a review.
    ReviewBy,
    /// Scores.
    Scores,
}

impl Warning {
    /// A selection of a larger share of all that is eligible is hardly one.
    pub const LARGEST_SHARE: f64 = 0.8;
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::SameRecords { first, second, more } => {
                write!(f, "{} and {} hold the same records", first.display(), second.display())?;
                if *more > 0 {
                    write!(f, " (and {} more hold what another holds)", count(*more as u64, "shard"))?;
                }
                f.write_str(", as gzip -k and zstd leave them, and all of them count twice")
            }
            Warning::LowTemperature { temperature, effective, selected, .. } => write!(
                f,
                "at temperature {temperature:.3} the draw is nearly a choice of the largest log weights, whatever the \
                 seed: all that is eligible is worth {effective:.1} records of equal weight, and {selected} were selected"
            ),
            Warning::ItemsPassedOver { set, passed_over, items, ngrams } => write!(
                f,
                "of {}, {passed_over} of {items} items cannot be found in documents: they have fewer than {ngrams} tokens, \
                 or nothing that tells them from others",
                set
            ),
            Warning::LikelyTooFew { unit, asked, there } => {
                write!(f, "{asked} {unit} are asked for, and about {there} are likely to be eligible")
            }
            Warning::LittleRoom { path, needs, free } => {
                write!(f, "{}: about {needs} bytes would be written there, and {free} are free", path.display())
            }
            Warning::NoValidRecord { shard, records, first_fault } => write!(
                f,
                "{}: none of its {} is valid, so that the whole file is skipped ({first_fault})",
                shard.display(),
                count(*records, "record")
            ),
            Warning::NoSuchField { field, shard, records, there, .. } => {
                let there: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
                write!(
                    f,
                    "none of the first {} of {} has a field `{field}`; the first has {}",
                    count(*records as u64, "record"),
                    shard.display(),
                    there.join(", ")
                )
            }
            Warning::FewSpaces { what, documents, of } => write!(
                f,
                "{what}: {} of {} are in a script without spaces, of which this tokenizer makes whole clauses into \
                    one token: \
                 they look too short, and n-grams hardly occur twice",
                spaced(*documents),
                count(*of, "document")
            ),
            Warning::ManyCopies { copies, documents, sampled } => {
                let about = format!(
                    "the corpus holds about {} copies of one record among {}",
                    spaced(*copies),
                    count(*documents, "document")
                );
                match sampled {
                    false => write!(
                        f,
                        "{about}: a sample by content would hold all of them or none, so all is counted"
                    ),
                    true => write!(
                        f,
                        "{about}, and only a sample by content was counted, which holds all of them or none: log \
                            weights of texts \
                         like it may be far off"
                    ),
                }
            }
            Warning::CopiesSelected { copies, records, example, at_random } => {
                let whose = match example {
                    Some((first, second)) if first == second => format!(", for instance in {}", first.display()),
                    Some((first, second)) => {
                        format!(", for instance in {} and {}", first.display(), second.display())
                    }
                    None => String::new(),
                };
                let fair = if *at_random { ", which is no random sample of them" } else { "" };
                write!(
                    f,
                    "there are copies in the selection, {} among {}{whose}: equal records have the same noise, and \
                        are selected \
                     together or not at all{fair}; remove copies from the corpus first, or give each an id of its own",
                    spaced(*copies),
                    count(*records, "record")
                )
            }
            Warning::TargetShared { documents, records, ngram } => write!(
                f,
                "{} of {} have {ngram} tokens in a row of target documents: if the target is an evaluation set, or made \
                 of one, parts of it are in the selection",
                spaced(*documents),
                count(*records, "selected record")
            ),
            Warning::TargetSelected { documents, records } => write!(
                f,
                "there are texts of target documents in the selection, {} among {}: the target is in the raw corpus \
                    too, and the \
                 selection looks closer to it than it is; take them out of the raw corpus if they should not be \
                 selected",
                spaced(*documents),
                count(*records, "record")
            ),
            Warning::DrawsAlike { shared, records } => write!(
                f,
                "the draws are nearly the same: {} of {} are in both of the first two, since the log weights are much \
                    farther \
                 apart than the noise",
                spaced(*shared),
                count(*records, "record")
            ),
            Warning::BudgetLeft { unit, used, asked, next } => write!(
                f,
                "only {} of {} {unit} are used: the next record in order of key has {}, and none behind it is taken",
                spaced(*used),
                spaced(*asked),
                spaced(*next)
            ),
            Warning::NoCloserThanChance { epoch, target, reduction, chance, random, share } => {
                if let Some(epoch) = epoch {
                    write!(f, "epoch {epoch}: ")?;
                }
                let than = match chance {
                    Some(chance) => {
                        format!("a random one could be (KL reduction {reduction:.3} nats, by chance up to {chance:.3})")
                    }
                    None => format!("the raw corpus is (KL reduction {reduction:.3} nats)"),
                };
                write!(f, "{}the selection is no closer to the target than {than}: ", of(target))?;
                if *share > Warning::LARGEST_SHARE {
                    write!(f, "it is {:.0}% of all that is eligible; ask for less", 100.0 * share)
                } else if random.is_some_and(|random| *reduction > random) {
                    f.write_str("it is closer than most random ones, but too small to tell; ask for more")
                } else {
                    f.write_str(
                        "raw has nothing like the target, or what was selected is much alike; look at some of it, and \
                            at the target",
                    )
                }
            }
            Warning::TargetTooSmall { target, documents, lone } => write!(
                f,
                "{}the target is small for this feature space: {} with {:.0}% of their n-grams alone in their bucket, \
                    so that log \
                 weights are mostly noise",
                of(target),
                count(*documents, "document"),
                100.0 * lone
            ),
            Warning::NotRefined { target, held_out: Some((plain, best)) } => write!(
                f,
                "{}refining is of no use with these options, and plain weights are used: KL of held-out text is \
                    {plain:.3} nats by \
                 them, and {best:.3} at best",
                of(target)
            ),
            Warning::NotRefined { target, held_out: None } => write!(
                f,
                "{}refining could not be evaluated, and the log-ratios are drawn towards raw instead: {TOO_FEW}; a \
                 larger target helps",
                of(target)
            ),
            Warning::DoubtfulClassifier { target, held_out: None } => write!(
                f,
                "{}nothing tells how good the classifier is: there are too few documents, or too much alike, to hold \
                 out any; a larger target helps",
                of(target)
            ),
            Warning::DoubtfulClassifier { target, held_out: Some(HeldOut { auc, log_loss }) } => write!(
                f,
                "{}the classifier hardly tells documents of the target from others: on held-out text, AUC {auc:.3}, \
                 and log loss {log_loss:.3} nats where 0.693 is to know nothing",
                of(target)
            ),
            Warning::NoGroups => f.write_str(
                "no record has a string, a number, true or false in the field that groups are made by: all are one \
                    group; name \
                 another field",
            ),
            Warning::ColumnsGuessed { table, other } => write!(
                f,
                "{} is a table and {} is not: the types of the output's columns are those that its values allow, not \
                    those of the tables",
                table.display(),
                other.display()
            ),
            Warning::NothingKept => f.write_str("nothing was kept"),
            Warning::NothingExcluded { pattern } => write!(
                f,
                "'{pattern}' leaves out no file; it is of the files of folders, by name or by path from the folder"
            ),
            Warning::FilesThere { folder, replaced, stay } => {
                let mut parts = Vec::new();
                if replaced.1 > 0 {
                    parts.push(format!("{} there, and will be replaced", are(replaced)));
                }
                if stay.1 > 0 {
                    parts.push(format!("{} there, and will stay beside the new files", are(stay)));
                }
                write!(f, "{}: {}", folder.display(), parts.join("; "))
            }
            Warning::TargetIsNoise { target, lone } => write!(
                f,
                "target `{target}` is too small for this feature space: {:.0}% of its n-grams are alone in their \
                    bucket, so its \
                 density is mostly noise",
                100.0 * lone
            ),
            Warning::SingleRecord { selection, repeated } => {
                let copies = if *repeated { ", several times over" } else { "" };
                write!(f, "selection `{selection}` is a single record{copies}: no sample of anything")
            }
            Warning::NoSignal { selection, target, reduction, chance } if *reduction <= 0.0 => write!(
                f,
                "selection `{selection}` is no closer to target `{target}` than the raw corpus is, nor than chance \
                    would make it: \
                 reduction {reduction:.2e}, by chance up to {chance:.2e}: too few documents, or too unlike the target"
            ),
            Warning::NoSignal { selection, target, reduction, chance } => write!(
                f,
                "selection `{selection}` is hardly closer to target `{target}` than a random selection could be: \
                    reduction \
                 {reduction:.2e}, by chance up to {chance:.2e}"
            ),
            Warning::NoneEligible { target, min_tokens } => {
                write!(f, "weights for target `{target}`: no record has {min_tokens} tokens or more")
            }
            Warning::EqualWeights { target, records } => write!(
                f,
                "weights for target `{target}` are all but equal over {} records: a draw by them is a draw at random",
                spaced(*records)
            ),
        }
    }
}

/// As many documents are needed to hold out one half of a target.
const TOO_FEW: &str = "fewer than 10 target documents, or too few with text";

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

/// `1 234 567`.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(" ")
}

fn count(count: u64, what: &str) -> String {
    format!("{} {what}{}", spaced(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refine::Refinement;

    #[test]
    fn numbers_in_groups_of_three() {
        assert_eq!([0, 12, 123, 1_234, 1_234_567].map(spaced), ["0", "12", "123", "1 234", "1 234 567"]);
        assert_eq!(count(1, "record") + ", " + &count(1_000, "record"), "1 record, 1 000 records");
    }

    #[test]
    fn the_fewest_documents_are_those_of_refining() {
        assert!(TOO_FEW.contains(&format!("fewer than {} ", Refinement::FEWEST_DOCUMENTS)));
    }
}
