//! What is told of a selection beside its size: copies, documents of the target, and how much two draws have in common.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ahash::{AHashMap, AHashSet};
use serde::{Deserialize, Serialize};

use crate::featurizer::Featurizers;
use crate::overlap::{EvaluationItem, EvaluationSets, ItemPlace};
use crate::reader::content_hash;

/// The texts of some documents, by their hashes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TextHashes {
    #[serde(with = "as_sequence")]
    hashes: AHashSet<u64>,
    kept: Kept,
    sample: FewTexts,
}

/// A few of the texts, those with the smallest hashes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct FewTexts {
    texts: BTreeMap<u64, String>,
    bytes: usize,
}

impl FewTexts {
    /// Together they have no more bytes.
    const MOST_BYTES: usize = 1 << 20;

    fn add(&mut self, hash: u64, text: &str) {
        let is_wanted = self.bytes + text.len() <= Self::MOST_BYTES
            || self.texts.last_key_value().is_some_and(|(last, _)| hash < *last);
        if !is_wanted || text.len() > Self::MOST_BYTES || self.texts.contains_key(&hash) {
            return;
        }
        self.bytes += text.len();
        self.texts.insert(hash, text.to_owned());
        while self.bytes > Self::MOST_BYTES {
            self.bytes -= self.texts.pop_last().map_or(self.bytes, |(_, text)| text.len());
        }
    }
}

/// What is hashed, as a sequence in an order that is always the same.
mod as_sequence {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<'a, T, C, S>(items: &'a C, serializer: S) -> Result<S::Ok, S::Error>
    where
        &'a C: IntoIterator<Item = T>,
        T: Serialize + Ord,
        S: Serializer,
    {
        let mut items: Vec<T> = items.into_iter().collect();
        items.sort_unstable();
        items.serialize(serializer)
    }

    pub(super) fn deserialize<'de, T, C, D>(deserializer: D) -> Result<C, D::Error>
    where
        T: Deserialize<'de>,
        C: FromIterator<T>,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Which hashes are kept: all, or the smaller ones, so that which these are depends on nothing else.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    last: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Kept { last: u64::MAX }
    }
}

impl Kept {
    /// As many are kept at most, in some 10 MB.
    const MOST: usize = 1 << 18;

    fn takes(self, hash: u64) -> bool {
        hash <= self.last
    }

    /// Of a number of those that are kept, how many there are, about.
    fn of_all(self, count: u64) -> u64 {
        let part = (self.last as f64 + 1.0) / (u64::MAX as f64 + 1.0);
        (count as f64 / part).round() as u64
    }
}

impl Default for TextHashes {
    fn default() -> Self {
        TextHashes { hashes: AHashSet::new(), kept: Kept::default(), sample: FewTexts::default() }
    }
}

impl TextHashes {
    /// So many tokens in a row are hardly the same by chance.
    pub(super) const NGRAM: usize = 13;

    /// Takes in a text.
    pub(super) fn add(&mut self, text: &str) {
        let hash = content_hash(text.as_bytes());
        self.insert(hash);
        self.sample.add(hash, text);
    }

    /// Takes in the texts of others.
    pub(crate) fn join(&mut self, other: &TextHashes) {
        self.kept.last = self.kept.last.min(other.kept.last);
        let last = self.kept.last;
        self.hashes.retain(|hash| *hash <= last);
        other.hashes.iter().for_each(|hash| self.insert(*hash));
        other.sample.texts.iter().for_each(|(hash, text)| self.sample.add(*hash, text));
    }

    /// The long n-grams of some of the texts.
    pub(super) fn long_ngrams(&self, featurizers: &Featurizers) -> EvaluationSets {
        let item =
            |text: &String| EvaluationItem::of(text, featurizers, ItemPlace { set: 0, shard: 0, line: 0 });
        EvaluationSets::new(Self::NGRAM, 1, self.sample.texts.values().map(item).collect())
    }

    fn insert(&mut self, hash: u64) {
        if self.kept.takes(hash) {
            self.hashes.insert(hash);
        }
        while self.hashes.len() > Kept::MOST {
            self.kept.last >>= 1;
            let last = self.kept.last;
            self.hashes.retain(|hash| *hash <= last);
        }
    }
}

/// What the records of the first draw are like; of very many, estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SelectedRecords {
    /// How many records.
    pub records: u64,
    /// How many are byte for byte copies of others, beside the first of each.
    pub copies: u64,
    /// Two shards that hold the same record, or one that holds it twice.
    #[serde(skip)]
    pub example: Option<(PathBuf, PathBuf)>,
    /// How many have the text of a target document; `None` if the target's texts are not known.
    pub target_documents: Option<u64>,
    /// How many others share 13 tokens in a row with one of some target documents; `None` if their texts are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_ngrams: Option<u64>,
    /// How many the second draw has too; `None` if there is none.
    pub shared_by_draws: Option<u64>,
}

/// Gathers it, one record after the other, in any order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Looking {
    records: u64,
    #[serde(with = "as_sequence")]
    seen: AHashMap<u64, Seen>,
    kept: Kept,
    of_target: u64,
    sharing_target: u64,
    shared_by_draws: u64,
}

/// A record, how often it was seen, and the first two shards that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Seen {
    times: u32,
    shards: [u32; 2],
}

/// One record of the first draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) hash: u64,
    /// The place of its shard among all that are read.
    pub(super) shard: usize,
    pub(super) is_shared_by_draws: bool,
}

