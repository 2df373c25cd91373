use super::Position;
use super::keys::{key_of_order, order};

/// Where a selection ends: records with larger keys are selected; of those with this key the ones with smaller content
/// hashes; of the copies with this hash the ones up to the last in input order, which itself is selected up to so many
/// times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Threshold {
    /// Of the key.
    pub(super) order: u64,
    pub(super) hash: u64,
    pub(super) last: Position,
    /// The number of the last time that it is selected, from 0.
    pub(super) repeat: u32,
}

impl Threshold {
    #[inline]
    pub(super) fn selects(&self, key: f64, hash: u64, position: Position, repeat: u32) -> bool {
        let order = order(key);
        order > self.order
            || order == self.order && (hash, position, repeat) <= (self.hash, self.last, self.repeat)
    }

    pub(super) fn key(&self) -> f64 {
        key_of_order(self.order)
    }
}
