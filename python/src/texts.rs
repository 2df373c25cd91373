//! Texts that Python holds, a batch at a time: borrowed where that can be, and kept alive by what they are borrowed
//! from.

#![expect(unsafe_code, reason = "texts are borrowed from Python and from Arrow, without a lifetime")]

use arrow_array::ArrayRef;
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyMapping, PyString};

use crate::arrow::{ArrowTexts, column_of_table};
use crate::error;

/// A batch is full with so many bytes.
const BYTES: usize = 4 << 20;

/// A text in memory that somebody else owns. It is lent by its [`Batch`], and cannot be taken out of it.
pub(crate) struct Text {
    start: *const u8,
    len: usize,
}

// SAFETY: it is read only, and nobody changes what it points to: see `Batch`.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        // SAFETY: whoever called `Batch::push` has promised that the `str` lives as long as the batch, and there is no
        // `Text` outside of a batch.
        unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(self.start, self.len)) }
    }
}

/// What keeps texts alive. Python's strings and these strings are never changed or moved; nor are Arrow's buffers, for
/// which whoever made them vouches.
pub(crate) enum Owner {
    Python(#[expect(dead_code, reason = "it only has to live")] Py<PyString>),
    Arrow(#[expect(dead_code, reason = "it only has to live")] ArrayRef),
    Own(#[expect(dead_code, reason = "it only has to live")] Box<str>),
}

/// Texts that follow each other, with all that keeps them alive.
#[derive(Default)]
pub(crate) struct Batch {
    texts: Vec<Text>,
    owners: Vec<Owner>,
    bytes: usize,
}

impl Batch {
    /// A batch is full with so many texts.
    pub(crate) const MOST: usize = 1 << 15;

    pub(crate) fn texts(&self) -> &[Text] {
        &self.texts
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.texts.len() >= Self::MOST
    }

    /// Adds a text that belongs to an owner.
    ///
    /// # Safety
    /// The owner must be [kept](Batch::keep) before the batch is given away, and neither move nor change the text.
    pub(crate) unsafe fn push(&mut self, text: &str) {
        self.bytes += text.len();
        self.texts.push(Text { start: text.as_ptr(), len: text.len() });
    }

    pub(crate) fn keep(&mut self, owner: Owner) {
        self.owners.push(owner);
    }

    /// Adds a text that belongs to nobody else.
    pub(crate) fn push_own(&mut self, text: String) {
        let text = text.into_boxed_str();
        // SAFETY: the owner is kept, and what a box points to does not move.
        unsafe { self.push(&text) };
        self.keep(Owner::Own(text));
    }

    /// Adds a Python string; its UTF-8 is that which Python keeps with it.
    fn push_python(&mut self, text: &Bound<'_, PyString>) -> PyResult<()> {
        let utf8 = text.to_str()?;
        // SAFETY: the owner is kept; a Python string never changes, nor does the UTF-8 that is kept with it.
        unsafe { self.push(utf8) };
        self.keep(Owner::Python(text.clone().unbind()));
        Ok(())
    }
}

/// Texts that were read by :class:`JsonlTexts`.
#[pyclass(module = "dsir._dsir", frozen)]
pub(crate) struct Texts(pub(crate) Batch);

#[pymethods]
impl Texts {
    fn __len__(&self) -> usize {
        self.0.texts.len()
    }
}

/// What a text is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A string.
    Text,
    /// A sequence of integers, which become a string with spaces between them.
    Ids,
}

/// Where texts come from.
pub(crate) enum Source {
    Arrow(ArrowTexts),
    Python { items: Py<PyIterator>, field: String, content: Content, row: usize },
}

impl Source {
    /// Any iterable of strings, or of dictionaries with a string in `field`; or Arrow data, where a table has the texts
    /// in the column `field`.
    pub(crate) fn new(given: &Bound<'_, PyAny>, field: &str, content: Content) -> PyResult<Self> {
        let column = column_of_table(given, field)?;
        let given = column.as_ref().unwrap_or(given);
        if let Some(arrow) = ArrowTexts::of(given, field, content)? {
            return Ok(Source::Arrow(arrow));
        }
        if given.is_instance_of::<PyString>() || given.is_instance_of::<PyDict>() {
            let kind = given.get_type().name()?;
            return Err(PyTypeError::new_err(format!("texts are an iterable of str, not a single {kind}")));
        }
        let items = given.try_iter()?.unbind();
        Ok(Source::Python { items, field: field.to_owned(), content, row: 0 })
    }

    /// The next texts; `None` after the last.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let mut batch = Batch::default();
        match self {
            Source::Arrow(arrow) => arrow.fill(py, &mut batch)?,
            Source::Python { items, field, content, row } => {
                let items = items.bind(py);
                while !batch.is_full() {
                    let Some(item) = items.clone().next() else { break };
                    push_item(&mut batch, &item?, field, *content, *row)?;
                    *row += 1;
                }
            }
        }
        Ok((!batch.texts.is_empty()).then_some(batch))
    }
}

fn push_item(
    batch: &mut Batch,
    item: &Bound<'_, PyAny>,
    field: &str,
    content: Content,
    row: usize,
) -> PyResult<()> {
    let py = item.py();
    if content == Content::Text
        && let Ok(text) = item.cast::<PyString>()
    {
        return batch.push_python(text).map_err(|failed| {
            match failed.is_instance_of::<PyUnicodeEncodeError>(py) {
                true => error::of_text(py, row, "it has a lone surrogate, which is no character"),
                false => failed,
            }
        });
    }
    if let Ok(record) = item.cast::<PyMapping>() {
        let value = in_field(record, field).filter(|value| !value.is_instance_of::<PyMapping>());
        let value =
            value.ok_or_else(|| error::of_text(py, row, &format!("no text in its field `{field}`")))?;
        return push_item(batch, &value, field, content, row);
    }
    let kind = item.get_type().name()?;
    match content {
        Content::Text => Err(error::of_text(py, row, &format!("it is a {kind}, not a str"))),
        Content::Ids => {
            let ids: Vec<i128> = item.extract().map_err(|_| {
                error::of_text(
                    py,
                    row,
                    &format!("it is a {kind}, not a sequence of int, which the model's tokens are"),
                )
            })?;
            batch.push_own(joined(ids));
            Ok(())
        }
    }
}

/// What a record has at a dotted path, or under a key with dots.
fn in_field<'py>(record: &Bound<'py, PyMapping>, field: &str) -> Option<Bound<'py, PyAny>> {
    let first = record.clone().into_any();
    let at_path = field.split('.').try_fold(first, |inner, key| inner.get_item(key).ok());
    at_path.or_else(|| record.get_item(field.replace("\\.", ".")).ok())
}

/// Integers as the tokenizer `ids` takes them.
pub(crate) fn joined(ids: impl IntoIterator<Item = impl ToString>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.join(" ")
}
