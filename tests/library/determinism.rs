use std::io::Write;
use std::path::PathBuf;

use dsir::density::FitBudget;
use dsir::featurizer::FeatureSpace;
use dsir::jobs::CountOptions;
use dsir::reader::content_hash;
use dsir::resample::{Budget, DrawOptions};
use proptest::prelude::*;

use crate::corpus::{Corpus, fit, fit_with, record, select, threads as with_threads};

pub(crate) const TARGET: &str = "the moon rose over the quiet harbour and the stars came out one by one";

/// Documents that share words with the target to different degrees, some of them twice.
pub(crate) fn documents(count: usize) -> Vec<String> {
    let words: Vec<&str> =
        TARGET.split(' ').chain("tax form invoice ledger interest rate".split(' ')).collect();
    let document = |i: usize| -> String {
        let i = i - i % 7 % 2;
        (0..5 + i % 11).map(|j| words[(i * 31 + j * j * 17) % words.len()]).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(|i| record(&document(i))).collect()
}

/// The same, and no two alike.
fn different(count: usize) -> Vec<String> {
    let line = |(i, record): (usize, String)| record.replacen('{', &format!("{{\"id\": {i}, "), 1);
    documents(count).into_iter().enumerate().map(line).collect()
}

fn draw(budget: Budget) -> DrawOptions {
    DrawOptions { budget, min_tokens: 1, ..DrawOptions::default() }
}

fn gzip(content: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// One way to lay a corpus out on disk.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// After how many documents a shard ends.
    pub(crate) cuts: Vec<usize>,
    /// Plain, gzip, gzip in two members, zstd, by turns from here.
    pub(crate) compression: usize,
    pub(crate) backwards: bool,
    pub(crate) threads: usize,
}

pub(crate) fn lay_out(corpus: &Corpus, documents: &[String], layout: &Layout) -> Vec<PathBuf> {
    let mut cuts: Vec<usize> = layout.cuts.iter().map(|cut| cut % (documents.len() + 1)).collect();
    cuts.extend([0, documents.len()]);
    cuts.sort_unstable();
    let mut paths = Vec::new();
    for (number, pair) in cuts.windows(2).enumerate() {
        let content = documents[pair[0]..pair[1]].concat();
        let bytes = match (number + layout.compression) % 4 {
            0 => content.clone().into_bytes(),
            1 => gzip(&content),
            2 => {
                let middle = content.len() / 2; // within a line, and maybe within a character's escape
                [gzip(&content[..middle]), gzip(&content[middle..])].concat()
            }
            _ => zstd::encode_all(content.as_bytes(), 3).unwrap(),
        };
        paths.push(corpus.write(&format!("shard-{number}.jsonl"), bytes));
    }
    if layout.backwards {
        paths.reverse();
    }
    paths
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_same_records_however_the_corpus_is_cut(
        cuts in prop::collection::vec(0usize..400, 0..6),
        compression in 0usize..4,
        backwards: bool,
        threads in 1usize..5,
        k in 1u64..300,
    ) {
        let documents = documents(300);
        let corpus = Corpus::new();
        let target = corpus.write("target.jsonl", record(TARGET));
        let whole = [corpus.write("whole.jsonl", documents.concat())];
        let layout = Layout { cuts, compression, backwards, threads };
        let parts = lay_out(&corpus, &documents, &layout);
        let other_threads = || with_threads(layout.threads);

        let options = draw(Budget::Records(k));
        let one = select(&whole, &target, &options, false, with_threads(2)).unwrap();
        let other = select(&parts, &target, &options, false, other_threads()).unwrap();
        prop_assert_eq!(one.len() as u64, k);
        prop_assert_eq!(sorted(one), sorted(other));
        // Shuffled, not even the order depends on the cuts.
        let one = select(&whole, &target, &options, true, with_threads(2)).unwrap();
        let other = select(&parts, &target, &options, true, other_threads()).unwrap();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_smaller_selection_is_part_of_a_larger_one(small in 1u64..300, more in 0u64..300, seed: u64, kind in 0usize..3) {
        let corpus = Corpus::new();
        let target = corpus.write("target.jsonl", record(TARGET));
        let raw = [corpus.write("raw.jsonl", documents(300).concat())];
        let budget = |amount: u64| match kind {
            0 => Budget::Records(amount),
            1 => Budget::Tokens(amount * 5 + 15),
            _ => Budget::Bytes(amount * 50 + 200),
        };
        let options = |amount: u64| DrawOptions { seed, allow_fewer: true, ..draw(budget(amount)) };
        let small_one = sorted(select(&raw, &target, &options(small), false, with_threads(2)).unwrap());
        let mut large = sorted(select(&raw, &target, &options(small + more), false, with_threads(2)).unwrap());
        for line in small_one {
            let found = large.iter().position(|other| *other == line);
            prop_assert!(found.is_some(), "{} is not in the larger selection", line);
            large.remove(found.unwrap());
        }
    }

    #[test]
    fn a_sampled_model_is_the_same_however_the_corpus_is_cut_and_merged(
        cuts in prop::collection::btree_set(1usize..300, 1..4),
        budget in 100u64..6000,
        threads in 1usize..4,
    ) {
        let documents = different(300);
        let corpus = Corpus::new();
        let target: &[(&str, &[PathBuf])] = &[("target", &[corpus.write("target.jsonl", record(TARGET))])];
        let budget = FitBudget(Some(budget));
        let space = FeatureSpace { buckets: 50, ..FeatureSpace::default() };
        let whole = [corpus.write("whole.jsonl", documents.concat())];
        let whole = fit(&whole, target, space, 0.0, budget);

        let layout = Layout { cuts: cuts.into_iter().collect(), compression: 0, backwards: false, threads };
        let paths = lay_out(&corpus, &documents, &layout);
        let count = CountOptions { space, budget, ..CountOptions::default() };
        let together = fit_with(with_threads(threads), &paths, target, count);
        prop_assert_eq!(&together, &whole);
        prop_assert!(whole.raw.as_ref().unwrap().total(50).unwrap().ngrams().unwrap() <= budget.0.unwrap());

        let mut parts = paths.iter().map(|path| fit(std::slice::from_ref(path), target, space, 0.0, budget));
        let mut merged = parts.next().unwrap();
        for part in parts {
            merged.merge(part, false).unwrap();
        }
        merged.raw.as_mut().unwrap().merged.clear();
        prop_assert_eq!(&merged, &whole);
    }
}

#[test]
fn of_a_corpus_with_many_copies_all_is_counted_however_it_is_cut() {
    let copies = record("accept cookies").repeat(40);
    let copies = copies.lines().map(|line| format!("{line}\n"));
    let documents: Vec<String> = different(300).into_iter().chain(copies).collect();
    let corpus = Corpus::new();
    let target: &[(&str, &[PathBuf])] = &[("target", &[corpus.write("target.jsonl", record(TARGET))])];
    let space = FeatureSpace { buckets: 50, ..FeatureSpace::default() };
    let shards = |documents: &[String], cuts: &[usize]| {
        let layout = Layout { cuts: cuts.to_vec(), compression: 0, backwards: cuts.len() == 2, threads: 2 };
        lay_out(&corpus, documents, &layout)
    };
    let counted =
        |shards: &[PathBuf], budget| fit(shards, target, space, 0.0, FitBudget(budget)).raw.unwrap();
    let all = counted(&shards(&documents, &[]), None);
    for cuts in [&[][..], &[100], &[310, 320]] {
        let mut sampled = counted(&shards(&documents, cuts), Some(500));
        assert_eq!((sampled.first_level, sampled.copies), (0, all.copies));
        sampled.fit_ngrams = FitBudget(None);
        assert_eq!(sampled, all, "{cuts:?}");
    }
    // Without them it is sampled.
    let sampled = counted(&shards(&documents[..300], &[]), Some(500));
    assert!(sampled.first_level > 0 && sampled.copies == 0);
}

#[test]
fn equal_keys_go_by_content_hash() {
    let corpus = Corpus::new();
    let target = corpus.write("target.jsonl", record(TARGET));
    let mut lines: Vec<String> =
        (0..20).map(|i| format!("{{\"id\": {i}, \"text\": \"moon harbour\"}}")).collect();
    let of = |lines: &[String]| {
        let raw = [corpus.write("raw.jsonl", lines.join("\n"))];
        let options = DrawOptions { temperatures: vec![0.0], ..draw(Budget::Records(7)) };
        sorted(select(&raw, &target, &options, false, with_threads(2)).unwrap())
    };
    let selected = of(&lines);
    lines.reverse();
    assert_eq!(of(&lines), selected);
    lines.sort_by_key(|line| content_hash(line.as_bytes()));
    assert_eq!(selected, sorted(lines[..7].to_vec()));
}
