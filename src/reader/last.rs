//! What stands at a path, found value by value: slower than in one pass, and right where a value that does not count is
//! one that cannot be taken in, as half of a surrogate pair or a number too large.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Fault, FieldPath};

/// What stands at a path.
#[derive(Clone)]
pub(super) enum Found<'a> {
    Missing,
    Text(Cow<'a, str>),
    Other(&'static str),
    /// The record itself is not an object but this.
    TopLevel(&'static str),
}

/// What stands at each of `paths` in `record`; of a key given twice, the last counts.
pub(super) fn find<'a>(record: &'a str, paths: &[FieldPath]) -> Result<Vec<Found<'a>>, Fault> {
    find_kind(record, paths, "a string")
}

/// The same for arrays, which are found as they are written.
pub(super) fn find_arrays<'a>(record: &'a str, paths: &[FieldPath]) -> Result<Vec<Found<'a>>, Fault> {
    find_kind(record, paths, "an array")
}

fn find_kind<'a>(record: &'a str, paths: &[FieldPath], wanted: &str) -> Result<Vec<Found<'a>>, Fault> {
    let root: &RawValue = serde_json::from_str(record).map_err(|error| fault(record, record, &error))?;
    let find = |path: &FieldPath| match (find_one(record, root, path.parts(), wanted)?, path.literal()) {
        (Found::Missing, Some(literal)) => find_one(record, root, literal, wanted),
        (found, _) => Ok(found),
    };
    paths.iter().map(find).collect()
}

fn find_one<'a>(
    record: &'a str,
    root: &'a RawValue,
    path: &[String],
    wanted: &str,
) -> Result<Found<'a>, Fault> {
    let mut value = root;
    for (depth, part) in path.iter().enumerate() {
        match kind(value) {
            "an object" => {}
            other if depth == 0 => return Ok(Found::TopLevel(other)),
            _ => return Ok(Found::Missing),
        }
        let mut json = serde_json::Deserializer::from_str(value.get());
        match json.deserialize_map(LastAt(part)).map_err(|error| fault(record, value.get(), &error))? {
            Some(last) => value = last,
            None => return Ok(Found::Missing),
        }
    }
    match kind(value) {
        found if found != wanted => Ok(Found::Other(found)),
        "a string" => {
            let text: Text<'a> =
                serde_json::from_str(value.get()).map_err(|error| fault(record, value.get(), &error))?;
            Ok(Found::Text(text.0))
        }
        _ => Ok(Found::Text(Cow::Borrowed(value.get()))),
    }
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// What serde_json says of `part` of `record`. It counts lines from 1 within that: only the column says something.
fn fault(record: &str, part: &str, error: &serde_json::Error) -> Fault {
    if matches!(record.trim_ascii(), "[" | "{") {
        return Fault::SeveralLines;
    }
    let column = part.as_ptr() as usize - record.as_ptr() as usize + error.column();
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default();
    if matches!(what, "lone leading surrogate in hex escape" | "unexpected end of hex escape") {
        return Fault::LoneSurrogate(column);
    }
    Fault::NotJson(format!("{what} at column {column}"))
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Takes the last value at a key of an object.
struct LastAt<'k>(&'k str);

impl<'de> Visitor<'de> for LastAt<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut last = None;
        while let Some(Key(is_it)) = map.next_key_seed(KeyIs(self.0))? {
            if is_it {
                last = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(last)
    }
}

struct Key(bool);

/// As bytes: half of a surrogate pair in another key is none of our business.
struct KeyIs<'k>(&'k str);

impl<'de> serde::de::DeserializeSeed<'de> for KeyIs<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
        Ok(Key(key == self.0.as_bytes()))
    }
}
