//! The tokenizers that give their tokens one by one.

use super::{Featurizers, Tokenizer, WordTokenizer, plain, segments, unicode};

/// A tokenizer with its buffers.
pub(super) enum OneByOne {
    /// By the definition.
    Wordpunct {
        token: Vec<u8>,
    },
    WordTokenize {
        lower: String,
        words: Box<WordTokenizer>,
    },
    Unicode {
        lower: String,
    },
    Bytes,
    Ids,
}

impl OneByOne {
    pub(super) fn new(featurizers: &Featurizers) -> Self {
        // Of all valid spaces, those of `word_tokenize` have a sentence model.
        if let Some(punkt) = featurizers.punkt() {
            let words = Box::new(WordTokenizer::new(punkt.clone()));
            return OneByOne::WordTokenize { lower: String::new(), words };
        }
        match featurizers.space().tokenizer {
            Tokenizer::Wordpunct | Tokenizer::WordTokenize => OneByOne::Wordpunct { token: Vec::new() },
            Tokenizer::Unicode => OneByOne::Unicode { lower: String::new() },
            Tokenizer::Bytes => OneByOne::Bytes,
            Tokenizer::Ids => OneByOne::Ids,
        }
    }

    /// Gives every token of `text` to `take`.
    #[inline]
    pub(super) fn tokens(&mut self, text: &str, mut take: impl FnMut(&[u8])) {
        match self {
            OneByOne::Wordpunct { token } => plain::tokens(text, token, take),
            OneByOne::WordTokenize { lower, words } => {
                words.tokens(lowered(text, lower), |token| take(token.as_bytes()));
            }
            OneByOne::Unicode { lower } => {
                segments::tokens(lowered(text, lower), |token| take(token.as_bytes()));
            }
            OneByOne::Bytes => text.as_bytes().chunks(1).for_each(take),
            // The reader has written the integers with spaces between them.
            OneByOne::Ids => text.split_ascii_whitespace().for_each(|id| take(id.as_bytes())),
        }
    }
}

/// `text` in lower case, in the buffer.
fn lowered<'a>(text: &str, lower: &'a mut String) -> &'a str {
    lower.clear();
    unicode::push_lower(text, lower);
    lower
}
