//! Cuts a text at every n-th space.
//!
//! Source: the paper's scripts, which join each n of `text.split(' ')` with one space. Every single space counts: two
//! spaces have an empty word between them, and an empty text is one empty piece.

/// The pieces of a text.
pub(super) struct Pieces<'a> {
    rest: Option<&'a str>,
    words: usize,
}

impl<'a> Pieces<'a> {
    /// Of `words` words each, at least 1.
    pub(super) fn new(text: &'a str, words: usize) -> Self {
        Pieces { rest: Some(text), words }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match nth_space(rest.as_bytes(), self.words) {
            Some(space) => {
                self.rest = Some(&rest[space + 1..]);
                Some(&rest[..space])
            }
            None => self.rest.take(),
        }
    }
}

/// How many pieces a text has.
pub(super) fn count_pieces(text: &str, words: usize) -> u64 {
    (memchr::memchr_iter(b' ', text.as_bytes()).count() / words) as u64 + 1
}

/// The pieces of a text as it stands in JSON, each with its escapes: as many as those of the text itself.
pub(super) struct EscapedPieces<'a> {
    rest: Option<&'a [u8]>,
    words: usize,
    /// Whether a space may be among the escapes, which is sound and hardly ever done.
    has_escaped_spaces: bool,
}

const ESCAPED_SPACE: &[u8] = b"\\u0020";

impl<'a> EscapedPieces<'a> {
    /// Of `words` words each, at least 1; `escaped` is the inside of a string.
    pub(super) fn new(escaped: &'a [u8], words: usize) -> Self {
        let has_escaped_spaces = memchr::memmem::find(escaped, ESCAPED_SPACE).is_some();
        EscapedPieces { rest: Some(escaped), words, has_escaped_spaces }
    }
}

impl<'a> Iterator for EscapedPieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let (space, len) = if self.has_escaped_spaces {
            nth_escaped_space(rest, self.words).unzip()
        } else {
            (nth_space(rest, self.words), Some(1))
        };
        match (space, len) {
            (Some(space), Some(len)) => {
                self.rest = Some(&rest[space + len..]);
                Some(&rest[..space])
            }
            _ => self.rest.take(),
        }
    }
}

/// Where the `n`-th space stands.
fn nth_space(bytes: &[u8], n: usize) -> Option<usize> {
    memchr::memchr_iter(b' ', bytes).nth(n - 1)
}

/// Where the `n`-th space stands, be it written as it is or as an escape, and how long it is.
fn nth_escaped_space(escaped: &[u8], n: usize) -> Option<(usize, usize)> {
    let (mut at, mut spaces) = (0, 0);
    loop {
        let found = at + memchr::memchr2(b' ', b'\\', &escaped[at..])?;
        let len = match &escaped[found..] {
            [b' ', ..] => 1,
            escape if escape.starts_with(ESCAPED_SPACE) => ESCAPED_SPACE.len(),
            _ => {
                // What a backslash escapes may be another.
                at = (found + 2).min(escaped.len());
                continue;
            }
        };
        spaces += 1;
        if spaces == n {
            return Some((found, len));
        }
        at = found + len;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str, words: usize) -> Vec<&str> {
        Pieces::new(text, words).collect()
    }

    #[test]
    fn every_space_counts() {
        assert_eq!(pieces("a b c d e", 2), ["a b", "c d", "e"]);
        assert_eq!(pieces("a b c d", 2), ["a b", "c d"]);
        assert_eq!(pieces(" a  b ", 2), [" a", " b", ""]);
        assert_eq!(pieces("a\nb c\td e", 2), ["a\nb c\td", "e"]);
        assert_eq!(pieces("", 3), [""]);
        assert_eq!(pieces("  ", 1), ["", "", ""]);
    }

    #[test]
    fn escapes_are_no_spaces_but_one() {
        let pieces = |escaped: &'static str, words| {
            let pieces = EscapedPieces::new(escaped.as_bytes(), words);
            pieces.map(|piece| std::str::from_utf8(piece).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(pieces(r"a\nb c\u00e9 d", 1), [r"a\nb", r"c\u00e9", "d"]);
        assert_eq!(pieces(r"a\u0020b c\u0020d", 2), [r"a\u0020b", r"c\u0020d"]);
        assert_eq!(pieces(r"a\u0020b c\u0020d", 1), ["a", "b", "c", "d"]);
        assert_eq!(pieces(r"a\\u0020b \u0020\\", 1), [r"a\\u0020b", "", r"\\"]);
    }

    proptest! {
        #[test]
        fn joined_with_spaces_they_are_the_text(text in "[ a\n\\\\\"é]{0,60}", words in 1usize..5) {
            let pieces = pieces(&text, words);
            prop_assert_eq!(pieces.join(" "), &*text);
            prop_assert_eq!(count_pieces(&text, words), pieces.len() as u64);
            let lengths = pieces.iter().map(|piece| piece.split(' ').count());
            let whole = pieces.len() - 1;
            prop_assert!(lengths.clone().take(whole).all(|length| length == words));
            prop_assert!(lengths.clone().next_back().is_some_and(|length| length <= words));
        }

        #[test]
        fn with_escapes_they_are_the_same(
            text in "[ au\n\\\\\"é02]{0,60}",
            words in 1usize..5,
            spaces in any::<u64>(),
        ) {
            let quoted = serde_json::to_string(&text).unwrap();
            let mut place = 0;
            let escaped = quoted[1..quoted.len() - 1].split(' ').fold(String::new(), |escaped, part| {
                place += 1;
                let space = if spaces >> (place % 64) & 1 == 1 { " " } else { r"\u0020" };
                if place == 1 { part.to_owned() } else { escaped + space + part }
            });
            let unescaped = |piece: &[u8]| {
                let quoted = [b"\"", piece, b"\""].concat();
                serde_json::from_slice::<String>(&quoted).unwrap()
            };
            let found: Vec<String> = EscapedPieces::new(escaped.as_bytes(), words).map(unescaped).collect();
            prop_assert_eq!(found, pieces(&text, words));
        }
    }
}
