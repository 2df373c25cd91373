//! The stages, each alone: `cargo bench`. MB are of the text or record that goes in.
//!
//! The text is made up here, half ASCII words, a quarter Cyrillic, a quarter Chinese; figures on real text come from
//! whole runs over the corpus of `make_corpus.py`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use dsir::featurizer::{FeatureSpace, Featurizer, Hash};
use dsir::reader::{TextFields, TextReader, content_hash};
use dsir::resample::Noise;

fn main() {
    divan::main();
}

/// About 100 kB of text with as varied words as real text has.
fn text(kind: &str) -> String {
    let mut state = 1u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    let letters: Vec<char> = match kind {
        "ascii" => ('a'..='z').chain('A'..='E').collect(),
        "cyrillic" => ('а'..='я').chain('А'..='Е').collect(),
        _ => ('一'..='乿').collect(),
    };
    let mut text = String::new();
    while text.len() < 100_000 {
        for _ in 0..1 + next(8) {
            text.push(
                letters[(next(letters.len() as u64) * next(letters.len() as u64)) as usize / letters.len()],
            );
        }
        text.push_str([" ", " ", " ", ", ", ". ", "\n"][next(6) as usize]);
    }
    text
}

#[divan::bench(args = ["ascii", "cyrillic", "chinese"], consts = [false, true])]
fn featurize<const SHA256: bool>(bencher: Bencher, kind: &str) {
    let text = text(kind);
    let hash = if SHA256 { Hash::Sha256 } else { Hash::Dsir1 };
    let mut featurizer = Featurizer::new(FeatureSpace { hash, ..FeatureSpace::default() });
    bencher.counter(BytesCount::of_str(&text)).bench_local(move || {
        let mut sum = 0;
        featurizer.featurize(black_box(&text), |run| sum += run.len());
        sum
    });
}

/// The definition to the letter: what the fast way is measured against.
#[divan::bench(args = ["ascii", "cyrillic", "chinese"])]
fn featurize_plain(bencher: Bencher, kind: &str) {
    let text = text(kind);
    let mut featurizer = Featurizer::plain(FeatureSpace::default());
    bencher.counter(BytesCount::of_str(&text)).bench_local(move || {
        let mut sum = 0;
        featurizer.featurize(black_box(&text), |run| sum += run.len());
        sum
    });
}

#[divan::bench(args = ["ascii", "cyrillic", "chinese"])]
fn take_text(bencher: Bencher, kind: &str) {
    let record = serde_json::json!({ "id": 1, "meta": { "source": "x" }, "text": text(kind) }).to_string();
    let fields = TextFields::default();
    let mut texts = TextReader::new(&fields);
    bencher
        .counter(BytesCount::of_str(&record))
        .bench_local(move || texts.text(black_box(record.as_bytes())).map(|text| text.len()).ok());
}

#[divan::bench]
fn hash_content(bencher: Bencher) {
    let record = text("ascii");
    bencher.counter(BytesCount::of_str(&record)).bench(|| content_hash(black_box(record.as_bytes())));
}

#[divan::bench]
fn noise(bencher: Bencher) {
    let noise = Noise::new(0, 0, 0);
    bencher
        .counter(ItemsCount::new(1000usize))
        .bench(|| (0..1000u64).map(|hash| noise.gumbel(black_box(hash))).fold(0.0, f64::max));
}
