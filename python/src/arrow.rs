//! Texts in Arrow data of any library, taken over by the C data interface without a copy.

#![expect(unsafe_code, reason = "the C data interface hands over pointers")]

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, make_array};
use arrow_schema::{ArrowError, DataType};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::error;
use crate::texts::{Batch, Content, Owner, joined};

/// Chunks of one column, read one after the other.
pub(crate) struct ArrowTexts {
    chunks: Chunks,
    field: String,
    content: Content,
    /// The chunk that is being read, and how far.
    current: Option<(ArrayRef, usize)>,
    /// Texts before the current chunk.
    before: usize,
}

enum Chunks {
    Stream(ArrayStreamReader),
    One(Option<ArrayRef>),
}

impl ArrowTexts {
    /// Texts of an object that exports Arrow data; `None` if it does not.
    pub(crate) fn of(given: &Bound<'_, PyAny>, field: &str, content: Content) -> PyResult<Option<Self>> {
        let Some(chunks) = Chunks::of(given)? else { return Ok(None) };
        Ok(Some(ArrowTexts { chunks, field: field.to_owned(), content, current: None, before: 0 }))
    }

    /// What a null record of a table has in a column means nothing.
    fn refuse_null_records(&self, py: Python<'_>, chunk: &ArrayRef) -> PyResult<()> {
        let nulls = chunk.as_struct_opt().and_then(|table| table.nulls());
        match nulls.and_then(|nulls| (0..nulls.len()).find(|row| nulls.is_null(*row))) {
            Some(row) => Err(error::of_text(py, self.before + row, "it is null")),
            None => Ok(()),
        }
    }

    /// Fills the batch with what comes next.
    pub(crate) fn fill(&mut self, py: Python<'_>, batch: &mut Batch) -> PyResult<()> {
        while !batch.is_full() {
            if self.current.is_none() {
                let Some(chunk) = self.chunks.next(py)? else { return Ok(()) };
                self.refuse_null_records(py, &chunk)?;
                self.current = Some((checked(&column(chunk, &self.field)?)?, 0));
            }
            let Some((chunk, start)) = &mut self.current else { return Ok(()) };
            // A piece at a time, so that the keys of a dictionary are unpacked once.
            let piece = chunk.slice(*start, (chunk.len() - *start).min(Batch::MOST));
            let end = *start + push(py, batch, &piece, self.content, self.before + *start)?;
            if end < chunk.len() {
                *start = end;
            } else {
                self.before += end;
                self.current = None;
            }
        }
        Ok(())
    }
}

impl Chunks {
    fn of(given: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if given.hasattr("__arrow_c_stream__")? {
            return match given.call_method0("__arrow_c_stream__") {
                Ok(capsule) => Ok(Some(Chunks::of_stream(&capsule)?)),
                Err(_) if is_pandas_series(given)? => Ok(None),
                Err(failed) => Err(failed),
            };
        }
        if given.hasattr("__arrow_c_array__")? {
            let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
                given.call_method0("__arrow_c_array__")?.extract()?;
            let schema = pointer::<FFI_ArrowSchema>(&schema, c"arrow_schema")?;
            let array = pointer::<FFI_ArrowArray>(&array, c"arrow_array")?;
            // SAFETY: the capsules hold live structures of these kinds, by their names; they are moved out, and what
            // stays behind is marked as released.
            let (schema, array) =
                unsafe { (FFI_ArrowSchema::from_raw(schema), FFI_ArrowArray::from_raw(array)) };
            if array.is_released() {
                return Err(PyTypeError::new_err("the Arrow array was taken before; make a new one"));
            }
            // SAFETY: both come from one producer, which vouches for its pointers; all else is checked.
            let data = unsafe { from_ffi(array, &schema) }.map_err(failed)?;
            return Ok(Some(Chunks::One(Some(make_array(data)))));
        }
        Ok(None)
    }

    fn of_stream(capsule: &Bound<'_, PyAny>) -> PyResult<Self> {
        let stream = pointer::<FFI_ArrowArrayStream>(capsule, c"arrow_array_stream")?;
        // SAFETY: as for arrays.
        let stream = unsafe { ArrayStreamReader::from_raw(stream) };
        Ok(Chunks::Stream(stream.map_err(failed)?))
    }

