//! Strings as JSON has them.

use std::io::Write;

/// So many bytes are looked at together.
const CHUNK: usize = 64;

/// Appends a string with its quotes; only what JSON demands is escaped.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        let chunk = &bytes[at..bytes.len().min(at + CHUNK)];
        if chunk.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
            for (index, byte) in chunk.iter().enumerate().filter(|(_, byte)| needs_escape(**byte)) {
                out.extend_from_slice(&bytes[done..at + index]);
                push_escape(*byte, out);
                done = at + index + 1;
            }
        }
        at += chunk.len();
    }
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn push_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => {
            // A vector takes everything.
            _ = write!(out, "\\u{byte:04x}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn serde_json_writes_the_same(text in "[ -~]{0,100}|[\u{0}-\u{ff}\"\\\\]{0,150}|\\PC{0,80}") {
            let mut ours = Vec::new();
            push_string(&text, &mut ours);
            prop_assert_eq!(String::from_utf8(ours).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
