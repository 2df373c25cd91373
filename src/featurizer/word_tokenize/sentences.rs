//! Sentences, as Punkt's `PunktTokenizer.tokenize` of NLTK 3.9.1 finds them.
//!
//! 1. A sentence may end at each `.`, `?` or `!` before a space and more text, or before one of [`ENDS_A_WORD`]. Of
//!    several without white space between them, the last counts.
//! 2. What is around such a place, from the white space before it to the end of the next word, is split into words of
//!    Punkt's own ([`Words`]), and the model decides whether one of them ends a sentence.
//! 3. Quotes and brackets that close a sentence and begin the next one are moved over to the first.

use std::sync::Arc;

use super::punkt::{Punkt, seen};
use super::words::{Words, ends_a_word, is_space};
use crate::featurizer::unicode;

/// Finds the sentences of texts; holds the buffers of one thread.
pub(super) struct Sentences {
    punkt: Arc<Punkt>,
    /// A word in lower case, and the next one.
    types: [String; 2],
}

/// A place where a sentence may end.
#[derive(Clone, Copy)]
struct PossibleEnd {
    /// Where the word before it begins.
    word: usize,
    /// Its `.`, `?` or `!`.
    at: usize,
    /// Where the next word begins, if white space comes first.
    next: Option<usize>,
}

impl Sentences {
    pub(super) fn new(punkt: Arc<Punkt>) -> Self {
        Sentences { punkt, types: Default::default() }
    }

    /// Gives `found` every sentence of `text`, without the white space between them.
    pub(super) fn each<'t>(&mut self, text: &'t str, found: impl FnMut(&'t str)) {
        let bytes = text.as_bytes();
        let mut sentences = Realigned { text, before: None, moved: 0, found };
        let mut start = 0;
        let mut before: Option<PossibleEnd> = None;
        let mut cut = |this: &mut Self, candidate: PossibleEnd, sentences: &mut Realigned<'t, _>| {
            if this.breaks_at(text, candidate) {
                sentences.push(start, candidate.at + 1);
                start = candidate.next.unwrap_or(candidate.at + 1);
            }
        };
        for at in memchr::memchr3_iter(b'.', b'?', b'!', bytes) {
            let next = match bytes.get(at + 1) {
                Some(byte) if ends_a_word(*byte) => None,
                Some(byte) if byte.is_ascii_alphanumeric() => continue,
                _ => match skip_spaces(text, at + 1) {
                    next if next > at + 1 && next < bytes.len() => Some(next),
                    _ => continue,
                },
            };
            let from = before.map_or(0, |before| before.at);
            // White space at the very start is as good as none to NLTK, which takes its place, 0, for a no.
            let word = match bytes[from..at].iter().rposition(|byte| is_python_string_whitespace(*byte)) {
                None | Some(0) => before.map_or(0, |before| before.word),
                Some(place) => from + place + 1,
            };
            if let Some(before) = before.filter(|before| before.at <= word) {
                cut(self, before, &mut sentences);
            }
            before = Some(PossibleEnd { word, at, next });
        }
        if let Some(before) = before {
            cut(self, before, &mut sentences);
        }
        sentences.push(start, text.trim_end_matches(is_space).len());
        sentences.finish();
    }

    /// Whether a sentence ends within the words around `candidate`, the last of them aside.
    fn breaks_at(&mut self, text: &str, candidate: PossibleEnd) -> bool {
        let end = match candidate.next {
            None => candidate.at + 2,
            Some(next) => text[next..].find(is_space).map_or(text.len(), |len| next + len),
        };
        let mut before: Option<Word<'_>> = None;
        for word in Words::new(&text[candidate.word..end]) {
            let word = self.first_pass(word);
            if let Some(mut before) = before {
                self.second_pass(&mut before, &word);
                if before.is_break {
                    return true;
                }
            }
            before = Some(word);
        }
        false
    }

    /// What a word is by itself.
    fn first_pass<'t>(&mut self, text: &'t str) -> Word<'t> {
        let mut word = Word { text, is_break: false, is_abbreviation: false, is_ellipsis: false };
        match text.strip_suffix('.') {
            _ if matches!(text, "." | "?" | "!") => word.is_break = true,
            None => {}
            Some(rest) if rest.ends_with('.') => {
                word.is_ellipsis = rest.bytes().all(|byte| byte == b'.');
            }
            Some(rest) => {
                word.is_abbreviation = self.punkt.is_abbreviation(lower(rest, &mut self.types[0]));
                word.is_break = !word.is_abbreviation;
            }
        }
        word
    }

    /// What a word is beside the `next` one.
    fn second_pass(&mut self, word: &mut Word<'_>, next: &Word<'_>) {
        if !word.text.ends_with('.') {
            return;
        }
        let Sentences { punkt, types: [first, second] } = self;
        let kind = without_period(kind(word.text, first));
        let mut next_kind = self::kind(next.text, second);
        if next.is_break {
            next_kind = without_period(next_kind);
        }
        if punkt.is_collocation(kind, next_kind) {
            word.is_break = false;
            return;
        }
        let first_of_next = next.text.chars().next();
        let is_upper = first_of_next.is_some_and(unicode::is_upper_case);
        let is_lower = first_of_next.is_some_and(unicode::is_lower_case);
        let contexts = punkt.contexts(next_kind);
        let has = |bits: u8| contexts & bits != 0;
        // Whether the next word starts a sentence by the case it has here and elsewhere, if that can be told.
        let starts = if matches!(next.text, ";" | ":" | "," | "." | "!" | "?") {
            Some(false)
        } else if is_upper && has(seen::LOWER) && !has(seen::WITHIN_UPPER) {
            Some(true)
        } else if is_lower && (has(seen::UPPER) || !has(seen::START_LOWER)) {
            Some(false)
        } else {
            None
        };

        let is_initial = is_initial(word.text);
        if (word.is_abbreviation || word.is_ellipsis)
            && !is_initial
            && (starts == Some(true) || is_upper && punkt.is_starter(next_kind))
        {
            word.is_break = true;
            return;
        }
        let never_lower = || starts.is_none() && is_initial && is_upper && !has(seen::LOWER);
        if (is_initial || kind == NUMBER) && (starts == Some(false) || never_lower()) {
            word.is_break = false;
        }
    }
}

