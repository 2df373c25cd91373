//! Featurizer: from a text to the buckets of its n-grams and its number of tokens.
//!
//! [`plain`] is the definition of a token, to be read; [`chunk`] finds the same tokens 64 bytes at a time, and [`ngrams`]
//! makes buckets of them.
//!
//! Source: the reference's `get_ngram_counts` (arXiv 2302.03169, section 4.1: hashed n-grams).

mod chunk;
mod distinct;
mod error;
mod hash;
mod ngrams;
mod plain;
mod unicode;
mod word_tokenize;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use distinct::Distinct;
pub use error::Error;
pub use hash::Hash;
pub(crate) use unicode::push_lower;
pub use word_tokenize::{Punkt, WordTokenizer};

use crate::simd::{Backend, Best, Work};
use chunk::Chunk;
use ngrams::Ngrams;

/// How a text is split into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokenizer {
    /// Runs of letters, digits and underscores, and runs of all else but white space, lower-cased.
    #[default]
    Wordpunct,
}

impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tokenizer::Wordpunct => "wordpunct",
        })
    }
}

/// What decides the bucket of an n-gram: counts and weights compare only within one feature space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpace {
    /// How a text is split.
    pub tokenizer: Tokenizer,
    /// The longest n-gram, in tokens: 1 to [`FeatureSpace::MAX_NGRAMS`].
    pub ngrams: u8,
    /// The number of buckets: 1 to [`FeatureSpace::MAX_BUCKETS`].
    pub buckets: u32,
    /// How an n-gram finds its bucket.
    pub hash: Hash,
}

impl Default for FeatureSpace {
    fn default() -> Self {
        FeatureSpace { tokenizer: Tokenizer::default(), ngrams: 2, buckets: 10_000, hash: Hash::default() }
    }
}

impl FeatureSpace {
    /// The longest n-gram that is counted.
    pub const MAX_NGRAMS: u8 = 16;
    /// The most buckets; a table of so many counts takes half a gigabyte.
    pub const MAX_BUCKETS: u32 = 1 << 26;

    /// Whether the numbers are within their limits.
    pub fn is_valid(&self) -> bool {
        (1..=Self::MAX_NGRAMS).contains(&self.ngrams) && (1..=Self::MAX_BUCKETS).contains(&self.buckets)
    }
}

impl fmt::Display for FeatureSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FeatureSpace { tokenizer, ngrams, buckets, hash } = self;
        write!(f, "{tokenizer} tokens, n-grams of 1 to {ngrams}, {buckets} buckets, hash {hash}")
    }
}

/// Turns texts into buckets; holds the buffers of one thread.
///
/// ```
/// use dsir::featurizer::{FeatureSpace, Featurizer, Hash};
///
/// let space = FeatureSpace { hash: Hash::Sha256, ..FeatureSpace::default() };
/// let mut buckets = Vec::new();
/// let tokens = Featurizer::new(space).featurize("Alice alice went", |run| buckets.extend_from_slice(run));
/// assert_eq!(tokens, 3);
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 6720).count(), 2); // "alice"
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 114).count(), 1); // "alice went"
/// ```
pub struct Featurizer {
    how: How,
    ngrams: Ngrams,
}

enum How {
    Fast { chunk: Box<Chunk>, best: Best },
    Plain { token: Vec<u8> },
}

impl Featurizer {
    /// A featurizer for `space`, which must be [valid](FeatureSpace::is_valid), with the best instructions that the
    /// processor has.
    pub fn new(space: FeatureSpace) -> Self {
        Featurizer::with(space, How::Fast { chunk: Box::new(Chunk::new()), best: Best::detect() })
    }

    /// A featurizer that follows the definition to the letter, slowly: the judge of the fast one, which gives the same
    /// buckets.
    pub fn plain(space: FeatureSpace) -> Self {
        Featurizer::with(space, How::Plain { token: Vec::new() })
    }

    /// A fast featurizer for each set of instructions that the processor has.
    #[cfg(fuzzing)]
    #[doc(hidden)]
    pub fn of_every_backend(space: FeatureSpace) -> Vec<Self> {
        let fast = |best| Featurizer::with(space, How::Fast { chunk: Box::new(Chunk::new()), best });
        Best::all().into_iter().map(fast).collect()
    }

    fn with(space: FeatureSpace, how: How) -> Self {
        assert!(space.is_valid(), "feature space out of limits: {space}");
        Featurizer { how, ngrams: Ngrams::new(space) }
    }

    /// From now on, also takes note of how many different n-grams there are.
    pub fn with_distinct(mut self) -> Self {
        self.ngrams.note_distinct();
        self
    }

