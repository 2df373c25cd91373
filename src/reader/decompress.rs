//! Compression, recognised by content.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::{Error, foreign};
use crate::storage::StoreError;

const GZIP: &[u8] = &[0x1F, 0x8B];
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// A zstd frame to be skipped begins with 0x50 to 0x5F and these.
const ZSTD_SKIPPABLE: &[u8] = &[0x2A, 0x4D, 0x18];
/// Windows up to what the format's own tool accepts with `--long=31`.
const ZSTD_WINDOW_LOG: u32 = 31;
const BUFFER: usize = 128 << 10;

/// The content of `raw`, decompressed if it is compressed, and whether it is.
pub(super) fn content<R: Read + Send + 'static>(
    mut raw: R,
    shard: &Path,
) -> Result<(Box<dyn Read + Send>, bool), Error> {
    let mut start = Vec::new();
    raw.by_ref()
        .take(foreign::MAGIC_LEN as u64)
        .read_to_end(&mut start)
        .map_err(|error| Error::of_reading(error, shard, 0))?;
    if let Some(what) = foreign::of_magic(&start) {
        return Err(Error::Foreign { shard: shard.into(), what, walked: false });
    }
    if is_cut_short(&start, shard) {
        return Err(Error::Truncated { shard: shard.into() });
    }
    let is_gzip = start.starts_with(GZIP);
    let is_zstd = start.starts_with(ZSTD)
        || start.first().is_some_and(|first| first >> 4 == 5) && start[1..].starts_with(ZSTD_SKIPPABLE);
    let whole = Cursor::new(start).chain(raw);
    if is_gzip {
        Ok((Box::new(GzipMembers::new(BufReader::with_capacity(BUFFER, whole))), true))
    } else if is_zstd {
        let failed = |source| Error::Read { shard: shard.into(), at: 0, source };
        let input = BufReader::with_capacity(BUFFER, whole);
        let mut decoder = zstd::Decoder::with_buffer(input).map_err(failed)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(failed)?;
        Ok((Box::new(Explained { inner: decoder, format: "zstd" }), true))
    } else {
        Ok((Box::new(whole), false))
    }
}

/// Whether this is the whole of a compressed file that was cut before it can be recognised.
fn is_cut_short(start: &[u8], shard: &Path) -> bool {
    let named_compressed = shard
        .extension()
        .is_some_and(|ending| ["gz", "gzip", "zst", "zstd"].iter().any(|ours| ending == *ours));
    if start.is_empty() {
        return named_compressed;
    }
    let starts_skippable = start[0] >> 4 == 5 && ZSTD_SKIPPABLE.starts_with(&start[1..]);
    start.len() < GZIP.len() && GZIP.starts_with(start)
        || start.len() < ZSTD.len() && (ZSTD.starts_with(start) || named_compressed && starts_skippable)
}

/// All members of a gzip file, one after the other.
///
/// As `gzip -dc` does, zeros after the last member are accepted (tape padding); anything else is not.
struct GzipMembers<R: BufRead> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(input: R) -> Self {
        GzipMembers { member: Some(GzDecoder::new(input)) }
    }

    /// After the end of a member: goes to the next, or to the end.
    fn advance(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else {
            return Ok(());
        };
        let mut input = member.into_inner();
        let mut padded = false;
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
            let more = zeros < buffer.len();
            let another = GZIP.starts_with(buffer) || buffer.starts_with(GZIP);
            if more && (padded || zeros > 0 || !another) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "other data after the end"));
            }
            if more {
                self.member = Some(GzDecoder::new(input));
                return Ok(());
            }
            padded = true;
            input.consume(zeros);
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer).map_err(|error| explain(error, "gzip"))?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.advance().map_err(|error| explain(error, "gzip"))?;
        }
        Ok(0)
    }
}

/// Says of a decoder's error that the file is at fault.
struct Explained<R> {
    inner: R,
    format: &'static str,
}

impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| explain(error, self.format))
    }
}

fn explain(error: io::Error, format: &str) -> io::Error {
    if error.raw_os_error().is_some()
        || error.get_ref().is_some_and(|inner| inner.is::<Error>() || inner.is::<StoreError>())
    {
        return error;
    }
    let kind = error.kind();
    let what = match kind {
        io::ErrorKind::UnexpectedEof => format!("the {format} data end too soon (the file is truncated)"),
        _ => format!("the {format} data are corrupt ({error})"),
    };
    io::Error::new(kind, what + "; fetch or make the file again")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        content(Cursor::new(bytes), Path::new("shard.gz"))
            .map_err(|error| error.to_string())?
            .0
            .read_to_end(&mut out)
            .map_err(|error| error.to_string())?;
        Ok(out)
    }

    fn sample() -> Vec<u8> {
        (0..2000u32).flat_map(|i| format!("{{\"text\": \"line {}\"}}\n", i * i).into_bytes()).collect()
    }

    #[test]
    fn all_members_and_frames_are_read() {
        let two = [gzip(b"one\n"), gzip(b"two\n")].concat();
        assert_eq!(read(two).unwrap(), b"one\ntwo\n");
        let skippable = [&[0x5A][..], ZSTD_SKIPPABLE, &3u32.to_le_bytes(), b"xyz"].concat();
        let frames = [
            skippable,
            zstd::encode_all(&b"one\n"[..], 1).unwrap(),
            zstd::encode_all(&b"two\n"[..], 19).unwrap(),
        ];
        assert_eq!(read(frames.concat()).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn gzip_padding_is_zeros_and_nothing_else() {
        assert_eq!(read([gzip(b"one\n"), vec![0; 1000]].concat()).unwrap(), b"one\n");
        assert!(read([gzip(b"one\n"), vec![0; 10], gzip(b"two\n")].concat()).is_err());
        assert!(read([gzip(b"one\n"), b"garbage".to_vec()].concat()).is_err());
    }

    #[test]
    fn a_file_cut_at_any_byte_is_an_error() {
        for whole in [gzip(&sample()), zstd::encode_all(&sample()[..], 3).unwrap()] {
            assert_eq!(read(whole.clone()).unwrap(), sample());
            for cut in 0..whole.len() {
                assert!(read(whole[..cut].to_vec()).is_err(), "cut at {cut} of {}", whole.len());
            }
        }
    }
}
