//! Prints the tokens of each text on standard input, a JSON string on each line, as JSON arrays:
//! `cargo run --release --example word_tokens PUNKT_FOLDER < texts.jsonl`

use std::error::Error;
use std::io::{BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use dsir::featurizer::{Punkt, WordTokenizer};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: word_tokens PUNKT_FOLDER < TEXTS")?;
    let mut tokenizer = WordTokenizer::new(Arc::new(Punkt::read(Path::new(&folder))?));
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let mut tokens = Vec::new();
        tokenizer.tokens(&text, |token| tokens.push(token.to_owned()));
        serde_json::to_writer(&mut out, &tokens)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
