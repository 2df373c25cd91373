//! Rows of tables as bytes of their own, so that they wait, and are put into order, as lines are.

use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float64Array, PrimitiveArray, RecordBatch, UInt32Array, new_null_array,
};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use parquet::file::metadata::KeyValue;

use crate::reader::{TableBatch, TableSchema, with_leaves};
use crate::writer::Selected;

/// The column that annotating adds.
const LOG_WEIGHT: &str = "log_weight";

/// What the rows of an output are, and how they become bytes.
pub(crate) struct RowForm {
    /// What is written.
    schema: SchemaRef,
    pub(super) key_values: Vec<KeyValue>,
    /// The columns of what is read that are written, and as what they become bytes.
    columns: Vec<(usize, DataType)>,
    converter: RowConverter,
    /// How many log weights each row gets; 0 if it gets none.
    log_weights: usize,
}

/// A row that was selected: its place in its batch, and its random bits.
pub(crate) type Pick = (u32, u64);

impl RowForm {
    /// Of rows of `table`, each with so many log weights.
    ///
    /// # Errors
    /// In words, a column that cannot be written.
    pub(crate) fn new(table: &TableSchema, log_weights: usize) -> Result<Self, String> {
        // As in JSON, a field that is added comes last, and takes the place of one of its name.
        let is_kept = |field: &Field| log_weights == 0 || field.name() != LOG_WEIGHT;
        let kept = table.schema.fields().iter().enumerate().filter(|(_, field)| is_kept(field));
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for (place, field) in kept {
            columns.push((place, as_bytes(field.data_type())));
            fields.push(as_written(field));
        }
        let mut types: Vec<DataType> = columns.iter().map(|(_, data_type)| data_type.clone()).collect();
        if log_weights > 0 {
            let data_type = of_log_weights(log_weights);
            types.push(data_type.clone());
            // Records that were drawn by nothing have none.
            fields.push(Arc::new(Field::new(LOG_WEIGHT, data_type, true)));
        }
        let words = |error: ArrowError| error.to_string();
        let converter = RowConverter::new(types.into_iter().map(SortField::new).collect()).map_err(words)?;
        let schema = Arc::new(Schema::new_with_metadata(fields, table.schema.metadata().clone()));
        // Not every reader looks into the Arrow schema.
        let mut key_values = table.key_values.clone();
        let mut missing: Vec<(&String, &String)> = schema.metadata().iter().collect();
        missing.retain(|(key, _)| table.key_values.iter().all(|pair| pair.key != **key));
        missing.sort();
        key_values.extend(missing.into_iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())));
        Ok(RowForm { schema, key_values, columns, converter, log_weights })
    }

    /// What is written.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Appends the rows of `batch` that were selected to `selected`; `log_weights` are theirs, row by row;
    /// none if they have none.
    ///
    /// # Errors
    /// In words, values that do not fit.
    pub(crate) fn push(
        &self,
        batch: &TableBatch,
        picks: &[Pick],
        log_weights: &[f64],
        selected: &mut Selected,
    ) -> Result<(), String> {
        if picks.is_empty() {
            return Ok(());
        }
        let rows = self.rows(batch.rows(), picks, log_weights).map_err(|error| error.to_string())?;
        for (row, (_, bits)) in rows.iter().zip(picks) {
            let row = row.data();
            selected.push_bytes(*bits, |out| {
                out.extend_from_slice(&(row.len() as u32).to_le_bytes());
                out.extend_from_slice(row);
            });
        }
        Ok(())
    }

    fn rows(
        &self,
        batch: &RecordBatch,
        picks: &[Pick],
        log_weights: &[f64],
    ) -> Result<arrow_row::Rows, ArrowError> {
        let places = UInt32Array::from_iter_values(picks.iter().map(|(row, _)| *row));
        let column = |(place, data_type): &(usize, DataType)| {
            let taken = arrow_select::take::take(batch.column(*place), &places, None)?;
            converted(&taken, data_type)
        };
        let mut columns: Vec<ArrayRef> = self.columns.iter().map(column).collect::<Result<_, _>>()?;
        if self.log_weights > 0 {
            let values: PrimitiveArray<Float64Type> = Float64Array::from(log_weights.to_vec());
            columns.push(match self.log_weights {
                several if log_weights.is_empty() => new_null_array(&of_log_weights(several), picks.len()),
                1 => Arc::new(values),
                several => {
                    Arc::new(FixedSizeListArray::try_new(item(), several as i32, Arc::new(values), None)?)
                }
            });
        }
        self.converter.convert_columns(&columns)
    }

    /// The rows that `bytes` hold, whole ones alone.
    pub(super) fn batch(&self, mut bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
        let parser = self.converter.parser();
        let mut rows = Vec::new();
        while let Some((row, rest)) = split_row(bytes) {
            rows.push(parser.parse(row));
            bytes = rest;
        }
        let columns = self.converter.convert_rows(rows)?;
        let columns = columns.iter().zip(self.schema.fields());
        let columns =
            columns.map(|(column, field)| converted(column, field.data_type())).collect::<Result<_, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

/// The first row of `bytes`, and what is behind it; `None` if not all of it is there.
pub(super) fn split_row(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

/// The type of so many log weights.
fn of_log_weights(count: usize) -> DataType {
    match count {
        1 => DataType::Float64,
        several => DataType::FixedSizeList(item(), several as i32),
    }
}

fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Float64, true))
}

/// `array` as another type that can hold the same values.
fn converted(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == data_type {
        return Ok(Arc::clone(array));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, data_type, &strict)
}

/// The field as Parquet can have it: of times, there are none by the second.
fn as_written(field: &FieldRef) -> FieldRef {
    let data_type = with_leaves(field.data_type(), &|leaf| match leaf {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        other => other.clone(),
    });
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// The type as which values of this type become bytes: without dictionaries, which bytes do not keep.
fn as_bytes(data_type: &DataType) -> DataType {
    with_leaves(data_type, &|leaf| match leaf {
        DataType::Dictionary(_, value) => as_bytes(value),
        other => other.clone(),
    })
}
