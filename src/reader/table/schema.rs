use std::sync::Arc;

use ::parquet::file::metadata::KeyValue;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};

/// What the rows of a table are.
#[derive(Clone, Debug)]
pub(crate) struct TableSchema {
    pub(crate) schema: SchemaRef,
    /// What else a Parquet file says of itself.
    pub(crate) key_values: Vec<KeyValue>,
}

impl TableSchema {
    /// Becomes the schema of both tables: their columns must have the same names and types, and may be null where they
    /// may in one.
    ///
    /// # Errors
    /// In words, what the other has that this one has not.
    pub(crate) fn join(&mut self, other: &TableSchema) -> Result<(), String> {
        let (ours, theirs) = (self.schema.fields(), other.schema.fields());
        let mut fields = Vec::with_capacity(ours.len());
        for (our, their) in ours.iter().zip(theirs) {
            let is_elsewhere = || our.name() != their.name() && ours.find(their.name()).is_some();
            fields.push(joined(our, their).ok_or_else(|| match is_elsewhere() {
                true => format!("the column `{}` in another place", their.name()),
                false => format!("a column {}", words(their)),
            })?);
        }
        if let Some(more) = theirs.get(ours.len()) {
            return Err(format!("a column {}", words(more)));
        }
        if let Some(more) = ours.get(theirs.len()) {
            return Err(format!("no column {}", words(more)));
        }
        self.schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        Ok(())
    }
}

/// The type with `leaf` of all in it that is not nested; a dictionary is not.
pub(crate) fn with_leaves(data_type: &DataType, leaf: &dyn Fn(&DataType) -> DataType) -> DataType {
    let inside =
        |field: &FieldRef| Arc::new(Field::clone(field).with_data_type(with_leaves(field.data_type(), leaf)));
    match data_type {
        DataType::List(item) => DataType::List(inside(item)),
        DataType::LargeList(item) => DataType::LargeList(inside(item)),
        DataType::ListView(item) => DataType::ListView(inside(item)),
        DataType::LargeListView(item) => DataType::LargeListView(inside(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(inside(item), *length),
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inside).collect()),
        other => leaf(other),
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_text(value),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

fn words(field: &Field) -> String {
    format!("`{}` of the type {}", field.name(), field.data_type())
}

/// A field that holds the values of both; `None` if their names or types differ.
fn joined(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    if a.name() != b.name() {
        return None;
    }
    let data_type = match (a.data_type(), b.data_type()) {
        (DataType::List(a), DataType::List(b)) => DataType::List(joined(a, b)?),
        (DataType::LargeList(a), DataType::LargeList(b)) => DataType::LargeList(joined(a, b)?),
        (DataType::FixedSizeList(a, m), DataType::FixedSizeList(b, n)) if m == n => {
            DataType::FixedSizeList(joined(a, b)?, *n)
        }
        (DataType::Map(a, sorted), DataType::Map(b, _)) => DataType::Map(joined(a, b)?, *sorted),
        (DataType::Struct(a), DataType::Struct(b)) if a.len() == b.len() => {
            DataType::Struct(a.iter().zip(b).map(|(a, b)| joined(a, b)).collect::<Option<_>>()?)
        }
        (a, b) if a == b => a.clone(),
        // However the strings are held.
        (a, b) if is_text(a) && is_text(b) => a.clone(),
        _ => return None,
    };
    let is_nullable = a.is_nullable() || b.is_nullable();
    Some(Arc::new(Field::clone(a).with_data_type(data_type).with_nullable(is_nullable)))
}
