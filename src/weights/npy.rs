//! The header of a `.npy` file: NumPy's format 1.0 to 3.0, for one-dimensional arrays of weights or scores.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Error, Layout};
use crate::storage::{LocalFile, Stamp};

const MAGIC: &[u8] = b"\x93NUMPY";
/// No header of ours or NumPy's comes near; what a file claims beyond it is not believed.
const LONGEST_HEADER: usize = 1 << 16;
/// The data begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// The header of a file of `rows` rows in a layout of the project's own; its length depends on the layout alone.
pub(super) fn header(layout: Layout, rows: u64) -> Vec<u8> {
    let Layout { targets, group, text, .. } = layout;
    let shape = if targets == 1 { String::new() } else { format!(", ({targets},)") };
    let group = if group.is_some() { ", ('group', '<u8')" } else { "" };
    let text = if text.is_some() { ", ('text', '<u8')" } else { "" };
    let mut dictionary = format!(
        "{{'descr': [('log_weight', '<f8'{shape}), ('record', '<u8'), ('tokens', '<u4'), ('bytes', '<u4'){group}{text}], \
         'fortran_order': False, 'shape': ({rows},), }}"
    );
    let digits_left = 20 - rows.to_string().len();
    let before = MAGIC.len() + 4 + dictionary.len() + digits_left + 1;
    let padding = digits_left + before.next_multiple_of(ALIGNMENT) - before;
    dictionary.extend(std::iter::repeat_n(' ', padding));
    dictionary.push('\n');
    [MAGIC, &[1, 0], &(dictionary.len() as u16).to_le_bytes(), dictionary.as_bytes()].concat()
}

/// What a header says: how rows are laid out, how many there are, and where they begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) layout: Layout,
    pub(super) rows: u64,
    pub(super) data: u64,
}

/// How many bytes the header takes, from the first twelve of the file.
pub(super) fn header_len(start: &[u8]) -> Result<usize, String> {
    let after_magic = start.strip_prefix(MAGIC).ok_or("it does not begin as a .npy file does")?;
    let (stated, before) = match *after_magic {
        [1, 0, a, b, ..] => (u32::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, 0, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
        _ => return Err("an unknown version of the .npy format, or a file cut short".into()),
    };
    match usize::try_from(stated) {
        Ok(stated) if stated <= LONGEST_HEADER => Ok(before + stated),
        _ => Err(format!("its header claims to be {stated} bytes long")),
    }
}

/// Reads bytes of the file `path` from `at` on; `None` if it is no longer what it was.
pub(super) fn read_at(path: &Path, stamp: Stamp, at: u64, bytes: &mut [u8]) -> io::Result<Option<()>> {
    let mut file = File::open(path)?;
    if !stamp.holds(&file.metadata()?) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes).map(Some)
}

/// Reads the header of the file `path` with `parse`, refuses with `refuse` what is none, and also gives the file and its
/// stamp.
pub(super) fn open<H>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<H, String>,
    refuse: impl Fn(String) -> Error,
) -> Result<(LocalFile, H, Stamp), Error> {
    let failed = |source| Error::Read { path: path.into(), source };
    let local = LocalFile::at(path).map_err(failed)?;
    let mut file = File::open(local.path()).map_err(failed)?;
    let mut start = Vec::new();
    (&mut file).take(12).read_to_end(&mut start).map_err(failed)?;
    let len = header_len(&start).map_err(&refuse)?;
    (&mut file).take(len.saturating_sub(start.len()) as u64).read_to_end(&mut start).map_err(failed)?;
    let stamp = Stamp::of(&file.metadata().map_err(failed)?);
    Ok((local, parse(&start).map_err(&refuse)?, stamp))
}

/// Reads the header of weights, which takes up all of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, String> {
    let (descr, rows) = descr_and_rows(bytes)?;
    Ok(Header { layout: layout(&descr)?, rows, data: bytes.len() as u64 })
}

/// What the header of scores says: bytes of a score, how many there are, and where they begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlainHeader {
    pub(super) size: usize,
    pub(super) rows: u64,
    pub(super) data: u64,
}

