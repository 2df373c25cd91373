//! `tests/reference/expected.json` holds what the published implementation gives for the small corpus
//! beside it; `make_expected.py` there says how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dsir::density::{Counts, FitBudget};
use dsir::featurizer::{FeatureSpace, Hash};
use serde::Deserialize;

use crate::corpus::{Corpus, data, fit, rows, weigh};

#[derive(Deserialize)]
struct Case {
    ngrams: u8,
    buckets: u32,
    smoothing: f64,
    targets: Vec<String>,
    separate: bool,
    raw_counts: Option<Sparse>,
    target_counts: Option<Vec<Sparse>>,
    tokens: Vec<u32>,
    log_weights: Vec<Vec<f64>>,
}

/// Counts by bucket, zeros left out.
type Sparse = BTreeMap<String, u64>;

fn cases() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read(data("reference/expected.json")).unwrap()).unwrap()
}

fn sparse(counts: &Counts) -> Sparse {
    let buckets = counts.counts.iter().enumerate().filter(|(_, count)| **count > 0);
    buckets.map(|(bucket, count)| (bucket.to_string(), *count)).collect()
}

#[test]
fn counts_tokens_and_log_weights_are_the_references() {
    let raw = [data("reference/raw.jsonl")];
    let cases = cases();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let space = FeatureSpace {
            ngrams: case.ngrams,
            buckets: case.buckets,
            hash: Hash::Sha256,
            ..Default::default()
        };
        let paths: Vec<PathBuf> =
            case.targets.iter().map(|name| data(&format!("reference/target_{name}.jsonl"))).collect();
        let targets: Vec<(&str, &[PathBuf])> = if case.separate {
            case.targets.iter().map(String::as_str).zip(paths.chunks(1)).collect()
        } else {
            vec![("target", &paths)]
        };
        let model = fit(&raw, &targets, space, case.smoothing, FitBudget(None));
        let total = model.raw.as_ref().unwrap().total(space.buckets).unwrap();
        if let (Some(raw_counts), Some(target_counts)) = (case.raw_counts, case.target_counts) {
            assert_eq!(sparse(&total), raw_counts);
            let counted: Vec<Sparse> = model.targets.iter().map(|target| sparse(&target.counts)).collect();
            assert_eq!(counted, target_counts);
        }

        let work = Corpus::new();
        let weighed = rows(&weigh(&model, &raw, &work.path("weights")));
        assert_eq!(weighed.len(), case.log_weights.len());
        for (row, ((ours, tokens), theirs)) in weighed.iter().zip(case.log_weights).enumerate() {
            assert_eq!(*tokens, case.tokens[row], "tokens of row {row}, {space}");
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                let tolerance = 1e-9 * theirs.abs() + 1e-6;
                assert!((ours - theirs).abs() <= tolerance, "row {row}, {space}: {ours}, not {theirs}");
            }
        }
    }
}

#[test]
fn the_default_hash_weighs_within_its_tolerance_of_the_sum_in_double_precision() {
    let raw = [data("reference/raw.jsonl")];
    let space = FeatureSpace::default();
    let model = fit(&raw, &[("a", &[data("reference/target_a.jsonl")])], space, 0.0, FitBudget(None));
    let density = |counts: &[u64]| -> Vec<f64> {
        let sum: u64 = counts.iter().sum();
        counts.iter().map(|count| *count as f64 / sum as f64).collect()
    };
    let raw_density = density(&model.raw.as_ref().unwrap().total(space.buckets).unwrap().counts);
    let target_density = density(&model.targets[0].counts.counts);

    let work = Corpus::new();
    let weighed = rows(&weigh(&model, &raw, &work.path("weights")));
    let lines = std::fs::read_to_string(data("reference/raw.jsonl")).unwrap();
    let mut featurizer = dsir::featurizer::Featurizer::new(space).unwrap();
    for (line, (ours, _)) in lines.lines().filter(|line| !line.trim().is_empty()).zip(weighed) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut exact = 0.0;
        featurizer.featurize(record["text"].as_str().unwrap(), |buckets| {
            for bucket in buckets {
                let bucket = *bucket as usize;
                exact += (target_density[bucket] + 1e-8).ln() - (raw_density[bucket] + 1e-8).ln();
            }
        });
        assert!((ours[0] - exact).abs() <= 1e-6 * exact.abs() + 1e-4, "{} is not {exact}", ours[0]);
    }
}
