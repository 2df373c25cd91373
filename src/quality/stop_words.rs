//! The English words that say little of what a text is about.
//!
//! Source: the list `english` of NLTK's stop words as it was when the paper's scores were made, and until February
//! 2025: 179 words. The 19 that it was given then (`i'm`, `he'd`, ...) all hold an apostrophe at which `word_tokenize`
//! splits.

/// Whether `token`, in lower case, is one of these words, or one character of ASCII punctuation.
#[inline]
pub(super) fn is_uninformative(token: &str) -> bool {
    match token.as_bytes() {
        [byte] if byte.is_ascii_punctuation() => true,
        bytes if bytes.len() <= LONGEST => {
            let packed = packed(bytes);
            let mut slot = slot(packed);
            while TABLE[slot] != 0 {
                if TABLE[slot] == packed {
                    return true;
                }
                slot = (slot + 1) % SLOTS;
            }
            false
        }
        _ => false,
    }
}

const LONGEST: usize = 10;

/// So many that a word is found, or found to be none of them, at the first place looked at, nearly always.
const SLOTS: usize = 2048;

/// The words by their hash, each at its place or behind it; 0 is no word.
static TABLE: [u128; SLOTS] = {
    let mut table = [0; SLOTS];
    let mut i = 0;
    while i < WORDS.len() {
        let packed = packed(WORDS[i].as_bytes());
        let mut slot = slot(packed);
        while table[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = packed;
        i += 1;
    }
    table
};

/// The bytes as one number, behind a 1 so that none is lost: there are not more than [`LONGEST`].
#[inline]
const fn packed(bytes: &[u8]) -> u128 {
    let mut packed = 1;
    let mut i = 0;
    while i < bytes.len() {
        packed = packed << 8 | bytes[i] as u128;
        i += 1;
    }
    packed
}

#[inline]
const fn slot(packed: u128) -> usize {
    let folded = packed as u64 ^ (packed >> 64) as u64;
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 53) as usize
}

#[rustfmt::skip]
const WORDS: [&str; 179] = [
    "i", "me", "my", "myself", "we", "our", "ours", "ourselves", "you", "you're", "you've", "you'll", "you'd",
    "your", "yours", "yourself", "yourselves", "he", "him", "his", "himself", "she", "she's", "her", "hers",
    "herself", "it", "it's", "its", "itself", "they", "them", "their", "theirs", "themselves", "what",
    "which", "who", "whom", "this", "that", "that'll", "these", "those", "am", "is", "are", "was", "were",
    "be", "been", "being", "have", "has", "had", "having", "do", "does", "did", "doing", "a", "an", "the",
    "and", "but", "if", "or", "because", "as", "until", "while", "of", "at", "by", "for", "with", "about",
    "against", "between", "into", "through", "during", "before", "after", "above", "below", "to", "from",
    "up", "down", "in", "out", "on", "off", "over", "under", "again", "further", "then", "once", "here",
    "there", "when", "where", "why", "how", "all", "any", "both", "each", "few", "more", "most", "other",
    "some", "such", "no", "nor", "not", "only", "own", "same", "so", "than", "too", "very", "s", "t", "can",
    "will", "just", "don", "don't", "should", "should've", "now", "d", "ll", "m", "o", "re", "ve", "y", "ain",
    "aren", "aren't", "couldn", "couldn't", "didn", "didn't", "doesn", "doesn't", "hadn", "hadn't", "hasn",
    "hasn't", "haven", "haven't", "isn", "isn't", "ma", "mightn", "mightn't", "mustn", "mustn't", "needn",
    "needn't", "shan", "shan't", "shouldn", "shouldn't", "wasn", "wasn't", "weren", "weren't", "won", "won't",
    "wouldn", "wouldn't",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_words_and_no_others() {
        let words: HashSet<&str> = WORDS.into();
        assert_eq!(words.len(), 179);
        for word in WORDS {
            assert!(word.len() <= LONGEST && is_uninformative(word), "{word}");
            for near in
                [word.to_owned() + "s", "x".to_owned() + word, word[1..].to_owned(), word.to_uppercase()]
            {
                let punctuation = near.len() == 1 && near.as_bytes()[0].is_ascii_punctuation();
                assert_eq!(is_uninformative(&near), words.contains(&*near) || punctuation, "{near}");
            }
        }
        for token in
            ["", "\0", "\0the", "yourselvess", "them\0", "..", "``", "''", "—", "n't", "'s", "7", "é"]
        {
            assert!(!is_uninformative(token), "{token}");
        }
        for mark in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".chars() {
            assert!(is_uninformative(&mark.to_string()), "{mark}");
        }
    }
}
