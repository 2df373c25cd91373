//! Rows as JSON lines: `{"column": value, …}` in the order of the columns.
//!
//! The lines decide on content hashes, so that what a value becomes is the same for ever: docs/data.md lists it.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions as temporal;
use arrow_array::types::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, DecimalType, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalYearMonthType,
    RunEndIndexType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Fields, IntervalUnit, TimeUnit};
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use crate::reader::escape::Escaper;

/// Appends the value of a row.
type Put<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

/// The rows of one batch as lines.
pub(crate) struct Lines<'a>(Object<'a>);

impl<'a> Lines<'a> {
    /// Of the rows of `batch`.
    ///
    /// # Errors
    /// In words, a column whose values have no JSON.
    pub(super) fn new(batch: &'a RecordBatch) -> Result<Self, String> {
        let columns = batch.columns().iter().map(|column| &**column);
        Object::new(batch.schema_ref().fields(), columns).map(Lines)
    }

    /// Appends the line of a row, without its end.
    pub(crate) fn push(&self, row: usize, out: &mut Vec<u8>) {
        self.0.push(row, out);
    }
}

/// Values with the names that stand before them.
struct Object<'a>(Vec<(Vec<u8>, Put<'a>)>);

impl<'a> Object<'a> {
    fn new(fields: &Fields, columns: impl Iterator<Item = &'a dyn Array>) -> Result<Self, String> {
        let named = |(field, column): (&arrow_schema::FieldRef, &'a dyn Array)| {
            let mut name = Vec::new();
            Escaper::new().push(field.name(), &mut name);
            name.extend_from_slice(b": ");
            let put = value(column).map_err(|what| format!("column `{}` {what}", field.name()))?;
            Ok::<_, String>((name, put))
        };
        fields.iter().zip(columns).map(named).collect::<Result<_, _>>().map(Object)
    }

    fn push(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for (number, (name, put)) in self.0.iter().enumerate() {
            if number > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(name);
            put(row, out);
        }
        out.push(b'}');
    }
}

/// How the values of `array` are put.
fn value(array: &dyn Array) -> Result<Put<'_>, String> {
    let put = not_null(array)?;
    let Some(nulls) = array.nulls() else { return Ok(put) };
    Ok(Box::new(move |row, out| match nulls.is_null(row) {
        true => out.extend_from_slice(b"null"),
        false => put(row, out),
    }))
}

