use dsir::density::{Closeness, Evaluator, FitBudget};
use dsir::featurizer::FeatureSpace;
use dsir::observer::Observer;
use dsir::passes::{self, MeasureOptions, MeasuredSelection, Overlap, ReadOptions, Repeats, SelectionShards};
use dsir::reader::Shards;
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::corpus::{Corpus, fit, record};
use crate::determinism::{Layout, TARGET, documents, lay_out};

fn options(buckets: u32, sample: Option<usize>) -> MeasureOptions {
    let space = FeatureSpace { buckets, ..FeatureSpace::default() };
    MeasureOptions { space, read: ReadOptions::default(), sample, seed: 0 }
}

fn measured(shards: Shards, options: &MeasureOptions) -> MeasuredSelection {
    let selection = SelectionShards { name: "s".into(), shards };
    passes::measure_selection(&selection, options, None, &Observer::default()).unwrap().0
}

/// All that can be seen of a selection.
#[derive(Debug, PartialEq)]
struct Seen {
    documents: u64,
    counts: dsir::density::Counts,
    bytes: u64,
    distinct_ngrams: f64,
    repeated: (Repeats, Option<Repeats>),
    overlap: Overlap,
}

fn seen(selection: &MeasuredSelection, other: &MeasuredSelection) -> Seen {
    Seen {
        documents: selection.documents,
        counts: selection.counts.clone(),
        bytes: selection.bytes,
        distinct_ngrams: selection.distinct_ngrams(),
        repeated: (selection.repeated_records(), selection.repeated_texts()),
        overlap: selection.overlap(other),
    }
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
        let whole = || Shards::find([corpus.path("whole.jsonl")]).unwrap();
        corpus.write("whole.jsonl", documents.concat());
        let other = Shards::find([corpus.write("other.jsonl", documents[200..].concat())]).unwrap();
        let layout = Layout { cuts, compression, backwards, threads };
        let paths = lay_out(&corpus, &documents, &layout);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(layout.threads).build().unwrap();

        let options = options(500, sample);
        let other = measured(other, &options);
        let one = measured(whole(), &options);
        let parts = pool.install(|| measured(Shards::find(&paths).unwrap(), &options));
        prop_assert_eq!(seen(&one, &other), seen(&parts, &other));
        let itself = one.overlap(&parts);
        prop_assert_eq!((itself.jaccard, itself.of_first, itself.of_second), (1.0, 1.0, 1.0));

        let raw = |shards: &Shards| passes::measure_raw(shards, &options, None, &Observer::default()).unwrap().0;
        let (one, parts) = (raw(&whole()), pool.install(|| raw(&Shards::find(&paths).unwrap())));
        prop_assert_eq!((one.documents, &one.counts), (parts.documents, &parts.counts));
        prop_assert_eq!(one.counts.documents_read, sample.map_or(300, |sample| sample.min(300) as u64));
    }

    #[test]
    fn a_selection_that_is_the_corpus_has_no_reduction(count in 1usize..100, buckets in 1u32..3000, epsilon in 1e-12f64..1e-3) {
        let corpus = Corpus::new();
        let target = corpus.write("target.jsonl", record(TARGET));
        let raw = Shards::find([corpus.write("raw.jsonl", documents(count).concat())]).unwrap();
        let options = options(buckets, None);
        let model = fit(&raw, &[("target", &[target])], options.space, 0.0, FitBudget(None));
        let selection = measured(raw, &options);
        let found = Evaluator::new(&model, epsilon).unwrap().measure("s", &selection.counts).unwrap();
        prop_assert_eq!(found[0].reduction, 0.0);
        prop_assert!(!found[0].is_beyond_chance());
    }
}

/// Random selections of a corpus whose documents are of five kinds, so that words come together: their reductions must spread as
/// is foretold, and keep within chance. A selection of one kind must not.
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
    let raw = Shards::find([corpus.write("raw.jsonl", documents.concat())]).unwrap();
    let target = corpus.write("target.jsonl", target);
    let options = options(1000, None);
    let model = fit(&raw, &[("target", &[target])], options.space, 0.0, FitBudget(None));
    let evaluator = Evaluator::new(&model, 1e-8).unwrap();
    let select = |documents: &[String]| -> Closeness {
        let selection = Shards::find([corpus.write("selected.jsonl", documents.concat())]).unwrap();
        evaluator.measure("s", &measured(selection, &options).counts).unwrap().remove(0)
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
