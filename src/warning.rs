//! What a run should tell though it goes on: values, which whoever runs it puts into words.

use std::path::PathBuf;

/// Something that may make a result less than what was meant.
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
        /// The option that names it.
        asked_by: &'static str,
        /// Its name.
        field: String,
        /// The shard that was looked into.
        shard: PathBuf,
        /// How many of its records.
        records: usize,
        /// The fields that they have.
        there: Vec<String>,
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
    /// Targets that are too small for choosing.
    NotJudged {
        /// The target; `None`: all.
        target: Option<String>,
    },
    /// Groups by a field that no record has.
    NoGroups,
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
}
