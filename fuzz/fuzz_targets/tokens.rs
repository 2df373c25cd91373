//! A text has the same tokens and n-grams whatever the instructions: those of the plain definition and, where all is
//! ASCII, those that docs/feature-space.md says. `word_tokenize` loses no character but white space, and rewrites
//! nothing but quotes.
#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use dsir::featurizer::{FeatureSpace, Featurizer, Hash, Punkt, WordTokenizer};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

// One byte for the feature space, then texts with a byte between them that is in no text: a featurizer must forget the
// last one.
fuzz_target!(|data: &[u8]| {
    let Some((first, texts)) = data.split_first() else { return };
    let space = FeatureSpace {
        ngrams: first % 3 + 1,
        hash: if first & 0x80 == 0 { Hash::Dsir1 } else { Hash::Sha256 },
        buckets: if first & 0x40 == 0 { 1 << 20 } else { 9973 },
        ..FeatureSpace::default()
    };
    let mut backends = Featurizer::of_every_backend(space);
    let mut words = WordTokenizer::new(PUNKT.clone());
    for text in texts.split(|byte| *byte == 0xFF) {
        let text = &String::from_utf8_lossy(text);
        let expected = buckets(&mut Featurizer::plain(space).expect("a sound space"), text);
        for (backend, featurizer) in backends.iter_mut().enumerate() {
            assert!(buckets(featurizer, text) == expected, "backend {backend}, {space}: {text:?}");
        }
        if text.is_ascii() {
            assert!(expected == by_the_page(space, text), "the plain one, {space}: {text:?}");
        }
        let mut tokens = String::new();
        words.tokens(text, |token| tokens.push_str(token));
        assert!(letters(&tokens) == letters(text), "{tokens:?}: {text:?}");
    }
});

static PUNKT: LazyLock<Arc<Punkt>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/punkt");
    Arc::new(Punkt::read(&folder).expect("the model of the tests"))
});

/// Without white space, and with all quotes made of apostrophes.
fn letters(text: &str) -> String {
    let is_space = |c: char| c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c);
    text.replace('"', "''").replace('`', "'").replace(is_space, "")
}

fn buckets(featurizer: &mut Featurizer, text: &str) -> (u64, Vec<u32>) {
    let mut buckets = Vec::new();
    let tokens = featurizer.featurize(text, |run| buckets.extend_from_slice(run));
    buckets.sort_unstable();
    (tokens, buckets)
}

/// The tokens and buckets of ASCII as docs/feature-space.md defines them, with nothing of ours.
fn by_the_page(space: FeatureSpace, text: &str) -> (u64, Vec<u32>) {
    let class = |c: char| match c {
        'a'..='z' | '0'..='9' | '_' => 'w',
        '\t'..='\r' | '\u{1C}'..='\u{1F}' | ' ' => ' ',
        _ => '.',
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.to_ascii_lowercase().chars() {
        match tokens.last_mut() {
            _ if class(c) == ' ' => {}
            Some(token) if class(c) == before => token.push(c),
            _ => tokens.push(c.into()),
        }
        before = class(c);
    }
    let mut buckets = Vec::new();
    for n in 1..=space.ngrams.into() {
        buckets.extend(tokens.windows(n).map(|ngram| match space.hash {
            Hash::Dsir1 => ((u128::from(dsir1(ngram)) * u128::from(space.buckets)) >> 64) as u32,
            Hash::Sha256 => {
                let digest = Sha256::digest(ngram.join(" "));
                let modulus = u64::from(space.buckets);
                digest.iter().fold(0, |rest, byte| (rest << 8 | u64::from(*byte)) % modulus) as u32
            }
        }));
    }
    buckets.sort_unstable();
    (tokens.len() as u64, buckets)
}

fn dsir1(ngram: &[String]) -> u64 {
    match ngram {
        [token] => dsir1_of_token(token.as_bytes()),
        [first @ .., last] => fold(
            dsir1(first) ^ 0x4528_21e6_38d0_1377,
            dsir1_of_token(last.as_bytes()) ^ 0xbe54_66cf_34e9_0c6c,
        ),
        [] => unreachable!("no n-gram is empty"),
    }
}

fn dsir1_of_token(token: &[u8]) -> u64 {
    let k = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];
    let mut s = (token.len() as u64).wrapping_mul(k[0]);
    let mut blocks = token.chunks(16).map(|block| {
        let mut padded = [0; 16];
        padded[..block.len()].copy_from_slice(block);
        let both = u128::from_le_bytes(padded);
        (both as u64, (both >> 64) as u64)
    });
    let last = blocks.next_back().unwrap_or_default();
    for (a, b) in blocks {
        s = fold(a ^ s, b ^ k[1]);
    }
    let p = u128::from(last.0 ^ s) * u128::from(last.1 ^ k[1]);
    fold(p as u64 ^ k[2], (p >> 64) as u64 ^ k[3])
}

fn fold(x: u64, y: u64) -> u64 {
    let p = u128::from(x) * u128::from(y);
    p as u64 ^ (p >> 64) as u64
}
