//! Joins several records into one.
//!
//! Source: the paper's scripts, which join the texts of each two selected pieces without anything between, and drop the
//! last if it is alone. Here any number of records is joined, with anything between their texts, and nothing is
//! dropped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reader::{FieldPath, skim};

/// How records are joined, and how many were made so far.
#[derive(Debug)]
pub struct Packing {
    field: FieldPath,
    records: usize,
    /// As it stands in JSON, without quotes.
    separator: Vec<u8>,
    made: AtomicU64,
    bytes: AtomicU64,
}

impl Packing {
    /// Joins each `records` records, at least 1: their texts, which are in `field`, with `separator` between them, and
    /// of any other field the values in an array, in which null stands for records that do not have it.
    ///
    /// Objects on the way to the text are joined in the same manner, field by field.
    pub fn new(field: FieldPath, records: usize, separator: &str) -> Self {
        // A string always makes JSON.
        let quoted = serde_json::to_vec(separator).unwrap_or_default();
        let separator = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_vec();
        Packing { field, records, separator, made: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// How many records were made, and their bytes with newlines.
    pub fn made(&self) -> (u64, u64) {
        (self.made.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Appends the record that `records` make, without newline.
    fn pack(&self, records: &[&[u8]], out: &mut Vec<u8>) {
        let objects: Vec<&[u8]> = records.iter().map(|record| record.trim_ascii()).collect();
        // Of records of two forms in one pack, that of the first counts.
        let path = objects.first().map_or(self.field.parts(), |first| self.field.parts_in(first));
        self.object(&objects, path, out);
    }

    /// Appends the object that `objects` make; `path` leads to the text within.
    fn object(&self, objects: &[&[u8]], path: &[String], out: &mut Vec<u8>) {
        let (key, deeper) = match path {
            [key, deeper @ ..] => (key.as_str(), deeper),
            [] => return,
        };
        out.push(b'{');
        for (index, column) in columns(objects).iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(column.key);
            out.extend_from_slice(b": ");
            let values = objects.iter().zip(&column.values);
            let mut values = values.map(|(object, place)| place.clone().map(|place| &object[place]));
            if !skim::is_key(column.key, key) {
                list(values, out);
            } else if deeper.is_empty() {
                self.text(values.by_ref().flatten(), out);
            } else {
                let within: Vec<&[u8]> = values.flatten().collect();
                self.object(&within, deeper, out);
            }
        }
        out.push(b'}');
    }

    /// Appends one string of all, which are strings.
    fn text<'a>(&self, strings: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
        out.push(b'"');
        for (index, quoted) in strings.enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.separator);
            }
            out.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        }
        out.push(b'"');
    }
}

fn list<'a>(values: impl Iterator<Item = Option<&'a [u8]>>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(value.unwrap_or(b"null"));
    }
    out.push(b']');
}

/// A field of several objects.
struct Column<'a> {
    /// With its quotes.
    key: &'a [u8],
    /// Where its last value stands in each.
    values: Vec<Option<Range<usize>>>,
}

/// The fields of `objects`, in the order of first mention.
fn columns<'a>(objects: &[&'a [u8]]) -> Vec<Column<'a>> {
    let mut columns: Vec<Column<'a>> = Vec::new();
    let mut places: HashMap<Cow<'a, [u8]>, usize> = HashMap::new();
    for (index, object) in objects.iter().copied().enumerate() {
        for member in skim::members(object) {
            let key = &object[member.key];
            let place = *places.entry(skim::unescaped_key(key)).or_insert_with(|| {
                columns.push(Column { key, values: vec![None; objects.len()] });
                columns.len() - 1
            });
            columns[place].values[index] = Some(member.value);
        }
    }
    columns
}

/// Takes records one after the other, and gives those that they make.
#[derive(Debug)]
pub(crate) struct Packer {
    packing: Arc<Packing>,
    /// Records that wait for others, and the start of one that is not yet whole.
    waiting: Vec<u8>,
    /// Where each whole record ends that waits, with its newline.
    ends: Vec<usize>,
}

