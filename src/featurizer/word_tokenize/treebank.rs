//! The words of a sentence, as `NLTKWordTokenizer.tokenize` of NLTK 3.9.1 finds them.
//!
//! NLTK puts spaces around and within words, one substitution after the other, and splits at white space in the end.
//! What each substitution sees depends on those before it; `plain.rs` beside this file does them one by one, and is the
//! judge of this file, which goes through the sentence once:
//!
//! 1. Some characters are a token by themselves, or with their like beside them. What they are may depend on their
//!    neighbours.
//! 2. What is between those and white space is a piece, of which `pieces.rs` makes one token or several.

use super::pieces::{self, APOSTROPHE, Gap, MIXED, PLAIN};
use super::words::{is_space, is_word};
use crate::featurizer::unicode;

/// Gives `each` the tokens of `sentence`, which does not end in white space.
#[inline]
pub(super) fn tokens(sentence: &str, each: impl FnMut(&str)) {
    let last_period = last_period(sentence).unwrap_or(usize::MAX);
    Scanner {
        text: sentence,
        bytes: sentence.as_bytes(),
        start: 0,
        at: 0,
        content: PLAIN,
        last_period,
        each,
    }
    .scan();
}

/// What the scanner must look at: not a piece's, or not always.
const STOP: u8 = 0x80;

static CLASS: [u8; 256] = {
    let mut table = [MIXED; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => PLAIN,
            b'+' | b'/' | b'=' | b'\\' | b'^' | b'|' | b'~' => MIXED,
            b'!'..=b'~' | b' ' | b'\t'..=b'\r' | 0x1C..=0x1F => STOP,
            _ => MIXED,
        };
        byte += 1;
    }
    // The first bytes of quotes beyond ASCII, and of white space.
    table[0xC2] = STOP;
    table[0xE1] = STOP;
    table[0xE2] = STOP;
    table[0xE3] = STOP;
    table
};

struct Scanner<'t, F> {
    text: &'t str,
    bytes: &'t [u8],
    /// Where the piece begins.
    start: usize,
    at: usize,
    /// What is in the piece.
    content: u8,
    /// The place of the period that ends the sentence.
    last_period: usize,
    each: F,
}

