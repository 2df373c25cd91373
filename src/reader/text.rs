//! The text of a record: the fields that were asked for, and nothing else of the JSON.
//!
//! Strictness is Python's `json`: of a key given twice the last counts, and what is not read may
//! hold numbers of any size and any depth of nesting. Beyond it, NaN, Infinity and, in the text, lone
//! surrogates are faults.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::field::field_names;
use super::last::{self, Found};
use super::{Fault, FieldPath, integers, json, json::StringScanner};

/// What the fields that make up a text hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FieldKind {
    /// Strings.
    #[default]
    Text,
    /// Arrays of integers, whose decimal digits with spaces between them are the text.
    Integers,
}

/// The dotted paths of the fields that make up a document's text, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFields {
    paths: Vec<FieldPath>,
}

impl TextFields {
    /// The most fields that one text is made of.
    pub const MAX: usize = 64;

    /// Fields from their dotted names; `None` if there is none, too many, or one with an empty part.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<Self> {
        let paths: Vec<FieldPath> =
            names.into_iter().map(|name| FieldPath::new(name.as_ref())).collect::<Option<_>>()?;
        (1..=Self::MAX).contains(&paths.len()).then_some(TextFields { paths })
    }

    /// The dotted names.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.paths.iter().map(FieldPath::to_string)
    }

    /// The one field, if there is only one.
    pub fn only(&self) -> Option<FieldPath> {
        match &self.paths[..] {
            [path] => Some(path.clone()),
            _ => None,
        }
    }

    /// The integers of the fields' arrays, one behind the other.
    fn integers(&self, record: &[u8]) -> Result<String, Fault> {
        let line = utf8(record)?;
        let mut text = String::new();
        for (path, found) in self.paths.iter().zip(last::find_arrays(line, &self.paths)?) {
            let field = || path.to_string();
            match found {
                Found::Text(array) => {
                    let pushed = integers::push(&array, &mut text);
                    pushed.map_err(|found| Fault::NotIntegers { field: field(), found })?;
                }
                Found::TopLevel(what) => return Err(Fault::NotAnObject(what)),
                Found::Missing => return Err(missing(path, record)),
                Found::Other(what) => {
                    return Err(Fault::NotIntegers { field: field(), found: what.to_owned() });
                }
            }
        }
        Ok(text)
    }

    /// The text by serde_json, which knows every case and what to say of it.
    fn parsed_text<'a>(&self, record: &'a [u8]) -> Result<Cow<'a, str>, Fault> {
        let line = utf8(record)?;
        let mut found = vec![Found::Missing; self.paths.len()];
        let mut json = serde_json::Deserializer::from_str(line);
        let value = Value { fields: self, wanted: all(self.paths.len()), depth: 0, found: &mut found };
        if value.deserialize(&mut json).and_then(|()| json.end()).is_err() {
            // The fault may be in a value that does not count.
            found = last::find(line, &self.paths)?;
        } else {
            for (path, found) in self.paths.iter().zip(&mut found) {
                if matches!(found, Found::Missing) && path.literal().is_some() {
                    *found = last::find(line, std::slice::from_ref(path))?.swap_remove(0);
                }
            }
        }

        let mut texts = Vec::with_capacity(found.len());
        for (path, found) in self.paths.iter().zip(found) {
            match found {
                Found::Text(text) => texts.push(text),
                Found::TopLevel(what) => return Err(Fault::NotAnObject(what)),
                Found::Missing => return Err(missing(path, record)),
                Found::Other(what) => {
                    return Err(Fault::NotText { field: path.to_string(), found: what });
                }
            }
        }
        match <[Cow<'a, str>; 1]>::try_from(texts) {
            Ok([only]) => Ok(only),
            Err(several) => Ok(several.join(" ").into()),
        }
    }
}

/// A field that a record, which is sound JSON, does not have.
fn missing(path: &FieldPath, record: &[u8]) -> Fault {
    Fault::Missing { field: path.to_string(), there: field_names(record) }
}

/// The record as text without control characters in its strings.
fn utf8(record: &[u8]) -> Result<&str, Fault> {
    let line =
        simdutf8::compat::from_utf8(record).map_err(|error| Fault::NotUtf8 { at: error.valid_up_to() })?;
    match json::control_in_string(record) {
        Some(column) => Err(Fault::NotJson(format!("control character in a string at column {column}"))),
        None => Ok(line),
    }
}

