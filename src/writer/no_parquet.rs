//! In place of [`parquet`](../parquet/mod.rs) where the feature `parquet` is off: no table is written.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::{Error, Selected};
use crate::reader::{TableBatch, TableSchema};

pub(crate) enum RowForm {}

pub(crate) type Pick = (u32, u64);

impl RowForm {
    pub(crate) fn new(table: &TableSchema, _: usize) -> Result<Self, String> {
        match *table {}
    }

    pub(crate) fn push(&self, _: &TableBatch, _: &[Pick], _: &[f64], _: &mut Selected) -> Result<(), String> {
        match *self {}
    }
}

pub(super) struct ParquetSink<W>(std::marker::PhantomData<W>, std::convert::Infallible);

impl<W: Write> ParquetSink<W> {
    pub(super) fn create(_: W, path: &Path, _: Option<Arc<RowForm>>, _: &Path) -> Result<Self, Error> {
        let what = "this dsir was built without the feature `parquet`".to_owned();
        Err(Error::Parquet { path: path.into(), what })
    }

    pub(super) fn write(&mut self, _: &[u8]) -> Result<(), Error> {
        match self.1 {}
    }

    pub(super) fn close(self) -> Result<W, Error> {
        match self.1 {}
    }
}