impl<F: FnMut(&str)> Scanner<'_, F> {
    #[inline(always)]
    fn scan(mut self) {
        loop {
            let mut class = PLAIN;
            while let Some(byte) = self.bytes.get(self.at) {
                class = CLASS[usize::from(*byte)];
                if class == STOP {
                    break;
                }
                self.content |= class;
                self.at += 1;
            }
            if class != STOP {
                return self.cut(Gap::Later);
            }
            match self.bytes[self.at] {
                b' ' => self.space(1, Gap::Early),
                b'\t'..=b'\r' | 0x1C..=0x1F => self.space(1, Gap::Later),
                b'.' => self.period(),
                b',' | b':' => self.comma(),
                b'-' => self.dashes(),
                b'\'' => self.apostrophes(),
                b'"' => {
                    let opens = self.at == 0 || self.opens();
                    self.token_as(if opens { "``" } else { "''" }, 1);
                }
                b'`' => self.backticks(),
                b'*' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' => self.token(1, Gap::Later),
                0..0x80 => self.token(1, Gap::Early),
                _ => self.beyond_ascii(),
            }
        }
    }

    /// Ends the piece.
    #[inline(always)]
    fn cut(&mut self, gap: Gap) {
        if self.start < self.at {
            pieces::tokens(&self.text[self.start..self.at], self.content, gap, &mut self.each);
        }
        self.start = self.at;
        self.content = PLAIN;
    }

    /// Passes over so many bytes of the piece.
    #[inline(always)]
    fn inside(&mut self, len: usize, content: u8) {
        self.at += len;
        self.content |= content;
    }

    #[inline(always)]
    fn space(&mut self, len: usize, gap: Gap) {
        self.cut(gap);
        self.at += len;
        self.start = self.at;
    }

    /// Takes so many bytes for a token.
    #[inline(always)]
    fn token(&mut self, len: usize, gap: Gap) {
        self.cut(gap);
        let (start, end) = (self.at, self.at + len);
        (self.each)(&self.text[start..end]);
        (self.at, self.start) = (end, end);
    }

    /// Takes so many bytes for a token that is written in another way.
    fn token_as(&mut self, token: &str, len: usize) {
        self.cut(Gap::Later);
        (self.each)(token);
        self.at += len;
        self.start = self.at;
    }

    /// How often the byte here is repeated.
    fn run(&self) -> usize {
        let byte = self.bytes[self.at];
        self.bytes[self.at..].iter().take_while(|other| **other == byte).count()
    }

    fn period(&mut self) {
        match self.run() {
            1 if self.at == self.last_period => self.token(1, Gap::Early),
            1 => self.inside(1, MIXED),
            run => self.token(run, Gap::Early),
        }
    }

    /// A comma or a colon is a token unless a digit follows. It takes what follows with it: of two, the second is no
    /// token.
    fn comma(&mut self) {
        let next = match self.bytes.get(self.at + 1) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.text[self.at + 1..].chars().next(),
            None => None,
        };
        if next.is_some_and(unicode::is_decimal) {
            return self.inside(1, MIXED);
        }
        self.token(1, Gap::Early);
        if matches!(next, Some(',' | ':')) {
            self.inside(1, MIXED);
        }
    }

    fn dashes(&mut self) {
        let run = self.run();
        for _ in 0..run / 2 {
            self.token(2, Gap::Later);
        }
        self.inside(run % 2, MIXED);
    }

    fn backticks(&mut self) {
        let run = self.run();
        for _ in 0..run / 2 {
            self.token(2, Gap::Early);
        }
        if run % 2 == 1 {
            self.token(1, Gap::Early);
        }
    }

    /// Two apostrophes are a quote. One belongs to the piece, unless a single letter follows that is not one of the
    /// endings.
    fn apostrophes(&mut self) {
        let mut run = self.run();
        if run > 1 && self.opens() {
            self.token_as("``", 2);
            run -= 2;
        }
        for _ in 0..run / 2 {
            self.token(2, Gap::Later);
        }
        if run % 2 == 1 {
            self.inside(1, MIXED | APOSTROPHE);
            if single_letter(&self.text[self.at..]) {
                self.cut(Gap::Early);
            }
        }
    }

    /// Whether a quote here opens, by what is before it.
    fn opens(&self) -> bool {
        match &self.bytes[..self.at] {
            [b'"'] => true,
            [.., b' ' | b'(' | b'[' | b'{' | b'<' | b'`'] => true,
            // « “ ‘ „
            [.., 0xC2, 0xAB] | [.., 0xE2, 0x80, 0x98 | 0x9C | 0x9E] => true,
            _ => false,
        }
    }

    fn beyond_ascii(&mut self) {
        let c = self.text[self.at..].chars().next().unwrap_or_default();
        match c {
            '«' | '“' | '‘' | '„' => self.token(c.len_utf8(), Gap::Early),
            '»' | '”' | '’' => self.token(c.len_utf8(), Gap::Later),
            c if is_space(c) => self.space(c.len_utf8(), Gap::Later),
            c => self.inside(c.len_utf8(), MIXED),
        }
    }
}

/// The place of the period that ends the sentence: one behind which is nothing but closing quotes, brackets and spaces.
/// If one of the quotes opens, it is none.
fn last_period(sentence: &str) -> Option<usize> {
    let bytes = sentence.as_bytes();
    let mut end = bytes.len();
    loop {
        match &bytes[..end] {
            [.., b' ', b'"'] | [.., b' ', b'\'', b'\''] => return None,
            [.., b']' | b')' | b'}' | b'>' | b'"' | b'\'' | b' '] => end -= 1,
            // » ” ’
            [.., 0xC2, 0xBB] => end -= 2,
            [.., 0xE2, 0x80, 0x9D | 0x99] => end -= 3,
            [.., before, b'.'] if *before != b'.' => return Some(end - 1),
            _ => return None,
        }
    }
}

