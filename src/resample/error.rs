use super::{Budget, Totals};
use crate::weights;

/// What stands in the way of a draw.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No record may be drawn.
    #[error("no eligible record: {} were read, {too_short} of them shorter than --min-tokens {min_tokens}, \
             {invalid} invalid{}", .records, if *.too_short > 0 { "; lower --min-tokens" } else { "" })]
    NoneEligible {
        /// All records.
        records: u64,
        /// Those with too few tokens.
        too_short: u64,
        /// Those skipped as invalid.
        invalid: u64,
        /// The least number of tokens.
        min_tokens: u32,
    },
    /// More records were asked for than the corpus has documents.
    #[error(
        "{asked} records asked for, but the raw corpus has only {documents} documents; \
             ask for less, or pass --allow-fewer to take all that are eligible"
    )]
    MoreThanThereAre {
        /// What was asked for.
        asked: u64,
        /// The documents there are.
        documents: u64,
    },
    /// More was asked for than there is.
    #[error("{budget} asked for, but the eligible records are only {} ({} tokens, {} bytes) of {records}; \
             ask for less, lower --min-tokens, or pass --allow-fewer to take them all",
            .eligible.records, .eligible.tokens, .eligible.bytes)]
    TooFew {
        /// What was asked for.
        budget: Budget,
        /// All records.
        records: u64,
        /// What there is.
        eligible: Totals,
    },
    /// A budget in which not even the first record fits.
    #[error("{budget} asked for: nothing is selected{}", if matches!(.budget, Budget::Fraction(_)) {
        ", since that is less than half a record" } else { ", since the first record drawn is larger than that alone; ask for more" })]
    NothingFits {
        /// What was asked for.
        budget: Budget,
    },
    /// Shares that do not match the targets.
    #[error("--proportions: {reason}; the targets are {targets}")]
    Proportions {
        /// What is wrong.
        reason: String,
        /// The names of the targets.
        targets: String,
    },
    /// Several targets whose sizes are not told.
    #[error(
        "the weights are for {targets} targets, but no weights.meta beside them tells the targets' sizes; \
             give the shares with --proportions"
    )]
    UnknownShares {
        /// How many targets.
        targets: usize,
    },
    /// Weights that cannot be read.
    #[error(transparent)]
    Weights(#[from] weights::Error),
}
