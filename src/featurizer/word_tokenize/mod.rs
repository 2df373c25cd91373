//! The `word_tokenize` tokenizer: sentences as a trained Punkt model splits them, and words as NLTK's rules split each.
//!
//! Source: `nltk.word_tokenize` of NLTK 3.9.1, which the reference calls with the text in lower case.

mod pieces;
#[cfg(test)]
mod plain;
mod punkt;
mod sentences;
mod treebank;
mod words;

use std::sync::Arc;

pub use punkt::Punkt;

use sentences::Sentences;

/// Splits texts as `nltk.word_tokenize` does; holds the buffers of one thread.
///
/// ```no_run
/// use std::{path::Path, sync::Arc};
/// use dsir::featurizer::{Punkt, WordTokenizer};
///
/// let punkt = Punkt::read(Path::new("/usr/share/nltk_data/tokenizers/punkt_tab"))?;
/// let mut tokenizer = WordTokenizer::new(Arc::new(punkt));
/// let mut tokens = Vec::new();
/// tokenizer.tokens("i cannot stay. you don't mind?", |token| tokens.push(token.to_owned()));
/// assert_eq!(tokens, ["i", "can", "not", "stay", ".", "you", "do", "n't", "mind", "?"]);
/// # Ok::<(), dsir::featurizer::Error>(())
/// ```
pub struct WordTokenizer {
    sentences: Sentences,
}

impl WordTokenizer {
    /// A tokenizer that finds sentences with `punkt`.
    pub fn new(punkt: Arc<Punkt>) -> Self {
        WordTokenizer { sentences: Sentences::new(punkt) }
    }

    /// Gives `each` the tokens of `text` in order. `text` is taken as it is: who wants the reference's features puts it
    /// in lower case before.
    pub fn tokens(&mut self, text: &str, mut each: impl FnMut(&str)) {
        self.sentences.each(text, |sentence| treebank::tokens(sentence, &mut each));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Sentences and words take white space away and write quotes in another way, and nothing else.
        #[test]
        fn nothing_is_lost(text in "([a-z]{1,4}|[ -~]{1,3}|[.?!]['\") ]{1,3}|dr\\. \
            |[\n\r\t\x1C\u{a0}\u{3000}]|[«”’字é]){0,40}") {
            let without_quotes = |text: &str| text.replace('"', "''").replace('`', "'");
            let folder = punkt::tests::folder();
            let mut tokenizer = WordTokenizer::new(Arc::new(Punkt::read(folder.path()).unwrap()));
            let mut tokens = String::new();
            tokenizer.tokens(&text, |token| tokens.push_str(token));
            let letters: String = text.chars().filter(|c| !words::is_space(*c)).collect();
            prop_assert_eq!(without_quotes(&tokens), without_quotes(&letters));
        }
    }
}
