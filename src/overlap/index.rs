//! The n-grams of evaluation sets, to be found in documents.

use ahash::{AHashMap, AHashSet};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::featurizer::{Featurizers, Tokenizer, token_hash};

/// A token of an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemToken {
    pub(crate) hash: u64,
    /// Whether there is a letter in it, or it is an id.
    pub(crate) is_word: bool,
}

/// An item of an evaluation set.
#[derive(Clone, Debug)]
pub(crate) struct EvaluationItem {
    pub(crate) place: ItemPlace,
    pub(crate) tokens: Vec<ItemToken>,
    /// The tokens, with spaces between them.
    pub(crate) text: String,
}

impl EvaluationItem {
    /// The item with this text.
    pub(crate) fn of(text: &str, featurizers: &Featurizers, place: ItemPlace) -> Self {
        let (mut tokens, mut words) = (Vec::new(), Vec::new());
        featurizers.tokens(text, |token| {
            let word = String::from_utf8_lossy(token).into_owned();
            let is_id = featurizers.space().tokenizer == Tokenizer::Ids;
            let is_word = is_id || word.chars().any(char::is_alphabetic);
            tokens.push(ItemToken { hash: token_hash(token), is_word });
            words.push(word);
        });
        EvaluationItem { place, tokens, text: words.join(" ") }
    }
}

/// Where an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ItemPlace {
    /// The number of the evaluation set.
    pub(crate) set: usize,
    /// The number of the shard in it.
    pub(crate) shard: usize,
    /// The line in the shard, from 1.
    pub(crate) line: u64,
}

/// Finds the n-grams of the items of evaluation sets among the tokens of documents.
///
/// Of a document, one window of a few tokens in so many is looked up in a bitmap: any n-gram has one of these in it.
/// Only where all windows of an n-gram are there, it is looked up itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EvaluationSets {
    ngram: usize,
    windows: Windows,
    /// The hashes of n-grams, in rising order, as often as there are items that have them.
    hashes: Vec<u64>,
    /// The numbers of these items, and of the first token there.
    places: Vec<(u32, u32)>,
    items: Vec<(ItemPlace, String)>,
    sets: Vec<IndexedSet>,
}

/// What is looked for of one set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedSet {
    pub(crate) items: u64,
    /// Those that are shorter than an n-gram.
    pub(crate) too_short: u64,
    /// Those that are long enough, but have no n-gram that tells them from others.
    pub(crate) untold: u64,
}

/// The tokens of a window.
const WINDOW: usize = 5;
/// An n-gram is told by this part of its tokens, at least, being different words.
const DIFFERENT_WORDS: usize = 3;
/// An n-gram that is in more items than this, and in more than one in so many, is no sign of any.
const MANY_ITEMS: usize = 10;
const ONE_IN: usize = 10;
/// Odd, and otherwise of no meaning: 2^64 over the golden ratio.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Σ t · BASE^i: another number for each order of the tokens.
#[inline]
fn hash(tokens: impl Iterator<Item = u64>) -> u64 {
    let (mut sum, mut power) = (0u64, 1u64);
    for token in tokens {
        sum = sum.wrapping_add(token.wrapping_mul(power));
        power = power.wrapping_mul(BASE);
    }
    sum
}

impl EvaluationSets {
    /// The shortest n-grams that can be looked for.
    pub(crate) const SHORTEST: usize = WINDOW;

    /// Of so many sets, with n-grams of `ngram` tokens.
    pub(crate) fn new(ngram: usize, sets: usize, items: Vec<EvaluationItem>) -> Self {
        let ngram = ngram.max(Self::SHORTEST);
        let mut told = vec![IndexedSet::default(); sets];
        items.iter().for_each(|item| told[item.place.set].items += 1);
        let numbered = || (0u32..).zip(&items);
        // With its first place in each item.
        let mut pairs: Vec<(u64, u32, u32)> = Vec::new();
        for (number, item) in numbered() {
            pairs.extend(telling(&item.tokens, ngram).map(|(start, hash)| (hash, number, start as u32)));
        }
        pairs.par_sort_unstable();
        pairs.dedup_by_key(|(hash, number, _)| (*hash, *number));
        let set_of = |number: u32| items[number as usize].place.set;
        let mut common: AHashSet<(u64, usize)> = AHashSet::new();
        // Items of one set follow each other.
        for same in pairs.chunk_by(|a, b| a.0 == b.0 && set_of(a.1) == set_of(b.1)) {
            let (hash, number, _) = same[0];
            let set = set_of(number);
            if same.len() > MANY_ITEMS && same.len() * ONE_IN > told[set].items as usize {
                common.insert((hash, set));
            }
        }
        pairs.retain(|(hash, number, _)| !common.contains(&(*hash, set_of(*number))));
        let mut windows = Windows::of(pairs.len());
        let mut is_told = vec![false; items.len()];
        for (number, item) in numbered() {
            let hashes = telling(&item.tokens, ngram);
            for (start, _) in hashes.filter(|(_, hash)| !common.contains(&(*hash, item.place.set))) {
                is_told[number as usize] = true;
                let tokens = &item.tokens[start..start + ngram];
                tokens.windows(WINDOW).for_each(|tokens| {
                    windows.insert(hash(tokens.iter().map(|token| token.hash)));
                });
            }
        }
        for (item, is_told) in items.iter().zip(is_told) {
            let told = &mut told[item.place.set];
            match item.tokens.len() < ngram {
                true => told.too_short += 1,
                false => told.untold += u64::from(!is_told),
            }
        }
        let (hashes, places) = pairs.into_iter().map(|(hash, item, start)| (hash, (item, start))).unzip();
        let items = items.into_iter().map(|item| (item.place, item.text)).collect();
        EvaluationSets { ngram, windows, hashes, places, items, sets: told }
    }

