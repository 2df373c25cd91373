/// The place of a record in the input order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The shard, from 0.
    pub shard: usize,
    /// The record in it, from 0.
    pub record: u64,
}

impl Position {
    /// After every record.
    pub(super) const END: Position = Position { shard: usize::MAX, record: u64::MAX };
}
