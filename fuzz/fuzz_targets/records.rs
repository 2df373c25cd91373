//! A shard has the records and texts that the project's pages say, whatever the instructions.
#![no_main]

use std::io::Cursor;
use std::path::Path;

use dsir::reader::{Block, BlockReader, TextFields, TextReader};
use libfuzzer_sys::fuzz_target;

// One byte for the fields, then the content of a shard.
fuzz_target!(|data: &[u8]| {
    let Some((first, content)) = data.split_first() else { return };
    let names: &[&str] = match first % 4 {
        0 => &["text"],
        1 => &["a.b"],
        2 => &["text", "a.b"],
        _ => &["a", "a.b", "text"],
    };
    // The elements of an array are records wherever they stand; `tables` looks at them.
    let start = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content).trim_ascii_start();
    if start.starts_with(b"[") {
        return;
    }
    // What is compressed or of another format has no lines to compare with.
    let compressed = [&b"\x1F\x8B"[..], b"\x28\xB5\x2F\xFD"].iter().any(|magic| content.starts_with(magic))
        || content.get(1..).is_some_and(|rest| rest.starts_with(b"\x2A\x4D\x18"));
    let Ok(reader) = BlockReader::of(Cursor::new(content.to_vec()), Path::new("content")) else { return };
    if compressed {
        return;
    }
    let records = records(reader);
    let expected = lines(content);
    assert!(records == expected, "records of {:?}", String::from_utf8_lossy(content));
    let fields = TextFields::new(names).unwrap();
    let mut readers = TextReader::of_every_backend(&fields);
    for (_, record) in &expected {
        let text = text(record, names);
        for reader in &mut readers {
            let found = reader.text(record).map(|text| text.into_owned());
            assert!(
                found.as_ref().ok() == text.as_ref(),
                "{:?}: {found:?}, not {text:?}",
                String::from_utf8_lossy(record)
            );
        }
    }
});

/// Each record with its line.
fn records(mut reader: BlockReader) -> Vec<(u64, Vec<u8>)> {
    let mut block = Block::default();
    let mut records = Vec::new();
    while reader.next_block(&mut block).unwrap() {
        assert_eq!(block.first_record(), records.len() as u64);
        records.extend(block.records().map(|record| (record.line, record.bytes.to_vec())));
    }
    assert_eq!(reader.bookmark().records(), records.len() as u64);
    records
}

/// The lines that are not blank, without their ends and the shard's byte order mark.
fn lines(content: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let lines = content.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let blank = |line: &[u8]| line.iter().all(|byte| b" \t\r\x0B\x0C\n".contains(byte));
    (1..).zip(lines).filter(|(_, line)| !blank(line)).map(|(number, line)| (number, line.to_vec())).collect()
}

/// The text of a sound record.
fn text(record: &[u8], names: &[&str]) -> Option<String> {
    let mut json = Json { rest: std::str::from_utf8(record).ok()?.as_bytes() };
    let value = json.value()?;
    json.space();
    if !json.rest.is_empty() {
        return None;
    }
    let at = |value, part: &str| match value {
        &Value::Object(ref entries) => {
            entries.iter().rev().find(|(key, _)| key.as_deref() == Some(part)).map(|(_, value)| value)
        }
        _ => None,
    };
    let text = |name: &&str| {
        // Where there is nothing at the path, the name may be a key.
        match name.split('.').try_fold(&value, at).or_else(|| at(&value, name))? {
            Value::String(text) => text.clone(),
            _ => None,
        }
    };
    let texts: Option<Vec<String>> = names.iter().map(text).collect();
    Some(texts?.join(" "))
}

/// JSON by the letter of RFC 8259, and nothing else.
struct Json<'a> {
    rest: &'a [u8],
}

enum Value {
    /// None if half of a surrogate pair is in it.
    String(Option<String>),
    Object(Vec<(Option<String>, Value)>),
    Other,
}

impl Json<'_> {
    fn space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, what: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(what.as_bytes())?;
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        self.space();
        match self.rest.first()? {
            b'"' => self.string().map(Value::String),
            b'{' => {
                let mut entries = Vec::new();
                self.list("{", "}", |json| {
                    json.space();
                    let key = json.string()?;
                    json.space();
                    json.take(":")?;
                    entries.push((key, json.value()?));
                    Some(())
                })?;
                Some(Value::Object(entries))
            }
            b'[' => self.list("[", "]", |json| json.value().map(drop)).map(|()| Value::Other),
            b't' => self.take("true").map(|()| Value::Other),
            b'f' => self.take("false").map(|()| Value::Other),
            b'n' => self.take("null").map(|()| Value::Other),
            _ => self.number().map(|()| Value::Other),
        }
    }

    fn list(&mut self, open: &str, close: &str, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(open)?;
        self.space();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            self.space();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(",")?;
        }
    }

    fn digits(&mut self) -> Option<()> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        (count > 0).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<Option<String>> {
        self.take("\"")?;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let plain = self.rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
            let (text, rest) = self.rest.split_at(plain);
            units.extend(std::str::from_utf8(text).ok()?.encode_utf16());
            self.rest = rest;
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Some(String::from_utf16(&units).ok());
                }
                [b'\\', b'u', a, b, c, d, rest @ ..] => {
                    let hex = [*a, *b, *c, *d];
                    if !hex.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    units.push(u16::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
                    self.rest = rest;
                }
                [b'\\', escape, rest @ ..] => {
                    let stands_for =
                        b"\"\"\\\\//b\x08f\x0Cn\nr\rt\t".chunks(2).find(|pair| pair[0] == *escape)?;
                    units.push(stands_for[1].into());
                    self.rest = rest;
                }
                _ => return None,
            }
        }
    }
}
