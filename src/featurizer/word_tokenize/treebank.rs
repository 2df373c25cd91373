//! The words of a sentence, as `NLTKWordTokenizer.tokenize` of NLTK 3.9.1 finds them.
//!
//! NLTK puts spaces around and within words, one substitution after the other, and splits at white space in the end. What each
//! substitution sees depends on those before it; `plain.rs` beside this file does them one by one, and is the judge of this file,
//! which goes through the sentence once:
//!
//! 1. Some characters are a token by themselves, or with their like beside them. What they are may depend on their neighbours.
//! 2. What is between those and white space is a piece. A piece is a token, or several: endings behind an apostrophe come
//!    off it (`clitics`), and some words are two (`contractions`).

use super::words::is_space;
use crate::featurizer::unicode::{self, Class};

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

// What a piece has in it, one bit each; and what the scanner must look at.

/// Nothing but ASCII letters, digits and underscores.
const PLAIN: u8 = 0;
/// Something else.
const MIXED: u8 = 1;
/// An apostrophe, among other things.
const APOSTROPHE: u8 = 2;
/// Not a piece's, or not always.
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

/// When a piece gets the space behind it that sets it off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Before NLTK takes a last apostrophe off.
    Early,
    Later,
}

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
            piece(&self.text[self.start..self.at], self.content, gap, &mut self.each);
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

    /// A comma or a colon is a token unless a digit follows. It takes what follows with it: of two, the second is no token.
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

    /// Two apostrophes are a quote. One belongs to the piece, unless a single letter follows that is not one of the endings.
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

/// The place of the period that ends the sentence: one behind which is nothing but closing quotes, brackets and spaces. If one of
/// the quotes opens, it is none.
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

/// Gives the tokens of a piece.
#[inline(always)]
fn piece(piece: &str, content: u8, gap: Gap, each: &mut impl FnMut(&str)) {
    if content == PLAIN && !matches!(piece.len(), 5 | 6) {
        each(piece);
    } else if content & APOSTROPHE != 0 {
        clitics(piece, gap, each);
    } else {
        contractions(piece, each);
    }
}

/// Takes the endings behind an apostrophe off a piece: one of the short ones, then one of the long ones. A bare apostrophe is
/// one of the short ones, unless it was taken off before.
fn clitics(piece: &str, gap: Gap, each: &mut impl FnMut(&str)) {
    // An ending has something before it that is no apostrophe.
    let split = |piece: &str, ending: usize| {
        let start = piece.len() - ending;
        if matches!(piece.as_bytes()[..start], [] | [.., b'\'']) { piece.len() } else { start }
    };
    let bare = |piece: &str| if piece.ends_with('\'') { split(piece, 1) } else { piece.len() };
    let (rest, apostrophe) = piece.split_at(if gap == Gap::Early { bare(piece) } else { piece.len() });
    let (rest, short) = rest.split_at(match rest.as_bytes() {
        [.., b'\'', b's' | b'S' | b'm' | b'M' | b'd' | b'D'] => split(rest, 2),
        _ => bare(rest),
    });
    let (first, long) = rest.split_at(match rest.as_bytes() {
        [.., b'\'', b'l', b'l'] | [.., b'\'', b'L', b'L'] => split(rest, 3),
        [.., b'\'', b'r' | b'v', b'e'] | [.., b'\'', b'R' | b'V', b'E'] => split(rest, 3),
        [.., b'n', b'\'', b't'] | [.., b'N', b'\'', b'T'] => split(rest, 3),
        _ => rest.len(),
    });
    for part in [first, long, short, apostrophe] {
        contractions(part, each);
    }
}

/// Splits the words of a piece that are two.
fn contractions(piece: &str, each: &mut impl FnMut(&str)) {
    let bytes = piece.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        if BEGINS_CONTRACTION[usize::from(bytes[at])]
            && let Some((first, second)) = contraction(&piece[at..])
            && !piece[..at].chars().next_back().is_some_and(is_word)
        {
            verses(&piece[start..at], each);
            each(&piece[at..at + first]);
            at += first;
            each(&piece[at..at + second]);
            at += second;
            start = at;
        } else {
            at += 1;
        }
    }
    verses(&piece[start..], each);
}

static BEGINS_CONTRACTION: [bool; 256] = {
    let mut table = [false; 256];
    let letters = b"cdglmwCDGLMW";
    let mut i = 0;
    while i < letters.len() {
        table[letters[i] as usize] = true;
        i += 1;
    }
    table
};

/// The lengths of the two words that `text` begins with as one, if it does.
fn contraction(text: &str) -> Option<(usize, usize)> {
    let (first, second) = match text.as_bytes() {
        [b'c' | b'C', _, _, b'n' | b'N', ..] => ("can", "not"),
        [b'd' | b'D', b'\'', ..] => ("d", "'ye"),
        [b'g' | b'G', b'o' | b'O', b'n' | b'N', ..] => ("gon", "na"),
        [b'g' | b'G', b'o' | b'O', b't' | b'T', ..] => ("got", "ta"),
        [b'g' | b'G', ..] => ("gim", "me"),
        [b'l' | b'L', ..] => ("lem", "me"),
        [b'm' | b'M', ..] => ("more", "'n"),
        [b'w' | b'W', ..] => ("wan", "na"),
        _ => return None,
    };
    let first_len = begins(text, first)?;
    let second_len = begins(&text[first_len..], second)?;
    let after = text[first_len + second_len..].chars().next();
    let is_whole = if first == "wan" { after.is_none() } else { !after.is_some_and(is_word) };
    is_whole.then_some((first_len, second_len))
}

/// Splits `'tis` and `'twas` at the start of a piece, or one behind the other.
fn verses(mut piece: &str, each: &mut impl FnMut(&str)) {
    if piece.starts_with('\'') {
        for verb in ["is", "was"] {
            if let Some(t) = begins(piece, "'t")
                && let Some(len) = begins(&piece[t..], verb)
                && !piece[t + len..].chars().next().is_some_and(is_word)
            {
                each(&piece[..t]);
                each(&piece[t..t + len]);
                piece = &piece[t + len..];
            }
        }
    }
    if !piece.is_empty() {
        each(piece);
    }
}

/// How many bytes of `text` are `word`, in any case, if it begins with it. As in Python's `re`, an `i` may be without its
/// dot or have one as a capital, and an `s` may be long.
fn begins(text: &str, word: &str) -> Option<usize> {
    let mut characters = text.chars();
    for expected in word.chars() {
        let found = match characters.next()? {
            'ı' | 'İ' => 'i',
            'ſ' => 's',
            c => c.to_ascii_lowercase(),
        };
        if found != expected {
            return None;
        }
    }
    Some(text.len() - characters.as_str().len())
}

/// `\w`
fn is_word(c: char) -> bool {
    unicode::class(c) == Class::Word
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