impl Packer {
    /// Begins with nothing.
    pub(crate) fn new(packing: Arc<Packing>) -> Self {
        Packer { packing, waiting: Vec::new(), ends: Vec::new() }
    }

    /// Takes more `bytes` of records, each ended by a newline, and appends to `out` what is made of those that are
    /// whole.
    pub(crate) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let before = self.waiting.len();
        self.waiting.extend_from_slice(bytes);
        self.ends.extend(memchr::memchr_iter(b'\n', bytes).map(|newline| before + newline + 1));
        let groups = self.ends.len() / self.packing.records;
        self.make(groups * self.packing.records, out);
    }

    /// Appends what is made of the records that are left, which are fewer than make one.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.make(self.ends.len(), out);
    }

    /// Makes records of the first `count` that wait.
    fn make(&mut self, count: usize, out: &mut Vec<u8>) {
        let Packer { packing, waiting, ends } = self;
        let (first, mut start) = (out.len(), 0);
        for group in ends[..count].chunks(packing.records) {
            let mut records = Vec::with_capacity(group.len());
            for end in group {
                records.push(&waiting[start..end - 1]);
                start = *end;
            }
            packing.pack(&records, out);
            out.push(b'\n');
            packing.made.fetch_add(1, Ordering::Relaxed);
        }
        packing.bytes.fetch_add((out.len() - first) as u64, Ordering::Relaxed);
        waiting.drain(..start);
        ends.drain(..count);
        ends.iter_mut().for_each(|end| *end -= start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(field: &str, records: usize, separator: &str, lines: &str) -> String {
        let packing = Arc::new(Packing::new(FieldPath::new(field).unwrap(), records, separator));
        // However the bytes come.
        let mut found = None;
        for size in [1, 7, 1000] {
            let (mut packer, mut out) = (Packer::new(packing.clone()), Vec::new());
            lines.as_bytes().chunks(size).for_each(|bytes| packer.take(bytes, &mut out));
            packer.finish(&mut out);
            let out = String::from_utf8(out).unwrap();
            assert_eq!(found.get_or_insert_with(|| out.clone()), &out);
        }
        found.unwrap()
    }

    #[test]
    fn texts_are_joined_and_other_fields_become_lists() {
        let lines = concat!(
            r#"{"id": 1, "text": "a\n", "only": {"x": []}}"#,
            "\n",
            r#" {"text":"b\"","id":"two"} "#,
            "\n",
            r#"{"t\u0065xt": "c", "id": 3, "id": 4}"#,
            "\n",
        );
        let two = concat!(
            r#"{"id": [1, "two"], "text": "a\n b\"", "only": [{"x": []}, null]}"#,
            "\n",
            r#"{"t\u0065xt": "c", "id": [4]}"#,
            "\n",
        );
        assert_eq!(packed("text", 2, " ", lines), two);
        let three =
            concat!(r#"{"id": [1, "two", 4], "text": "a\n\tb\"\tc", "only": [{"x": []}, null, null]}"#, "\n");
        assert_eq!(packed("text", 3, "\t", lines), three);
        assert!(packed("text", 2, "", lines).contains(r#""text": "a\nb\"""#));
        assert_eq!(packed("text", 2, " ", ""), "");
    }

    #[test]
    fn objects_on_the_way_to_the_text_are_joined_too() {
        let lines = concat!(
            r#"{"a": {"text": "x", "n": 1, "a": 0}, "n": 5}"#,
            "\n",
            r#"{"a": {"text": "none"}, "a": {"m": 2, "text": "y"}}"#,
            "\n",
        );
        let expected = concat!(
            r#"{"a": {"text": "x+y", "n": [1, null], "a": [0, null], "m": [null, 2]}, "n": [5, null]}"#,
            "\n",
        );
        assert_eq!(packed("a.text", 2, "+", lines), expected);
    }
}