fn not_null(array: &dyn Array) -> Result<Put<'_>, String> {
    Ok(match array.data_type() {
        DataType::Null => Box::new(|_, out| out.extend_from_slice(b"null")),
        DataType::Boolean => {
            let array = array.as_boolean();
            Box::new(|row, out| out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }))
        }
        DataType::Int8 => number::<Int8Type>(array),
        DataType::Int16 => number::<Int16Type>(array),
        DataType::Int32 => number::<Int32Type>(array),
        DataType::Int64 => number::<Int64Type>(array),
        DataType::UInt8 => number::<UInt8Type>(array),
        DataType::UInt16 => number::<UInt16Type>(array),
        DataType::UInt32 => number::<UInt32Type>(array),
        DataType::UInt64 => number::<UInt64Type>(array),
        DataType::Float16 => {
            let array = array.as_primitive::<Float16Type>();
            Box::new(|row, out| push_number(array.value(row).to_f32(), out))
        }
        // NaN and the infinities become null.
        DataType::Float32 => number::<Float32Type>(array),
        DataType::Float64 => number::<Float64Type>(array),
        DataType::Decimal32(precision, scale) => decimal::<Decimal32Type>(array, *precision, *scale),
        DataType::Decimal64(precision, scale) => decimal::<Decimal64Type>(array, *precision, *scale),
        DataType::Decimal128(precision, scale) => decimal::<Decimal128Type>(array, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimal::<Decimal256Type>(array, *precision, *scale),
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            let escaper = Escaper::new();
            Box::new(move |row, out| escaper.push(array.value(row), out))
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            let escaper = Escaper::new();
            Box::new(move |row, out| escaper.push(array.value(row), out))
        }
        DataType::Utf8View => {
            let array = array.as_string_view();
            let escaper = Escaper::new();
            Box::new(move |row, out| escaper.push(array.value(row), out))
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            Box::new(|row, out| push_base64(array.value(row), out))
        }
        DataType::LargeBinary => {
            let array = array.as_binary::<i64>();
            Box::new(|row, out| push_base64(array.value(row), out))
        }
        DataType::BinaryView => {
            let array = array.as_binary_view();
            Box::new(|row, out| push_base64(array.value(row), out))
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary();
            Box::new(|row, out| push_base64(array.value(row), out))
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let offsets = array.value_offsets();
            list(array.values(), |row| offsets[row] as usize..offsets[row + 1] as usize)?
        }
        DataType::LargeList(_) => {
            let array = array.as_list::<i64>();
            let offsets = array.value_offsets();
            list(array.values(), |row| offsets[row] as usize..offsets[row + 1] as usize)?
        }
        DataType::ListView(_) => {
            let array = array.as_list_view::<i32>();
            let at = |row| array.value_offset(row) as usize;
            list(array.values(), move |row| at(row)..at(row) + array.value_size(row) as usize)?
        }
        DataType::LargeListView(_) => {
            let array = array.as_list_view::<i64>();
            let at = |row| array.value_offset(row) as usize;
            list(array.values(), move |row| at(row)..at(row) + array.value_size(row) as usize)?
        }
        DataType::FixedSizeList(_, length) => {
            let length = *length as usize;
            list(array.as_fixed_size_list().values(), move |row| row * length..(row + 1) * length)?
        }
        DataType::Struct(fields) => {
            let object = Object::new(fields, array.as_struct().columns().iter().map(|column| &**column))?;
            Box::new(move |row, out| object.push(row, out))
        }
        DataType::Map(..) => {
            let array = array.as_map();
            let offsets = array.value_offsets();
            map(array.entries(), |row| offsets[row] as usize..offsets[row + 1] as usize)?
        }
        DataType::Dictionary(keys, _) => match **keys {
            DataType::Int8 => dictionary::<Int8Type>(array)?,
            DataType::Int16 => dictionary::<Int16Type>(array)?,
            DataType::Int32 => dictionary::<Int32Type>(array)?,
            DataType::Int64 => dictionary::<Int64Type>(array)?,
            DataType::UInt8 => dictionary::<UInt8Type>(array)?,
            DataType::UInt16 => dictionary::<UInt16Type>(array)?,
            DataType::UInt32 => dictionary::<UInt32Type>(array)?,
            DataType::UInt64 => dictionary::<UInt64Type>(array)?,
            _ => return Err(unknown(array)),
        },
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array)?,
            DataType::Int32 => runs::<Int32Type>(array)?,
            DataType::Int64 => runs::<Int64Type>(array)?,
            _ => return Err(unknown(array)),
        },
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Interval(_) => time(array)?,
        DataType::Union(..) => return Err(unknown(array)),
    })
}

fn unknown(array: &dyn Array) -> String {
    format!("is of the type {}, which dsir does not read", array.data_type())
}

fn number<T: ArrowPrimitiveType>(array: &dyn Array) -> Put<'_>
where
    T::Native: serde::Serialize,
{
    let array = array.as_primitive::<T>();
    Box::new(|row, out| push_number(array.value(row), out))
}

fn decimal<T: DecimalType>(array: &dyn Array, precision: u8, scale: i8) -> Put<'_> {
    let array = array.as_primitive::<T>();
    Box::new(move |row, out| {
        let digits = T::format_decimal(array.value(row), precision, scale);
        out.extend_from_slice(digits.as_bytes());
    })
}

fn list<'a>(
    values: &'a dyn Array,
    range: impl Fn(usize) -> std::ops::Range<usize> + 'a,
) -> Result<Put<'a>, String> {
    let put = value(values)?;
    Ok(Box::new(move |row, out| {
        out.push(b'[');
        for (number, value) in range(row).enumerate() {
            if number > 0 {
                out.extend_from_slice(b", ");
            }
            put(value, out);
        }
        out.push(b']');
    }))
}

/// An object where the keys are strings, otherwise an array of arrays of two.
fn map<'a>(
    entries: &'a StructArray,
    range: impl Fn(usize) -> std::ops::Range<usize> + 'a,
) -> Result<Put<'a>, String> {
    let (keys, values) = (entries.column(0), entries.column(1));
    let are_strings = matches!(keys.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let (put_key, put_value) = (value(keys)?, value(values)?);
    let [open, between, end] = if are_strings { ["", ": ", ""] } else { ["[", ", ", "]"] };
    Ok(Box::new(move |row, out| {
        out.push(if are_strings { b'{' } else { b'[' });
        for (number, entry) in range(row).enumerate() {
            out.extend_from_slice(if number > 0 { b", " } else { b"" });
            out.extend_from_slice(open.as_bytes());
            put_key(entry, out);
            out.extend_from_slice(between.as_bytes());
            put_value(entry, out);
            out.extend_from_slice(end.as_bytes());
        }
        out.push(if are_strings { b'}' } else { b']' });
    }))
}

