use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::Cut;
use crate::featurizer::Punkt;
use crate::quality::{QualityBounds, QualityScores};
use crate::reader::{Conditions, Fault, FieldPath, skim};

/// What is done with each record by itself, in this order.
#[derive(Default)]
pub struct Steps {
    /// Texts are cut into pieces.
    pub chunk: Option<Chunk>,
    /// Texts are measured.
    pub quality: Option<QualityStep>,
    /// Only what is like this is kept.
    pub conditions: Conditions,
}

/// How texts are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The words of a piece, at least 1. A word is what stands between two spaces, nothing too.
    pub words: usize,
    /// The field with the text.
    pub field: FieldPath,
    /// Each piece tells what it is a piece of, in [`FIELDS`](Chunk::FIELDS).
    pub keep_whole: bool,
}

/// What is done with texts that are measured.
pub struct QualityStep {
    /// Where sentences end, for the tokens.
    pub punkt: Arc<Punkt>,
    /// Only what is within these is kept.
    pub bounds: QualityBounds,
    /// The scores are written into a field of this name.
    pub field: Option<String>,
}

/// A record with its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    /// The record, which is sound JSON.
    pub record: &'a [u8],
    /// Its text, without escapes.
    pub text: &'a str,
    /// The shard that it is of.
    pub shard: &'a Path,
    /// Its line there, from 1.
    pub line: u64,
}

impl Chunk {
    /// Which piece it is, from 0; how many there are; the shard and the line of the record that they are pieces of.
    pub const FIELDS: [&str; 3] = ["piece", "pieces", "piece_of"];
}

impl Steps {
    /// Whether records would stay as they are.
    pub fn are_none(&self) -> bool {
        self.chunk.is_none() && self.quality.is_none() && self.conditions.is_empty()
    }

    /// The fields that are added to each record.
    fn added(&self) -> impl Iterator<Item = &str> {
        let of_pieces = self.chunk.iter().filter(|chunk| chunk.keep_whole).flat_map(|_| Chunk::FIELDS);
        of_pieces.chain(self.quality.iter().filter_map(|step| step.field.as_deref()))
    }

    /// Whether a piece may be wanted or not for what its record does not tell.
    pub(super) fn conditions_look_at_what_is_made(&self) -> bool {
        let added = self.added().filter_map(FieldPath::new);
        let text = self.chunk.iter().map(|chunk| chunk.field.clone());
        added.chain(text).any(|field| self.conditions.look_at(&field))
    }

    /// Refuses a record in which a field to be added would be there twice.
    pub(super) fn refuse_fields_there(&self, record: &[u8]) -> Result<(), Fault> {
        match self.added().find(|name| skim::has_key(record, name)) {
            Some(name) => Err(Fault::Present(name.to_owned())),
            None => Ok(()),
        }
    }

    pub(super) fn are_within(&self, scores: &QualityScores) -> bool {
        self.quality.as_ref().is_none_or(|step| step.bounds.holds(scores))
    }

    /// Appends what is made of a record: with a piece in place of its text, and with the fields that are added.
    pub(super) fn write(
        &self,
        document: &Document<'_>,
        cut: Option<Cut<'_>>,
        scores: Option<QualityScores>,
        out: &mut Vec<u8>,
    ) {
        let record = document.record;
        // Only white space can follow the closing brace of a sound record.
        let brace = record.iter().rposition(|byte| *byte == b'}').unwrap_or(record.len());
        match cut {
            None => out.extend_from_slice(&record[..brace]),
            Some(Cut { place, escaped, number, pieces }) => {
                out.extend_from_slice(&record[..place.start]);
                out.extend_from_slice(escaped);
                out.extend_from_slice(&record[place.end..brace]);
                if self.chunk.as_ref().is_some_and(|chunk| chunk.keep_whole) {
                    let whole = format!("{}:{}", document.shard.display(), document.line);
                    let [piece, of, piece_of] = Chunk::FIELDS;
                    add_field(piece, &number, out);
                    add_field(of, &pieces, out);
                    add_field(piece_of, &whole, out);
                }
            }
        }
        if let (Some(field), Some(scores)) =
            (self.quality.as_ref().and_then(|step| step.field.as_deref()), scores)
        {
            add_field(field, &scores, out);
        }
        out.extend_from_slice(&record[brace..]);
    }
}

/// Appends a field to an object that has some already.
fn add_field(name: &str, value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(b", ");
    // Strings and finite numbers always make JSON.
    out.extend(serde_json::to_vec(name).unwrap_or_default());
    out.extend_from_slice(b": ");
    out.extend(serde_json::to_vec(value).unwrap_or_default());
}
