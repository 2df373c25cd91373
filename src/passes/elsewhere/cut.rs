//! Cuts a corpus into pieces.

use super::Cut;
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{BlockReader, Shard, Shards, Span};

/// Pieces of about so many bytes, in input order: several shards that follow each other, or a span of a large one. What
/// is compressed as a whole cannot be cut.
pub(super) fn cut(raw: &Shards, bytes: u64) -> Result<Vec<Vec<Cut>>, Error> {
    let bytes = bytes.max(1);
    let mut pieces: Vec<Vec<Cut>> = Vec::new();
    // What may still be added to the last piece.
    let mut room = 0;
    for (number, shard) in raw.iter().enumerate() {
        let size = shard.bytes();
        if size > bytes && has_spans(shard)? {
            let count = size.div_ceil(bytes);
            let at = |part: u64| (u128::from(size) * u128::from(part) / u128::from(count)) as u64;
            let spans = (0..count).map(|part| Span {
                start: at(part),
                end: at(part + 1),
                first_record: 0,
                lines_before: None,
            });
            pieces.extend(spans.map(|span| vec![Cut::new(number, Some(span))]));
            room = 0;
            continue;
        }
        let whole = Cut::new(number, None);
        match pieces.last_mut().filter(|_| size <= room) {
            Some(last) => {
                last.push(whole);
                room -= size;
            }
            None => {
                pieces.push(vec![whole]);
                room = bytes.saturating_sub(size);
            }
        }
    }
    Ok(pieces)
}

fn has_spans(shard: &Shard) -> Result<bool, Error> {
    Ok(BlockReader::open(shard, &Observer::default())?.has_spans())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shards_make_up_a_piece_and_large_plain_ones_several() {
        let folder = tempfile::tempdir().unwrap();
        let lines = |count: usize| "{}\n".repeat(count);
        let hash = |i: u32| crate::reader::content_hash(&i.to_le_bytes());
        let numbers: Vec<u8> = (0..50).flat_map(|i| hash(i).to_le_bytes()).collect();
        let zstd = zstd::encode_all(&numbers[..], 1).unwrap();
        for (name, content) in [
            ("a.jsonl", lines(10).as_bytes()),
            ("b.jsonl", lines(10).as_bytes()),
            ("c.jsonl", lines(20).as_bytes()),
            ("d.jsonl", lines(70).as_bytes()),
            ("e.jsonl.zst", &zstd),
            ("f.jsonl", b""),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let raw = Shards::find([folder.path()]).unwrap();
        let pieces = cut(&raw, 75).unwrap();
        let shards: Vec<Vec<usize>> =
            pieces.iter().map(|piece| piece.iter().map(|cut| cut.shard).collect()).collect();
        assert!(zstd.len() > 75);
        assert_eq!(shards, [vec![0, 1], vec![2], vec![3], vec![3], vec![3], vec![4, 5]]);
        let spans: Vec<(u64, u64)> =
            pieces.iter().flatten().filter_map(|cut| cut.span).map(|span| (span.start, span.end)).collect();
        assert_eq!(spans, [(0, 70), (70, 140), (140, 210)]);
    }
}