    fn next(&mut self, py: Python<'_>) -> PyResult<Option<ArrayRef>> {
        match self {
            Chunks::One(chunk) => Ok(chunk.take()),
            Chunks::Stream(stream) => {
                let stream = Alone(stream);
                // Whatever makes the data may need the interpreter itself.
                let chunk = py.detach(move || stream.next()).transpose().map_err(failed)?;
                Ok(chunk)
            }
        }
    }
}

/// What only one thread uses.
struct Alone<'a>(&'a mut ArrayStreamReader);

// SAFETY: the interface lets a stream be used by any thread, by one at a time, and the reference is the only one.
unsafe impl Send for Alone<'_> {}

impl Alone<'_> {
    fn next(self) -> Option<Result<ArrayRef, ArrowError>> {
        self.0.next()
    }
}

/// The column of a table whose other columns may be what Arrow cannot hold, or this program cannot read.
pub(crate) fn column_of_table<'py>(
    given: &Bound<'py, PyAny>,
    field: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let kind = given.get_type();
    let (name, module) = (kind.name()?, kind.module()?);
    let library = module.to_string_lossy();
    let names = match (library.split('.').next(), &*name.to_string_lossy()) {
        (Some("pandas" | "polars"), "DataFrame") => given.getattr("columns")?,
        (Some("pyarrow"), "Table" | "RecordBatch") => given.getattr("column_names")?,
        _ => return Ok(None),
    };
    let names: Vec<String> =
        names.try_iter()?.map(|name| Ok(name?.str()?.to_string())).collect::<PyResult<_>>()?;
    match names.iter().filter(|name| *name == field).count() {
        0 => Err(no_column(field, &names)),
        1 => given.get_item(field).map(Some),
        _ => Err(PyTypeError::new_err(format!("two columns `{field}` in the table"))),
    }
}

fn no_column(field: &str, names: &[impl AsRef<str>]) -> PyErr {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let names = names.join(", ");
    PyTypeError::new_err(format!(
        "no column `{field}` in the table, which has {names}: name it with text_field"
    ))
}

/// Whether it is a pandas Series, which may hold what is no Arrow data, and is an iterable then.
fn is_pandas_series(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    let kind = given.get_type();
    Ok(kind.name()? == "Series" && kind.module()?.to_string_lossy().starts_with("pandas"))
}

fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut T> {
    let capsule = capsule.cast::<PyCapsule>()?;
    Ok(capsule.pointer_checked(Some(name))?.as_ptr().cast())
}

fn failed(error: ArrowError) -> PyErr {
    Python::attach(|py| error::of_arrow(py, &error.to_string()))
}

/// Makes sure that lengths and offsets of a column are sound. Strings become bytes, whose UTF-8 is checked when they
/// are read; those of a dictionary are checked here.
fn checked(column: &ArrayRef) -> PyResult<ArrayRef> {
    let bytes = match column.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            return Err(other_type(column.data_type(), Content::Text));
        }
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::Utf8View => DataType::BinaryView,
        other => other.clone(),
    };
    let data = column.to_data();
    if bytes == *column.data_type() {
        data.validate_full().map_err(failed)?;
        return Ok(Arc::clone(column));
    }
    Ok(make_array(data.into_builder().data_type(bytes).build().map_err(failed)?))
}

/// The texts in a chunk: the chunk itself, or a column of a table.
fn column(chunk: ArrayRef, field: &str) -> PyResult<ArrayRef> {
    let Some(table) = chunk.as_struct_opt() else { return Ok(chunk) };
    match table.column_by_name(field) {
        Some(column) => Ok(Arc::clone(column)),
        None => Err(no_column(field, &table.column_names())),
    }
}

