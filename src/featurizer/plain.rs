//! The `wordpunct` tokenizer: `re.findall(r"\w+|[^\w\s]+", text.lower())` of Python 3.11.
//!
//! Source: NLTK's `WordPunctTokenizer`, with which the reference splits a text.

use super::unicode::{self, Class};

/// Gives every token of `text`, lower-cased, to `found`. `token` is a buffer to work in.
#[inline]
pub(crate) fn tokens(text: &str, token: &mut Vec<u8>, mut found: impl FnMut(&[u8])) {
    token.clear();
    let bytes = text.as_bytes();
    let mut run = Class::Space;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii() {
            let (class, lower) = ASCII[usize::from(bytes[at])];
            turn(&mut run, class, token, &mut found);
            if class != Class::Space {
                token.push(lower);
            }
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        let after = at + c.len_utf8();
        let mut lower = unicode::lower(c);
        if c == 'Σ' && unicode::is_final_sigma(&text[..at], &text[after..]) {
            lower = 'ς';
        }
        character(lower, &mut run, token, &mut found);
        if c == '\u{130}' {
            character(unicode::SECOND_OF_0130, &mut run, token, &mut found);
        }
        at = after;
    }
    turn(&mut run, Class::Space, token, &mut found);
}

/// The class and the lower case of each ASCII byte.
static ASCII: [(Class, u8); 128] = {
    let mut table = [(Class::Space, 0); 128];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = (unicode::class(byte as char), byte.to_ascii_lowercase());
        byte += 1;
    }
    table
};

/// Takes in a lower-cased character.
fn character(c: char, run: &mut Class, token: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    let class = unicode::class(c);
    turn(run, class, token, found);
    if class != Class::Space {
        token.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Ends the token when the class changes.
#[inline]
fn turn(run: &mut Class, class: Class, token: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    if *run != class {
        if *run != Class::Space {
            found(token);
            token.clear();
        }
        *run = class;
    }
}

#[cfg(test)]
mod tests {
    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        super::tokens(text, &mut Vec::new(), |token| {
            tokens.push(String::from_utf8(token.to_vec()).unwrap());
        });
        tokens
    }

    #[test]
    fn words_and_punctuation() {
        assert_eq!(
            tokens("Don't PANIC!!  It's snake_case, 3.14"),
            ["don", "'", "t", "panic", "!!", "it", "'", "s", "snake_case", ",", "3", ".", "14"]
        );
        assert_eq!(tokens(" \n"), Vec::<String>::new());
    }

    #[test]
    fn the_second_half_of_a_dotted_capital_i_is_not_of_the_word() {
        assert_eq!(tokens("İstanbul"), ["i", "\u{307}", "stanbul"]);
    }

    #[test]
    fn a_sigma_is_final_by_what_surrounds_it_across_ignorable_characters() {
        assert_eq!(tokens("ΟΔΟΣ ΣΑΣ. Σ ΑΣ'Α"), ["οδος", "σας", ".", "σ", "ασ", "'", "α"]);
    }
}