/// Takes the texts of records; holds the buffers of one thread.
pub struct TextReader<'f> {
    fields: &'f TextFields,
    kind: FieldKind,
    /// The one field, if there is only one, it is not within another, and it holds a string.
    key: Option<&'f str>,
    scanner: StringScanner,
}

impl<'f> TextReader<'f> {
    /// A reader of texts made of these fields, which hold strings.
    pub fn new(fields: &'f TextFields) -> Self {
        TextReader::of_kind(fields, FieldKind::Text)
    }

    /// A reader of texts made of these fields.
    pub fn of_kind(fields: &'f TextFields, kind: FieldKind) -> Self {
        let key = match &fields.paths[..] {
            [path] if path.parts().len() == 1 && kind == FieldKind::Text => Some(path.parts()[0].as_str()),
            _ => None,
        };
        TextReader { fields, kind, key, scanner: StringScanner::new() }
    }

    /// A reader for each set of instructions that the processor has.
    #[cfg(fuzzing)]
    #[doc(hidden)]
    pub fn of_every_backend(fields: &'f TextFields) -> Vec<Self> {
        let readers = StringScanner::of_every_backend().into_iter();
        readers.map(|scanner| TextReader { scanner, ..TextReader::new(fields) }).collect()
    }

    /// The one key whose string is the text, if there is one.
    pub(crate) fn key(&self) -> Option<&'f str> {
        self.key
    }

    /// The text of `record`: the fields' strings or integers, joined with one space.
    ///
    /// # Errors
    /// The first fault of a record that is not sound.
    pub fn text<'a>(&'a mut self, record: &'a [u8]) -> Result<Cow<'a, str>, Fault> {
        match self.key.and_then(|key| self.scanner.string_at(record, key)) {
            Some(text) => Ok(Cow::Borrowed(text)),
            None if self.kind == FieldKind::Integers => self.fields.integers(record).map(Cow::Owned),
            None => self.fields.parsed_text(record),
        }
    }
}

impl Default for TextFields {
    fn default() -> Self {
        TextFields { paths: FieldPath::new("text").into_iter().collect() }
    }
}

/// A set of paths, one bit each.
type Paths = u64;

fn all(count: usize) -> Paths {
    u64::MAX >> (64 - count)
}

fn members(paths: Paths) -> impl Iterator<Item = usize> {
    (0..64).filter(move |path| paths >> path & 1 == 1)
}

/// A value that is reached by the first `depth` parts of the `wanted` paths.
struct Value<'f, 'a> {
    fields: &'f TextFields,
    wanted: Paths,
    depth: usize,
    found: &'f mut [Found<'a>],
}

impl<'a> Value<'_, 'a> {
    /// Notes what stands at those wanted paths that end here; the others lead nowhere.
    fn note(self, what: &Found<'a>) {
        for path in members(self.wanted) {
            self.found[path] = if self.depth == 0 {
                match what {
                    Found::Other(what) => Found::TopLevel(what),
                    _ => Found::TopLevel("a string"),
                }
            } else if self.fields.paths[path].parts().len() == self.depth {
                what.clone()
            } else {
                Found::Missing
            };
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Value { fields, wanted, depth, found } = self;
        for path in members(wanted) {
            let ends_here = depth > 0 && fields.paths[path].parts().len() == depth;
            found[path] = if ends_here { Found::Other("an object") } else { Found::Missing };
        }
        while let Some(wanted) = map.next_key_seed(Key { fields, wanted, depth })? {
            if wanted == 0 {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Value { fields, wanted, depth: depth + 1, found: &mut *found })?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        self.note(&Found::Other("an array"));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.note(&Found::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.note(&Found::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.note(&Found::Other("null"));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.note(&Found::Other("a boolean"));
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.note(&Found::Other("a number"));
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.note(&Found::Other("a number"));
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.note(&Found::Other("a number"));
        Ok(())
    }
}

/// A key of an object: which of the `wanted` paths go on through it.
struct Key<'f> {
    fields: &'f TextFields,
    wanted: Paths,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Paths;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Paths, D::Error> {
        // As bytes: a lone surrogate in a key that is not asked for is none of our business.
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Paths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Paths, E> {
        let leads_on = |path: &usize| {
            self.fields.paths[*path].parts().get(self.depth).is_some_and(|part| part.as_bytes() == key)
        };
        Ok(members(self.wanted).filter(leads_on).fold(0, |paths, path| paths | 1 << path))
    }
}

#[cfg(test)]
mod examples;
