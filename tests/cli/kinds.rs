//! Texts of three kinds that share no word.

use crate::harness::{Dir, gzip};

/// `count` words of one kind, in another order for each `i`.
fn text(kind: &str, i: usize, count: usize) -> String {
    let words: Vec<&str> = match kind {
        "sea" => "sea tide boats harbour wind sail anchor wave",
        "sky" => "moon stars cloud dawn night comet orbit sun",
        _ => "invoice tax form office ledger interest rate due",
    }
    .split(' ')
    .collect();
    (0..count).map(|j| words[(i * 5 + j * j * 3 + j * i) % 8]).collect::<Vec<_>>().join(" ")
}

pub(crate) fn document(kind: &str, i: usize, words: usize) -> String {
    serde_json::json!({ "kind": kind, "id": i, "text": text(kind, i, words) }).to_string() + "\n"
}

pub(crate) fn documents(kind: &str, count: usize) -> String {
    (0..count).map(|i| document(kind, i, 16)).collect()
}

/// The target is half sea and half sky. Of the raw documents, 300 are about the sea, 100 about the sky, and 600 about
/// taxes.
pub(crate) fn corpus() -> Dir {
    let dir = Dir::new();
    dir.write("target.jsonl", documents("sea", 40) + &documents("sky", 40));
    dir.write("raw.jsonl", documents("sea", 300) + &documents("sky", 100) + &documents("tax", 600));
    dir
}

/// Writes the raw documents backwards and compressed, in several files of the folder `parts`; gives them as they are.
pub(crate) fn in_parts(dir: &Dir) -> String {
    let raw = dir.read("raw.jsonl");
    let lines: Vec<&str> = raw.lines().rev().collect();
    for (number, part) in lines.chunks(370).enumerate() {
        dir.write(&format!("parts/{number}.jsonl"), gzip(part.join("\n")));
    }
    raw
}
