//! A text with its words marked by what they add to a log weight: in pieces, or for a terminal, with or without
//! colors.

use crate::explain::Word;

/// How words are marked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marks {
    /// By the colors and styles of a terminal.
    Colors,
    /// By brackets.
    Brackets,
}

/// Of a longer text, the beginning is shown.
const LONGEST: usize = 20_000;
/// A word is marked that adds so much of what the most telling one adds.
const TELLING: f64 = 0.25;

const RAISES: &str = "\x1b[1;32m";
const LOWERS: &str = "\x1b[4;31m";
const PLAIN: &str = "\x1b[0m";

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece<'t> {
    /// It is not marked.
    Plain(&'t str),
    /// A word that raises the log weight.
    Raises(&'t str),
    /// A word that lowers it.
    Lowers(&'t str),
}

/// The first `longest` characters of a text in pieces, with the words apart that add most for a target.
pub(crate) fn pieces<'t>(text: &'t str, words: &[Word], target: usize, longest: usize) -> Vec<Piece<'t>> {
    let part_of = |word: &Word| word.parts.get(target).copied().unwrap_or(0.0);
    let largest = words.iter().map(|word| part_of(word).abs()).fold(0.0, f64::max);
    let (mut pieces, mut at) = (Vec::new(), 0);
    let end = text.char_indices().nth(longest).map_or(text.len(), |(end, _)| end);
    for word in words.iter().filter(|word| word.end <= end) {
        let part = part_of(word);
        // Pieces of one character are one word to the eye.
        if part.abs() < TELLING * largest || part == 0.0 || word.start < at {
            continue;
        }
        if at < word.start {
            pieces.push(Piece::Plain(&text[at..word.start]));
        }
        let inside = &text[word.start..word.end];
        pieces.push(if part > 0.0 { Piece::Raises(inside) } else { Piece::Lowers(inside) });
        at = word.end;
    }
    if at < end {
        pieces.push(Piece::Plain(&text[at..end]));
    }
    pieces
}

/// The text, with the words that add most for a target marked, and nothing that a terminal would obey.
pub(crate) fn marked(text: &str, words: &[Word], target: usize, marks: Marks) -> String {
    let mut out = String::new();
    for piece in pieces(text, words, target, LONGEST) {
        out += &match (piece, marks) {
            (Piece::Plain(text), _) => shown(text),
            (Piece::Raises(word), Marks::Colors) => format!("{RAISES}{}{PLAIN}", shown(word)),
            (Piece::Lowers(word), Marks::Colors) => format!("{LOWERS}{}{PLAIN}", shown(word)),
            (Piece::Raises(word), Marks::Brackets) => format!("[+{}]", shown(word)),
            (Piece::Lowers(word), Marks::Brackets) => format!("[-{}]", shown(word)),
        };
    }
    if text.chars().nth(LONGEST).is_some() {
        out += " […]";
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Text of a corpus as a terminal may have it: what would move the cursor, change colors or turn the direction of
/// writing is written out.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_format(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Marks of direction and other characters that are not seen. Joiners are not among them: some scripts are not written
/// without.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_words_are_marked_and_nothing_commands_the_terminal() {
        let text = "the sea\x1b[2J tax\u{202e}";
        let word = |start, end, part| Word { start, end, parts: vec![part] };
        let words = [word(0, 3, 0.1), word(4, 7, 2.0), word(12, 15, -1.0)];
        assert_eq!(marked(text, &words, 0, Marks::Brackets), "the [+sea]\\u{1b}[2J [-tax]\\u{202e}\n");
        assert_eq!(
            marked(text, &words, 0, Marks::Colors),
            "the \x1b[1;32msea\x1b[0m\\u{1b}[2J \x1b[4;31mtax\x1b[0m\\u{202e}\n"
        );
    }
}
