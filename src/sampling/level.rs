//! The level of a record, and the level from which on a sample keeps within its budget.

/// Content hashes have 0 to 64 leading zeros.
pub const HASH_LEVELS: usize = 65;
/// The highest boost: a record in 16 million is rarer than any sample needs to tell.
pub const MAX_BOOST: u32 = 24;
/// Levels of all records, with and without a boost.
pub(super) const LEVELS: usize = HASH_LEVELS + MAX_BOOST as usize;

/// The level of a record with this content hash, raised by a boost of up to [`MAX_BOOST`].
#[inline]
pub fn level(content_hash: u64, boost: u32) -> usize {
    (content_hash.leading_zeros() + boost.min(MAX_BOOST)) as usize
}

/// The smallest level for which the sizes of it and of all higher levels are together within the budget; without a
/// budget, 0. `sizes` are in the order of levels.
pub(super) fn smallest_level(
    sizes: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator,
    budget: Option<u64>,
) -> usize {
    let Some(budget) = budget else { return 0 };
    let mut sum = 0u64;
    for (level, size) in sizes.enumerate().rev() {
        sum = sum.saturating_add(size);
        if sum > budget {
            return level + 1;
        }
    }
    0
}
