//! Strings as JSON has them.

use crate::simd::{BLOCK, Backend, Best, Work};

/// Appends strings with their quotes; only what JSON demands is escaped.
#[derive(Clone, Copy)]
pub(super) struct Escaper(Best);

impl Escaper {
    pub(super) fn new() -> Self {
        Escaper(Best::detect())
    }

    /// Appends `text` to `out`.
    #[inline]
    pub(super) fn push(self, text: &str, out: &mut Vec<u8>) {
        self.0.run(Escape { bytes: text.as_bytes(), out });
    }
}

struct Escape<'a> {
    bytes: &'a [u8],
    out: &'a mut Vec<u8>,
}

/// What a block of bytes that all have the longest escape comes to, and one block more.
const ROOM: usize = 7 * BLOCK;

impl Work for Escape<'_> {
    type Done = ();

    #[inline(always)]
    fn run<B: Backend>(self, backend: B) {
        let Escape { bytes, out } = self;
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        let mut room = [0; ROOM];
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            match backend.escaped(block) {
                0 => out.extend_from_slice(block),
                escaped => {
                    let len = escape(block, escaped, &mut room);
                    out.extend_from_slice(&room[..len]);
                }
            }
        }
        // What is behind the last bytes needs no escape.
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let padding = BLOCK - rest.len();
        let len = escape(&last, backend.escaped(&last), &mut room);
        out.extend_from_slice(&room[..len - padding]);
        out.push(b'"');
    }
}

/// Copies `block` to `to` with the `escaped` bytes escaped, and gives how long it is then.
#[inline(always)]
fn escape(block: &[u8; BLOCK], mut escaped: u64, to: &mut [u8; ROOM]) -> usize {
    // Whole blocks are moved, whatever counts of them.
    let mut from = [0; 2 * BLOCK];
    from[..BLOCK].copy_from_slice(block);
    let (mut taken, mut given) = (0, 0);
    while escaped != 0 {
        let place = escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        copy_block(&from, taken, to, given);
        given += place - taken;
        taken = place + 1;
        let (escape, len) = escape_of(block[place]);
        to[given..given + 6].copy_from_slice(&escape);
        given += len;
    }
    copy_block(&from, taken, to, given);
    given + BLOCK - taken
}

#[inline(always)]
fn copy_block(from: &[u8; 2 * BLOCK], from_at: usize, to: &mut [u8; ROOM], to_at: usize) {
    let from = from[from_at..].first_chunk::<BLOCK>();
    if let (Some(from), Some(to)) = (from, to[to_at..].first_chunk_mut::<BLOCK>()) {
        *to = *from;
    }
}

/// The escape of a byte, and how long it is.
#[inline(always)]
fn escape_of(byte: u8) -> ([u8; 6], usize) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => {
            let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
            return ([b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)], 6);
        }
    };
    ([b'\\', short, 0, 0, 0, 0], 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn serde_json_writes_the_same(
            text in "[ -~]{0,200}|[\u{0}-\u{ff}\"\\\\]{0,150}|[\u{0}-\u{1f}]{0,130}|\\PC{0,80}",
        ) {
            for backend in Best::all() {
                let mut ours = b"before".to_vec();
                Escaper(backend).push(&text, &mut ours);
                let expected = format!("before{}", serde_json::to_string(&text).unwrap());
                prop_assert_eq!(String::from_utf8(ours).unwrap(), expected, "{:?}", backend);
            }
        }
    }
}
