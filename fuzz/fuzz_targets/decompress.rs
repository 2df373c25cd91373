//! Compressed content comes out as it went in, or not at all.
#![no_main]

use std::io::{Cursor, Read, Write};
use std::path::Path;

use dsir::reader::decompressed;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use libfuzzer_sys::fuzz_target;

/// No more is compared: a bomb costs time.
const MOST: u64 = 1 << 22;

// One byte for what to do. Then either compressed content as it is, or, for each part, what to compress in a way of its
// own; the second byte says where that is cut.
fuzz_target!(|data: &[u8]| {
    let [what, cut, data @ ..] = data else { return };
    if what & 1 == 0 {
        assert_as_judged(data, usize::from(*cut));
        return;
    }
    let gzip = what & 2 == 0;
    let parts: Vec<&[u8]> = data.split(|byte| *byte == 0xFF).collect();
    let (mut compressed, mut content, mut ends) = (Vec::new(), Vec::new(), vec![(0, 0)]);
    for part in parts {
        if let (false, [b's', ..]) = (gzip, part) {
            compressed.extend([0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]); // To be skipped.
            ends.push((compressed.len(), content.len()));
        }
        compressed.extend(if gzip { gzipped(part) } else { zstd_frame(part) });
        content.extend_from_slice(part);
        ends.push((compressed.len(), content.len()));
    }
    let cut = compressed.len() - usize::from(*cut).min(compressed.len() - 1);
    // Without the name, the first byte of a frame to be skipped is a text.
    let found = ours(&compressed[..cut], if gzip { "shard" } else { "shard.zst" }, usize::from(*what));
    match ends.iter().find(|(end, _)| *end == cut) {
        Some((_, end)) => assert!(found.expect("whole parts") == content[..*end]),
        None => assert!(found.is_err(), "cut at {cut} of {}", compressed.len()),
    }
});

fn gzipped(part: &[u8]) -> Vec<u8> {
    let level = Compression::new(part.len() as u32 % 10);
    let mut builder = flate2::GzBuilder::new();
    if let [b'n', ..] = part {
        builder = builder.filename("name").comment("comment").extra(b"extra".to_vec());
    }
    let mut encoder = builder.write(Vec::new(), level);
    encoder.write_all(part).unwrap();
    encoder.finish().unwrap()
}

fn zstd_frame(part: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1 + part.len() as i32 % 3).unwrap();
    encoder.include_checksum(part.len() % 2 == 0).unwrap();
    encoder.write_all(part).unwrap();
    encoder.finish().unwrap()
}

/// By the project's reader, in reads of changing size.
fn ours(compressed: &[u8], name: &str, size: usize) -> Result<Vec<u8>, String> {
    let raw = Cursor::new(compressed.to_vec());
    let reader = decompressed(raw, Path::new(name)).map_err(|error| error.to_string())?;
    let mut reader = reader.take(MOST);
    let (mut content, mut buffer) = (Vec::new(), [0; 301]);
    for turn in 0.. {
        let room = 1 + (size + 97 * turn) % buffer.len();
        match reader.read(&mut buffer[..room]).map_err(|error| error.to_string())? {
            0 => break,
            read => content.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(content)
}

/// Any bytes, as they are and cut: what is taken for compressed content is what the format's own decoder makes of it.
fn assert_as_judged(data: &[u8], cut: usize) {
    for data in [data, &data[..data.len() - cut.min(data.len())]] {
        let judged = match data {
            [0x1F, 0x8B, ..] => by_zlib(data),
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => by_zstd(data),
            _ => continue,
        };
        let found = ours(data, "shard", cut).ok();
        // A bomb's tail is not looked at.
        if found.as_ref().is_some_and(|content| content.len() as u64 == MOST) {
            continue;
        }
        assert!(found == judged, "{:?}, not {:?}", found.map(|it| it.len()), judged.map(|it| it.len()));
    }
}

fn by_zstd(data: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = zstd::Decoder::new(data).ok()?;
    decoder.window_log_max(31).ok()?;
    let mut content = Vec::new();
    decoder.take(MOST).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Member after member; zeros after the last are padding.
fn by_zlib(mut data: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    while !data.iter().all(|byte| *byte == 0) || content.is_empty() && !data.is_empty() {
        let mut member = Decompress::new_gzip(15);
        loop {
            let mut out = Vec::with_capacity(1 << 16);
            let before = member.total_in();
            let status = member.decompress_vec(data, &mut out, FlushDecompress::None).ok()?;
            let read = (member.total_in() - before) as usize;
            data = &data[read..];
            content.extend_from_slice(&out);
            match status {
                Status::StreamEnd => break,
                _ if read == 0 && out.is_empty() => return None,
                _ if content.len() as u64 > MOST => return Some(content),
                _ => {}
            }
        }
        if data.is_empty() {
            break;
        }
    }
    Some(content)
}
