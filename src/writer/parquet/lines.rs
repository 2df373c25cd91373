//! Lines of JSON as columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, ListArray, NullArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::infer::Shape;
use crate::reader::skim;

/// A value as it stands in its line; `None` if it is null or not there.
type Value<'a> = Option<&'a [u8]>;

/// The table that holds `lines`, of which `shape` was made.
pub(super) fn batch(lines: &[u8], shape: &Shape, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if i32::try_from(lines.len()).is_err() {
        return Err(ArrowError::InvalidArgumentError("a record of 2 GiB or more".to_owned()));
    }
    let records = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let records: Vec<Value<'_>> = records.map(not_null).collect();
    let columns = match shape {
        Shape::Object(fields) => of_fields(&records, fields)?,
        _ => Vec::new(),
    };
    let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn not_null(value: &[u8]) -> Value<'_> {
    let value = value.trim_ascii();
    (value != b"null").then_some(value)
}

/// A column for each of `fields`.
fn of_fields(objects: &[Value<'_>], fields: &[(String, Shape)]) -> Result<Vec<ArrayRef>, ArrowError> {
    let places: HashMap<&[u8], usize> =
        fields.iter().enumerate().map(|(place, (name, _))| (name.as_bytes(), place)).collect();
    let mut columns = vec![vec![None; objects.len()]; fields.len()];
    for (row, object) in objects.iter().enumerate() {
        let Some(object) = object else { continue };
        for member in skim::members(object) {
            let name = skim::unescaped_key(&object[member.key]);
            // Of a key given twice, the last counts.
            if let Some(place) = places.get(&*name) {
                columns[*place][row] = not_null(&object[member.value]);
            }
        }
    }
    columns.iter().zip(fields).map(|(values, (_, shape))| column(values, shape)).collect()
}

fn column(values: &[Value<'_>], shape: &Shape) -> Result<ArrayRef, ArrowError> {
    let data_type = shape.data_type();
    Ok(match (shape, &data_type) {
        (Shape::Null, _) => Arc::new(NullArray::new(values.len())),
        (Shape::Bool, _) => {
            Arc::new(values.iter().map(|value| value.map(|value| value == b"true")).collect::<BooleanArray>())
        }
        (Shape::Number(_), DataType::Int64) => numbers::<Int64Type>(values),
        (Shape::Number(_), DataType::UInt64) => numbers::<UInt64Type>(values),
        (Shape::Number(_), DataType::Float64) => numbers::<Float64Type>(values),
        (Shape::Text, _) => {
            let text =
                |value: &Value<'_>| value.and_then(|value| serde_json::from_slice::<String>(value).ok());
            Arc::new(values.iter().map(text).collect::<StringArray>())
        }
        (Shape::List(items), DataType::List(item)) => {
            let mut elements = Vec::new();
            let mut lengths = Vec::with_capacity(values.len());
            for value in values {
                let before = elements.len();
                elements.extend(value.iter().flat_map(|value| skim::elements(value)).map(not_null));
                lengths.push(elements.len() - before);
            }
            let nulls = NullBuffer::from_iter(values.iter().map(Option::is_some));
            let (offsets, items) = (OffsetBuffer::from_lengths(lengths), column(&elements, items)?);
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, Some(nulls))?)
        }
        (Shape::Object(fields), DataType::Struct(types)) => {
            let nulls = NullBuffer::from_iter(values.iter().map(Option::is_some));
            Arc::new(StructArray::try_new(types.clone(), of_fields(values, fields)?, Some(nulls))?)
        }
        // Values of several kinds.
        _ => {
            let json = values.iter().map(|value| value.map(String::from_utf8_lossy));
            Arc::new(json.collect::<StringArray>())
        }
    })
}

fn numbers<T: ArrowPrimitiveType>(values: &[Value<'_>]) -> ArrayRef
where
    T::Native: std::str::FromStr,
{
    let number = |value: &Value<'_>| value.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    Arc::new(values.iter().map(number).collect::<PrimitiveArray<T>>())
}
