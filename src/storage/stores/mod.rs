//! Objects in stores: S3, Google Cloud Storage, Azure Blob Storage, and files of web servers, which are read only.
//!
//! Credentials and endpoints are those of the environment, under the names that the stores' own tools use.

mod ahead;
#[cfg(feature = "parquet")]
mod copy;
mod error;
mod object;
mod pieces;
mod reader;
mod store;
mod upload;

pub(super) use ahead::{expect, give_up};
#[cfg(feature = "parquet")]
pub(crate) use copy::ObjectCopy;
pub(crate) use error::StoreError;
pub(super) use object::{Object, list};
pub(crate) use reader::ObjectReader;
pub(super) use upload::{Upload, check_writable};

/// Objects are read and written in parts of this size: large enough that the way there and back does not count.
const PART: u64 = 4 << 20;
/// So many parts are on their way at a time, for each object that is read.
const AHEAD: u64 = 4;
