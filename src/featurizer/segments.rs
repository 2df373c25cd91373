//! The `unicode` tokenizer: the segments between Unicode's word boundaries that are not white space.
//!
//! Source: UAX #29, section 4.1, in Unicode 17. Its rules are those of [`unicode_segmentation`]; among ASCII they are
//! so few that they are here once more, and several times faster.

use unicode_segmentation::UnicodeSegmentation;

use super::unicode::{self, Class};

/// Gives every token of `lower`, a text in lower case, to `found`.
#[inline]
pub(super) fn tokens<'t>(lower: &'t str, mut found: impl FnMut(&'t str)) {
    let mut rest = lower;
    while !rest.is_empty() {
        // ASCII white space and what is behind it, to the next: no rule joins it to what is before unless that is white
        // space too.
        let spaces = rest.len() - rest.trim_ascii_start().len();
        let chunk = &rest[spaces..];
        let end = spaces + chunk.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(chunk.len());
        if rest[spaces..end].is_ascii() {
            ascii(&rest[spaces..end], &mut found);
            rest = &rest[end..];
        } else {
            let end = end_of_others(rest, end);
            by_all_rules(&rest[..end], &mut found);
            rest = &rest[end..];
        }
    }
}

/// The tokens by the definition.
fn by_all_rules<'t>(text: &'t str, found: impl FnMut(&'t str)) {
    text.split_word_bounds().filter(|segment| !segment.chars().all(is_space)).for_each(found);
}

/// Where a stretch of text ends that is not all ASCII: at ASCII white space, or at the end of what follows it if other
/// white space comes before, which it may join.
fn end_of_others(text: &str, mut end: usize) -> usize {
    while text[..end].ends_with(|c: char| !c.is_ascii() && is_space(c)) && end < text.len() {
        let rest = text[end..].trim_ascii_start();
        let start = text.len() - rest.len();
        end = start + rest.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(rest.len());
    }
    end
}

/// The tokens of ASCII without white space of its own: words of letters, digits and underscores, with one sign between
/// two letters or two digits; all else, each by itself.
fn ascii<'t>(text: &'t str, found: &mut impl FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = start + 1;
        if is_word(bytes[start]) {
            while let Some(&byte) = bytes.get(end) {
                match (byte, bytes[end - 1], bytes.get(end + 1)) {
                    _ if is_word(byte) => end += 1,
                    (b':' | b'.' | b'\'', before, Some(after))
                        if before.is_ascii_alphabetic() && after.is_ascii_alphabetic() =>
                    {
                        end += 2;
                    }
                    (b',' | b';' | b'.' | b'\'', before, Some(after))
                        if before.is_ascii_digit() && after.is_ascii_digit() =>
                    {
                        end += 2;
                    }
                    _ => break,
                }
            }
            found(&text[start..end]);
        } else if !is_space(char::from(bytes[start])) {
            found(&text[start..end]);
        }
        start = end;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `\s`
fn is_space(c: char) -> bool {
    unicode::class(c) == Class::Space
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn tokens(text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        super::tokens(text, |token| tokens.push(token));
        tokens
    }

    fn tokens_by_all_rules(text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        super::by_all_rules(text, |token| tokens.push(token));
        tokens
    }

    #[test]
    fn words_numbers_and_signs() {
        assert_eq!(tokens("it can't cost $3,000.50!!"), ["it", "can't", "cost", "$", "3,000.50", "!", "!"]);
        assert_eq!(
            tokens("u.s.a. snake_case a-b \r\n\u{a0}\u{1f}c"),
            ["u.s.a", ".", "snake_case", "a", "-", "b", "c"]
        );
        assert_eq!(tokens("👩‍💻👍🏽 नमस्ते"), ["👩‍💻", "👍🏽", "नमस्ते"]);
        assert_eq!(tokens(" \n"), Vec::<&str>::new());
    }

    #[test]
    fn scripts_without_spaces_go_by_characters_with_their_marks() {
        assert_eq!(tokens("你好ひらカタカナ"), ["你", "好", "ひ", "ら", "カタカナ"]);
        assert_eq!(tokens("ภาษาไทยที่"), ["ภ", "า", "ษ", "า", "ไ", "ท", "ย", "ที่"]);
        assert_eq!(tokens("ລາວ ខ្មែរ မြန်"), ["ລ", "າ", "ວ", "ខ្", "មែ", "រ", "မြ", "န်"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

        #[test]
        fn the_quick_way_through_ascii_follows_the_rules(
            text in "([ -~]{0,4}|[a-z]{1,3}|[0-9.,;:'_]{1,4}|[ \n\r\t\x0B\x0C\x1C-\x1F]{1,2}|\
                [\u{301}\u{200d}\u{ad}\u{a0}\u{2003}\u{3000}\u{85}]{1,2}|[éß字カ\u{5d0}٣🇫👍·]){0,12}"
        ) {
            prop_assert_eq!(tokens(&text), tokens_by_all_rules(&text));
        }
    }

    /// Every code point in several surroundings: whatever moves in the tables moves this number.
    #[test]
    fn the_tables_are_those_of_unicode_17() {
        let mut all = String::new();
        for c in ('\0'..=char::MAX).filter(|c| !super::is_space(*c)) {
            all.extend([c, ' ', 'a', c, 'a', c, '1', c, ' ', '字', c, ' ']);
        }
        let lines: String = tokens(&all).into_iter().flat_map(|token| [token, "\n"]).collect();
        assert_eq!(format!("{:016x}", crate::reader::content_hash(lines.as_bytes())), "a43bda00dff34fe3");
    }
}
