//! What Python 3.11 (Unicode 14) says of a character: `str.isalnum()`, `str.isspace()`, `str.lower()` and a few more.
//!
//! Rust's own tables follow a newer Unicode and move with the compiler; features must not.

mod ranges;
mod tables;

use std::cmp::Ordering;

use ranges::{DECIMAL, LOWER_CASE, UPPER_CASE};
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

/// All that the tables say of a character.
#[derive(Clone, Copy)]
pub(crate) struct Properties(u8);

impl Properties {
    /// Of the character with this code.
    #[inline(always)]
    pub(crate) const fn of(code: u32) -> Self {
        Properties(PROPERTIES[PAGES[code as usize >> 7] as usize][code as usize & 127])
    }

    #[inline(always)]
    pub(crate) const fn is_word(self) -> bool {
        self.0 & WORD != 0
    }

    #[inline(always)]
    pub(crate) const fn is_space(self) -> bool {
        self.0 & SPACE != 0
    }

    /// Whether lower case is another character, or depends on where it stands.
    #[inline(always)]
    pub(crate) const fn is_upper(self) -> bool {
        self.0 & UPPER != 0
    }

    const fn is_ignorable(self) -> bool {
        self.0 & IGNORABLE != 0
    }

    const fn is_cased(self) -> bool {
        self.0 & CASED != 0
    }
}

/// The class of `c`.
pub(crate) const fn class(c: char) -> Class {
    let properties = Properties::of(c as u32);
    if properties.is_word() {
        Class::Word
    } else if properties.is_space() {
        Class::Space
    } else {
        Class::Other
    }
}

/// `c` in lower case, wherever it stands: all but the final sigma, and U+0130's second character.
pub(crate) fn lower(c: char) -> char {
    if !Properties::of(c.into()).is_upper() {
        return c;
    }
    let code = u32::from(c);
    let lower = match EARLY_LOWER.get(code as usize) {
        Some(lower) => Some(u32::from(*lower)),
        None => LOWER.binary_search_by_key(&code, |(upper, _)| *upper).ok().map(|at| LOWER[at].1),
    };
    lower.and_then(char::from_u32).unwrap_or(c)
}

/// [`LOWER`] for the Latin, Greek, Cyrillic and Armenian letters of everyday text, without a search.
static EARLY_LOWER: [u16; 0x590] = {
    let mut early = [0; 0x590];
    let mut code = 0;
    while code < early.len() {
        early[code] = code as u16;
        code += 1;
    }
    let mut at = 0;
    while LOWER[at].0 < early.len() as u32 {
        early[LOWER[at].0 as usize] = LOWER[at].1 as u16;
        at += 1;
    }
    // The one character whose lower case is two: see `SECOND_OF_0130`.
    early[0x130] = b'i' as u16;
    early
};

/// The lower case of the character with this code, if it takes as many bytes and is the same wherever it stands.
#[inline]
pub(crate) fn lower_in_place(code: u32, bytes: usize) -> Option<char> {
    let c = char::from_u32(code).filter(|c| !matches!(c, 'Σ' | '\u{130}'))?;
    Some(lower(c)).filter(|lower| lower.len_utf8() == bytes)
}

/// What follows the `i` in the lower case of U+0130.
pub(crate) const SECOND_OF_0130: char = '\u{307}';

/// Whether a capital sigma between `before` and `after` lower-cases to the final form `ς`.
pub(crate) fn is_final_sigma(before: &str, after: &str) -> bool {
    let cased = |c: Option<char>| c.is_some_and(|c| Properties::of(c.into()).is_cased());
    let counts = |c: &char| !Properties::of((*c).into()).is_ignorable();
    cased(before.chars().rev().find(counts)) && !cased(after.chars().find(counts))
}

/// Appends `text`, as `str.lower()` gives it, to `lower`.
pub(crate) fn push_lower(text: &str, lower: &mut String) {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let start = lower.len();
        lower.push_str(&rest[..ascii]);
        lower[start..].make_ascii_lowercase();
        at += ascii;
        for c in rest[ascii..].chars().take_while(|c| !c.is_ascii()) {
            let after = at + c.len_utf8();
            match c {
                'Σ' if is_final_sigma(&text[..at], &text[after..]) => lower.push('ς'),
                '\u{130}' => lower.extend(['i', SECOND_OF_0130]),
                c => lower.push(self::lower(c)),
            }
            at = after;
        }
    }
}

/// `\d`.
pub(crate) fn is_decimal(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { is_within(&DECIMAL, c) }
}

/// `str.isupper()` of one character.
pub(crate) fn is_upper_case(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { is_within(&UPPER_CASE, c) }
}