/// A word of Punkt's and what it is.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    /// It ends a sentence.
    is_break: bool,
    is_abbreviation: bool,
    is_ellipsis: bool,
}

/// What all numbers are taken for.
const NUMBER: &str = "##number##";

/// A word in lower case, or [`NUMBER`].
fn kind<'a>(word: &'a str, buffer: &'a mut String) -> &'a str {
    let lower = lower(word, buffer);
    if is_number(lower) { NUMBER } else { lower }
}

/// `^-?[\.,]?\d[\d,\.-]*\.?$`
fn is_number(word: &str) -> bool {
    let rest = word.strip_prefix('-').unwrap_or(word);
    let mut rest = rest.strip_prefix(['.', ',']).unwrap_or(rest).chars();
    rest.next().is_some_and(unicode::is_decimal)
        && rest.all(|c| matches!(c, ',' | '.' | '-') || unicode::is_decimal(c))
}

/// `^[^\W\d]\.$`
fn is_initial(word: &str) -> bool {
    let mut characters = word.chars();
    let is_letter = |c: char| unicode::class(c) == unicode::Class::Word && !unicode::is_decimal(c);
    characters.next().is_some_and(is_letter) && characters.as_str() == "."
}

fn without_period(kind: &str) -> &str {
    kind.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(kind)
}

/// `word` in lower case: itself, or in the buffer.
fn lower<'a>(word: &'a str, buffer: &'a mut String) -> &'a str {
    if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return word;
    }
    buffer.clear();
    unicode::push_lower(word, buffer);
    buffer
}

/// Python's `string.whitespace`, which knows ASCII only, and not all of it.
fn is_python_string_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Where the white space from `at` on ends.
fn skip_spaces(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_space).len()
}

/// Moves quotes and brackets that begin a sentence to the end of the one before it.
struct Realigned<'t, F> {
    text: &'t str,
    /// The last sentence, which may still get some.
    before: Option<(usize, usize)>,
    /// How much it has lost at its start.
    moved: usize,
    found: F,
}

impl<'t, F: FnMut(&'t str)> Realigned<'t, F> {
    fn push(&mut self, start: usize, end: usize) {
        if let Some((first, last)) = self.before.replace((start, end)) {
            let first = first + self.moved;
            // Closers only count before white space, two dashes or the end.
            let sentence = &self.text[start..end];
            let rest = sentence.trim_start_matches(['"', '\'', ')', ']', '}']);
            let closers = sentence.len() - rest.len();
            let after = rest.trim_start_matches(is_space);
            if closers > 0 && (rest.is_empty() || after.len() < rest.len() || rest.starts_with("--")) {
                (self.found)(&self.text[first..start + closers]);
                self.moved = sentence.len() - after.len();
            } else {
                self.moved = 0;
                self.give(first, last);
            }
        }
    }

    fn finish(mut self) {
        if let Some((first, last)) = self.before {
            self.give(first + self.moved, last);
        }
    }

    fn give(&mut self, start: usize, end: usize) {
        if start < end {
            (self.found)(&self.text[start..end]);
        }
    }
}
