use super::field::{FieldPath, in_words};
use super::skim;

/// What a record must be like to be kept, by its fields.
///
/// ```
/// use dsir::reader::Conditions;
///
/// let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(f, v)| (f.to_string(), v.to_string())).collect::<Vec<_>>();
/// let english = Conditions::new(&pairs(&[("lang", "en*")]), &pairs(&[("meta.tags", "draft")])).expect("sound names");
/// assert!(english.holds(br#"{"lang": "en-GB", "meta": {"tags": ["old"]}}"#));
/// assert!(!english.holds(br#"{"lang": "en-GB", "meta": {"tags": ["old", "draft"]}}"#));
/// assert!(!english.holds(br#"{"lang": "fr"}"#));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    all_of: Vec<Condition>,
    none_of: Vec<Condition>,
}

/// One field, and what it may be.
#[derive(Clone, Debug)]
struct Condition {
    path: FieldPath,
    any_of: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exactly(String),
    /// `*` stands for any characters or none, `?` for any one.
    Glob(String),
}

impl Conditions {
    /// From pairs of a dotted field and a value. A record is kept if every field of `wanted` has one of the values given
    /// with it, and no field of `unwanted` has any of those.
    ///
    /// In a value, `*` stands for any characters or none, and `?` for any one. Strings are compared as they are, numbers,
    /// `true`, `false` and `null` as they are written; an array is like the value if one of its elements is. A field that is
    /// not there, and an object, are like nothing. `None` if a field's name has an empty part.
    pub fn new(wanted: &[(String, String)], unwanted: &[(String, String)]) -> Option<Self> {
        Some(Conditions { all_of: by_field(wanted)?, none_of: by_field(unwanted)? })
    }

    /// Whether every record is kept.
    pub fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.none_of.is_empty()
    }

    /// Whether `record`, which must be sound JSON, is kept. In anything else, something is found or nothing.
    pub fn holds(&self, record: &[u8]) -> bool {
        self.all_of.iter().all(|condition| condition.matches(record))
            && !self.none_of.iter().any(|condition| condition.matches(record))
    }

    /// Whether they depend on what stands at `path`.
    pub fn look_at(&self, path: &FieldPath) -> bool {
        self.all_of.iter().chain(&self.none_of).any(|condition| condition.path.overlaps(path))
    }
}

/// The values of each field, in the order of first mention.
fn by_field(pairs: &[(String, String)]) -> Option<Vec<Condition>> {
    let mut conditions: Vec<Condition> = Vec::new();
    for (field, value) in pairs {
        let path = FieldPath::new(field)?;
        let pattern = Pattern::new(value);
        match conditions.iter_mut().find(|condition| condition.path == path) {
            Some(condition) => condition.any_of.push(pattern),
            None => conditions.push(Condition { path, any_of: vec![pattern] }),
        }
    }
    Some(conditions)
}

impl Condition {
    fn matches(&self, record: &[u8]) -> bool {
        let Some(place) = skim::value_at(record, self.path.parts()) else { return false };
        let value = &record[place];
        match value.first() {
            Some(b'[') => skim::elements(value).any(|element| self.is_like(element)),
            _ => self.is_like(value),
        }
    }

    fn is_like(&self, value: &[u8]) -> bool {
        in_words(value).is_some_and(|words| self.any_of.iter().any(|pattern| pattern.matches(&words)))
    }
}

impl Pattern {
    fn new(value: &str) -> Self {
        if value.contains(['*', '?']) { Pattern::Glob(value.into()) } else { Pattern::Exactly(value.into()) }
    }

    fn matches(&self, words: &str) -> bool {
        match self {
            Pattern::Exactly(value) => value == words,
            Pattern::Glob(glob) => is_matched(glob, words),
        }
    }
}

/// Whether `glob` stands for `text`. Only the last `*` passed is gone back to, for what an earlier one stands for need not be
/// more: so it takes no longer than the product of both lengths.
fn is_matched(glob: &str, text: &str) -> bool {
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

    const RECORD: &str = r#"{"lang": "en", "n": 1.50, "ok": true, "none": null, "tags": ["a\u0062", 7, {"x": 1}, [8]],
        "meta": {"name": "Wikipedia (en)", "lang": "fr"}, "text": "x", "lang": "de"}"#;

    /// Pairs of `field=value`.
    fn pairs(conditions: &[&str]) -> Vec<(String, String)> {
        let pair = |condition: &&str| {
            let (field, value) = condition.split_once('=').unwrap();
            (field.to_owned(), value.to_owned())
        };
        conditions.iter().map(pair).collect()
    }

    fn holds(wanted: &[&str], unwanted: &[&str]) -> bool {
        Conditions::new(&pairs(wanted), &pairs(unwanted)).unwrap().holds(RECORD.as_bytes())
    }

    #[test]
    fn values_of_every_kind() {
        for like in [
            "lang=de",
            "n=1.50",
            "ok=true",
            "none=null",
            "tags=ab",
            "tags=7",
            "meta.lang=fr",
            "meta.name=Wiki*(e?)",
            "lang=*",
        ] {
            assert!(holds(&[like], &[]) && !holds(&[], &[like]), "{like}");
        }
        for unlike in [
            "lang=en",
            "n=1.5",
            "ok=True",
            "tags=a",
            "tags=*8*",
            "tags=*x*",
            "meta=*",
            "missing=*",
            "lang=",
            "lang=d",
        ] {
            assert!(!holds(&[unlike], &[]) && holds(&[], &[unlike]), "{unlike}");
        }
    }

    #[test]
    fn any_value_of_every_field_and_nothing_unwanted() {
        assert!(holds(&["lang=en", "lang=de", "ok=true"], &["n=2", "tags=c"]));
        assert!(!holds(&["lang=de", "ok=false"], &[]));
        assert!(!holds(&["lang=de"], &["n=2", "tags=7"]));
        assert!(holds(&[], &[]) && Conditions::default().is_empty());
        assert!(Conditions::new(&pairs(&["a..b=1"]), &[]).is_none());
    }

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
            assert!(is_matched(glob, text), "{glob} {text}");
        }
        for (glob, text) in [("?", ""), ("a*", "ba"), ("*b", "bc"), ("a?", "a"), ("?", "ab"), ("*a*b", "ba")]
        {
            assert!(!is_matched(glob, text), "{glob} {text}");
        }
        let (glob, text) = ("*a".repeat(200), "a".repeat(5000) + "b");
        assert!(!is_matched(&glob, &text));
    }

    /// By the definition: a `*` is nothing, or one character and a `*`.
    fn is_matched_slowly(glob: &[char], text: &[char]) -> bool {
        match (glob, text) {
            ([], []) => true,
            (['*', more @ ..], _) => {
                is_matched_slowly(more, text) || !text.is_empty() && is_matched_slowly(glob, &text[1..])
            }
            ([a, more @ ..], [b, rest @ ..]) => (*a == '?' || a == b) && is_matched_slowly(more, rest),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn any_glob_and_any_text(glob in "[ab?*é]{0,8}", text in "[abé]{0,10}") {
            let (globs, texts): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(is_matched(&glob, &text), is_matched_slowly(&globs, &texts));
        }
    }
}
