//! Stands in for object stores where they are not built in: there are no objects.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Stamp;

/// What a store said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// That it is not here.
    #[error("URLs are read by builds with object stores: cargo install … --features stores")]
    NotBuiltIn,
}

impl StoreError {
    pub(crate) fn is_of_change(_: &io::Error) -> bool {
        false
    }
}

fn not_built_in<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, StoreError::NotBuiltIn))
}

#[derive(Clone, Debug)]
pub(super) struct Object(Infallible);

impl Object {
    pub(super) fn find(_: &Path) -> io::Result<Self> {
        not_built_in()
    }

    pub(super) fn known(_: &Path, _: Stamp) -> io::Result<Self> {
        not_built_in()
    }

    pub(super) fn stamp(&self) -> Stamp {
        match self.0 {}
    }
}

pub(super) fn expect(_: &Path, _: Stamp) {}

pub(super) fn give_up() {}

pub(super) fn list(_: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    not_built_in()
}

pub(super) fn check_writable(_: &Path) -> io::Result<()> {
    not_built_in()
}

#[derive(Debug)]
pub(crate) struct ObjectReader(Object);

impl ObjectReader {
    pub(super) fn new(object: Object) -> Self {
        ObjectReader(object)
    }

    pub(super) fn object(&self) -> &Object {
        &self.0
    }
}

impl Read for ObjectReader {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0.0 {}
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        match self.0.0 {}
    }
}

#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(crate) struct ObjectCopy(Infallible);

#[cfg(feature = "parquet")]
impl ObjectCopy {
    pub(super) fn new(reader: ObjectReader, _: bool, _: &Path) -> io::Result<Self> {
        match reader.0.0 {}
    }

    pub(crate) fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        match self.0 {}
    }
}

pub(super) struct Upload(Infallible);

impl Upload {
    pub(super) fn send(_: &mut File, _: &Path) -> io::Result<Self> {
        not_built_in()
    }

    pub(super) fn complete(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    pub(super) fn abort(&mut self) {
        match self.0 {}
    }
}
