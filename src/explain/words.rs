//! Tokens, which are in lower case, found in the text that they were made of.

use serde::Serialize;

use crate::featurizer::push_lower;

/// A token where it stands in the text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Word {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What it adds to the log weights, one for each target, when each occurrence of an n-gram is divided evenly among
    /// its tokens.
    pub parts: Vec<f64>,
}

/// Finds `tokens` in `text`, one after the other, with what each adds. A token that was made into something else, as
/// quotes by `word_tokenize`, is not found and passed over.
pub(super) fn find(text: &str, as_it_is: bool, tokens: &[Vec<u8>], parts: Vec<Vec<f64>>) -> Vec<Word> {
    let (mut searched, mut places) = (String::new(), Vec::new());
    for (at, c) in text.char_indices() {
        let start = searched.len();
        match as_it_is {
            true => searched.push(c),
            false => push_lower(&text[at..at + c.len_utf8()], &mut searched),
        }
        places.resize(places.len() + searched.len() - start, at);
    }
    if !as_it_is {
        // A sigma at the end of a word is another letter, of the same length.
        searched.clear();
        push_lower(text, &mut searched);
    }
    let (mut words, mut at) = (Vec::new(), 0);
    for (token, parts) in tokens.iter().zip(parts) {
        let found = token_at(searched.as_bytes(), at, token);
        let Some(start) = found.filter(|_| !token.is_empty()) else { continue };
        at = start + token.len();
        let whole = |place: usize| places.get(place).copied().unwrap_or(text.len());
        // To the end of the character that the last byte is of.
        let last = whole(at - 1);
        let end = text[last..].chars().next().map_or(text.len(), |c| last + c.len_utf8());
        words.push(Word { start: whole(start), end, parts });
    }
    words
}

/// Where `token` begins, if nothing but white space is before it.
fn token_at(text: &[u8], at: usize, token: &[u8]) -> Option<usize> {
    let rest = text.get(at..)?;
    let start = memchr::memmem::find(rest, token)?;
    let between = String::from_utf8_lossy(&rest[..start]);
    between.chars().all(|c| !c.is_alphanumeric()).then_some(at + start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_change_their_length_do_not_move_the_rest() {
        let text = "İst ΣΑΣ  the END";
        let tokens = ["i\u{307}st", "σας", "gone", "end"].map(|token| token.as_bytes().to_vec());
        let words = find(text, false, &tokens, vec![vec![0.0]; 4]);
        let found: Vec<&str> = words.iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(found, ["İst", "ΣΑΣ"], "`the` is between, and no token");
    }
}