/// Reads the header of scores, which takes up all of `bytes`.
pub(super) fn parse_plain(bytes: &[u8]) -> Result<PlainHeader, String> {
    let (descr, rows) = descr_and_rows(bytes)?;
    let size = match &descr {
        Literal::Text(kind) if kind == "<f8" => 8,
        Literal::Text(kind) if kind == "<f4" => 4,
        Literal::Text(kind) => {
            return Err(format!("it holds {kind}; scores must be <f8 or <f4 (NumPy: .astype('<f4'))"));
        }
        _ => return Err("it holds records; scores must be a plain array of <f8 or <f4".into()),
    };
    Ok(PlainHeader { size, rows, data: bytes.len() as u64 })
}

fn descr_and_rows(bytes: &[u8]) -> Result<(Literal, u64), String> {
    let before = if bytes.get(MAGIC.len()) == Some(&1) { 10 } else { 12 };
    let text = bytes
        .get(before..)
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or("a header that is no text")?;
    let mut parser = Parser { rest: text, depth: 0 };
    let Literal::Dictionary(entries) = parser.literal().ok_or("a header that cannot be understood")? else {
        return Err("a header that is no dictionary".into());
    };
    let entry = |key: &str| entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value);
    if entry("fortran_order") != Some(&Literal::Name("False".into())) {
        return Err("the array is in Fortran order, or does not say".into());
    }
    let rows = match entry("shape") {
        Some(Literal::Sequence(shape)) => match shape[..] {
            [Literal::Number(rows)] => rows,
            _ => return Err("the array does not have one dimension".into()),
        },
        _ => return Err("a header without shape".into()),
    };
    let descr = entries.iter().rev().find(|(name, _)| name == "descr").map(|(_, value)| value.clone());
    Ok((descr.ok_or("a header without descr")?, rows))
}

fn layout(descr: &Literal) -> Result<Layout, String> {
    if *descr == Literal::Text("<f8".into()) {
        return Ok(Layout {
            row: 8,
            targets: 1,
            log_weight: 0,
            record: None,
            tokens: None,
            bytes: None,
            group: None,
            text: None,
        });
    }
    let Literal::Sequence(fields) = descr else {
        return Err("neither a structured array nor one of <f8".into());
    };
    let (record, tokens, bytes, group, text) = (None, None, None, None, None);
    let mut layout = Layout { row: 0, targets: 0, log_weight: 0, record, tokens, bytes, group, text };
    for field in fields {
        let Literal::Sequence(parts) = field else {
            return Err("a field that cannot be understood".into());
        };
        let (name, kind, count) = match &parts[..] {
            [Literal::Text(name), Literal::Text(kind)] => (name, kind, 1),
            [Literal::Text(name), Literal::Text(kind), Literal::Sequence(shape)] => match shape[..] {
                [Literal::Number(count @ 1..=65536)] => (name, kind, count as usize),
                _ => return Err(format!("field `{name}` has a shape that is not read")),
            },
            _ => return Err("a field that cannot be understood".into()),
        };
        let size =
            item_size(kind).ok_or_else(|| format!("field `{name}` has type {kind}, which is not read"))?;
        let at = layout.row;
        let expected = match name.as_str() {
            "log_weight" => {
                layout.log_weight = at;
                layout.targets = count;
                "<f8"
            }
            "record" if count == 1 => {
                layout.record = Some(at);
                "<u8"
            }
            "tokens" if count == 1 => {
                layout.tokens = Some(at);
                "<u4"
            }
            "bytes" if count == 1 => {
                layout.bytes = Some(at);
                "<u4"
            }
            "group" if count == 1 && kind == "<u8" => {
                layout.group = Some(at);
                "<u8"
            }
            "text" if count == 1 && kind == "<u8" => {
                layout.text = Some(at);
                "<u8"
            }
            _ => kind,
        };
        if kind != expected {
            return Err(format!("field `{name}` has type {kind}; it must be {expected}"));
        }
        layout.row += size * count;
    }
    if layout.targets == 0 { Err("no field `log_weight`".into()) } else { Ok(layout) }
}

/// The size of one item of a plain NumPy type such as `<f8`; objects, which hold code, have none.
fn item_size(kind: &str) -> Option<usize> {
    let mut letters = kind.chars();
    let (order, class) = (letters.next()?, letters.next()?);
    let size: usize = letters.as_str().parse().ok().filter(|size| (1..=4096).contains(size))?;
    let size = if class == 'U' { 4 * size } else { size };
    (matches!(order, '<' | '>' | '|' | '=') && matches!(class, 'b' | 'i' | 'u' | 'f' | 'c' | 'S' | 'U' | 'V'))
        .then_some(size)
}

