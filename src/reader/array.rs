//! A JSON array: its elements are the records, each on one line, whatever it took in the file.

use std::io::{BufRead, BufReader, Read};

use serde::de::IgnoredAny;

use super::block::Places;
use super::records::{Failure, RecordSource};

/// An element beyond this is taken for a string that is not closed.
const LONGEST: usize = 1 << 30;

/// Whether content that begins so is one array, and not lines of which the first is an array, or a piece of one.
pub(super) fn begins(start: &[u8]) -> bool {
    let start = start.strip_prefix(super::BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
    let Some(inside) = start.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return false };
    let lines: Vec<&[u8]> =
        start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    let is_whole = |line: &[u8]| serde_json::from_slice::<IgnoredAny>(line).is_ok();
    if lines.first().is_some_and(|first| is_whole(first)) {
        return lines.len() == 1;
    }
    // An object on a line of its own is an element only if the array goes on, or ends, with the next line.
    let is_record = |pair: &[&[u8]]| {
        pair[0].starts_with(b"{")
            && is_whole(pair[0])
            && !pair[1].starts_with(b"]")
            && !pair[1].starts_with(b",")
    };
    matches!(inside.first(), Some(b'{' | b']')) && !lines.windows(2).any(is_record)
}

/// Reads the elements of one array.
pub(super) struct Array<R> {
    input: BufReader<R>,
    element: Vec<u8>,
    /// The line that the next byte is on, from 1.
    line: u64,
    next: Next,
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// The array itself.
    Bracket,
    /// The first element, or the end of an empty array.
    First,
    /// An element, after a comma.
    Element,
    /// A comma or the end of the array.
    Comma,
    /// Nothing but white space.
    End,
}

impl<R: Read> Array<R> {
    /// Of the content `input`.
    pub(super) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(64 << 10, input);
        Array { input, element: Vec::new(), line: 1, next: Next::Bracket }
    }

    /// Reads up to the next element, and gives the line where it begins; `None` at the end.
    fn find(&mut self) -> Result<Option<u64>, Failure> {
        loop {
            let buffer = self.input.fill_buf().map_err(Failure::Read)?;
            let Some(&byte) = buffer.first() else {
                return match self.next {
                    Next::End => Ok(None),
                    _ => Err(self.wrong("the array ends too soon (the file is truncated)")),
                };
            };
            if self.line == 1 && self.next == Next::Bracket && buffer.starts_with(super::BYTE_ORDER_MARK) {
                self.input.consume(super::BYTE_ORDER_MARK.len());
                continue;
            }
            self.next = match (self.next, byte) {
                (_, b'\n') => {
                    self.line += 1;
                    self.next
                }
                (_, b' ' | b'\t' | b'\r') => self.next,
                (Next::Bracket, b'[') => Next::First,
                (Next::First | Next::Comma, b']') => Next::End,
                (Next::Comma, b',') => Next::Element,
                (Next::First | Next::Element, byte) if byte != b']' && byte != b',' => {
                    return Ok(Some(self.line));
                }
                (Next::End, _) => return Err(self.wrong("something is behind the end of the array")),
                (Next::Comma, _) => return Err(self.wrong("no comma between two elements of the array")),
                _ => return Err(self.wrong("an element of the array is missing")),
            };
            self.input.consume(1);
        }
    }

    /// Reads an element, without the white space around its lines.
    fn read(&mut self) -> Result<(), Failure> {
        self.element.clear();
        let (mut depth, mut in_string, mut escaped) = (0u64, false, false);
        let mut broken = false;
        loop {
            let buffer = self.input.fill_buf().map_err(Failure::Read)?;
            if buffer.is_empty() {
                return Err(self.wrong("the array ends too soon (the file is truncated)"));
            }
            let mut taken = 0;
            let mut ended = false;
            for &byte in buffer {
                if in_string {
                    in_string = byte != b'"' || escaped;
                    escaped = byte == b'\\' && !escaped;
                } else {
                    match byte {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            ended = depth == 0;
                        }
                        b',' | b']' | b'}' if depth == 0 => {
                            ended = true;
                            break;
                        }
                        _ => {}
                    }
                }
                taken += 1;
                let is_break = matches!(byte, b'\n' | b'\r');
                if byte == b'\n' {
                    self.line += 1;
                }
                // A line ends within the element: neither its end nor what the next is indented by is of any meaning.
                broken = is_break || broken && matches!(byte, b' ' | b'\t');
                if is_break && !in_string {
                    let end = self.element.trim_ascii_end().len();
                    self.element.truncate(end);
                } else if !broken || in_string {
                    self.element.push(byte);
                }
                if ended {
                    break;
                }
            }
            self.input.consume(taken);
            if self.element.len() > LONGEST {
                return Err(self.wrong("an element of more than 1 GiB: is a string not closed?"));
            }
            if ended {
                let end = self.element.trim_ascii_end().len();
                self.element.truncate(end);
                self.next = Next::Comma;
                return Ok(());
            }
        }
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::Structure { line: self.line, what: what.to_owned() }
    }
}

impl<R: Read + Send> RecordSource for Array<R> {
    fn next(&mut self, places: &mut Places<'_>) -> Result<bool, Failure> {
        while !places.is_full() {
            let Some(line) = self.find()? else { return Ok(false) };
            self.read()?;
            let put = |out: &mut Vec<u8>| out.extend_from_slice(&self.element);
            places.push(line, put).map_err(|what| Failure::Structure { line, what })?;
        }
        Ok(true)
    }

    fn line(&self) -> u64 {
        self.line
    }

    fn skip(&mut self, records: u64) -> Result<(), Failure> {
        for _ in 0..records {
            if self.find()?.is_none() {
                return Err(self.wrong("the array ends too soon"));
            }
            self.read()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn an_array_is_told_from_lines() {
        for array in
            ["[]", " [\n]\n", "[{\"a\": 1}, {}]", "[1, {}]\n", "[{\n\"a\"", "[\n{}\n,{}\n]", "[\n{},\n{}\n]"]
        {
            assert!(begins(array.as_bytes()), "{array}");
        }
        for lines in ["{}\n", "[1]\n[2]\n", "[{}]\n{}\n", "[1, 2\n{}\n", "[{\"a\": 1\n{}\n{}\n", "[{\n{}\n{}"]
        {
            assert!(!begins(lines.as_bytes()), "{lines}");
        }
    }
}
