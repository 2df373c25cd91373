//! Featurizer: from a text to the buckets of its n-grams and its number of tokens.
//!
//! For the tokenizer `wordpunct`, `plain` is the definition of a token, to be read, and `chunk` finds the same tokens
//! 64 bytes at a time; the other tokenizers give their tokens one by one. `ngrams` makes buckets of them.
//!
//! Source: the reference's `get_ngram_counts` (arXiv 2302.03169, section 4.1: hashed n-grams).

mod chunk;
mod distinct;
mod error;
mod featurizers;
mod hash;
mod ngrams;
mod one_by_one;
mod plain;
mod segments;
mod space;
mod unicode;
mod word_tokenize;

pub(crate) use distinct::Distinct;
pub use error::Error;
pub use featurizers::Featurizers;
pub use hash::Hash;
pub(crate) use hash::token_hash;
pub use space::{FeatureSpace, Tokenizer};
pub(crate) use unicode::push_lower;
pub use word_tokenize::{Punkt, WordTokenizer};

use crate::simd::{Backend, Best, Work};
use chunk::Chunk;
use ngrams::Ngrams;
use one_by_one::OneByOne;

/// Turns texts into buckets; holds the buffers of one thread.
///
/// ```
/// use dsir::featurizer::{FeatureSpace, Featurizer, Hash};
///
/// let space = FeatureSpace { hash: Hash::Sha256, ..FeatureSpace::default() };
/// let mut buckets = Vec::new();
/// let tokens = Featurizer::new(space)?.featurize("Alice alice went", |run| buckets.extend_from_slice(run));
/// assert_eq!(tokens, 3);
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 6720).count(), 2); // "alice"
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 114).count(), 1); // "alice went"
/// # Ok::<(), dsir::featurizer::Error>(())
/// ```
pub struct Featurizer {
    space: FeatureSpace,
    how: How,
    ngrams: Ngrams,
}

enum How {
    Wordpunct { chunk: Box<Chunk>, best: Best },
    OneByOne(OneByOne),
}

impl Featurizer {
    /// A featurizer for a space that needs no sentence model. Who needs several, or a sentence model, asks
    /// [`Featurizers`].
    ///
    /// # Errors
    /// A space that contradicts itself, is out of limits, or needs a sentence model.
    pub fn new(space: FeatureSpace) -> Result<Self, Error> {
        Ok(Featurizers::new(space, None)?.featurizer())
    }

    /// A featurizer that follows the definition of `wordpunct` to the letter, slowly: the judge of the fast one, which
    /// gives the same buckets.
    ///
    /// # Errors
    /// As [`Featurizer::new`].
    pub fn plain(space: FeatureSpace) -> Result<Self, Error> {
        Ok(Featurizer {
            how: How::OneByOne(OneByOne::Wordpunct { token: Vec::new() }),
            ..Featurizer::new(space)?
        })
    }

    /// A fast featurizer for each set of instructions that the processor has, for `wordpunct`.
    #[cfg(any(test, fuzzing))]
    #[doc(hidden)]
    pub fn of_every_backend(space: FeatureSpace) -> Vec<Self> {
        let how = |best| How::Wordpunct { chunk: Box::new(Chunk::new()), best };
        Best::all()
            .into_iter()
            .map(|best| Featurizer { space, how: how(best), ngrams: Ngrams::new(space) })
            .collect()
    }

    fn of(featurizers: &Featurizers) -> Self {
        let space = featurizers.space();
        let how = match space.tokenizer {
            Tokenizer::Wordpunct => How::Wordpunct { chunk: Box::new(Chunk::new()), best: Best::detect() },
            _ => How::OneByOne(OneByOne::new(featurizers)),
        };
        Featurizer { space, how, ngrams: featurizers.ngrams() }
    }

    /// The feature space.
    pub fn space(&self) -> FeatureSpace {
        self.space
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

    /// From now on, keeps the hashes of the tokens of a text.
    pub(crate) fn with_token_hashes(mut self) -> Self {
        self.ngrams.keep_tokens();
        self
    }

    /// The hashes of the tokens of the last text, by `dsir1`, if they were to be kept.
    pub(crate) fn token_hashes(&self) -> &[u64] {
        self.ngrams.kept_tokens()
    }

    /// Gives the bucket of every n-gram of `text` to `features`, a run at a time, and returns the number
    /// of tokens. To the tokenizer `ids`, a text is integers with spaces between them.
    pub fn featurize(&mut self, text: &str, mut features: impl FnMut(&[u32])) -> u64 {
        let Featurizer { how, ngrams, .. } = self;
        ngrams.clear();
        match how {
            How::Wordpunct { chunk, best } => best.run(Featurize { chunk, ngrams, text, features }),
            How::OneByOne(tokenizer) => {
                let mut tokens = 0;
                tokenizer.tokens(text, |token| {
                    tokens += 1;
                    ngrams.push(token, &mut features);
                });
                ngrams.flush(&mut features);
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
        let expected = buckets(Featurizer::plain(space).unwrap(), text);
        for (fast, best) in Featurizer::of_every_backend(space).into_iter().zip(Best::all()) {
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
        fn tokens_alone_are_as_many(text in pieces()) {
            for tokenizer in [Tokenizer::Wordpunct, Tokenizer::Unicode, Tokenizer::Bytes] {
                for hash in [Hash::Dsir1, Hash::Sha256] {
                    let space = FeatureSpace { tokenizer, hash, ..FeatureSpace::default() };
                    let featurizers = Featurizers::new(space, None).unwrap();
                    let tokens = featurizers.featurizer().featurize(&text, |_| {});
                    let no_features = |_: &[u32]| unreachable!("nobody has asked for them");
                    prop_assert_eq!(featurizers.of_tokens().featurizer().featurize(&text, no_features), tokens);
                }
            }
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
