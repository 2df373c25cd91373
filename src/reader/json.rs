//! A scanner for the ordinary record: one string taken out of an object, the rest checked and passed over.
//!
//! It either vouches for the whole record, which is then sound JSON by the rules of [`super::text`], or gives up and says
//! nothing. Whoever calls it asks serde_json then, which also finds the words for what is wrong.

#[cfg(test)]
mod against_serde_json;

use std::borrow::Cow;

/// The string at `key` of the object that `record` is; of a key given twice, the last counts.
///
/// `None` proves nothing: the record may be sound and only unusual, nested more than 64 deep.
pub(super) fn string_at<'a>(record: &'a str, key: &str) -> Option<Cow<'a, str>> {
    if control_in_string(record).is_some() {
        return None;
    }
    let mut scanner = Scanner { text: record, bytes: record.as_bytes(), at: 0 };
    let found = scanner.object(key)?;
    scanner.spaces();
    (scanner.at == record.len()).then_some(found)
}

/// Where a control character stands within a string, counted from 1: a fault that serde_json overlooks in keys.
pub(super) fn control_in_string(record: &str) -> Option<usize> {
    // Nearly every record has none at all: one quick look settles it.
    if !record.bytes().fold(false, |found, byte| found | (byte < b' ')) {
        return None;
    }
    let (mut in_string, mut escaped) = (false, false);
    let place = record.bytes().position(|byte| {
        let quote = byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
        in_string ^= quote;
        in_string && byte < b' '
    });
    place.map(|place| place + 1)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The record itself: an object whose last value at `wanted` is a string.
    fn object(&mut self, wanted: &str) -> Option<Cow<'a, str>> {
        let mut found = None;
        self.spaces();
        self.expect(b'{')?;
        self.spaces();
        if self.peek()? == b'}' {
            return None;
        }
        loop {
            self.spaces();
            let is_wanted = self.key()?.is_some_and(|key| key == wanted);
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
                            self.key()?;
                            self.colon()?;
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
                        self.key()?;
                        self.colon()?;
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

    /// A key; no string if half a surrogate pair is in it.
    fn key(&mut self) -> Option<Option<Cow<'a, str>>> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string_if_any()
    }

    /// Passes over any value; gives it if it is a string without half a surrogate pair.
    fn string_if_any(&mut self) -> Option<Option<Cow<'a, str>>> {
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
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let mut start = self.at;
        let mut end = start + memchr::memchr2(b'"', b'\\', &self.bytes[start..])?;
        if self.bytes[end] == b'"' {
            self.at = end + 1;
            return self.text.get(start..end).map(Cow::Borrowed);
        }
        let mut text = String::with_capacity(self.bytes.len() - start);
        loop {
            text.push_str(self.text.get(start..end)?);
            self.at = end + 1;
            if self.bytes[end] == b'"' {
                return Some(Cow::Owned(text));
            }
            text.push(self.escape()?);
            start = self.at;
            end = start + memchr::memchr2(b'"', b'\\', &self.bytes[start..])?;
        }
    }

    /// The character that an escape stands for, from behind its backslash.
    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'n' => '\n',
            b'"' => '"',
            b'\\' => '\\',
            b't' => '\t',
            b'r' => '\r',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'u' => {
                let first = self.four_digits()?;
                if !(0xD800..0xE000).contains(&first) {
                    return char::from_u32(first);
                }
                self.expect(b'\\')?;
                self.expect(b'u')?;
                let second = self.four_digits()?;
                let is_pair = first < 0xDC00 && (0xDC00..0xE000).contains(&second);
                let code = 0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF);
                return is_pair.then(|| char::from_u32(code)).flatten();
            }
            _ => return None,
        })
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
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    self.four_digits()?;
                }
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
