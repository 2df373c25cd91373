//! Patterns with `*` and `?`.

/// Whether `glob` stands for `text`. Only the last `*` passed is gone back to, for what an earlier one stands for
/// need not be more: so it takes no longer than the product of both lengths.
pub(super) fn matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    // What is behind the last `*`, and the text behind the least that it can stand for.
    let mut star = None;
    loop {
        let left = text.clone();
        match (glob.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((glob.clone(), left.clone()));
                text = left;
            }
            (Some('?'), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => {
                let Some((behind, least)) = &mut star else { return false };
                if least.next().is_none() {
                    return false;
                }
                (glob, text) = (behind.clone(), least.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs() {
        for (glob, text) in [
            ("*", ""),
            ("a*", "a"),
            ("*b*b", "abcb"),
            ("?", "é"),
            ("a?c*", "abc"),
            ("**a", "ba"),
            ("*?", "字"),
        ] {
            assert!(matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in [("?", ""), ("a*", "ba"), ("*b", "bc"), ("a?", "a"), ("?", "ab"), ("*a*b", "ba")]
        {
            assert!(!matches(glob, text), "{glob} {text}");
        }
        let (glob, text) = ("*a".repeat(200), "a".repeat(5000) + "b");
        assert!(!matches(&glob, &text));
    }

    /// By the definition: a `*` is nothing, or one character and a `*`.
    fn matches_slowly(glob: &[char], text: &[char]) -> bool {
        match (glob, text) {
            ([], []) => true,
            (['*', more @ ..], _) => {
                matches_slowly(more, text) || !text.is_empty() && matches_slowly(glob, &text[1..])
            }
            ([a, more @ ..], [b, rest @ ..]) => (*a == '?' || a == b) && matches_slowly(more, rest),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn any_glob_and_any_text(glob in "[ab?*é]{0,8}", text in "[abé]{0,10}") {
            let (globs, texts): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&glob, &text), matches_slowly(&globs, &texts));
        }
    }
}