    /// The different n-grams of all texts so far, if they were to be noted.
    pub fn distinct(&self) -> Option<&Distinct> {
        self.ngrams.distinct()
    }

    /// Gives the bucket of every n-gram of `text` to `features`, a run at a time, and returns the number
    /// of tokens.
    pub fn featurize(&mut self, text: &str, mut features: impl FnMut(&[u32])) -> u64 {
        let Featurizer { how, ngrams } = self;
        ngrams.clear();
        match how {
            How::Fast { chunk, best } => best.run(Featurize { chunk, ngrams, text, features }),
            How::Plain { token } => {
                let mut tokens = 0;
                plain::tokens(text, token, |token| {
                    tokens += 1;
                    ngrams.push(token, &mut features);
                });
                tokens
            }
        }
    }
}

/// A text to be featurized with whatever backend there is.
struct Featurize<'a, F> {
    chunk: &'a mut Chunk,
    ngrams: &'a mut Ngrams,
    text: &'a str,
    features: F,
}

impl<F: FnMut(&[u32])> Work for Featurize<'_, F> {
    type Done = u64;

    #[inline(always)]
    fn run<B: Backend>(self, backend: B) -> u64 {
        let Featurize { chunk, ngrams, text, mut features } = self;
        let mut tokens = 0;
        chunk.begin();
        while chunk.advance(backend, text) {
            tokens += chunk.tokens() as u64;
            ngrams.push_chunk(chunk, &mut features);
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn buckets(mut featurizer: Featurizer, text: &str) -> (u64, Vec<u32>) {
        let mut buckets = Vec::new();
        let tokens = featurizer.featurize(text, |run| buckets.extend_from_slice(run));
        buckets.sort_unstable();
        (tokens, buckets)
    }

    /// Every backend against the definition, in one feature space.
    fn check(space: FeatureSpace, text: &str) {
        let expected = buckets(Featurizer::plain(space), text);
        for best in Best::all() {
            let fast = Featurizer::with(space, How::Fast { chunk: Box::new(Chunk::new()), best });
            assert!(buckets(fast, text) == expected, "{best:?}, {space}: {text:?}");
        }
    }

    fn spaces() -> impl Iterator<Item = FeatureSpace> {
        [(Hash::Dsir1, 1), (Hash::Dsir1, 2), (Hash::Dsir1, 5), (Hash::Sha256, 3)]
            .into_iter()
            .map(|(hash, ngrams)| FeatureSpace { hash, ngrams, buckets: 1 << 20, ..FeatureSpace::default() })
    }

    /// Pieces that make trouble where they meet: long words and runs, characters that change length or class when
    /// lower-cased, sigmas, every kind of white space.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-zA-Z0-9_]{1,9}",
            4 => "[ \t\n]{1,3}",
            2 => "[!-/:-@\\[-`{-~]{1,5}",
            1 => "[a-z]{14,18}",
            1 => "[a-z]{50,200}",
            1 => "[-]{30,90}",
            1 => "[а-яА-Я]{1,12}",
            1 => "[αΣς'. ]{1,6}",
            1 => "[一-乿]{1,40}",
            1 => Just("İẞK\u{212a}Å".to_owned()),
            1 => "[\u{1c}-\u{1f}\u{85}\u{a0}\u{2028}\u{3000}\u{200b}\u{0}]{1,3}",
            1 => "[😀𝐀é²½ⅣⓐⒷ\u{345}\u{301}]{1,4}",
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn every_backend_follows_the_definition(text in pieces()) {
            spaces().for_each(|space| check(space, &text));
        }

        #[test]
        fn whatever_the_characters(text in "\\PC{0,300}") {
            spaces().for_each(|space| check(space, &text));
        }

        #[test]
        fn across_chunks(text in pieces(), times in 2usize..30, before in 0usize..5000) {
            let text = "ab ".repeat(before / 3) + &text.repeat(times);
            check(FeatureSpace::default(), &text);
        }
    }

    #[test]
    fn every_ascii_character() {
        for c in (0..128u8).map(char::from) {
            check(FeatureSpace::default(), &format!("a{c}B {c}{c}- {c}"));
        }
    }

    #[test]
    fn every_length_and_alignment() {
        for len in 0..400 {
            let text: String = "Ab c.. dEf_9 é ghij, ".chars().cycle().skip(len % 7).take(len).collect();
            check(FeatureSpace::default(), &text);
        }
    }

    #[test]
    fn tokens_longer_than_a_chunk() {
        for len in [4000, 4095, 4096, 4097, 4200, 9000, 70_000] {
            for token in ["x", "-", "字", "ß"] {
                check(FeatureSpace::default(), &format!("before {} after", token.repeat(len)));
                check(FeatureSpace::default(), &token.repeat(len));
            }
        }
    }
}
