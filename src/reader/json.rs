//! A scanner for the ordinary record: one string taken out of an object, the rest checked and passed over.
//!
//! It either vouches for the whole record, which is then sound JSON by the rules of [`super::text`], or gives up and
//! says nothing. Whoever calls it asks serde_json then, which also finds the words for what is wrong.

#[cfg(test)]
mod against_serde_json;

use crate::simd::{BLOCK, Backend, Best, ESCAPES, Unescaped, Work};

/// Takes strings out of records; holds the buffer of one thread.
pub(super) struct StringScanner {
    best: Best,
    /// Strings without their escapes.
    room: Vec<u8>,
}

impl StringScanner {
    pub(super) fn new() -> Self {
        StringScanner { best: Best::detect(), room: Vec::new() }
    }

    #[cfg(fuzzing)]
    pub(super) fn of_every_backend() -> Vec<Self> {
        Best::all().into_iter().map(|best| StringScanner { best, room: Vec::new() }).collect()
    }

    /// The string at `key` of the object that `record` is; of a key given twice, the last counts.
    ///
    /// `None` proves nothing: the record may be sound and only unusual, nested more than 64 deep.
    pub(super) fn string_at<'a>(&'a mut self, record: &'a [u8], key: &str) -> Option<&'a str> {
        if control_in_string(record).is_some() {
            return None;
        }
        let StringScanner { best, room } = self;
        let Text { start, end, unescaped } = best.run(ScanObject { record, key, room })?;
        let utf8 = |bytes| simdutf8::basic::from_utf8(bytes).ok();
        // Every byte is looked at once. An escape puts whole characters between its neighbours: what is well-formed
        // without escapes was so with them.
        utf8(&record[..start])?;
        utf8(&record[end..])?;
        utf8(unescaped.map_or(&record[start..end], |len| &room[..len]))
    }
}

struct ScanObject<'a> {
    record: &'a [u8],
    key: &'a str,
    room: &'a mut Vec<u8>,
}

impl Work for ScanObject<'_> {
    type Done = Option<Text>;

    #[inline(always)]
    fn run<B: Backend>(self, backend: B) -> Option<Text> {
        let ScanObject { record, key, room } = self;
        let mut scanner = Scanner { bytes: record, at: 0, room, backend };
        let found = scanner.object(key)?;
        scanner.spaces();
        (scanner.at == record.len()).then_some(found)
    }
}

/// A string of a record, without its quotes.
struct Text {
    start: usize,
    end: usize,
    /// How many bytes it is without escapes, in the room; `None` if it has none.
    unescaped: Option<usize>,
}

/// Where a control character stands within a string, counted from 1: a fault that serde_json overlooks in keys.
pub(super) fn control_in_string(record: &[u8]) -> Option<usize> {
    // Nearly every record has none at all: one quick look settles it.
    if !record.iter().fold(false, |found, byte| found | (*byte < b' ')) {
        return None;
    }
    let (mut in_string, mut escaped) = (false, false);
    let place = record.iter().position(|&byte| {
        let quote = byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
        in_string ^= quote;
        in_string && byte < b' '
    });
    place.map(|place| place + 1)
}

struct Scanner<'a, B> {
    bytes: &'a [u8],
    at: usize,
    room: &'a mut Vec<u8>,
    backend: B,
}

