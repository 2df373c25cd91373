//! Writer: from decisions and records to files that appear whole or not at all.

mod annotate;
mod error;
mod in_order;
mod packed;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
mod parquet;
mod records;
mod shuffle;
mod sink;

pub(crate) use annotate::annotate;
pub use error::Error;
pub(crate) use in_order::{InOrder, Take};
pub(crate) use parquet::{Pick, RowForm};
pub use records::Destination;
pub(crate) use records::{RecordWriter, Selected, ShardRecords, output_name};
pub(crate) use sink::{Sink, is_table};

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::storage::{self, FileId};

/// Refuses outputs that are the same files as inputs, by whatever name.
///
/// # Errors
/// Says which one.
pub(crate) fn refuse_overwriting<'a>(
    outputs: impl IntoIterator<Item = impl AsRef<Path>>,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Error> {
    let identity = |path: &Path| path.metadata().ok().and_then(|metadata| FileId::of(&metadata));
    let inputs: Vec<&Path> = inputs.into_iter().collect();
    let urls: HashSet<&Path> = inputs.iter().copied().filter(|input| storage::is_url(input)).collect();
    let inputs: HashMap<_, _> =
        inputs.into_iter().filter_map(|input| identity(input).map(|identity| (identity, input))).collect();
    for output in outputs {
        let output = output.as_ref();
        if let Some(input) = urls.get(output) {
            return Err(Error::OverwritesInput { output: output.into(), input: input.to_path_buf() });
        }
        // A device is written to, not replaced.
        let file = output.is_file().then(|| identity(output)).flatten();
        if let Some(input) = file.and_then(|identity| inputs.get(&identity)) {
            return Err(Error::OverwritesInput { output: output.into(), input: input.into() });
        }
    }
    Ok(())
}
