//! What is no JSONL, told apart only to say what it is.

use serde::de::IgnoredAny;

/// First bytes that no JSONL has, plain or compressed as we read it.
const MAGIC: [(&[u8], &str); 31] = [
    (b"BZh", "bzip2 data"),
    (&[0xFD, b'7', b'z', b'X', b'Z', 0], "xz data"),
    (&[0x04, 0x22, 0x4D, 0x18], "lz4 data"),
    (&[0x89, b'L', b'Z', b'O'], "lzop data"),
    (&[0x5D, 0, 0, 0x80], "lzma data"),
    (&[0x1F, 0x9D], "data of the old Unix compress"),
    (&[0xFF, 0x06, 0, 0, b's', b'N', b'a', b'P'], "snappy data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", PARQUET),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", ARROW),
    (&[0xFF, 0xFF, 0xFF, 0xFF], ARROW),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"WARC/", "a WARC file of web pages"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7FELF", "a program"),
    (b"!<arch>", "an ar archive"),
    (&[0xFF, 0xFE], "UTF-16 text; iconv -f UTF-16 -t UTF-8 makes it readable"),
    (&[0xFE, 0xFF], "UTF-16 text; iconv -f UTF-16 -t UTF-8 makes it readable"),
    (&[0, 0, 0xFE, 0xFF], "UTF-32 text; iconv -f UTF-32 -t UTF-8 makes it readable"),
];

// What is read of a file, and met in a pipe or within a compressed file.
#[cfg(feature = "parquet")]
const PARQUET: &str =
    "a Parquet file, which is read from a file alone, neither through a pipe nor compressed once more";
#[cfg(feature = "parquet")]
const ARROW: &str =
    "Arrow data, which are read from a file alone, neither through a pipe nor compressed once more";
#[cfg(not(feature = "parquet"))]
const PARQUET: &str =
    "a Parquet file, which this dsir does not read: it was built without the feature `parquet`";
#[cfg(not(feature = "parquet"))]
const ARROW: &str = "Arrow data, which this dsir does not read: it was built without the feature `parquet`";

const TABLE_BY_TABS: &str = "tab-separated values, which dsir reads from a file whose name ends in .tsv";
const TABLE_BY_COMMAS: &str = "comma-separated values, which dsir reads from a file whose name ends in .csv";

/// So much of a shard shows what it is.
pub(super) const SEEN: usize = 16 << 10;
/// How many bytes [`of_magic`] wants to see.
pub(super) const MAGIC_LEN: usize = 16;

/// What a file is that begins so, whether it is compressed or not.
pub(super) fn of_magic(start: &[u8]) -> Option<&'static str> {
    match start {
        // A pickle of protocol 2 and more, and UTF-16 or UTF-32 without a mark.
        [0x80, 2..=5, ..] => Some("a Python pickle, which dsir never loads"),
        [0, 0, 0, b'{' | b'[', ..] => Some("UTF-32 text; iconv -f UTF-32BE -t UTF-8 makes it readable"),
        [b'{' | b'[', 0, 0, 0, ..] => Some("UTF-32 text; iconv -f UTF-32LE -t UTF-8 makes it readable"),
        [0, b'{' | b'[', ..] => Some("UTF-16 text; iconv -f UTF-16BE -t UTF-8 makes it readable"),
        [b'{' | b'[', 0, ..] => Some("UTF-16 text; iconv -f UTF-16LE -t UTF-8 makes it readable"),
        _ => MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what),
    }
}

/// What decompressed content is that begins with these lines, if none of them is a JSON object.
pub(super) fn of_content(start: &[u8]) -> Option<&'static str> {
    let what = of_magic(start).or_else(|| of_words(start))?;
    (!has_object(start)).then_some(what)
}

/// What content without any JSON object in its first lines looks like, when its first line was found to be no record.
pub(super) fn of_lines(start: &[u8]) -> Option<&'static str> {
    if has_object(start) || !is_far_from_json(start) {
        return None;
    }
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // Only the last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return Some("data of a kind that is not known, or text in another encoding than UTF-8"),
    };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next()?, lines.next().unwrap_or_default());
    let columns = |separator: char| (first.matches(separator).count(), second.matches(separator).count());
    Some(match (columns('\t'), columns(',')) {
        _ if text.contains('\0') => "binary data of a kind that is not known",
        ((1.., second), _) if second > 0 => TABLE_BY_TABS,
        (_, (1.., second)) if second > 0 => TABLE_BY_COMMAS,
        _ => "plain text, such as an error message in place of the file",
    })
}

