//! The tokenizers beside `wordpunct`, against what others make of the same texts.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use dsir::featurizer::{Error, FeatureSpace, Featurizers, Hash, Punkt, Tokenizer, WordTokenizer};
use serde::Deserialize;

use crate::corpus::data;
use crate::feature_space::{definition, sha256_bucket};

#[derive(Deserialize)]
struct Line {
    text: String,
    tokens: Vec<String>,
}

fn lines(name: &str) -> Vec<Line> {
    let lines = std::fs::read_to_string(data(name)).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

static PUNKT: LazyLock<Arc<Punkt>> =
    LazyLock::new(|| Arc::new(Punkt::read(&data("reference/punkt")).unwrap()));

fn punkt() -> Arc<Punkt> {
    PUNKT.clone()
}

fn space(tokenizer: Tokenizer) -> FeatureSpace {
    let punkt = (tokenizer == Tokenizer::WordTokenize).then(|| punkt().fingerprint());
    FeatureSpace { tokenizer, punkt, ..FeatureSpace::default() }
}

/// The buckets of all n-grams of these tokens, in rising order.
fn expected(tokens: &[&[u8]], space: FeatureSpace) -> Vec<u32> {
    let mut buckets: Vec<u32> = (1..=space.ngrams.into())
        .flat_map(|n| tokens.windows(n))
        .map(|ngram| match space.hash {
            Hash::Sha256 => sha256_bucket(&ngram.join(&b' '), space.buckets),
            Hash::Dsir1 => definition::bucket(ngram, space.buckets),
        })
        .collect();
    buckets.sort_unstable();
    buckets
}

/// `text` must have these tokens and their n-grams, of any length and with either hash.
#[track_caller]
fn check(tokenizer: Tokenizer, text: &str, tokens: &[&[u8]]) {
    for (hash, ngrams) in [(Hash::Sha256, 2), (Hash::Dsir1, 1), (Hash::Dsir1, 3)] {
        let space = FeatureSpace { hash, ngrams, buckets: 1 << 20, ..space(tokenizer) };
        let mut featurizer = Featurizers::new(space, Some(punkt())).unwrap().featurizer();
        // Twice: a featurizer must forget the last text.
        for _ in 0..2 {
            let mut buckets = Vec::new();
            let count = featurizer.featurize(text, |run| buckets.extend_from_slice(run));
            buckets.sort_unstable();
            assert_eq!(count, tokens.len() as u64, "{text:?}");
            assert!(buckets == expected(tokens, space), "{space}: {text:?}");
        }
    }
}

fn check_strings<S: AsRef<str>>(tokenizer: Tokenizer, text: &str, tokens: &[S]) {
    let tokens: Vec<&[u8]> = tokens.iter().map(|token| token.as_ref().as_bytes()).collect();
    check(tokenizer, text, &tokens);
}

#[test]
fn words_are_nltks() {
    let mut tokenizer = WordTokenizer::new(punkt());
    let lines = lines("reference/word_tokens.jsonl");
    assert!(lines.len() > 500);
    for Line { text, tokens } in &lines {
        let mut found = Vec::new();
        tokenizer.tokens(text, |token| found.push(token.to_owned()));
        assert_eq!(found, *tokens, "{text:?}");
    }
    for Line { text, tokens } in lines.iter().filter(|line| line.text.to_lowercase() == line.text).take(60) {
        check_strings(Tokenizer::WordTokenize, text, tokens);
    }
    check_strings(Tokenizer::WordTokenize, "I CAN'T. Σ ΟΔΟΣ!", &["i", "ca", "n't", ".", "σ", "οδος", "!"]);
}

#[test]
fn segments_are_those_of_another_implementation() {
    let lines = lines("unicode/segments.jsonl");
    assert!(lines.len() > 300);
    for Line { text, tokens } in &lines {
        check_strings(Tokenizer::Unicode, text, tokens);
    }
}

#[test]
fn bytes_are_bytes() {
    check(Tokenizer::Bytes, "Aß ", &[b"A", b"\xC3", b"\x9F", b" "]);
    check(Tokenizer::Bytes, "", &[]);
    let long = "xyz ".repeat(3000);
    check(Tokenizer::Bytes, &long, &long.as_bytes().chunks(1).collect::<Vec<_>>());
}

#[test]
fn ids_are_their_digits() {
    check(Tokenizer::Ids, "50256 0 -1 50256", &[b"50256", b"0", b"-1", b"50256"]);
    check(Tokenizer::Ids, "", &[]);
    let many: Vec<String> = (0..2000).map(|id| id.to_string()).collect();
    check_strings(Tokenizer::Ids, &many.join(" "), &many);
}

#[test]
fn a_space_gets_its_own_sentence_model_or_none() {
    let space = space(Tokenizer::WordTokenize);
    assert!(matches!(Featurizers::new(space, None), Err(Error::NoPunkt)));
    assert!(matches!(Featurizers::open(space, Some(Path::new("nowhere"))), Err(Error::Open { .. })));
    let other = FeatureSpace { punkt: space.punkt.map(|punkt| punkt ^ 1), ..space };
    assert!(matches!(Featurizers::new(other, Some(punkt())), Err(Error::OtherPunkt { .. })));
    assert!(matches!(Featurizers::new(FeatureSpace { punkt: None, ..space }, None), Err(Error::Space(_))));
    // Who needs none does not look for it.
    Featurizers::open(FeatureSpace::default(), Some(Path::new("nowhere"))).unwrap();
}

/// The tokens that `docs/feature-space.md` shows, read from the page itself.
#[test]
fn the_pages_examples() {
    const PAGE: &str = include_str!("../../docs/feature-space.md");
    let after = PAGE.split_once("### Vectors for tokens").unwrap().1;
    let rows: Vec<&str> = after.lines().filter(|line| line.starts_with("| `")).take(12).collect();
    for row in &rows {
        let cells: Vec<&str> =
            row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        let [name, text, tokens] = cells[..] else { panic!("{row}") };
        let tokenizer: Tokenizer = serde_json::from_value(name.into()).unwrap();
        let text: String = serde_json::from_str(text).unwrap();
        let tokens: Vec<String> = serde_json::from_str(tokens).unwrap();
        match tokenizer {
            // JSON has no bytes: they are shown by their numbers.
            Tokenizer::Bytes => {
                let tokens: Vec<[u8; 1]> =
                    tokens.iter().map(|token| [u8::from_str_radix(token, 16).unwrap()]).collect();
                check(tokenizer, &text, &tokens.iter().map(|token| &token[..]).collect::<Vec<_>>());
            }
            _ => check_strings(tokenizer, &text, &tokens),
        }
    }
    assert_eq!(rows.len(), 12);
}
