//! Whatever a table holds, it is read or refused, the same every time, and its rows are JSON.
#![no_main]

use std::path::Path;

use dsir::Observer;
use dsir::reader::{Block, BlockReader, Bookmark, Error, Shards};
use libfuzzer_sys::fuzz_target;

/// No more is read: a bomb costs time.
const MOST: usize = 1 << 22;

// One byte for the name, then the content of a shard. A panic that becomes an error is none, and those that do not end
// the target all the same.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |data: &[u8]| {
    if let Err(panic) = std::panic::catch_unwind(|| check(data)) {
        eprintln!("{:?}", panic.downcast_ref::<String>());
        std::process::abort();
    }
});

fn check(data: &[u8]) {
    let Some((first, content)) = data.split_first() else { return };
    let name = ["shard", "shard.csv", "shard.tsv", "shard.json"][usize::from(first % 4)];
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let (records, end) = read(&path, Bookmark::START);
    if name == "shard" && (content.starts_with(b"PAR1") || content.starts_with(b"ARROW1")) {
        for (_, record) in &records {
            let is_object = serde_json::from_slice::<serde_json::Map<_, _>>(record).is_ok();
            assert!(is_object, "{:?}", String::from_utf8_lossy(record));
        }
    }
    // From the middle on, it is the same.
    if let Some(Ok((middle, before))) = end {
        let (rest, _) = read(&path, middle);
        assert!(rest[..] == records[before..], "{middle:?}: {} of {}", rest.len(), records.len());
    }
}

type Records = Vec<(u64, Vec<u8>)>;
type Place = (Bookmark, usize);

/// Each record with its line, and a place between two blocks, if all could be read.
fn read(path: &Path, from: Bookmark) -> (Records, Option<Result<Place, Error>>) {
    let shards = Shards::find([path]).unwrap();
    let (mut records, mut middle) = (Vec::new(), None);
    let mut reader = match BlockReader::open_at(&shards[0], from, &Observer::default()) {
        Ok(reader) => reader,
        Err(error) => return (records, Some(Err(error))),
    };
    let (mut block, mut bytes) = (Block::default(), 0);
    loop {
        match reader.next_block(&mut block) {
            Ok(true) if bytes < MOST => {}
            Ok(true) => return (records, None),
            Ok(false) => break,
            Err(error) => return (records, Some(Err(error))),
        }
        bytes += block.content_bytes() as usize;
        records.extend(block.records().map(|record| (record.line, record.bytes.to_vec())));
        if reader.bookmark().records() == from.records() + records.len() as u64 && middle.is_none() {
            middle = Some((reader.bookmark(), records.len()));
        }
    }
    (records, middle.map(Ok))
}