fn dictionary<K: ArrowDictionaryKeyType>(array: &dyn Array) -> Result<Put<'_>, String> {
    let array = array.as_dictionary::<K>();
    let put = value(array.values())?;
    Ok(Box::new(move |row, out| match array.key(row) {
        Some(key) => put(key, out),
        None => out.extend_from_slice(b"null"),
    }))
}

fn runs<R: RunEndIndexType>(array: &dyn Array) -> Result<Put<'_>, String> {
    let array = array.as_run_opt::<R>().ok_or_else(|| unknown(array))?;
    let put = value(array.values())?;
    Ok(Box::new(move |row, out| put(array.get_physical_index(row), out)))
}

/// Dates and times as ISO 8601 writes them, those with a time zone in UTC; spans of time as a number of their unit.
fn time(array: &dyn Array) -> Result<Put<'_>, String> {
    macro_rules! iso {
        ($type:ty, $of:expr, $end:expr) => {{
            let array = array.as_primitive::<$type>();
            let end: &'static str = $end;
            Box::new(move |row, out| match $of(array.value(row)) {
                // Debug is ISO 8601 there.
                Some(time) => _ = write!(out, "\"{time:?}{end}\""),
                // Beyond the years that a date can have.
                None => push_number(array.value(row), out),
            })
        }};
    }
    Ok(match array.data_type() {
        DataType::Date32 => {
            iso!(Date32Type, |days| temporal::date32_to_datetime(days).map(|at| at.date()), "")
        }
        DataType::Date64 => iso!(Date64Type, temporal::date64_to_datetime, ""),
        DataType::Time32(TimeUnit::Second) => iso!(Time32SecondType, temporal::time32s_to_time, ""),
        DataType::Time32(_) => iso!(Time32MillisecondType, temporal::time32ms_to_time, ""),
        DataType::Time64(TimeUnit::Microsecond) => {
            iso!(Time64MicrosecondType, temporal::time64us_to_time, "")
        }
        DataType::Time64(_) => iso!(Time64NanosecondType, temporal::time64ns_to_time, ""),
        DataType::Timestamp(unit, zone) => {
            let end = if zone.is_some() { "Z" } else { "" };
            match unit {
                TimeUnit::Second => iso!(TimestampSecondType, temporal::timestamp_s_to_datetime, end),
                TimeUnit::Millisecond => {
                    iso!(TimestampMillisecondType, temporal::timestamp_ms_to_datetime, end)
                }
                TimeUnit::Microsecond => {
                    iso!(TimestampMicrosecondType, temporal::timestamp_us_to_datetime, end)
                }
                TimeUnit::Nanosecond => {
                    iso!(TimestampNanosecondType, temporal::timestamp_ns_to_datetime, end)
                }
            }
        }
        DataType::Duration(TimeUnit::Second) => number::<DurationSecondType>(array),
        DataType::Duration(TimeUnit::Millisecond) => number::<DurationMillisecondType>(array),
        DataType::Duration(TimeUnit::Microsecond) => number::<DurationMicrosecondType>(array),
        DataType::Duration(TimeUnit::Nanosecond) => number::<DurationNanosecondType>(array),
        DataType::Interval(IntervalUnit::YearMonth) => number::<IntervalYearMonthType>(array),
        DataType::Interval(IntervalUnit::DayTime) => {
            let array = array.as_primitive::<IntervalDayTimeType>();
            Box::new(|row, out| {
                let span = array.value(row);
                _ = write!(out, "{{\"days\": {}, \"milliseconds\": {}}}", span.days, span.milliseconds);
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let array = array.as_primitive::<IntervalMonthDayNanoType>();
            Box::new(|row, out| {
                let span = array.value(row);
                let (months, days, nanoseconds) = (span.months, span.days, span.nanoseconds);
                _ = write!(out, "{{\"months\": {months}, \"days\": {days}, \"nanoseconds\": {nanoseconds}}}");
            })
        }
        _ => return Err(unknown(array)),
    })
}

/// A number as JSON has it; null if it has none.
fn push_number(number: impl serde::Serialize, out: &mut Vec<u8>) {
    // Only writing could fail, and a vector takes everything.
    _ = serde_json::to_writer(out, &number);
}

/// Bytes in base64, as a string.
fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    // A Display of base64 that allocates nothing; a vector takes everything.
    _ = write!(out, "\"{}\"", Base64Display::new(bytes, &STANDARD));
}