impl Looking {
    pub(super) fn new() -> Self {
        let (seen, kept) = (AHashMap::new(), Kept::default());
        Looking { records: 0, seen, kept, of_target: 0, sharing_target: 0, shared_by_draws: 0 }
    }

    pub(super) fn add(&mut self, look: Look) {
        self.records += 1;
        self.shared_by_draws += u64::from(look.is_shared_by_draws);
        let shard = u32::try_from(look.shard).unwrap_or(u32::MAX);
        self.see(look.hash, Seen { times: 1, shards: [shard, u32::MAX] });
    }

    /// Adds what others have gathered of other records.
    pub(super) fn join(&mut self, other: Looking) {
        self.records += other.records;
        self.shared_by_draws += other.shared_by_draws;
        self.of_target += other.of_target;
        self.sharing_target += other.sharing_target;
        self.keep_up_to(self.kept.last.min(other.kept.last));
        other.seen.into_iter().for_each(|(hash, seen)| self.see(hash, seen));
    }

    /// Calls the shards by these numbers instead of their places in them.
    pub(super) fn renumber(&mut self, numbers: &[usize]) {
        let number = |shard: u32| match numbers.get(shard as usize) {
            Some(number) => u32::try_from(*number).unwrap_or(u32::MAX),
            None => u32::MAX,
        };
        self.seen.values_mut().for_each(|seen| seen.shards = seen.shards.map(number));
    }

    fn see(&mut self, hash: u64, more: Seen) {
        if !self.kept.takes(hash) {
            return;
        }
        let seen = self.seen.entry(hash).or_insert(Seen { times: 0, shards: [u32::MAX; 2] });
        seen.times = seen.times.saturating_add(more.times);
        // The two smallest, whatever the order.
        let ([a, b], [c, d]) = (seen.shards, more.shards);
        let mut shards = [a, b, c, d];
        shards.sort_unstable();
        seen.shards = [shards[0], shards[1]];
        while self.seen.len() > Kept::MOST {
            self.keep_up_to(self.kept.last >> 1);
        }
    }

    fn keep_up_to(&mut self, last: u64) {
        self.kept.last = last;
        self.seen.retain(|hash, _| *hash <= last);
    }

    /// Notes that so many have texts of the target, and that so many others share long n-grams with it.
    pub(super) fn add_of_target(&mut self, documents: u64, sharing: u64) {
        self.of_target += documents;
        self.sharing_target += sharing;
    }

    /// What came of it, with `path` telling shards by their places.
    pub(super) fn finish(
        &self,
        target: Option<&TextHashes>,
        draws: usize,
        path: impl Fn(usize) -> Option<PathBuf>,
    ) -> SelectedRecords {
        let copies = self.seen.values().map(|seen| u64::from(seen.times) - 1).sum();
        let first = self.seen.iter().filter(|(_, seen)| seen.times > 1).min_by_key(|(hash, _)| **hash);
        let example = first.and_then(|(_, Seen { shards: [first, second], .. })| {
            Some((path(*first as usize)?, path(*second as usize)?))
        });
        SelectedRecords {
            records: self.records,
            copies: self.kept.of_all(copies),
            example,
            target_documents: target.map(|target| target.kept.of_all(self.of_target)),
            target_ngrams: target.map(|_| self.sharing_target),
            shared_by_draws: (draws > 1).then_some(self.shared_by_draws),
        }
    }
}

impl TextHashes {
    /// Whether `text` is among those that are kept.
    pub(super) fn holds(&self, text: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&content_hash(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(looks: impl IntoIterator<Item = (u64, usize)>) -> SelectedRecords {
        let mut looking = Looking::new();
        for (hash, shard) in looks {
            looking.add(Look { hash, shard, is_shared_by_draws: hash % 2 == 0 });
        }
        looking.finish(None, 2, |shard| Some(PathBuf::from(shard.to_string())))
    }

    #[test]
    fn copies_are_counted_with_an_example_that_no_order_changes() {
        let records = [(7, 3), (8, 1), (7, 2), (7, 5), (9, 1), (9, 1)];
        let found = look(records);
        assert_eq!((found.records, found.copies, found.shared_by_draws), (6, 3, Some(1)));
        assert_eq!(found.example, Some(("2".into(), "3".into())));
        assert_eq!(look(records.into_iter().rev()), found);
        assert_eq!(look([(1, 0), (2, 0)]).copies, 0);
        assert_eq!(look([(9, 4), (9, 4)]).example, Some(("4".into(), "4".into())));
    }

    #[test]
    fn very_many_are_estimated() {
        let hash = |i: u64| content_hash(&i.to_le_bytes());
        // Every fourth of 600 000 comes twice.
        let found = look((0..600_000).chain((0..600_000).step_by(4)).map(|i| (hash(i), 0)));
        assert_eq!(found.records, 750_000);
        // Of some 150 000 kept, a quarter: to within a percent or so.
        assert!((found.copies as f64 / 150_000.0 - 1.0).abs() < 0.03, "{}", found.copies);
    }

    #[test]
    fn texts_of_the_target() {
        let (mut ours, mut theirs) = (TextHashes::default(), TextHashes::default());
        ours.add("a");
        theirs.add("b");
        ours.join(&theirs);
        assert!(ours.holds("a") && ours.holds("b") && !ours.holds("c"));
    }
}
