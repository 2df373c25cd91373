use std::path::Path;

use dsir::density::Model;
use dsir::featurizer::{FeatureSpace, Featurizers};
use dsir::reader::{Block, BlockReader, TextFields, TextReader};
use dsir::resample::{Budget, Draw, DrawOptions, Method};
use proptest::prelude::*;

use crate::corpus::{Corpus, record, select, threads};
use crate::determinism::{TARGET, documents};

/// The records of JSONL content, and the text of each.
fn records(content: &str) -> (Vec<String>, Vec<String>) {
    let mut reader = BlockReader::of(std::io::Cursor::new(content.to_owned()), Path::new("content")).unwrap();
    let fields = TextFields::new(["text"]).unwrap();
    let (mut block, mut texts) = (Block::default(), TextReader::new(&fields));
    let mut found = (Vec::new(), Vec::new());
    while reader.next_block(&mut block).unwrap() {
        for record in block.records() {
            found.0.push(String::from_utf8(record.bytes.to_vec()).unwrap());
            found.1.push(texts.text(record.bytes).unwrap().into_owned());
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_selection_in_memory_is_the_programs(
        count in 20..300usize,
        half in any::<bool>(),
        method in prop_oneof![Just(Method::Gumbel), Just(Method::Random)],
        seed in any::<u64>(),
    ) {
        let budget = if half { Budget::Fraction(0.5) } else { Budget::Tokens(60) };
        let options = DrawOptions { budget, min_tokens: 1, method, seed, ..DrawOptions::default() };
        let raw = documents(count).concat();

        let corpus = Corpus::new();
        let paths = [corpus.write("raw.jsonl", &raw)];
        let target = corpus.write("target.jsonl", record(TARGET));
        let selected = select(&paths, &target, &options, false, threads(2)).unwrap();

        let (records, texts) = records(&raw);
        let featurizers = Featurizers::new(FeatureSpace::default(), None).unwrap();
        let model = Model::of_texts(&texts, [TARGET], &featurizers).unwrap();
        let rows = model.log_weights(&texts, &featurizers).unwrap().rows(&records).unwrap();
        let indices = Draw::new(&rows, None, &options).unwrap().indices(&rows, 0).unwrap();
        let in_memory: Vec<&String> = indices.iter().map(|index| &records[*index]).collect();
        prop_assert_eq!(in_memory, selected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn every_text_has_one_record() {
    let featurizers = Featurizers::new(FeatureSpace::default(), None).unwrap();
    let model = Model::of_texts(["the sea"], ["the tide"], &featurizers).unwrap();
    let weighed = model.log_weights(&["the sea", "a form"], &featurizers).unwrap();
    assert_eq!(weighed.rows(&["1", "2"]).unwrap().len(), 2);
    for records in [&["1"][..], &["1", "2", "3"]] {
        assert!(weighed.rows(records).is_err());
    }
}
