//! The tokens of a piece: what is left of a sentence between white space and punctuation that is a token by itself.
//!
//! Endings behind an apostrophe come off a piece, and some words are two.

use super::words::is_word;

// What a piece has in it, one bit each.

/// Nothing but ASCII letters, digits and underscores.
pub(super) const PLAIN: u8 = 0;
/// Something else.
pub(super) const MIXED: u8 = 1;
/// An apostrophe, among other things.
pub(super) const APOSTROPHE: u8 = 2;

/// When a piece gets the space behind it that sets it off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Before NLTK takes a last apostrophe off.
    Early,
    Later,
}

/// Gives the tokens of a piece.
#[inline(always)]
pub(super) fn tokens(piece: &str, content: u8, gap: Gap, each: &mut impl FnMut(&str)) {
    if content == PLAIN && !matches!(piece.len(), 5 | 6) {
        each(piece);
    } else if content & APOSTROPHE != 0 {
        clitics(piece, gap, each);
    } else {
        contractions(piece, each);
    }
}

/// Takes the endings behind an apostrophe off a piece: one of the short ones, then one of the long ones. A bare
/// apostrophe is one of the short ones, unless it was taken off before.
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

/// How many bytes of `text` are `word`, in any case, if it begins with it. As in Python's `re`, an `i` may be without
/// its dot or have one as a capital, and an `s` may be long.
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
