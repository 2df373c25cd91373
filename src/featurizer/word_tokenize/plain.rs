//! The words of a sentence, by NLTK's own substitutions, one after the other: the judge of `treebank.rs`.
//!
//! Source: `NLTKWordTokenizer` of NLTK 3.9.1, nltk/tokenize/destructive.py. Above each substitution stands its regular
//! expression.

use super::words::{is_space, is_word};
use crate::featurizer::unicode;

type Text = Vec<char>;

pub(super) fn tokens(sentence: &str) -> Vec<String> {
    let mut text: Text = sentence.chars().collect();
    let before = [opening_marks, quote_at_start, double_backticks, opening_quotes, single_letters];
    let within = [last_period, commas, comma_at_end, ellipses, signs, period_again, ends, apostrophes, stars];
    for substitution in before.into_iter().chain(within).chain([brackets as fn(&[char]) -> Text, dashes]) {
        text = substitution(&text);
    }
    text.insert(0, ' ');
    text.push(' ');
    for substitution in [closing_marks, double_apostrophes, quotes, spaces, short_endings, long_endings] {
        text = substitution(&text);
    }
    for (first, second, then) in [
        ("can", "not", Then::Boundary),
        ("d", "'ye", Then::Boundary),
        ("gim", "me", Then::Boundary),
        ("gon", "na", Then::Boundary),
        ("got", "ta", Then::Boundary),
        ("lem", "me", Then::Boundary),
        ("more", "'n", Then::Boundary),
        ("wan", "na", Then::Space),
    ] {
        text = contraction(&text, "", first, second, then);
    }
    for verb in ["is", "was"] {
        text = contraction(&text, " ", "'t", verb, Then::Boundary);
    }
    let text: String = text.into_iter().collect();
    text.split(is_space).filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

/// `re.sub`: where `at` finds a match that begins at a place, it gives its length and what comes instead.
fn substitute(text: &[char], at: impl Fn(&[char], usize) -> Option<(usize, String)>) -> Text {
    let (mut done, mut place) = (Text::new(), 0);
    while place < text.len() {
        match at(text, place) {
            Some((len, instead)) => {
                done.extend(instead.chars());
                place += len;
            }
            None => {
                done.push(text[place]);
                place += 1;
            }
        }
    }
    done
}

/// A space before and after each of some characters.
fn pad(text: &[char], these: &str) -> Text {
    substitute(text, |text, at| these.contains(text[at]).then(|| (1, format!(" {} ", text[at]))))
}

fn run(text: &[char], at: usize, of: char) -> usize {
    text[at..].iter().take_while(|c| **c == of).count()
}

fn starts(text: &[char], at: usize, with: &str) -> bool {
    text[at..].iter().take(with.chars().count()).copied().eq(with.chars())
}

/// "([«“‘„]|[`]+)" → r" \1 "
fn opening_marks(text: &[char]) -> Text {
    substitute(text, |text, at| match run(text, at, '`') {
        0 => "«“‘„".contains(text[at]).then(|| (1, format!(" {} ", text[at]))),
        run => Some((run, format!(" {} ", "`".repeat(run)))),
    })
}

/// r"^\"" → "``"
fn quote_at_start(text: &[char]) -> Text {
    substitute(text, |text, at| (at == 0 && text[0] == '"').then(|| (1, "``".into())))
}

/// "(``)" → r" \1 "
fn double_backticks(text: &[char]) -> Text {
    substitute(text, |text, at| starts(text, at, "``").then(|| (2, " `` ".into())))
}

/// r"([ \(\[{<])(\"|\'{2})" → r"\1 `` "
fn opening_quotes(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let after = text.get(at + 1..)?;
        let quote = usize::from(starts(after, 0, "\"")) + 2 * usize::from(starts(after, 0, "''"));
        (quote > 0 && " ([{<".contains(text[at])).then(|| (1 + quote, format!("{} `` ", text[at])))
    })
}

/// r"(?i)(\')(?!re|ve|ll|m|t|s|d|n)(\w)\b" → r"\1 \2"
fn single_letters(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let letter = *text.get(at + 1).filter(|c| text[at] == '\'' && is_word(**c))?;
        let endings = ["re", "ve", "ll", "m", "t", "s", "d", "n"];
        let is_ending = endings.iter().any(|ending| same(text, at + 1, ending).is_some());
        (!is_ending && is_boundary(text, at + 2)).then(|| (2, format!("' {letter}")))
    })
}

/// r'([^\.])(\.)([\]\)}>"\'»”’ ]*)\s*$' → r"\1 \2 \3 "
fn last_period(text: &[char]) -> Text {
    final_period(text, "])}>\"'»”’ ", " ")
}

/// r'([^\.])(\.)([\]\)}>"\']*)\s*$' → r"\1 \2\3 "
fn period_again(text: &[char]) -> Text {
    final_period(text, "])}>\"'", "")
}

