//! Prepare: from a record to the records that are made of it, spliced together from its own bytes.
//!
//! ```text
//! record ─► pieces ─► quality ─► conditions ─► packs of several
//! ```
//!
//! A record is not read as JSON again: it is known to be sound, and its text is known. What no step touches is copied
//! byte for byte.

mod pack;
mod pieces;
mod steps;

pub(crate) use pack::Packer;
pub use pack::Packing;
pub(crate) use steps::Document;
pub use steps::{Chunk, QualityStep, Steps};

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::featurizer::WordTokenizer;
use crate::quality::Quality;
use crate::reader::{Fault, field_names};
use pieces::{EscapedPieces, Pieces, count_pieces};

/// How many records were made, and how many were left out and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Pieces of all records, those left out too; a record that is not cut is one.
    pub pieces: u64,
    /// Of these, the ones that are not as the conditions want them.
    pub unwanted: u64,
    /// Of the others, the ones whose quality is out of bounds.
    pub out_of_bounds: u64,
}

impl Made {
    /// Adds what comes after.
    pub fn add(&mut self, more: Made) {
        self.pieces += more.pieces;
        self.unwanted += more.unwanted;
        self.out_of_bounds += more.out_of_bounds;
    }

    /// How many were kept.
    pub fn kept(&self) -> u64 {
        self.pieces - self.unwanted - self.out_of_bounds
    }
}

/// Does the steps; holds the buffers of one thread.
pub(crate) struct Preparer<'a> {
    steps: &'a Steps,
    quality: Option<Quality>,
    /// Whether all pieces of a record are wanted if it is: then none need be made to find out.
    conditions_first: bool,
    piece: Vec<u8>,
    made: Made,
}

/// A piece of a record's text.
struct Cut<'a> {
    /// Where the whole text stands in the record, without its quotes.
    place: Range<usize>,
    /// The piece as it stands there, with its escapes.
    escaped: &'a [u8],
    number: u64,
    pieces: u64,
}

impl<'a> Preparer<'a> {
    /// For these steps.
    pub(crate) fn new(steps: &'a Steps) -> Self {
        let quality = steps.quality.as_ref().map(|step| Quality::new(WordTokenizer::new(step.punkt.clone())));
        let conditions_first = !steps.conditions_look_at_what_is_made();
        Preparer { steps, quality, conditions_first, piece: Vec::new(), made: Made::default() }
    }

    /// Gives the records made of `document`, without newlines, to `each`.
    ///
    /// # Errors
    /// A field that is to be added is there already: then nothing is made.
    pub(crate) fn prepare(
        &mut self,
        document: Document<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        let Document { record, text, .. } = document;
        self.steps.refuse_fields_there(record)?;
        if self.conditions_first && !self.steps.conditions.holds(record) {
            let pieces = self.steps.chunk.as_ref().map_or(1, |chunk| count_pieces(text, chunk.words));
            self.made.pieces += pieces;
            self.made.unwanted += pieces;
            return Ok(());
        }
        let Some(chunk) = &self.steps.chunk else {
            self.piece(&document, text, None, &mut each);
            return Ok(());
        };
        let Some(quoted) = chunk.field.place(record) else {
            return Err(Fault::Missing { field: chunk.field.to_string(), there: field_names(record) });
        };
        let place = quoted.start + 1..quoted.end - 1;
        let pieces = if chunk.keep_whole { count_pieces(text, chunk.words) } else { 0 };
        let escaped = EscapedPieces::new(&record[place.clone()], chunk.words);
        for (number, (piece, escaped)) in (0..).zip(Pieces::new(text, chunk.words).zip(escaped)) {
            let cut = Cut { place: place.clone(), escaped, number, pieces };
            self.piece(&document, piece, Some(cut), &mut each);
        }
        Ok(())
    }

    /// What was made since this was last asked for.
    pub(crate) fn take_made(&mut self) -> Made {
        std::mem::take(&mut self.made)
    }

