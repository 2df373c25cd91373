use std::path::{Path, PathBuf};

use dsir::Observer;
use dsir::density::{Closeness, FitBudget, Model};
use dsir::featurizer::FeatureSpace;
use dsir::jobs::{self, MeasureIn, MeasureOptions, Measurement, ReadOptions, RunOptions, SelectionShards};
use dsir::reader::Shards;
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::corpus::{Corpus, fit, record, target, threads as with_threads};
use crate::determinism::{Layout, TARGET, documents, lay_out};

/// Measures the selections against a raw corpus and a target, in so many buckets.
fn measure(
    (raw, of): (&[PathBuf], &Path),
    selections: &[&[PathBuf]],
    (buckets, sample): (u32, Option<usize>),
    run: RunOptions,
) -> Measurement {
    let space = FeatureSpace { buckets, ..FeatureSpace::default() };
    let options = options(Some(Shards::find(raw).unwrap()), MeasureIn::Space(space, 0.0), selections, run);
    let targets = vec![target("target", &[of.to_owned()])];
    jobs::measure(MeasureOptions { sample, targets, ..options }, &Observer::default()).unwrap().0
}

fn options(
    raw: Option<Shards>,
    space: MeasureIn,
    selections: &[&[PathBuf]],
    run: RunOptions,
) -> MeasureOptions {
    let selection = |(number, paths): (usize, &&[PathBuf])| SelectionShards {
        name: number.to_string(),
        shards: Shards::find(*paths).unwrap(),
    };
    MeasureOptions {
        raw,
        targets: Vec::new(),
        selections: selections.iter().enumerate().map(selection).collect(),
        space,
        epsilon: 1e-8,
        sample: None,
        seed: 0,
        weights: None,
        read: ReadOptions::default(),
        punkt_is_named: false,
        rejects: None,
        run,
    }
}

/// How close a selection came to the only target of a model.
fn closeness(model: &Path, selection: &[PathBuf]) -> Closeness {
    let options = options(None, MeasureIn::Model(model.into()), &[selection], with_threads(1));
    let (mut measured, _) = jobs::measure(options, &Observer::default()).unwrap();
    measured.selections.remove(0).kl.remove(0)
}

fn save(model: &Model, corpus: &Corpus) -> PathBuf {
    let path = corpus.path("model.json");
    model.write(std::fs::File::create(&path).unwrap()).unwrap();
    path
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_same_however_selection_and_corpus_are_cut(
        cuts in prop::collection::vec(0usize..400, 0..6),
        compression in 0usize..4,
        backwards: bool,
        threads in 1usize..5,
        sample in prop::option::of(1usize..350),
    ) {
        let documents = documents(300);
        let corpus = Corpus::new();
        let whole = [corpus.write("whole.jsonl", documents.concat())];
        let target = corpus.write("target.jsonl", record(TARGET));
        let other = [corpus.write("other.jsonl", documents[200..].concat())];
        let layout = Layout { cuts, compression, backwards, threads };
        let paths = lay_out(&corpus, &documents, &layout);

        let how = (500, sample);
        let one = measure((&whole, &target), &[&whole, &other], how, with_threads(2));
        let cut = measure((&paths, &target), &[&paths, &other], how, with_threads(threads));
        prop_assert_eq!(json(&one), json(&cut));
        prop_assert_eq!(one.raw.counted, sample.map_or(300, |sample| sample.min(300) as u64));
        // A selection has all in common with itself.
        let twice = measure((&whole, &target), &[&whole, &paths], how, with_threads(threads));
        let overlap = twice.overlaps[0].overlap;
        prop_assert_eq!((overlap.jaccard, overlap.of_first, overlap.of_second), (1.0, 1.0, 1.0));
    }

    #[test]
    fn a_selection_that_is_the_corpus_has_no_reduction(count in 1usize..100, buckets in 1u32..3000) {
        let corpus = Corpus::new();
        let target = corpus.write("target.jsonl", record(TARGET));
        let raw = [corpus.write("raw.jsonl", documents(count).concat())];
        let measured = measure((&raw, &target), &[&raw], (buckets, None), with_threads(2));
        let found = &measured.selections[0].kl[0];
        prop_assert_eq!(found.reduction, 0.0);
        prop_assert!(!found.is_beyond_chance());
    }
}

fn json(measured: &Measurement) -> String {
    serde_json::to_string_pretty(measured).unwrap()
}

/// Random selections of a corpus whose documents are of five kinds, so that words come together: their reductions must
/// spread as is foretold, and keep within chance. A selection of one kind must not.
#[test]
fn random_selections_keep_within_chance() {
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let mut document = |kind: usize| -> String {
        let word = |random: &mut rand::rngs::StdRng| {
            let nth = (60.0 * random.random::<f64>().powi(2)) as usize;
            // Half of the words are of the kind alone.
            if random.random() { format!("w{nth}") } else { format!("k{kind}w{nth}") }
        };
        let length = random.random_range(5..60);
        record(&(0..length).map(|_| word(&mut random)).collect::<Vec<_>>().join(" "))
    };
    let documents: Vec<String> = (0..6000).map(|i| document(i % 5)).collect();
    let target: String = (0..300).map(|_| document(0)).collect();
    let corpus = Corpus::new();
    let raw = [corpus.write("raw.jsonl", documents.concat())];
    let target = corpus.write("target.jsonl", target);
    let space = FeatureSpace { buckets: 1000, ..FeatureSpace::default() };
    let model = save(&fit(&raw, &[("target", &[target])], space, 0.0, FitBudget(None)), &corpus);
    let select = |documents: &[String]| -> Closeness {
        closeness(&model, &[corpus.write("selected.jsonl", documents.concat())])
    };

    let mut shuffled = documents.clone();
    let mut random = rand::rngs::StdRng::seed_from_u64(2);
    let found: Vec<Closeness> = (0..300)
        .map(|_| {
            shuffled.shuffle(&mut random);
            select(&shuffled[..400])
        })
        .collect();
    let mean = found.iter().map(|kl| kl.reduction).sum::<f64>() / 300.0;
    let deviation = (found.iter().map(|kl| (kl.reduction - mean).powi(2)).sum::<f64>() / 299.0).sqrt();
    let foretold = found.iter().map(|kl| kl.chance.unwrap()).sum::<f64>() / 300.0;
    assert!(mean < 0.0, "on average a random selection is farther: {mean}");
    // Nine levels tell the deviation to within a quarter.
    assert!((0.5..2.0).contains(&(foretold / deviation)), "{foretold} foretold, {deviation} found");
    assert_eq!(found.iter().filter(|kl| kl.is_beyond_chance()).count(), 0);

    let of_one_kind: Vec<String> = documents.iter().step_by(5).take(400).cloned().collect();
    let found = select(&of_one_kind);
    assert!(found.is_beyond_chance() && found.reduction > 0.5 * found.raw, "{found:?}");
    // A fifth of one kind is enough to be told from chance.
    let mixed = [&of_one_kind[..80], &shuffled[..320]].concat();
    assert!(select(&mixed).is_beyond_chance(), "{:?}", select(&mixed));
}