/// `str.islower()` of one character.
pub(crate) fn is_lower_case(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { is_within(&LOWER_CASE, c) }
}

fn is_within(runs: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    let side = |&(first, last): &(u32, u32)| match code {
        _ if last < code => Ordering::Less,
        _ if first > code => Ordering::Greater,
        _ => Ordering::Equal,
    };
    runs.binary_search_by(side).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python 3.11 says of every code point: made by `tests/unicode/make_code_points.py`.
    const CLASSES: &str = include_str!("../../../tests/unicode/code_points.tsv");
    const LOWER_CASE: &str = include_str!("../../../tests/unicode/lower.tsv");
    const FINAL_SIGMA: &str = include_str!("../../../tests/unicode/final_sigma.tsv");
    const DIGITS_AND_CASE: &str = include_str!("../../../tests/unicode/digits_and_case.tsv");

    fn code(hex: &str) -> u32 {
        u32::from_str_radix(hex, 16).unwrap()
    }

    /// Every character of runs `start end value`, each with its value.
    fn characters(runs: &'static str) -> impl Iterator<Item = (char, &'static str)> {
        runs.lines().flat_map(|line| {
            let mut cells = line.split('\t');
            let (start, end) = (code(cells.next().unwrap()), code(cells.next().unwrap()));
            let value = cells.next().unwrap();
            (start..=end).map(move |code| (char::from_u32(code).unwrap(), value))
        })
    }

    const SCALAR_VALUES: usize = 0x11_0000 - 0x800;

    #[test]
    fn the_class_of_every_code_point_is_pythons() {
        for (c, expected) in characters(CLASSES) {
            let found = match class(c) {
                Class::Word => "word",
                Class::Space => "space",
                Class::Other => "other",
            };
            assert_eq!(found, expected, "{:04X}", u32::from(c));
        }
        assert_eq!(characters(CLASSES).count(), SCALAR_VALUES);
    }

    #[test]
    fn the_lower_case_of_every_code_point_is_pythons() {
        let changed: std::collections::HashMap<char, String> = LOWER_CASE
            .lines()
            .map(|line| {
                let (from, to) = line.split_once('\t').unwrap();
                let to = to.split([' ', '\t']).map(|hex| char::from_u32(code(hex)).unwrap()).collect();
                (char::from_u32(code(from)).unwrap(), to)
            })
            .collect();
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let mut found = String::from(lower(c));
            if c == '\u{130}' {
                found.push(SECOND_OF_0130);
            }
            // Alone, a capital sigma is not final.
            let expected = changed.get(&c).cloned().unwrap_or_else(|| c.into());
            assert_eq!(found, expected, "{:04X}", u32::from(c));
        }
    }

    #[test]
    fn the_digits_and_the_case_of_every_code_point_are_pythons() {
        for (c, expected) in characters(DIGITS_AND_CASE) {
            let found = match (is_decimal(c), is_upper_case(c), is_lower_case(c)) {
                (true, false, false) => "decimal",
                (false, true, false) => "upper",
                (false, false, true) => "lower",
                (false, false, false) => "none",
                more => panic!("{:04X}: {more:?}", u32::from(c)),
            };
            assert_eq!(found, expected, "{:04X}", u32::from(c));
        }
        assert_eq!(characters(DIGITS_AND_CASE).count(), SCALAR_VALUES);
    }

    #[test]
    fn a_text_in_lower_case() {
        for (text, expected) in [
            ("", ""),
            ("Alice WENT 1st", "alice went 1st"),
            ("ΟΔΟΣ ΣΑΣ. Σ ÀÉ-X", "οδος σας. σ àé-x"),
            ("İSTANBUL", "i\u{307}stanbul"),
        ] {
            let mut lower = String::new();
            push_lower(text, &mut lower);
            assert_eq!(lower, expected);
        }
    }

    #[test]
    fn a_sigma_beside_every_code_point_is_pythons() {
        let mut seen = 0;
        for (c, expected) in characters(FINAL_SIGMA) {
            let c = c.to_string();
            let cases = [
                ("A".to_owned() + &c, ""),
                (c.clone(), ""),
                ("A".into(), c.as_str()),
                ("A".into(), &(c.clone() + "A")),
            ];
            let found: String = cases
                .iter()
                .map(|(before, after)| if is_final_sigma(before, after) { '1' } else { '0' })
                .collect();
            assert_eq!(found, expected, "{}", c.escape_unicode());
            seen += 1;
        }
        assert_eq!(seen, SCALAR_VALUES);
    }
}
