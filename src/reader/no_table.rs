//! In place of [`table`](../table/mod.rs) where the feature `parquet` is off: no table is read.

use std::ops::Range;
use std::sync::Arc;

use super::block::Places;
use super::content::Origin;
use super::{Error, Shard};
use crate::observer::Observer;
use crate::storage::Input;

pub(super) enum Format {}

impl Format {
    pub(super) fn of(_: &[u8]) -> Option<Self> {
        None
    }
}

pub(super) enum Table {}

#[derive(Default)]
#[expect(dead_code, reason = "there is no table that it is a part of")]
pub(super) struct Part {
    pub(super) first: u64,
    pub(super) span: Option<Range<u64>>,
}

pub(super) enum Rows {}

pub(crate) enum TableSchema {}

impl TableSchema {
    pub(crate) fn join(&mut self, _: &TableSchema) -> Result<(), String> {
        match *self {}
    }
}

pub(crate) fn table_schema(_: &Shard) -> Result<Option<TableSchema>, Error> {
    Ok(None)
}

/// No panic is.
#[cfg(feature = "cli")]
pub(crate) fn is_guarded() -> bool {
    false
}

pub(crate) enum Batch {}

pub(crate) enum BatchLines {}

impl BatchLines {
    pub(crate) fn push(&self, _: usize, _: &mut Vec<u8>) {
        match *self {}
    }
}

impl Batch {
    pub(crate) fn lines(&self) -> Result<BatchLines, String> {
        match *self {}
    }

    pub(super) fn strings(&self, _: &str) -> Option<Strings<'_>> {
        match *self {}
    }
}

pub(crate) struct Strings<'a>(std::convert::Infallible, std::marker::PhantomData<&'a ()>);

impl<'a> Strings<'a> {
    pub(crate) fn are_bytes(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn get(&self, _: usize) -> Option<&'a str> {
        match self.0 {}
    }
}

impl Table {
    pub(super) fn open(
        format: Format,
        _: Input,
        _: &Arc<Origin>,
        _: Part,
        _: &Observer,
    ) -> Result<Self, Error> {
        match format {}
    }

    pub(super) fn next(&mut self, _: u64) -> Result<Option<(Rows, u64)>, Error> {
        match *self {}
    }

    pub(super) fn rows_before(&self, _: u64) -> u64 {
        match *self {}
    }

    pub(super) fn has_spans(&self) -> bool {
        match *self {}
    }
}

impl Rows {
    pub(super) fn fill(&mut self, _: &mut Places<'_>, _: bool) -> Result<bool, Error> {
        match *self {}
    }
}