/// Neither an object nor an array nor a piece of one.
fn is_far_from_json(start: &[u8]) -> bool {
    !matches!(start.trim_ascii_start().first(), Some(b'{' | b'[' | b']' | b'}') | None)
}

fn of_words(start: &[u8]) -> Option<&'static str> {
    let text = start.trim_ascii_start();
    let begins = |words: &str| {
        text.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words.as_bytes()))
    };
    if begins("version https://git-lfs") {
        return Some("a Git LFS pointer, not the file itself; git lfs pull fetches it");
    }
    if begins("/annex/objects/") || begins("../.git/annex/") || begins(".git/annex/") {
        return Some("a git-annex pointer, not the file itself; git annex get fetches it");
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some("a tar archive; unpack it first");
    }
    if ["<!doctype html", "<html", "<head", "<body", "<title", "<script", "<center"].into_iter().any(begins) {
        return Some("an HTML page: a web or error page in place of the file");
    }
    if begins("<?xml") || text.first() == Some(&b'<') {
        return Some("XML or HTML, such as the error message of a store in place of the file");
    }
    // Only seen here where it was compressed once more.
    let nested: [&[u8]; 2] = [&[0x1F, 0x8B, 0x08], &[0x28, 0xB5, 0x2F, 0xFD]];
    if nested.into_iter().any(|magic| start.starts_with(magic)) {
        return Some("compressed twice; decompress it once");
    }
    None
}

/// Whether any of the lines is a JSON object, whole.
pub(super) fn has_object(start: &[u8]) -> bool {
    let is_object = |line: &[u8]| {
        let line = line.trim_ascii();
        line.starts_with(b"{") && line.ends_with(b"}") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
    };
    start.split(|byte| *byte == b'\n').any(is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_jsonl_is_named() {
        let tar = [&b"a.jsonl"[..], &[0; 250], b"ustar\x0000"].concat();
        for (start, what) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n"[..], "Git LFS"),
            (b"/annex/objects/SHA256E-s3--1.gz\n", "git-annex"),
            (b"\n <!DOCTYPE HTML><html><body>404</body></html>", "HTML"),
            (b"<Error><Code>AccessDenied</Code></Error>", "XML"),
            (b"SQLite format 3\0", "SQLite"),
            (b"{\0\"\0", "UTF-16LE"),
            (b"\0{\0\"", "UTF-16BE"),
            (b"\x80\x04\x95", "pickle"),
            (&tar, "tar"),
            (&[0x1F, 0x8B, 0x08, 0], "twice"),
        ] {
            assert!(of_content(start).is_some_and(|found| found.contains(what)), "{what}");
        }
        for (start, what) in [
            (&b"id,text\n1,hello\n"[..], "comma-separated"),
            (b"id\ttext\n1\thello\n", "tab-separated"),
            (b"Entry not found", "plain text"),
            (b"na\xEFve text", "another encoding"),
            ("caf\u{e9}".as_bytes().split_last().unwrap().1, "plain text"),
        ] {
            assert!(of_lines(start).is_some_and(|found| found.contains(what)), "{what}");
        }
    }

    #[test]
    fn what_may_be_jsonl_is_left_to_whoever_reads_the_records() {
        for start in
            [&b""[..], b"{\"text\": 1}\n", b"[1, 2]\n", b"{\"text\": \n", b"{\"text\": \"<html>\"}", b"[\n{"]
        {
            assert_eq!((of_content(start), of_lines(start)), (None, None));
        }
        // A bad line or two before good ones.
        for start in [&b"<html>\n{\"text\": \"a\"}\n"[..], b"broken\n\n{\"text\": \"a\"}\n"] {
            assert_eq!((of_content(start), of_lines(start)), (None, None));
        }
    }
}
