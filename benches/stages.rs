//! The stages, each alone: `cargo bench`. MB are of the text or record that goes in.
//!
//! The text is made up here, half ASCII words, a quarter Cyrillic, a quarter Chinese; figures on real text come from
//! whole runs over the corpus of `make_corpus.py`.

use std::path::Path;
use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use dsir::featurizer::{FeatureSpace, Featurizer, Featurizers, Hash, Punkt, Tokenizer};
use dsir::reader::{TextFields, TextReader, content_hash};
use dsir::resample::{Budget, Draw, DrawOptions, Noise};
use dsir::weights::{WeightsFile, WeightsWriter};

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
    let mut featurizer = Featurizer::new(FeatureSpace { hash, ..FeatureSpace::default() }).expect("a space");
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
    let mut featurizer = Featurizer::plain(FeatureSpace::default()).expect("a space");
    bencher.counter(BytesCount::of_str(&text)).bench_local(move || {
        let mut sum = 0;
        featurizer.featurize(black_box(&text), |run| sum += run.len());
        sum
    });
}

/// English prose of the example corpus, with each tokenizer.
#[divan::bench(args = [Tokenizer::Wordpunct, Tokenizer::WordTokenize, Tokenizer::Unicode, Tokenizer::Bytes])]
fn tokenizers(bencher: Bencher, tokenizer: Tokenizer) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines =
        std::fs::read_to_string(root.join("examples/corpus/raw/0.jsonl")).expect("the example corpus");
    let (fields, mut text) = (TextFields::default(), String::new());
    let mut texts = TextReader::new(&fields);
    for line in lines.lines() {
        text.push_str(&texts.text(line.as_bytes()).expect("a sound record"));
    }
    let punkt = Punkt::read(&root.join("tests/reference/punkt")).expect("the model of the tests");
    let needs = tokenizer == Tokenizer::WordTokenize;
    let space =
        FeatureSpace { tokenizer, punkt: needs.then_some(punkt.fingerprint()), ..FeatureSpace::default() };
    let mut featurizer = Featurizers::new(space, Some(Arc::new(punkt))).expect("a sound space").featurizer();
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

/// From weights on disk to the decision, on one thread.
#[divan::bench(args = [0.001, 0.1], sample_count = 20)]
fn draw(bencher: Bencher, fraction: f64) {
    const ROWS: u64 = 4_000_000;
    let folder = tempfile::tempdir().expect("a folder for temporary data");
    let path = folder.path().join("weights.npy");
    let mut writer = WeightsWriter::create(&path, 1).expect("a new file");
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 32
    };
    for _ in 0..ROWS {
        // Log weights spread as those of whole documents are, around -50 with a deviation of 100.
        let spread = (0..4).map(|_| next() as f64 / u32::MAX as f64 - 0.5).sum::<f64>();
        let mut row = (173.0 * spread - 50.0).to_le_bytes().to_vec();
        row.extend((next() << 32 | next()).to_le_bytes());
        row.extend((100 + next() as u32 % 1000).to_le_bytes());
        row.extend(4000u32.to_le_bytes());
        writer.write(&row).expect("room for a row");
    }
    writer.finish().expect("a whole file");
    let weights = [WeightsFile::open(&path).expect("a sound file")];
    let options = DrawOptions { budget: Budget::Fraction(fraction), ..DrawOptions::default() };
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| one.install(|| Draw::new(&weights, None, &options).map(|draw| draw.total_of(0))));
}
