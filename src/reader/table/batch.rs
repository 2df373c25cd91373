use arrow_array::cast::AsArray;
use arrow_array::{Array, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use arrow_schema::DataType;

use super::lines::Lines;

/// Rows as they were decoded.
pub(crate) struct Batch(RecordBatch);

impl Batch {
    pub(super) fn new(rows: RecordBatch) -> Self {
        Batch(rows)
    }

    /// The lines of its rows.
    ///
    /// # Errors
    /// In words, a column whose values have no JSON.
    pub(crate) fn lines(&self) -> Result<Lines<'_>, String> {
        Lines::new(&self.0)
    }

    /// All columns.
    pub(crate) fn rows(&self) -> &RecordBatch {
        &self.0
    }

    /// The strings of a column; `None` if there is no such column, or it holds something else.
    pub(in crate::reader) fn strings(&self, column: &str) -> Option<Strings<'_>> {
        let schema = self.0.schema_ref();
        // Of a name given twice the last counts, as in JSON.
        let place = schema.fields().iter().rposition(|field| field.name() == column)?;
        let array = self.0.column(place);
        Some(match array.data_type() {
            DataType::Utf8 => Strings::Small(array.as_string()),
            DataType::LargeUtf8 => Strings::Large(array.as_string()),
            DataType::Utf8View => Strings::Views(array.as_string_view()),
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Strings::Bytes,
            _ => return None,
        })
    }
}

/// A column of strings.
pub(crate) enum Strings<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    Views(&'a StringViewArray),
    /// Bytes, which are no strings, though their JSON is one.
    Bytes,
}

impl<'a> Strings<'a> {
    /// Whether the column has bytes instead.
    pub(crate) fn are_bytes(&self) -> bool {
        matches!(self, Strings::Bytes)
    }

    /// The string of a row; `None` if it is null.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        match *self {
            Strings::Bytes => None,
            Strings::Small(array) => array.is_valid(row).then(|| array.value(row)),
            Strings::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Strings::Views(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}
