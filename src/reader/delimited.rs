//! CSV and TSV: the rows below a header become objects of strings.
//!
//! Strictly RFC 4180: a field that begins with a quote ends with one, a quote within it is doubled, and every row has
//! as many fields as the header. The fields of a row that is not so cannot be told apart, and it is a bad record.

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;

use super::Fault;
use super::block::Places;
use super::escape::Escaper;
use super::records::{Failure, RecordSource};

/// A row beyond this is taken for a quote that is not closed.
const LONGEST: usize = 256 << 20;

/// Reads rows.
pub(super) struct Delimited<R> {
    input: BufReader<R>,
    separator: u8,
    escaper: Escaper,
    /// The names of the columns, as JSON strings with what follows them.
    names: Vec<Vec<u8>>,
    row: Row,
    /// How many lines were read.
    lines: u64,
}

/// One row as it was read.
#[derive(Default)]
struct Row {
    /// Its first line, from 1.
    line: u64,
    raw: Vec<u8>,
    /// The fields, without quotes around them.
    fields: Vec<Field>,
    /// What is wrong with it, if that is known.
    fault: Option<&'static str>,
}

struct Field {
    place: Range<usize>,
    has_doubled: bool,
}

/// Where in a row the next byte is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote within quotes: it ends the field, or is the first of two.
    Quote,
}

impl<R: Read + Send> Delimited<R> {
    /// Reads the header of `input`.
    pub(super) fn open(input: R, separator: u8) -> Result<Self, Failure> {
        let input = BufReader::with_capacity(64 << 10, input);
        let (names, row, escaper) = (Vec::new(), Row::default(), Escaper::new());
        let mut table = Delimited { input, separator, escaper, names, row, lines: 0 };
        // Without a header there is no row either.
        table.read_row()?;
        let wrong = |what: String| Failure::Structure { line: 1, what };
        let mut seen = Vec::new();
        for number in 0..table.row.fields.len() {
            let name = table.row.text(number).map_err(|fault| wrong(fault.to_string()))?.into_owned();
            if seen.contains(&name) {
                return Err(wrong(format!("no header: two columns are called `{name}`")));
            }
            let mut json = Vec::new();
            table.escaper.push(&name, &mut json);
            json.extend_from_slice(b": ");
            table.names.push(json);
            seen.push(name);
        }
        match table.row.fault {
            Some(fault) => Err(wrong(format!("the header {fault}"))),
            None => Ok(table),
        }
    }

    /// Reads the next row that is not blank; false at the end.
    fn read_row(&mut self) -> Result<bool, Failure> {
        let Delimited { input, separator, row, lines, .. } = self;
        loop {
            row.line = *lines + 1;
            row.raw.clear();
            row.fields.clear();
            row.fault = None;
            let mut state = State::Start;
            let mut read = 0;
            loop {
                let more = input.read_until(b'\n', &mut row.raw).map_err(Failure::Read)?;
                if more == 0 {
                    break;
                }
                *lines += 1;
                if *lines == 1 && row.raw.starts_with(super::BYTE_ORDER_MARK) {
                    row.raw.drain(..super::BYTE_ORDER_MARK.len());
                }
                state = row.scan(read, state, *separator);
                read = row.raw.len();
                if state != State::Quoted {
                    break;
                }
                if read > LONGEST {
                    let what = format!("a row of more than {} MiB: is a quote not closed?", LONGEST >> 20);
                    return Err(Failure::Structure { line: row.line, what });
                }
            }
            if state == State::Quoted {
                let what = "a field in quotes that is not closed".to_owned();
                return Err(Failure::Structure { line: row.line, what });
            }
            if read == 0 {
                return Ok(false);
            }
            row.raw.truncate(end_of_line(&row.raw));
            if !row.raw.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Appends the row that was read as a record.
    fn put(&self, places: &mut Places<'_>) -> Result<(), Failure> {
        let (row, line) = (&self.row, self.row.line);
        let (there, wanted) = (row.fields.len(), self.names.len());
        let fault = match row.fault {
            Some(fault) => Some(Fault::Row(fault.to_owned())),
            None if there != wanted => {
                Some(Fault::Row(format!("has {there} fields where the header has {wanted}")))
            }
            None => None,
        };
        let texts: Result<Vec<_>, Fault> = match fault {
            Some(fault) => Err(fault),
            None => (0..wanted).map(|number| row.text(number)).collect(),
        };
        let put = |out: &mut Vec<u8>| match &texts {
            Ok(texts) => {
                for (number, (name, text)) in self.names.iter().zip(texts).enumerate() {
                    out.extend_from_slice(if number == 0 { b"{" } else { b", " });
                    out.extend_from_slice(name);
                    self.escaper.push(text, out);
                }
                out.push(b'}');
            }
            // As it is, on one line.
            Err(_) => out.extend(row.raw.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte })),
        };
        places.push(line, put).map_err(|what| Failure::Structure { line, what })?;
        if let Err(fault) = texts {
            places.set_fault(fault);
        }
        Ok(())
    }
}

impl Row {
    /// Goes on through the bytes from `at`, as far as there are any, to the end of the row.
    fn scan(&mut self, at: usize, mut state: State, separator: u8) -> State {
        let Row { raw, fields, fault, .. } = self;
        // A field in quotes that began on an earlier line.
        let begun = if state == State::Quoted { fields.pop() } else { None };
        let (mut start, mut has_doubled) =
            begun.map_or((at, false), |field| (field.place.start, field.has_doubled));
        let end = end_of_line(raw);
        for (place, &byte) in raw.iter().enumerate().take(end).skip(at) {
            state = match (state, byte) {
                (State::Start, b'"') => {
                    start = place + 1;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) => State::Quoted,
                (State::Quote, b'"') => {
                    has_doubled = true;
                    State::Quoted
                }
                (_, byte) if byte == separator => {
                    let end = if state == State::Quote { place - 1 } else { place };
                    fields.push(Field { place: start..end, has_doubled: std::mem::take(&mut has_doubled) });
                    start = place + 1;
                    State::Start
                }
                (State::Quote, _) => {
                    *fault =
                        Some("goes on behind the quote that ends a field; a quote within quotes is doubled");
                    State::Plain
                }
                (State::Start | State::Plain, _) => State::Plain,
            };
        }
        let end = if state == State::Quote { end - 1 } else { end };
        fields.push(Field { place: start..end.max(start), has_doubled });
        state
    }

    /// The text of a field.
    fn text(&self, number: usize) -> Result<std::borrow::Cow<'_, str>, Fault> {
        let Field { place, has_doubled } = &self.fields[number];
        let bytes = &self.raw[place.clone()];
        let text = simdutf8::compat::from_utf8(bytes)
            .map_err(|error| Fault::NotUtf8 { at: place.start + error.valid_up_to() })?;
        Ok(if *has_doubled { text.replace("\"\"", "\"").into() } else { text.into() })
    }
}

/// Where a line ends, without `\n` and one `\r` before it.
fn end_of_line(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

impl<R: Read + Send> RecordSource for Delimited<R> {
    fn next(&mut self, places: &mut Places<'_>) -> Result<bool, Failure> {
        while !places.is_full() {
            if !self.read_row()? {
                return Ok(false);
            }
            self.put(places)?;
        }
        Ok(true)
    }

    fn line(&self) -> u64 {
        self.lines + 1
    }

    fn skip(&mut self, records: u64) -> Result<(), Failure> {
        for _ in 0..records {
            self.read_row()?;
        }
        Ok(())
    }
}
