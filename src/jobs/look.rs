//! What shards hold, by their first records.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;
use unicode_script::{Script, UnicodeScript};

use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{self, Block, BlockReader, Fault, Shards};

/// So many records are looked at.
const RECORDS: usize = 1000;
/// Objects within objects are looked into so deep.
const DEEPEST: usize = 4;
/// Names that fields with the text have elsewhere, the most usual first.
const USUAL: [&str; 6] = ["text", "content", "raw_content", "body", "document", "markdown"];

/// What shards hold, by their first records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CorpusLook {
    /// How many records were looked at.
    pub records: u64,
    /// How many of them are no objects of JSON.
    pub invalid: u64,
    /// The bytes of their lines.
    pub bytes: u64,
    /// The fields, in the order of the records that have them first, and of their names.
    pub fields: Vec<FieldLook>,
    /// The field that is most likely the text, by its place among the fields, and what it holds.
    pub text: Option<(usize, TextLook)>,
}

/// A field of records.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldLook {
    /// Its name as `--text-field` takes it.
    pub name: String,
    /// What kinds of value it has, the most frequent first, and how often.
    pub kinds: Vec<(&'static str, u64)>,
    /// The first value that is not null, as it would be read aloud.
    pub example: String,
    /// The characters of all strings.
    characters: u64,
}

/// What texts hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextLook {
    /// How many characters the texts have: a tenth of them no more than the first, half no more than the second, nine
    /// tenths no more than the third.
    pub characters: [u64; 3],
    /// Scripts by their names, with their shares of all letters, the largest first.
    pub scripts: Vec<(&'static str, f64)>,
}