fn final_period(text: &[char], closers: &str, between: &str) -> Text {
    substitute(text, |text, at| {
        if text[at] == '.' || text.get(at + 1) != Some(&'.') {
            return None;
        }
        let after = &text[at + 2..];
        let most = after.iter().take_while(|c| closers.contains(**c)).count();
        let closed = (0..=most).rev().find(|closed| after[*closed..].iter().all(|c| is_space(*c)))?;
        let closing: String = after[..closed].iter().collect();
        Some((text.len() - at, format!("{} .{between}{closing} ", text[at])))
    })
}

/// r"([:,])([^\d])" → r" \1 \2"
fn commas(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let next = *text.get(at + 1).filter(|c| ":,".contains(text[at]) && !unicode::is_decimal(**c))?;
        Some((2, format!(" {} {next}", text[at])))
    })
}

/// r"([:,])$" → r" \1 "
fn comma_at_end(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let is_end = matches!(text[at + 1..], [] | ['\n']);
        (is_end && ":,".contains(text[at])).then(|| (1, format!(" {} ", text[at])))
    })
}

/// r"\.{2,}" → r" \g<0> "
fn ellipses(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let run = run(text, at, '.');
        (run > 1).then(|| (run, format!(" {} ", ".".repeat(run))))
    })
}

/// r"[;@#$%&]" → r" \g<0> "
fn signs(text: &[char]) -> Text {
    pad(text, ";@#$%&")
}

/// r"[?!]" → r" \g<0> "
fn ends(text: &[char]) -> Text {
    pad(text, "?!")
}

/// r"([^'])' " → r"\1 ' "
fn apostrophes(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let matches = text[at] != '\'' && starts(text, at + 1, "' ");
        matches.then(|| (3, format!("{} ' ", text[at])))
    })
}

/// r"[*]" → r" \g<0> "
fn stars(text: &[char]) -> Text {
    pad(text, "*")
}

/// r"[\]\[\(\)\{\}\<\>]" → r" \g<0> "
fn brackets(text: &[char]) -> Text {
    pad(text, "[](){}<>")
}

/// r"--" → r" -- "
fn dashes(text: &[char]) -> Text {
    substitute(text, |text, at| starts(text, at, "--").then(|| (2, " -- ".into())))
}

/// "([»”’])" → r" \1 "
fn closing_marks(text: &[char]) -> Text {
    pad(text, "»”’")
}

/// r"''" → " '' "
fn double_apostrophes(text: &[char]) -> Text {
    substitute(text, |text, at| starts(text, at, "''").then(|| (2, " '' ".into())))
}

/// r'"' → " '' "
fn quotes(text: &[char]) -> Text {
    substitute(text, |text, at| (text[at] == '"').then(|| (1, " '' ".into())))
}

/// r"\s+" → " "
fn spaces(text: &[char]) -> Text {
    substitute(text, |text, at| {
        let run = text[at..].iter().take_while(|c| is_space(**c)).count();
        (run > 0).then(|| (run, " ".into()))
    })
}

/// r"([^' ])('[sS]|'[mM]|'[dD]|') " → r"\1 \2 "
fn short_endings(text: &[char]) -> Text {
    endings(text, &["'s", "'S", "'m", "'M", "'d", "'D", "'"])
}

/// r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) " → r"\1 \2 "
fn long_endings(text: &[char]) -> Text {
    endings(text, &["'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"])
}

fn endings(text: &[char], endings: &[&str]) -> Text {
    substitute(text, |text, at| {
        let is_one = |ending: &&&str| starts(text, at + 1, &format!("{ending} "));
        let ending = endings.iter().find(is_one).filter(|_| !"' ".contains(text[at]))?;
        Some((2 + ending.len(), format!("{} {ending} ", text[at])))
    })
}

#[derive(Clone, Copy)]
enum Then {
    /// `\b`
    Boundary,
    /// `(?=\s)`
    Space,
}

/// r"(?i)\b(can)(not)\b" and its like, or r"(?i) ('t)(is)\b" → r" \1 \2 "
fn contraction(text: &[char], before: &str, first: &str, second: &str, then: Then) -> Text {
    substitute(text, |text, at| {
        let start = at + before.len();
        if !starts(text, at, before) || before.is_empty() && !is_boundary(text, at) {
            return None;
        }
        let second_start = start + same(text, start, first)?;
        let end = second_start + same(text, second_start, second)?;
        let holds = match then {
            Then::Boundary => is_boundary(text, end),
            Then::Space => text.get(end).is_some_and(|c| is_space(*c)),
        };
        let part = |from: usize, to: usize| text[from..to].iter().collect::<String>();
        holds.then(|| (end - at, format!(" {} {} ", part(start, second_start), part(second_start, end))))
    })
}

/// `\b`
fn is_boundary(text: &[char], at: usize) -> bool {
    let is_word_at = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| is_word(*c));
    is_word_at(at.checked_sub(1)) != is_word_at(Some(at))
}

/// The length of `word` at a place, in any case.
fn same(text: &[char], at: usize, word: &str) -> Option<usize> {
    let found = text.get(at..at + word.len())?;
    let fold = |c: char| match c {
        'ı' | 'İ' => 'i',
        'ſ' => 's',
        c => c.to_ascii_lowercase(),
    };
    found.iter().map(|c| fold(*c)).eq(word.chars()).then_some(word.len())
}