    /// How many tokens an n-gram has.
    pub(crate) fn ngram(&self) -> usize {
        self.ngram
    }

    /// What is looked for of each set.
    pub(crate) fn sets(&self) -> &[IndexedSet] {
        &self.sets
    }

    /// Where an item is.
    pub(crate) fn item(&self, number: u32) -> ItemPlace {
        self.items[number as usize].0
    }

    /// The tokens of the n-gram that begins there in an item, with spaces between them.
    pub(crate) fn ngram_at(&self, item: u32, start: u32) -> String {
        let tokens = self.items[item as usize].1.split(' ').skip(start as usize);
        tokens.take(self.ngram).collect::<Vec<_>>().join(" ")
    }

    /// Gives each n-gram among the tokens of a document that items have, by the number of its first token and its places
    /// in items: their numbers, and those of its first token there.
    #[inline]
    pub(crate) fn find(&self, tokens: &[u64], mut found: impl FnMut(usize, &[(u32, u32)])) {
        let stride = self.ngram - WINDOW + 1;
        for (number, window) in tokens.windows(WINDOW).step_by(stride).enumerate() {
            if self.windows.may_have(hash(window.iter().copied())) {
                self.around(tokens, number * stride, &mut found);
            }
        }
    }

    /// The n-grams that have the window at `at` in them.
    fn around(&self, tokens: &[u64], at: usize, found: &mut impl FnMut(usize, &[(u32, u32)])) {
        let is_there = |start: &usize| {
            let window = tokens.get(*start..*start + WINDOW);
            window.is_some_and(|window| self.windows.may_have(hash(window.iter().copied())))
        };
        let before = self.ngram - WINDOW;
        let left = (at.saturating_sub(before)..at).rev().take_while(is_there).count();
        let right = (at + 1..=at + before).take_while(is_there).count();
        for start in (at - left..=at).filter(|start| start + before <= at + right) {
            let ngram = hash(tokens[start..start + self.ngram].iter().copied());
            let first = self.hashes.partition_point(|hash| *hash < ngram);
            let count = self.hashes[first..].iter().take_while(|hash| **hash == ngram).count();
            if count > 0 {
                found(start, &self.places[first..first + count]);
            }
        }
    }
}

/// A set of windows that may seem to have more than were put in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Windows {
    bits: Vec<u64>,
    shift: u32,
}

impl Windows {
    /// For about so many windows: of others, one in sixteen seems to be there, or fewer.
    fn of(windows: usize) -> Self {
        let bits = (16 * windows).next_power_of_two().clamp(1 << 12, 1 << 26);
        Windows { bits: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() }
    }

    #[inline]
    fn place(&self, window: u64) -> usize {
        (window.wrapping_mul(BASE) >> self.shift) as usize
    }

    fn insert(&mut self, window: u64) {
        let place = self.place(window);
        self.bits[place / 64] |= 1 << (place % 64);
    }

    #[inline]
    fn may_have(&self, window: u64) -> bool {
        let place = self.place(window);
        self.bits[place / 64] >> (place % 64) & 1 == 1
    }
}