    /// Makes one record, unless it is left out.
    fn piece(
        &mut self,
        document: &Document<'_>,
        text: &str,
        cut: Option<Cut<'_>>,
        each: &mut impl FnMut(&[u8]),
    ) {
        let Preparer { steps, quality, conditions_first, piece, made } = self;
        made.pieces += 1;
        let scores = quality.as_mut().map(|quality| quality.measure(text));
        let within = scores.is_none_or(|scores| steps.are_within(&scores));
        if *conditions_first && !within {
            made.out_of_bounds += 1;
            return;
        }
        piece.clear();
        steps.write(document, cut, scores, piece);
        if !*conditions_first && !steps.conditions.holds(piece) {
            made.unwanted += 1;
        } else if !within {
            made.out_of_bounds += 1;
        } else {
            each(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::reader::{FieldPath, TextFields, TextReader};

    fn made(steps: &Steps, fields: &TextFields, record: &str) -> Vec<String> {
        let mut texts = TextReader::new(fields);
        let text = texts.text(record.as_bytes()).unwrap();
        let document =
            Document { record: record.as_bytes(), text: &text, shard: Path::new("raw.jsonl"), line: 1 };
        let mut records = Vec::new();
        let made = |record: &[u8]| records.push(String::from_utf8(record.to_vec()).unwrap());
        Preparer::new(steps).prepare(document, made).unwrap();
        records
    }

    /// A field of a record, as it stands there.
    fn field() -> impl Strategy<Value = String> {
        let values =
            [r#""a \"} b""#, "-1.50", "[ ]", r#"{"text": "x y z"}"#, "null", r#"[{"text": []}, "]"]"#];
        let key = prop::sample::select(vec!["a", "b", r"\u0061", "tex", r"\ud800"]);
        (key, prop::sample::select(values.to_vec())).prop_map(|(key, value)| format!("\"{key}\":{value}"))
    }

    proptest! {
        /// Pieces hold the text and nothing else of the record changes; joined again, they are the record again.
        #[test]
        fn pieces_of_a_record_joined_are_the_record(
            before in prop::collection::vec(field(), 0..4),
            text in "[ a\n\\\\\"é😀]{0,40}",
            after in prop::collection::vec(field(), 0..4),
            words in 1usize..4,
            within in any::<bool>(),
        ) {
            let text_field = format!("\"text\" : {}", serde_json::to_string(&text).unwrap());
            let fields = before.iter().chain([&text_field]).chain(&after).cloned().collect::<Vec<_>>().join(", ");
            let (path, record) = match within {
                true => ("in.text", format!("{{\"z\": 0, \"in\": {{{fields}}}, \"a\": 1}}")),
                false => ("text", format!(" {{{fields}}} ")),
            };
            let field = FieldPath::new(path).unwrap();
            let chunk = Chunk { words, field: field.clone(), keep_whole: false };
            let steps = Steps { chunk: Some(chunk), ..Steps::default() };
            let fields = TextFields::new([path]).unwrap();
            let records = made(&steps, &fields, &record);

            let mut texts = TextReader::new(&fields);
            let mut pieces = Vec::new();
            for piece in &records {
                let place = field.place(piece.as_bytes()).unwrap();
                let whole = field.place(record.as_bytes()).unwrap();
                prop_assert_eq!(&piece[..place.start], &record[..whole.start]);
                prop_assert_eq!(&piece[place.end..], &record[whole.end..]);
                pieces.push(texts.text(piece.as_bytes()).unwrap().into_owned());
            }
            prop_assert_eq!(pieces.join(" "), &*text);

            let mut packer = Packer::new(Arc::new(Packing::new(field.clone(), records.len(), " ")));
            let mut out = Vec::new();
            packer.take((records.join("\n") + "\n").as_bytes(), &mut out);
            prop_assert_eq!(&*texts.text(out.trim_ascii_end()).unwrap(), &*text);
            // Half a surrogate pair in a key is sound, and serde_json does not take it.
            if !record.contains(r"\ud800") {
                let unpacked: Value = serde_json::from_slice(&out).unwrap();
                let whole: Value = serde_json::from_str(&record).unwrap();
                let (unpacked, whole) = match within {
                    true => (&unpacked["in"], &whole["in"]),
                    false => (&unpacked, &whole),
                };
                for (key, value) in whole.as_object().unwrap().iter().filter(|(key, _)| *key != "text") {
                    prop_assert_eq!(&unpacked[key], &Value::from(vec![value.clone(); records.len()]));
                }
            }
        }
    }
}
