//! Punkt's own words, by which it judges where a sentence ends: the matches of the regular expression
//!
//! ```text
//! MULTI | (?=[^("`{[:;&#*@)}\]\-,])\S+?(?=\s|$|ENDS|MULTI|,(?=$|\s|ENDS|MULTI)) | \S
//! MULTI = -{2,} | \.{2,} | (\.\s){2,}\.        ENDS = [)";}\]*:@'({\[?!]
//! ```
//!
//! in each line.

use crate::featurizer::unicode::{self, Class};

/// The words of a text.
pub(super) struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Words<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Words { text, at: 0 }
    }

    /// How long the run of dashes, of periods, or of periods with white space between them is, that begins at `at`; 0
    /// if there is none.
    fn multi(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let run = |of: u8| rest.bytes().take_while(|byte| *byte == of).count();
        match rest.as_bytes() {
            [b'-', b'-', ..] => run(b'-'),
            [b'.', b'.', ..] => run(b'.'),
            [b'.', ..] => spaced_periods(rest),
            _ => 0,
        }
    }

    /// Whether a word ends before what is at `at`.
    fn ends(&self, at: usize) -> bool {
        match self.text.as_bytes().get(at) {
            None => true,
            Some(byte) if ends_a_word(*byte) => true,
            Some(b'-' | b'.') => self.multi(at) > 0,
            Some(byte) if byte.is_ascii() => is_space(char::from(*byte)),
            Some(_) => self.text[at..].starts_with(is_space),
        }
    }
}

/// How long `(\.\s){2,}\.` is at the start of `text`, which starts with a period.
fn spaced_periods(text: &str) -> usize {
    let (mut periods, mut len, mut rest) = (0, 0, text);
    while let Some(after) = rest.strip_prefix('.') {
        periods += 1;
        len = text.len() - after.len();
        let mut characters = after.chars();
        match characters.next() {
            Some(c) if c != '\n' && is_space(c) => rest = characters.as_str(),
            _ => break,
        }
    }
    if periods > 2 { len } else { 0 }
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.text;
        let start = text.len() - text[self.at..].trim_start_matches(is_space).len();
        let first = text[start..].chars().next()?;
        let multi = self.multi(start);
        let mut end = start + if multi > 0 { multi } else { first.len_utf8() };
        if multi == 0 && !begins_no_word(first) {
            let bytes = text.as_bytes();
            loop {
                while bytes.get(end).is_some_and(|byte| IS_WITHIN[usize::from(*byte)]) {
                    end += 1;
                }
                let is_comma = bytes.get(end) == Some(&b',');
                if if is_comma { self.ends(end + 1) } else { self.ends(end) } {
                    break;
                }
                end += text[end..].chars().next().map_or(1, char::len_utf8);
            }
        }
        self.at = end;
        Some(&text[start..end])
    }
}

/// Bytes that are within words whatever is around them.
static IS_WITHIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        // Characters of three bytes may be white space, as may U+0085 and U+00A0, which begin with C2.
        let beyond = byte >= 0x80 && byte != 0xC2 && !(byte >= 0xE1 && byte <= 0xE3);
        table[byte] = (byte as u8).is_ascii_alphanumeric() || beyond;
        byte += 1;
    }
    table
};

fn begins_no_word(c: char) -> bool {
    matches!(c, '(' | '"' | '`' | '{' | '[' | ':' | ';' | '&' | '#' | '*' | '@' | ')' | '}' | ']' | '-' | ',')
}

/// Punctuation that is within no word.
pub(super) fn ends_a_word(byte: u8) -> bool {
    matches!(
        byte,
        b')' | b'"' | b';' | b'}' | b']' | b'*' | b':' | b'@' | b'\'' | b'(' | b'{' | b'[' | b'?' | b'!'
    )
}

/// `\s`
pub(super) fn is_space(c: char) -> bool {
    unicode::class(c) == Class::Space
}

/// `\w`
pub(super) fn is_word(c: char) -> bool {
    unicode::class(c) == Class::Word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        Words::new(text).collect()
    }

    #[test]
    fn what_punkt_takes_for_words() {
        assert_eq!(
            words("(the u.s. said: \"no!\""),
            ["(", "the", "u.s.", "said", ":", "\"", "no", "!", "\""]
        );
        assert_eq!(words("3.5, 3,5 x,,y,"), ["3.5", ",", "3,5", "x,,y", ","]);
        assert_eq!(words("well-known--so -x"), ["well-known", "--", "so", "-", "x"]);
        assert_eq!(words("'tis o'c ''"), ["'tis", "o", "'c", "'", "'"]);
        assert_eq!(words("what...? . . . end. . x"), ["what", "...", "?", ". . .", "end.", ".", "x"]);
        assert_eq!(words("a.\u{a0}.\u{a0}.b"), ["a", ".\u{a0}.\u{a0}.", "b"]);
        assert_eq!(words(". .\n. x"), [".", ".", ".", "x"]);
        assert_eq!(words(" \n"), Vec::<&str>::new());
    }
}
