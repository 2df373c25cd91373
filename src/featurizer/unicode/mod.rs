//! What Python 3.11 (Unicode 14) says of a character: `str.isalnum()`, `str.isspace()`, `str.lower()`.
//!
//! Rust's own tables follow a newer Unicode and move with the compiler; features must not.

mod tables;

use tables::{CASED, IGNORABLE, LOWER, PAGES, PROPERTIES, SPACE, UPPER, WORD};

/// What a character is to the tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `\w`: alphanumeric or an underscore.
    Word,
    /// `\s`.
    Space,
    /// Neither.
    Other,
}

const fn properties(c: char) -> u8 {
    let code = c as usize;
    PROPERTIES[PAGES[code >> 7] as usize][code & 127]
}

/// The class of `c`.
pub(crate) const fn class(c: char) -> Class {
    let properties = properties(c);
    if properties & WORD != 0 {
        Class::Word
    } else if properties & SPACE != 0 {
        Class::Space
    } else {
        Class::Other
    }
}

/// `c` in lower case, wherever it stands: all but the final sigma, and U+0130's second character.
pub(crate) fn lower(c: char) -> char {
    if properties(c) & UPPER == 0 {
        return c;
    }
    match LOWER.binary_search_by_key(&u32::from(c), |(upper, _)| *upper) {
        Ok(at) => char::from_u32(LOWER[at].1).unwrap_or(c),
        Err(_) => 'i', // U+0130, the one character whose lower case is two: see `SECOND_OF_0130`
    }
}

/// What follows the `i` in the lower case of U+0130.
pub(crate) const SECOND_OF_0130: char = '\u{307}';

/// Whether a capital sigma between `before` and `after` lower-cases to the final form `ς`.
pub(crate) fn is_final_sigma(before: &str, after: &str) -> bool {
    let cased = |c: Option<char>| c.is_some_and(|c| properties(c) & CASED != 0);
    let counts = |c: &char| properties(*c) & IGNORABLE == 0;
    cased(before.chars().rev().find(counts)) && !cased(after.chars().find(counts))
}