/// Whether `text` begins with one letter, digit or underscore, alone, that is none of the endings behind an apostrophe.
fn single_letter(text: &str) -> bool {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return false };
    is_word(first)
        && !matches!(first, 'm' | 't' | 's' | 'd' | 'n' | 'M' | 'T' | 'S' | 'D' | 'N' | 'ſ')
        && !characters.next().is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plain;

    fn tokens(sentence: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        super::tokens(sentence, |token| tokens.push(token.to_owned()));
        tokens
    }

    #[test]
    fn punctuation() {
        assert_eq!(
            tokens("good muffins cost $3.88 (3,36 euros)."),
            ["good", "muffins", "cost", "$", "3.88", "(", "3,36", "euros", ")", "."]
        );
        assert_eq!(tokens("at 10:30, etc. ,,x:"), ["at", "10:30", ",", "etc.", ",", ",x", ":"]);
        assert_eq!(
            tokens("wait... what---a; u.s.a."),
            ["wait", "...", "what", "--", "-a", ";", "u.s.a", "."]
        );
        assert_eq!(tokens("the end.)"), ["the", "end", ".", ")"]);
    }

    #[test]
    fn quotes() {
        assert_eq!(tokens("\"so,\" he said"), ["``", "so", ",", "''", "he", "said"]);
        assert_eq!(
            tokens("a (\"b\") ''c'' “d”"),
            ["a", "(", "``", "b", "''", ")", "``", "c", "''", "“", "d", "”"]
        );
        assert_eq!(tokens("he said. \""), ["he", "said.", "``"]);
        assert_eq!(tokens("he said.\""), ["he", "said", ".", "''"]);
        assert_eq!(tokens("```x\n\"y\""), ["``", "`", "x", "''", "y", "''"]);
    }

    #[test]
    fn apostrophes() {
        assert_eq!(
            tokens("don't can't we'll i'd've o'er"),
            ["do", "n't", "ca", "n't", "we", "'ll", "i'd", "'ve", "o'er"]
        );
        assert_eq!(
            tokens("the dogs' dog's l'a 'a' ''s"),
            ["the", "dogs", "'", "dog", "'s", "l", "'", "a", "'", "a", "'", "``", "s"]
        );
    }

    #[test]
    fn words_that_are_two() {
        assert_eq!(tokens("cannot gonna d'ye wanna"), ["can", "not", "gon", "na", "d", "'ye", "wan", "na"]);
        assert_eq!(tokens("x-gimme: wannabe écannot"), ["x-", "gim", "me", ":", "wannabe", "écannot"]);
        assert_eq!(
            tokens("'tis it'tis 'twas'tis more'n"),
            ["'t", "is", "it'tis", "'t", "was", "'tis", "more", "'n"]
        );
    }

    /// Pieces that make trouble where they meet.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            6 => "[a-z]{1,6}",
            3 => Just(" ".to_owned()),
            4 => "[.,:;?!'\"`() <>*$%-]{1,4}",
            2 => "'(s|m|d|t|ll|re|ve|n|S|LL|Re|a|é|9|_|ſ)",
            2 => "[«»“”‘’„\u{a0}\u{1f}\n\t\u{3000}]",
            2 => "(cannot|Cannot|gimme|gımme|GİMME|gonna|gotta|lemme|wanna|d'ye|more'n|can't|N'T)",
            1 => "( 'tis| 'twas|'tiſ|'TIS|''|'''|\\.\\.\\.|----|```)",
            1 => "[0-9٣²_ıſéß字]",
        ];
        prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn the_same_as_by_one_substitution_after_the_other(text in pieces()) {
            let sentence = text.trim_matches(super::is_space);
            prop_assert_eq!(tokens(sentence), plain::tokens(sentence), "{:?}", sentence);
        }
    }
}
