//! Writer: from decisions and records to files that appear whole or not at all.

mod annotate;
mod error;
mod in_order;
mod records;
mod shuffle;
mod sink;

pub use annotate::annotate;
pub use error::Error;
pub use in_order::{InOrder, Take};
pub use records::{Destination, RecordWriter, Selected, ShardRecords};
pub use sink::Sink;

use std::path::Path;

/// Refuses an output that is the same file as an input.
///
/// # Errors
/// Says which one.
pub fn refuse_overwriting<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Error> {
    // What is not there yet, or is a device, overwrites nothing.
    let Ok(there) = output.canonicalize() else {
        return Ok(());
    };
    if !there.is_file() {
        return Ok(());
    }
    for input in inputs {
        if input
            .canonicalize()
            .is_ok_and(|input| input == there || is_same_file(&input, &there))
        {
            return Err(Error::OverwritesInput {
                output: output.into(),
                input: input.into(),
            });
        }
    }
    Ok(())
}

/// Whether two names are hard links to one file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| path.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    matches!((identity(a), identity(b)), (Ok(a), Ok(b)) if a == b)
}
