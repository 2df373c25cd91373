use super::budget::{Budget, Totals};
use crate::weights;

/// What stands in the way of a draw.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A temperature in standard deviations, where several targets have log weights of their own.
    #[error(
        "a temperature in standard deviations is for one target, or a product: several have a deviation each"
    )]
    DeviationsOfSeveral,
    /// A curve, where several targets rank the records.
    #[error("a curve is for one target, or a product: several have ranks of their own")]
    CurveOfSeveral,
    /// No record may be drawn.
    #[error(
        "no eligible record: {records} were read, {too_short} of them shorter than {min_tokens} tokens, \
             {left_out} left out by conditions, quality or a score of 0, {invalid} invalid"
    )]
    NoneEligible {
        /// All records.
        records: u64,
        /// Those with too few tokens.
        too_short: u64,
        /// Those left out by conditions when they were weighed.
        left_out: u64,
        /// Those skipped as invalid.
        invalid: u64,
        /// The least number of tokens.
        min_tokens: u32,
    },
    /// More records were asked for than the corpus has documents.
    #[error(
        "{asked} records asked for, but the raw corpus has only {documents} documents; \
             ask for less"
    )]
    MoreThanThereAre {
        /// What was asked for.
        asked: u64,
        /// The documents there are.
        documents: u64,
    },
    /// More was asked for than there is.
    #[error("{budget} asked for, but the eligible records are only {} ({} tokens, {} bytes) of {records}{}; \
             ask for less",
            .eligible.records, .eligible.tokens, .eligible.bytes, each(.repeat))]
    TooFew {
        /// What was asked for.
        budget: Budget,
        /// All records.
        records: u64,
        /// What there is.
        eligible: Totals,
        /// How often a record may be selected.
        repeat: u32,
    },
    /// More was asked for than a curve gives.
    #[error("{} asked for{}, but by the curve there is something to expect of only {} records \
             ({} tokens, {} bytes){}; ask for less",
            part_of(*.asked, *.budget),
            if .group.is_empty() { String::new() } else { format!(" of group `{group}`") },
            .there.records, .there.tokens, .there.bytes, each(.repeat))]
    CurveTooLow {
        /// The group, if records are drawn by groups.
        group: String,
        /// The whole budget.
        budget: Budget,
        /// What was asked for, in its unit.
        asked: u64,
        /// What there is.
        there: Totals,
        /// How often a record may be selected.
        repeat: u32,
    },
    /// A budget in which not even the first record fits.
    #[error("{budget} asked for: nothing is selected{}", if matches!(.budget, Budget::Fraction(_)) {
        ", since that is less than half a record" } else { ", since the first record drawn is larger than that alone; \
            ask for more" })]
    NothingFits {
        /// What was asked for.
        budget: Budget,
    },
    /// Shares or exponents that do not match the targets.
    #[error("{what}: {reason}; the targets are {targets}")]
    OfTargets {
        /// What they are.
        what: &'static str,
        /// What is wrong.
        reason: String,
        /// The names of the targets.
        targets: String,
    },
    /// A share for a group that does not exist.
    #[error("there is no group `{group}`; the groups are {groups}")]
    NoSuchGroup {
        /// What was asked for.
        group: String,
        /// The names of those that there are.
        groups: String,
    },
    /// Groups without end.
    #[error("more than {most} groups; group by a field with fewer values")]
    TooManyGroups {
        /// How many there may be.
        most: usize,
    },
    /// A group with less than its share.
    #[error("of group `{group}`, {} asked for, but only {} records ({} tokens, {} bytes) are eligible{}; \
             ask for less", part_of(*.asked, *.budget), .there.records, .there.tokens, .there.bytes, each(.repeat))]
    GroupTooSmall {
        /// Its name.
        group: String,
        /// The whole budget.
        budget: Budget,
        /// Its share of it.
        asked: u64,
        /// What there is.
        there: Totals,
        /// How often a record may be selected.
        repeat: u32,
    },
    /// A set that is smaller than what is to be mixed in of it.
    #[error(
        "{name}: {asked} records asked for, but {}",
        if *.there == 0 {
            "no record is like that and has enough tokens; look at the field and its values".to_owned()
        } else {
            format!("only {there} have enough tokens; ask for less")
        }
    )]
    MixInTooSmall {
        /// The set.
        name: String,
        /// How many records were asked for.
        asked: u64,
        /// How many there are.
        there: u64,
    },
    /// Counts that were made for another draw or another range of keys than those they were to be added to.
    #[error(
        "the counts are of another draw, or of another range of keys; count for the request that was made last"
    )]
    OtherCounts,
    /// Rows that a plan or a request does not fit.
    #[error(
        "made for rows of {expected} log weights, but these rows have {found}; pass the rows that were drawn from"
    )]
    PlanOfOtherTargets {
        /// How many log weights it was made for.
        expected: usize,
        /// How many the rows have.
        found: usize,
    },
    /// Several targets whose sizes are not told.
    #[error(
        "the weights are for {targets} targets, but no weights.meta beside them tells the targets' sizes"
    )]
    UnknownShares {
        /// How many targets.
        targets: usize,
    },
    /// Weights that cannot be read.
    #[error(transparent)]
    Weights(#[from] weights::Error),
}

/// What is asked for, in the unit of the whole budget, and of how much.
fn part_of(asked: u64, budget: Budget) -> String {
    match budget {
        Budget::Fraction(_) => format!("{asked} records, for {budget},"),
        Budget::Records(all) | Budget::Tokens(all) | Budget::Bytes(all) if all == asked => budget.to_string(),
        _ => format!("{asked} of {budget}"),
    }
}

/// How often each record may be selected, as the end of a sentence.
fn each(repeat: &u32) -> String {
    if *repeat > 1 { format!(", each up to {repeat} times") } else { String::new() }
}
