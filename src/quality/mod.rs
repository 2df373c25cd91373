//! Quality: from a text to the four numbers by which the DSIR paper leaves out what is hardly prose.
//!
//! Source: the scripts published with the paper (arXiv 2302.03169), which take them over from the heuristic filters of
//! earlier corpora: length, repetition, stop words, digits.

mod bounds;
mod counts;
mod stop_words;

pub use bounds::{Between, QualityBounds};

use serde::Serialize;

use crate::featurizer::{WordTokenizer, push_lower};
use counts::TokenCounts;

/// Measures texts; holds the buffers of one thread.
pub struct Quality {
    tokenizer: WordTokenizer,
    counts: TokenCounts,
    /// The text in lower case.
    lower: String,
}

/// What a text is like, by its tokens: those of NLTK's `word_tokenize` on the text in lower case.
///
/// The shares are of all tokens, and 0 if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct QualityScores {
    /// How many tokens there are.
    pub tokens: u64,
    /// The share of the commonest token.
    pub repeating: f64,
    /// The share of tokens that are neither an English stop word nor one character of ASCII punctuation.
    pub informative: f64,
    /// The share of tokens that are not a single digit from 0 to 9.
    pub numeric: f64,
}

impl Quality {
    /// With the tokens of `tokenizer`.
    pub fn new(tokenizer: WordTokenizer) -> Self {
        Quality { tokenizer, counts: TokenCounts::default(), lower: String::new() }
    }

    /// What `text` is like.
    pub fn measure(&mut self, text: &str) -> QualityScores {
        let Quality { tokenizer, counts, lower } = self;
        lower.clear();
        push_lower(text, lower);
        counts.clear();
        tokenizer.tokens(lower, |token| counts.count(token));
        counts.scores()
    }
}
