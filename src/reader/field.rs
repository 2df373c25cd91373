//! One field of a record that is known to be sound JSON, in words or as a number.

use std::borrow::Cow;
use std::fmt;

use super::skim;

/// The dotted path of a field, which reaches into objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// From its dotted name; `None` if a part of it is empty.
    pub fn new(name: &str) -> Option<Self> {
        FieldPath::of(name.split('.').map(str::to_owned).collect())
    }

    /// From its parts; `None` if there is none, or one that is empty.
    pub(super) fn of(parts: Vec<String>) -> Option<Self> {
        (!parts.is_empty() && parts.iter().all(|part| !part.is_empty())).then_some(FieldPath(parts))
    }

    /// The keys, the outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// Whether one of the two is, or is within, the other.
    pub fn overlaps(&self, other: &FieldPath) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// The field at `path` in words: a string as it is, numbers, `true` and `false` as they are written.
///
/// `None` if there is no such field, or null, an array, an object, or a string with half a surrogate pair, which is no text.
/// `record` must be sound JSON; in anything else, something is found or nothing. Of a key given twice, the last counts.
///
/// ```
/// use dsir::reader::{FieldPath, field_text};
///
/// let record = br#"{"meta": {"source": "a book", "year": 1851}}"#;
/// let field = |name| field_text(record, &FieldPath::new(name).expect("no part is empty"));
/// assert_eq!(field("meta.source").as_deref(), Some("a book"));
/// assert_eq!(field("meta.year").as_deref(), Some("1851"));
/// assert_eq!(field("meta"), None);
/// ```
pub fn field_text<'a>(record: &'a [u8], path: &FieldPath) -> Option<Cow<'a, str>> {
    let value = &record[skim::value_at(record, path.parts())?];
    in_words(value).filter(|_| value != b"null")
}

/// The field at `path`, if it is a number that an `f64` can hold, to the nearest.
///
/// `record` must be sound JSON; in anything else, something is found or nothing. Of a key given twice, the last counts.
pub fn field_number(record: &[u8], path: &FieldPath) -> Option<f64> {
    let value = &record[skim::value_at(record, path.parts())?];
    let is_number = matches!(value.first()?, b'-' | b'0'..=b'9');
    let number: f64 = std::str::from_utf8(value).ok().filter(|_| is_number)?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// A value in words, as it stands in a record; `None` if it is an array, an object, or a string that is no text.
pub(super) fn in_words(value: &[u8]) -> Option<Cow<'_, str>> {
    match value.first()? {
        b'{' | b'[' => None,
        b'"' if memchr::memchr(b'\\', value).is_some() => serde_json::from_slice(value).ok().map(Cow::Owned),
        b'"' => std::str::from_utf8(&value[1..value.len() - 1]).ok().map(Cow::Borrowed),
        _ => std::str::from_utf8(value).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] =
        br#"{"a": "x\u00e9\n", "b": {"c": -2.50e1}, "d": true, "e": null, "f": ["x"], "g": "\ud800", "h": 1e999, "i": "7"}"#;

    #[test]
    fn in_words() {
        let text = |name| field_text(RECORD, &FieldPath::new(name).unwrap());
        assert_eq!(text("a").as_deref(), Some("xé\n"));
        assert_eq!(text("b.c").as_deref(), Some("-2.50e1"));
        assert_eq!(text("d").as_deref(), Some("true"));
        for name in ["b", "e", "f", "g", "x", "b.x"] {
            assert_eq!(text(name), None, "{name}");
        }
        assert!(matches!(text("i"), Some(Cow::Borrowed("7"))));
    }

    #[test]
    fn as_a_number() {
        let number = |name| field_number(RECORD, &FieldPath::new(name).unwrap());
        assert_eq!(number("b.c"), Some(-25.0));
        for name in ["a", "d", "e", "h", "i", "x"] {
            assert_eq!(number(name), None, "{name}");
        }
    }

    #[test]
    fn names() {
        for name in ["", ".", "a.", ".a", "a..b"] {
            assert_eq!(FieldPath::new(name), None, "{name}");
        }
        let path = |name| FieldPath::new(name).unwrap();
        assert_eq!(path("a.b").to_string(), "a.b");
        assert!(path("a").overlaps(&path("a.b")) && path("a.b").overlaps(&path("a")));
        assert!(!path("a.b").overlaps(&path("a.c")) && !path("a").overlaps(&path("b")));
    }
}
