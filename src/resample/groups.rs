//! Groups of records that share the value of a field, and sets from which records are mixed in.

use std::collections::BTreeMap;

/// The names of groups, by their ids.
pub type Groups = BTreeMap<u64, String>;

/// The number that stands for a group in weights: 63 bits of the XXH3 of its name.
pub fn group_id(name: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes()) >> 1
}

/// The number that stands for the set of the `number`-th mix-in, from 0; no group has it.
pub fn mix_in_id(number: usize) -> u64 {
    u64::MAX - number as u64
}

/// Whether a number in weights stands for a set that is mixed in.
#[inline]
pub(crate) fn is_mix_in(id: u64) -> bool {
    id >> 63 == 1
}

/// How the budget is split between groups.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GroupShares {
    /// By what.
    pub by: ShareBy,
    /// The names of the groups that there are.
    pub names: Groups,
}

/// By what a budget is split.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum ShareBy {
    /// By what there is of each in the raw corpus.
    #[default]
    Raw,
    /// The same for each.
    Even,
    /// By these shares; a group that is not named gets nothing.
    Named(Vec<(String, f64)>),
}

/// Random records of a set, drawn beside the budget; they are not drawn for a target.
#[derive(Clone, Debug, PartialEq)]
pub struct MixIn {
    /// What it is called in messages.
    pub name: String,
    /// How many records.
    pub records: u64,
}
