//! The raw documents that may be drawn, as far as that is known before they are weighed.

use super::filter::{Filter, FilterThread};

/// Which raw documents may be drawn.
#[derive(Clone, Default)]
pub struct Eligible {
    /// The least number of tokens.
    pub min_tokens: u32,
    /// The conditions on every record.
    pub filter: Filter,
}

impl Eligible {
    /// Whether the filter admits a record with this text to a draw by weight.
    pub(super) fn admits(&self, record: &[u8], text: &str, filter: &mut FilterThread) -> bool {
        self.filter.check(record, text, filter).is_drawn_by_weight()
    }

    /// Whether a document with this number of tokens is long enough.
    pub(super) fn is_long_enough(&self, tokens: u64) -> bool {
        tokens >= self.min_tokens.into()
    }
}
