//! One field of a record that is known to be sound JSON, in words or as a number.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::skim;

/// The dotted path of a field, which reaches into objects.
///
/// `meta.lang` is the field `lang` of the object `meta`; in a record without that, it is the field whose key is
/// `meta.lang`, dot and all. `meta\.lang` is that key alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    parts: Vec<String>,
    /// The whole name as a key, where that is another thing: looked for if there is nothing at the path.
    literal: Option<[String; 1]>,
}

impl FieldPath {
    /// From its dotted name; `None` if a part of it is empty.
    pub fn new(name: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut chars = name.chars();
        while let Some(c) = chars.next() {
            let part = parts.last_mut()?;
            match c {
                '.' => parts.push(String::new()),
                '\\' => match chars.next() {
                    Some(escaped @ ('.' | '\\')) => part.push(escaped),
                    other => part.extend(std::iter::once('\\').chain(other)),
                },
                c => part.push(c),
            }
        }
        if parts.iter().any(String::is_empty) {
            return None;
        }
        let literal = (parts.len() > 1 && !name.contains('\\')).then(|| [name.to_owned()]);
        Some(FieldPath { parts, literal })
    }

    /// The keys, the outermost first.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The path to look at where there is nothing at the first, if there is one.
    pub(super) fn literal(&self) -> Option<&[String]> {
        self.literal.as_ref().map(<[String; 1]>::as_slice)
    }

    /// The keys that lead to the field in `record`, which must be sound JSON.
    pub(crate) fn parts_in(&self, record: &[u8]) -> &[String] {
        match self.literal() {
            Some(literal) if skim::value_at(record, &self.parts).is_none() => literal,
            _ => &self.parts,
        }
    }

    /// Where the field's value stands in `record`, which must be sound JSON; of a key given twice, the last counts.
    pub(crate) fn place(&self, record: &[u8]) -> Option<Range<usize>> {
        skim::value_at(record, &self.parts).or_else(|| skim::value_at(record, self.literal()?))
    }

    /// Whether one of the two is, or is within, the other.
    pub fn overlaps(&self, other: &FieldPath) -> bool {
        let forms = |of: &Self| [Some(of.parts.clone()), of.literal.clone().map(Vec::from)];
        let overlap = |a: &[String], b: &[String]| a.iter().zip(b).all(|(a, b)| a == b);
        forms(self).iter().flatten().any(|a| forms(other).iter().flatten().any(|b| overlap(a, b)))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |part: &String| part.replace('\\', "\\\\").replace('.', "\\.");
        f.write_str(&self.parts.iter().map(escaped).collect::<Vec<_>>().join("."))
    }
}

/// The keys of `record`, an object of sound JSON, in their order, to be told to people: the first few.
pub fn field_names(record: &[u8]) -> Vec<String> {
    const MOST: usize = 12;
    let object = record.trim_ascii();
    let mut names: Vec<String> = Vec::new();
    for member in skim::members(object) {
        let name = String::from_utf8_lossy(&skim::unescaped_key(&object[member.key])).into_owned();
        if names.len() < MOST && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The field at `path` in words: a string as it is, numbers, `true` and `false` as they are written.
///
/// `None` if there is no such field, or null, an array, an object, or a string with half a surrogate pair, which is no
/// text. `record` must be sound JSON; in anything else, something is found or nothing. Of a key given twice, the last
/// counts.
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
    let value = &record[path.place(record)?];
    in_words(value).filter(|_| value != b"null")
}

/// The field at `path`, if it is a number that an `f64` can hold, to the nearest.
///
/// `record` must be sound JSON; in anything else, something is found or nothing. Of a key given twice, the last counts.
pub fn field_number(record: &[u8], path: &FieldPath) -> Option<f64> {
    as_number(&record[path.place(record)?])
}

/// The score at `path`: a number, or one as Dolma's attributes have it, `[[start, end, score]]` of the whole text.
///
/// `record` must be sound JSON, as for [`field_number`].
pub(crate) fn score_at(record: &[u8], path: &FieldPath) -> Option<f64> {
    let value = &record[path.place(record)?];
    let mut spans = skim::elements(value);
    match (spans.next(), spans.next()) {
        (Some(span), None) => as_number(skim::elements(span).nth(2)?),
        (None, None) => as_number(value),
        _ => None,
    }
}

/// A value as it stands in a record, if it is a number that an `f64` can hold.
pub(super) fn as_number(value: &[u8]) -> Option<f64> {
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

    #[test]
    fn keys_with_dots() {
        let path = |name| FieldPath::new(name).unwrap();
        let text = |record: &'static str, name| field_text(record.as_bytes(), &path(name));
        let both = r#"{"a": {"b": "path"}, "a.b": "key"}"#;
        assert_eq!(text(both, "a.b").as_deref(), Some("path"));
        assert_eq!(text(both, "a\\.b").as_deref(), Some("key"));
        assert_eq!(text(r#"{"a.b": "key"}"#, "a.b").as_deref(), Some("key"));
        assert_eq!(text(r#"{"a.b": {"c.d": "deep"}}"#, "a\\.b.c\\.d").as_deref(), Some("deep"));
        assert_eq!(path("a\\.b").to_string(), "a\\.b");
        assert!(path("a.b").overlaps(&path("a\\.b")) && !path("a\\.b").overlaps(&path("a")));
        assert_eq!(field_names(both.as_bytes()), ["a", "a.b"]);
    }
}