/// Looks at the first records of `shards`.
///
/// # Errors
/// A shard that cannot be read; no record that is an object.
pub fn look(shards: &Shards) -> Result<CorpusLook, Error> {
    let mut records: Vec<Value> = Vec::new();
    let mut look = CorpusLook::default();
    let mut block = Block::default();
    let mut first_invalid: Option<(PathBuf, u64, bool)> = None;
    for shard in shards.iter() {
        let mut reader = BlockReader::open(shard, &Observer::default())?;
        while (look.records as usize) < RECORDS && reader.next_block(&mut block)? {
            for record in block.records().take(RECORDS - look.records as usize) {
                look.records += 1;
                look.bytes += record.bytes.len() as u64 + 1;
                match serde_json::from_slice(record.bytes) {
                    Ok(object @ Value::Object(_)) => records.push(object),
                    _ => {
                        look.invalid += 1;
                        let first = || (shard.path().into(), shard.line(record.line), shard.is_walked());
                        first_invalid = first_invalid.or_else(|| Some(first()));
                    }
                }
            }
        }
    }
    if let Some((shard, line, walked)) = first_invalid.filter(|_| records.is_empty()) {
        let fault = Fault::NotJson("none of the first records is an object".to_owned());
        return Err(reader::Error::Record { shard, line, fault, walked }.into());
    }
    let mut places = HashMap::new();
    for record in &records {
        add_fields(record, "", 1, &mut look.fields, &mut places);
    }
    for field in &mut look.fields {
        field.kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    look.text = likely_text(&look.fields).map(|place| {
        let parts: Vec<String> = split(&look.fields[place].name);
        let texts = records.iter().filter_map(|record| {
            let value = parts.iter().try_fold(record, |value, part| value.get(part))?;
            value.as_str()
        });
        (place, look_at_texts(texts))
    });
    Ok(look)
}

fn add_fields(
    object: &Value,
    within: &str,
    depth: usize,
    fields: &mut Vec<FieldLook>,
    places: &mut HashMap<String, usize>,
) {
    for (key, value) in object.as_object().into_iter().flatten() {
        let name = format!("{within}{}", key.replace('\\', "\\\\").replace('.', "\\."));
        if value.is_object() && depth < DEEPEST {
            add_fields(value, &format!("{name}."), depth + 1, fields, places);
            continue;
        }
        let place = *places.entry(name.clone()).or_insert_with(|| {
            fields.push(FieldLook { name, kinds: Vec::new(), example: String::new(), characters: 0 });
            fields.len() - 1
        });
        let field = &mut fields[place];
        match field.kinds.iter_mut().find(|(kind, _)| *kind == kind_of(value)) {
            Some((_, count)) => *count += 1,
            None => field.kinds.push((kind_of(value), 1)),
        }
        if let Value::String(text) = value {
            field.characters += text.chars().count() as u64;
        }
        if field.example.is_empty() && !value.is_null() {
            field.example = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        }
    }
}

/// The keys of a name that was escaped.
fn split(name: &str) -> Vec<String> {
    crate::reader::FieldPath::new(name).map_or_else(Vec::new, |path| path.parts().to_vec())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The field of strings with a usual name, or the one with most characters.
fn likely_text(fields: &[FieldLook]) -> Option<usize> {
    let is_text = |field: &FieldLook| field.kinds.first().is_some_and(|(kind, _)| *kind == "string");
    let usual = |name: &str| fields.iter().position(|field| field.name == name && is_text(field));
    let longest = || {
        let of_text = fields.iter().enumerate().filter(|(_, field)| is_text(field) && field.characters > 0);
        of_text.max_by_key(|(_, field)| field.characters).map(|(place, _)| place)
    };
    USUAL.into_iter().find_map(usual).or_else(longest)
}

fn look_at_texts<'a>(texts: impl Iterator<Item = &'a str>) -> TextLook {
    let (mut lengths, mut letters) = (Vec::new(), HashMap::new());
    for text in texts {
        lengths.push(text.chars().count() as u64);
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            *letters.entry(letter.script()).or_insert(0u64) += 1;
        }
    }
    lengths.sort_unstable();
    let at = |tenth: usize| lengths.get((lengths.len() * tenth / 10).min(lengths.len().saturating_sub(1)));
    let all: u64 = letters.values().sum();
    let mut scripts: Vec<(&'static str, f64)> = letters
        .into_iter()
        .filter(|(script, _)| !matches!(script, Script::Common | Script::Inherited | Script::Unknown))
        .map(|(script, count)| (script.full_name(), count as f64 / all as f64))
        .collect();
    scripts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    TextLook { characters: [1, 5, 9].map(|tenth| at(tenth).copied().unwrap_or(0)), scripts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_usual_name_or_what_is_longest() {
        let folder = tempfile::tempdir().unwrap();
        let look_at = |lines: &str| {
            let path = folder.path().join("raw.jsonl");
            std::fs::write(&path, lines).unwrap();
            look(&Shards::find([path]).unwrap()).unwrap()
        };
        let found = look_at(
            "{\"id\": 1, \"meta\": {\"a.b\": null, \"url\": \"http://e.org/very/long\"}, \"text\": \"море sea\"}\n[]\n\
             {\"id\": 2.5, \"meta\": {\"a.b\": \"x\"}, \"text\": \"sea\"}\n",
        );
        assert_eq!((found.records, found.invalid), (3, 1));
        let names: Vec<&str> = found.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "meta.a\\.b", "meta.url", "text"]);
        assert_eq!(found.fields[0].kinds, [("integer", 1), ("number", 1)]);
        assert_eq!((found.fields[1].example.as_str(), found.fields[0].example.as_str()), ("x", "1"));
        let (place, text) = found.text.unwrap();
        assert_eq!(place, 3);
        assert_eq!(text.characters, [3, 8, 8]);
        assert_eq!(text.scripts, [("Latin", 0.6), ("Cyrillic", 0.4)]);
        let found = look_at("{\"a\": \"short\", \"b\": {\"c\": \"this is longer\"}}\n");
        assert_eq!(found.fields[found.text.unwrap().0].name, "b.c");
    }
}