/// The part of Python's literals that NumPy writes in headers.
#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(u64),
    Name(String),
    Sequence(Vec<Literal>),
    Dictionary(Vec<(String, Literal)>),
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn literal(&mut self) -> Option<Literal> {
        match self.peek()? {
            '\'' | '"' => self.text().map(Literal::Text),
            '0'..='9' => self.take_while(|c| c.is_ascii_digit()).parse().ok().map(Literal::Number),
            'A'..='Z' => Some(Literal::Name(self.take_while(|c| c.is_ascii_alphabetic()))),
            '(' => self.nested(')', Self::literal).map(Literal::Sequence),
            '[' => self.nested(']', Self::literal).map(Literal::Sequence),
            '{' => self
                .nested('}', |parser| {
                    let key = parser.text()?;
                    (parser.peek()? == ':').then(|| parser.skip())?;
                    Some((key, parser.literal()?))
                })
                .map(Literal::Dictionary),
            _ => None,
        }
    }

    /// Items between commas, up to `end`.
    fn nested<T>(&mut self, end: char, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.skip();
        self.depth += 1;
        let mut items = Vec::new();
        while self.depth < 8 && self.peek()? != end {
            items.push(item(self)?);
            match self.peek()? {
                ',' => self.skip(),
                c if c == end => {}
                _ => return None,
            }
        }
        self.depth -= 1;
        (self.peek()? == end).then(|| self.skip())?;
        Some(items)
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.peek()?;
        let inside = self.rest.strip_prefix(['\'', '"'])?;
        let end = inside.find(quote)?;
        self.rest = &inside[end + 1..];
        Some(inside[..end].to_owned())
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self) {
        self.rest = &self.rest[1..];
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (start, rest) = self.rest.split_at(end);
        self.rest = rest;
        start.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(dictionary: &str) -> Result<Header, String> {
        let start = [MAGIC, &[1, 0], &(dictionary.len() as u16).to_le_bytes()].concat();
        let bytes = [&start[..], dictionary.as_bytes()].concat();
        assert_eq!(header_len(&bytes[..bytes.len().min(12)]).unwrap(), bytes.len());
        parse(&bytes)
    }

    #[test]
    fn what_is_written_is_read() {
        for (targets, rows) in [(1, 0), (1, u64::MAX), (3, 17)] {
            let layout = Layout::of_targets(targets);
            let bytes = header(layout, rows);
            assert_eq!(bytes.len(), header(layout, 0).len());
            assert_eq!(bytes.len() % ALIGNMENT, 0);
            let layout = Layout::of_targets(targets);
            assert_eq!(parse(&bytes), Ok(Header { layout, rows, data: bytes.len() as u64 }));
        }
    }

    #[test]
    fn weights_of_other_makers() {
        let plain = parse_text("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n").unwrap();
        assert_eq!((plain.rows, plain.layout.row, plain.layout.targets), (3, 8, 1));
        let more = parse_text(
            "{\"shape\": (5,), 'fortran_order': False, 'descr': [('id', '|S10'), ('log_weight', '<f8', (2,))]}",
        );
        let layout = Layout {
            row: 26,
            targets: 2,
            log_weight: 10,
            record: None,
            tokens: None,
            bytes: None,
            group: None,
            text: None,
        };
        assert_eq!(more.unwrap().layout, layout);
    }

    #[test]
    fn what_is_refused() {
        for (dictionary, reason) in [
            ("{'descr': '>f8', 'fortran_order': False, 'shape': (3,), }", "neither a structured"),
            ("{'descr': [('log_weight', '>f8')], 'fortran_order': False, 'shape': (3,), }", "must be <f8"),
            ("{'descr': [('log_weight', '|O')], 'fortran_order': False, 'shape': (3,), }", "not read"),
            ("{'descr': [('w', '<f8')], 'fortran_order': False, 'shape': (3,), }", "no field `log_weight`"),
            ("{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }", "Fortran"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }", "one dimension"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }", "cannot be understood"),
            ("{'descr': ((((((((((", "cannot be understood"),
            ("", "cannot be understood"),
        ] {
            let refused = parse_text(dictionary).unwrap_err();
            assert!(refused.contains(reason), "{dictionary}: {refused}");
        }
        assert!(header_len(b"\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF").is_err());
        assert!(header_len(b"PK\x03\x04").is_err());
    }
}
