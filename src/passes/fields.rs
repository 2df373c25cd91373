//! Whether the fields that are asked for are there: looked up before the work, at the start of the corpus.

use crate::observer::Observer;
use crate::reader::{Block, BlockReader, FieldPath, Shards, field_names};
use crate::warning::{AskedBy, Warning};

/// Warns of fields, each with what asks for it, that no record in the first block of the corpus has. Streams are not
/// looked into, for they cannot be read again; what is wrong with the shards is left to whoever reads them.
pub(crate) fn look_for_fields(shards: &Shards, fields: &[(AskedBy, FieldPath)], observer: &Observer) {
    if fields.is_empty() {
        return;
    }
    let mut block = Block::default();
    for shard in shards.iter().filter(|shard| !shard.is_stream()) {
        // Not counted as progress.
        let read = BlockReader::open(shard, &Observer::default())
            .and_then(|mut reader| reader.next_block(&mut block));
        let Ok(true) = read else { return };
        if block.is_empty() {
            continue;
        }
        for (asked_by, field) in fields {
            if block.records().any(|record| field.place(record.bytes).is_some()) {
                continue;
            }
            observer.warn(Warning::NoSuchField {
                asked_by: *asked_by,
                field: field.to_string(),
                shard: shard.path().into(),
                records: block.len(),
                there: block.records().next().map(|record| field_names(record.bytes)).unwrap_or_default(),
            });
        }
        return;
    }
}