impl<B: Backend> Scanner<'_, B> {
    /// The record itself: an object whose last value at `wanted` is a string.
    #[inline(always)]
    fn object(&mut self, wanted: &str) -> Option<Text> {
        let mut found = None;
        self.spaces();
        self.expect(b'{')?;
        self.spaces();
        if self.peek()? == b'}' {
            return None;
        }
        loop {
            self.spaces();
            let is_wanted = self.is_key(wanted)?;
            self.colon()?;
            if is_wanted {
                found = self.string_if_any()?;
            } else {
                self.pass_value()?;
            }
            self.spaces();
            match self.next()? {
                b',' => {}
                b'}' => return found,
                _ => return None,
            }
        }
    }

    /// Passes over any value, checking it.
    fn pass_value(&mut self) -> Option<()> {
        // One bit for each open bracket, the innermost lowest: 1 for an object.
        let mut open = 0u64;
        let mut depth = 0;
        loop {
            self.spaces();
            match self.next()? {
                b'"' => self.pass_string()?,
                b'-' => self.number(self.at)?,
                b'0'..=b'9' => self.number(self.at - 1)?,
                b't' => self.literal(b"rue")?,
                b'f' => self.literal(b"alse")?,
                b'n' => self.literal(b"ull")?,
                bracket @ (b'{' | b'[') => {
                    let close = if bracket == b'{' { b'}' } else { b']' };
                    self.spaces();
                    if self.peek()? == close {
                        self.at += 1;
                    } else if depth == 64 {
                        return None;
                    } else {
                        open = open << 1 | u64::from(bracket == b'{');
                        depth += 1;
                        if bracket == b'{' {
                            self.pass_key()?;
                        }
                        continue;
                    }
                }
                _ => return None,
            }
            // A value is through: so may be what it is in.
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.spaces();
                let is_object = open & 1 == 1;
                match self.next()? {
                    b',' if is_object => {
                        self.spaces();
                        self.pass_key()?;
                        break;
                    }
                    b',' => break,
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    /// Passes over a key and tells whether it is `wanted`.
    fn is_key(&mut self, wanted: &str) -> Option<bool> {
        let start = self.at;
        self.expect(b'"')?;
        self.pass_string()?;
        let quoted = &self.bytes[start..self.at];
        let key = &quoted[1..quoted.len() - 1];
        let unescaped = || serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == wanted);
        Some(key == wanted.as_bytes() || memchr::memchr(b'\\', key).is_some() && unescaped())
    }

    fn pass_key(&mut self) -> Option<()> {
        self.expect(b'"')?;
        self.pass_string()?;
        self.colon()
    }

    /// Passes over any value; gives it if it is a string without half a surrogate pair.
    #[inline(always)]
    fn string_if_any(&mut self) -> Option<Option<Text>> {
        let start = self.at;
        if self.peek()? == b'"' {
            self.at += 1;
            if let Some(text) = self.string() {
                return Some(Some(text));
            }
            self.at = start;
        }
        self.pass_value()?;
        Some(None)
    }

    fn colon(&mut self) -> Option<()> {
        self.spaces();
        self.expect(b':')?;
        self.spaces();
        Some(())
    }

    /// The string behind an opening quote.
    #[inline(always)]
    fn string(&mut self) -> Option<Text> {
        let start = self.at;
        let plain = memchr::memchr2(b'"', b'\\', &self.bytes[start..])?;
        if self.bytes[start + plain] == b'"' {
            self.at += plain + 1;
            return Some(Text { start, end: start + plain, unescaped: None });
        }
        // A string is no longer without its escapes, and more is written than counts.
        let most = self.bytes.len() - start + 2 * BLOCK;
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        self.room[..plain].copy_from_slice(&self.bytes[start..start + plain]);
        self.at += plain;
        let mut len = plain;
        loop {
            let rest = &self.bytes[self.at..];
            let mut last = [0; 2 * BLOCK];
            let bytes = match rest.first_chunk() {
                Some(bytes) => bytes,
                None => {
                    last[..rest.len()].copy_from_slice(rest);
                    &last
                }
            };
            let Unescaped { taken, given } =
                self.backend.unescape(bytes, self.room[len..].first_chunk_mut()?);
            self.at += taken;
            len += given;
            // The end of the record, within the string, is in nobody's way: bounds are checked.
            match (*self.bytes.get(self.at)?, self.bytes.get(self.at + 1)?) {
                (b'"', _) => {
                    let end = self.at;
                    self.at += 1;
                    return Some(Text { start, end, unescaped: Some(len) });
                }
                (b'\\', b'u') => {
                    self.at += 1;
                    len += self.code_point()?.encode_utf8(&mut self.room[len..]).len();
                }
                _ if taken == 0 => return None, // No escape at all.
                _ => {}
            }
        }
    }

    /// The character that `uXXXX` stands for, or two of them.
    fn code_point(&mut self) -> Option<char> {
        self.expect(b'u')?;
        let first = self.four_digits()?;
        if !(0xD800..0xE000).contains(&first) {
            return char::from_u32(first);
        }
        self.expect(b'\\')?;
        self.expect(b'u')?;
        let second = self.four_digits()?;
        let is_pair = first < 0xDC00 && (0xDC00..0xE000).contains(&second);
        let code = 0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF);
        is_pair.then(|| char::from_u32(code)).flatten()
    }

    /// Passes over a string whose characters nobody asks for: half a surrogate pair may be among them.
    fn pass_string(&mut self) -> Option<()> {
        loop {
            let found = self.at + memchr::memchr2(b'"', b'\\', &self.bytes[self.at..])?;
            self.at = found + 1;
            if self.bytes[found] == b'"' {
                return Some(());
            }
            match self.next()? {
                b'u' => {
                    self.four_digits()?;
                }
                escaped if ESCAPES.get(usize::from(escaped)).is_some_and(|meant| *meant != 0) => {}
                _ => return None,
            }
        }
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
    }

    /// A number whose first digit is at `start`, behind its sign.
    fn number(&mut self, start: usize) -> Option<()> {
        self.at = start;
        let whole = self.digits()?;
        if whole > 1 && self.bytes[start] == b'0' {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more; how many.
    fn digits(&mut self) -> Option<usize> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(count)
    }

    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(rest).then(|| self.at += rest.len())
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}
