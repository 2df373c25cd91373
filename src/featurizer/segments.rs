//! The `unicode` tokenizer: the segments between Unicode's word boundaries that are not white space.
//!
//! Source: UAX #29, section 4.1, in Unicode 17.

use unicode_segmentation::UnicodeSegmentation;

use super::unicode::{self, Class};

/// Gives every token of `lower`, a text in lower case, to `found`.
#[inline]
pub(super) fn tokens<'t>(lower: &'t str, found: impl FnMut(&'t str)) {
    let is_space = |c: char| unicode::class(c) == Class::Space;
    lower.split_word_bounds().filter(|segment| !segment.chars().all(is_space)).for_each(found);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        super::tokens(text, |token| tokens.push(token));
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

    /// Every code point alone and between letters: whatever moves in the tables moves this number.
    #[test]
    fn the_tables_are_those_of_unicode_17() {
        let mut all = String::new();
        for c in ('\0'..=char::MAX).filter(|c| unicode::class(*c) != Class::Space) {
            all.extend([c, ' ', 'a', c, 'a', c, '1', c, ' ', '字', c, ' ']);
        }
        let mut marked = String::new();
        super::tokens(&all, |token| {
            marked.push_str(token);
            marked.push('\n');
        });
        assert_eq!(format!("{:016x}", crate::reader::content_hash(marked.as_bytes())), "a43bda00dff34fe3");
    }
}