/// The n-grams that have enough different words, each by the number of its first token and its hash.
fn telling(tokens: &[ItemToken], ngram: usize) -> impl Iterator<Item = (usize, u64)> {
    // How often each word is in the n-gram.
    let mut words: AHashMap<u64, u32> = AHashMap::new();
    tokens.iter().enumerate().filter_map(move |(end, token)| {
        if token.is_word {
            *words.entry(token.hash).or_insert(0) += 1;
        }
        if let Some(left) = end.checked_sub(ngram).map(|left| tokens[left]).filter(|left| left.is_word)
            && let Some(count) = words.get_mut(&left.hash)
        {
            *count -= 1;
            if *count == 0 {
                words.remove(&left.hash);
            }
        }
        let start = (end + 1).checked_sub(ngram)?;
        let is_telling = words.len() * DIFFERENT_WORDS >= ngram;
        is_telling.then(|| (start, hash(tokens[start..=end].iter().map(|token| token.hash))))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(set: usize, words: &str) -> EvaluationItem {
        let hash = |word: &str| xxhash_rust::xxh3::xxh3_64(word.as_bytes());
        let is_word = |word: &str| word.chars().any(char::is_alphabetic);
        let token = |word: &str| ItemToken { hash: hash(word), is_word: is_word(word) };
        EvaluationItem {
            place: ItemPlace { set, shard: 0, line: 1 },
            tokens: words.split(' ').map(token).collect(),
            text: words.into(),
        }
    }

    fn tokens(words: &str) -> Vec<u64> {
        item(0, words).tokens.iter().map(|token| token.hash).collect()
    }

    fn found(sets: &EvaluationSets, words: &str) -> Vec<(usize, Vec<u32>)> {
        let mut all = Vec::new();
        sets.find(&tokens(words), |start, items| {
            all.push((start, items.iter().map(|(item, _)| *item).collect()))
        });
        all
    }

    #[test]
    fn an_item_is_found_wherever_it_begins() {
        let words = "how many clips did she sell in april and may if she sold";
        let sets = EvaluationSets::new(13, 1, vec![item(0, words)]);
        assert_eq!(sets.sets(), [IndexedSet { items: 1, ..IndexedSet::default() }]);
        for before in 0..30 {
            let document = format!("{}{words} as many", "x ".repeat(before));
            assert_eq!(found(&sets, &document), [(before, vec![0])], "{before}");
        }
        assert_eq!(found(&sets, &words.replace("clips", "pens")), []);
        assert_eq!(found(&sets, words.rsplit_once(' ').unwrap().0), []);
    }

    #[test]
    fn numbers_marks_and_instructions_are_no_signs() {
        let numbers = "1 , 2 , 3 , 4 , 5 , 6 , 7 , 8";
        let of_all = "choose the best answer to the following question from the options given below";
        let mut items: Vec<EvaluationItem> = (0..20)
            .map(|number| item(0, &format!("{of_all} number{number} a b c d e f g h i j k l")))
            .collect();
        items.push(item(0, numbers));
        items.push(item(0, "too short"));
        items.push(item(0, of_all));
        let sets = EvaluationSets::new(13, 1, items);
        assert_eq!(sets.sets(), [IndexedSet { items: 23, too_short: 1, untold: 2 }]);
        assert_eq!((found(&sets, numbers), found(&sets, of_all)), (vec![], vec![]));
        // What follows the instruction is told by what is the item's own.
        assert_eq!(found(&sets, "x number7 a b c d e f g h i j k l"), [(1, vec![7])]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_is_there(
            ngram in 5usize..16,
            items in prop::collection::vec(prop::collection::vec(0u8..6, 0..40), 1..6),
            document in prop::collection::vec(0u8..6, 0..200),
            from in (0usize..6, 0usize..150),
        ) {
            let word = |number: &u8| format!("w{number}");
            let words = |numbers: &[u8]| numbers.iter().map(word).collect::<Vec<_>>().join(" ");
            let mut document = document;
            // With an item in it.
            let at = from.1.min(document.len());
            document.splice(at..at, items[from.0 % items.len()].iter().copied());
            let indexed: Vec<EvaluationItem> = items.iter().map(|numbers| item(0, &words(numbers))).collect();
            let sets = EvaluationSets::new(ngram, 1, indexed);
            let mut expected = Vec::new();
            for (start, window) in document.windows(ngram).enumerate() {
                let different: std::collections::BTreeSet<&u8> = window.iter().collect();
                let has = |numbers: &Vec<u8>| numbers.windows(ngram).any(|other| other == window);
                let of: Vec<u32> = (0u32..).zip(&items).filter(|(_, item)| has(item)).map(|(item, _)| item).collect();
                if different.len() * 3 >= ngram && !of.is_empty() {
                    expected.push((start, of));
                }
            }
            let found = if document.is_empty() { vec![] } else { found(&sets, &words(&document)) };
            prop_assert_eq!(found, expected);
        }
    }
}