/// Adds texts until the batch is full; tells how many. `before` is the number of texts before the chunk.
fn push(
    py: Python<'_>,
    batch: &mut Batch,
    chunk: &ArrayRef,
    content: Content,
    before: usize,
) -> PyResult<usize> {
    let mut rows = Rows { py, batch, before };
    let end = match (chunk.data_type(), content) {
        (DataType::Binary, Content::Text) => rows.borrow(chunk, |row| chunk.as_binary::<i32>().value(row)),
        (DataType::LargeBinary, Content::Text) => {
            rows.borrow(chunk, |row| chunk.as_binary::<i64>().value(row))
        }
        (DataType::BinaryView, Content::Text) => rows.borrow(chunk, |row| chunk.as_binary_view().value(row)),
        (DataType::Dictionary(..), Content::Text) => {
            let dictionary = chunk.as_any_dictionary();
            let (keys, values) = (dictionary.normalized_keys(), dictionary.values());
            if values.null_count() > 0 {
                return Err(PyTypeError::new_err("an Arrow dictionary with a null among its values"));
            }
            match values.data_type() {
                DataType::Utf8 => {
                    rows.borrow(chunk, |row| values.as_string::<i32>().value(keys[row]).as_bytes())
                }
                DataType::LargeUtf8 => {
                    rows.borrow(chunk, |row| values.as_string::<i64>().value(keys[row]).as_bytes())
                }
                DataType::Utf8View => {
                    rows.borrow(chunk, |row| values.as_string_view().value(keys[row]).as_bytes())
                }
                other => return Err(other_type(other, content)),
            }
        }
        (DataType::List(item), Content::Ids) => rows.lists::<i32>(chunk, item.data_type()),
        (DataType::LargeList(item), Content::Ids) => rows.lists::<i64>(chunk, item.data_type()),
        (other, content) => return Err(other_type(other, content)),
    }?;
    batch.keep(Owner::Arrow(Arc::clone(chunk)));
    Ok(end)
}

fn other_type(found: &DataType, content: Content) -> PyErr {
    let expected = match content {
        Content::Text => "a column of strings",
        Content::Ids => "a column of lists of integers, which the model's tokens are",
    };
    PyTypeError::new_err(format!("texts are {expected}, not of the Arrow type {found}"))
}

/// Rows of a chunk that are being added to a batch.
struct Rows<'a, 'py> {
    py: Python<'py>,
    batch: &'a mut Batch,
    before: usize,
}

impl Rows<'_, '_> {
    fn borrow<'c>(&mut self, chunk: &'c ArrayRef, text: impl Fn(usize) -> &'c [u8]) -> PyResult<usize> {
        let mut not_utf8 = None;
        let end = self.each(chunk, |batch, row| match simdutf8::basic::from_utf8(text(row)) {
            // SAFETY: `push` keeps the column, whose buffers hold the text.
            Ok(text) => unsafe { batch.push(text) },
            Err(_) => not_utf8 = not_utf8.or(Some(row)),
        })?;
        match not_utf8 {
            Some(row) => Err(error::of_text(self.py, self.before + row, "it is not UTF-8")),
            None => Ok(end),
        }
    }

    fn lists<O: OffsetSizeTrait>(&mut self, chunk: &ArrayRef, item: &DataType) -> PyResult<usize> {
        match item {
            DataType::Int8 => self.integers::<O, Int8Type>(chunk),
            DataType::Int16 => self.integers::<O, Int16Type>(chunk),
            DataType::Int32 => self.integers::<O, Int32Type>(chunk),
            DataType::Int64 => self.integers::<O, Int64Type>(chunk),
            DataType::UInt8 => self.integers::<O, UInt8Type>(chunk),
            DataType::UInt16 => self.integers::<O, UInt16Type>(chunk),
            DataType::UInt32 => self.integers::<O, UInt32Type>(chunk),
            DataType::UInt64 => self.integers::<O, UInt64Type>(chunk),
            _ => Err(other_type(chunk.data_type(), Content::Ids)),
        }
    }

    fn integers<O: OffsetSizeTrait, T: ArrowPrimitiveType>(&mut self, chunk: &ArrayRef) -> PyResult<usize>
    where
        T::Native: ToString,
    {
        let (py, before) = (self.py, self.before);
        let mut with_null = None;
        let end = self.each(chunk, |batch, row| {
            let list = chunk.as_list::<O>().value(row);
            let ids = list.as_primitive::<T>();
            if ids.null_count() > 0 {
                with_null.get_or_insert(row);
            }
            batch.push_own(joined(ids.values().iter().copied()));
        })?;
        match with_null {
            Some(row) => Err(error::of_text(py, before + row, "a null among its integers")),
            None => Ok(end),
        }
    }

    fn each(&mut self, chunk: &ArrayRef, mut push: impl FnMut(&mut Batch, usize)) -> PyResult<usize> {
        let nulls = chunk.logical_nulls();
        for row in 0..chunk.len() {
            if self.batch.is_full() {
                return Ok(row);
            }
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                return Err(error::of_text(self.py, self.before + row, "it is null"));
            }
            push(self.batch, row);
        }
        Ok(chunk.len())
    }
}
