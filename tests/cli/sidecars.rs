//! Scores in files beside the shards.

use crate::harness::{Dir, decompressed, gzip};

/// Two shards of four records each, and the numbers of all of them as scores.
fn corpus() -> Dir {
    let dir = Dir::new();
    let line = |number: u32| format!("{{\"id\": \"{number}\", \"text\": \"record number {number}\"}}\n");
    dir.write("documents/en/a.jsonl", (0..4).map(line).collect::<String>());
    dir.write("documents/en/b.jsonl.gz", gzip((4..8).map(line).collect::<String>()));
    dir
}

const SCORES: [f64; 8] = [0.1, 0.9, 0.2, 0.0, 0.8, 0.3, 0.05, 0.7];

fn attributes(range: std::ops::Range<usize>) -> String {
    let line = |number: usize| {
        let score = SCORES[number];
        format!("{{\"id\": \"{number}\", \"attributes\": {{\"good\": [[0, 15, {score}]]}}}}\n")
    };
    range.map(line).collect()
}

#[test]
fn of_every_form_they_draw_what_a_field_draws() {
    let dir = corpus();
    dir.write("attributes/quality/en/a.jsonl.gz", gzip(attributes(0..4)));
    dir.write("attributes/quality/en/b.jsonl", attributes(4..8));
    dir.write(
        "all.csv",
        "id,s\n".to_owned() + &(0..8).map(|i| format!("{i},{}\n", SCORES[i])).collect::<String>(),
    );
    dir.write("all.jsonl", attributes(0..8));
    let with_field = |range: std::ops::Range<usize>| -> String {
        range
            .map(|i| format!("{{\"id\": \"{i}\", \"text\": \"record number {i}\", \"s\": {}}}\n", SCORES[i]))
            .collect()
    };
    dir.write("field/en/a.jsonl", with_field(0..4));
    dir.write("field/en/b.jsonl", with_field(4..8));
    let draw = "resample -q --min-tokens 1 -k 3 --method pareto";
    let without = |lines: String| -> Vec<String> {
        lines
            .lines()
            .map(|line| line.split(", \"s\"").next().unwrap().trim_end_matches('}').to_owned())
            .collect()
    };
    // Probabilities that are as good as certain: the noise, which goes by content, does not matter.
    let top = "resample -q --min-tokens 1 -k 3 --method topk";
    let expected = without(dir.run(&format!("{top} --score-field s field")).ok());
    assert_eq!(expected.len(), 3);
    for scores in ["attributes/quality:attributes.good", "all.jsonl:attributes.good"] {
        assert_eq!(
            without(dir.run(&format!("{top} --scores {scores} documents")).ok()),
            expected,
            "{scores}"
        );
        dir.run(&format!("{draw} --scores {scores} documents")).ok();
    }
    // Values of CSV are strings, which are no scores.
    dir.run(&format!("{top} --scores all.csv:s documents")).fails(&["all.csv:2", "`s` is no score"]);

    // By a plan, shard by shard.
    dir.run(
        "resample --min-tokens 1 -k 3 --method topk --scores attributes/quality:attributes.good \
             --plan-only plan.json documents",
    )
    .ok();
    let part = |scores: &str, shard: &str| {
        dir.run(&format!("resample -q --plan plan.json --scores {scores} documents/en/{shard}")).ok()
    };
    let parts = part("attributes/quality:attributes.good", "a.jsonl")
        + &part("attributes/quality/en/b.jsonl:attributes.good", "b.jsonl.gz");
    assert_eq!(without(parts), expected);
}

#[test]
fn that_do_not_fit_are_refused() {
    let dir = corpus();
    let draw = "resample -q --min-tokens 1 -k 3 --method topk";
    dir.write("one/en/a.jsonl", attributes(0..4));
    dir.run(&format!("{draw} --scores one:attributes.good documents"))
        .fails(&["one/", "documents/en/b.jsonl.gz"]);
    dir.write("one/en/b.jsonl", attributes(4..7));
    dir.run(&format!("{draw} --scores one:attributes.good documents")).fails(&[
        "one/en/b.jsonl",
        "3 scores",
        "4",
    ]);
    dir.write("one/en/b.jsonl", attributes(4..8));
    dir.run(&format!("{draw} --scores one:attributes.bad documents"))
        .fails(&["one/en/a.jsonl:1", "no score"]);
    dir.write("one/en/b.json.gz", gzip(attributes(4..8)));
    dir.run(&format!("{draw} --scores one:attributes.good documents")).fails(&[
        "b.json.gz",
        "b.jsonl",
        "name one",
    ]);
    dir.run(&format!("{draw} --scores one/en/a.jsonl documents")).fails(&["one/en/a.jsonl:FIELD"]);
    dir.run(&format!("{draw} --scores nowhere:s documents")).fails(&["nowhere"]);
}

#[test]
fn log_weights_are_written_as_attributes_that_draw_what_the_weights_draw() {
    let dir = corpus();
    dir.write("documents/en/c.csv", "id,text\n8,\"record, the last\"\n9,\n");
    dir.write("target.jsonl", "{\"text\": \"record number 3 and number 7\"}\n");
    dir.run("fit -q --target target.jsonl -o model.json documents").ok();
    dir.run("weigh -q --model model.json --sidecar dolma -o weights documents").ok();
    // Under the names of the documents; what is no JSON gets the usual ending.
    let attributes = decompressed(&dir.path("weights/c.jsonl.gz"));
    let first = attributes.lines().next().unwrap();
    assert!(first.starts_with("{\"id\":\"8\",\"attributes\":{\"dsir__log_weight\":[[0,16,"), "{first}");
    assert!(first.ends_with("]]}}"), "{first}");
    assert_eq!(dir.read("weights/a.jsonl").lines().count(), 4);
    assert_eq!(decompressed(&dir.path("weights/b.jsonl.gz")).lines().count(), 4);
    let draw = "resample -q --min-tokens 0 -k 4 --method topk";
    let expected = dir.run(&format!("{draw} --weights weights documents")).ok();
    let scores = "--scores weights:attributes.dsir__log_weight --log-scores";
    assert_eq!(dir.run(&format!("{draw} {scores} documents")).ok(), expected);
}

#[test]
fn a_record_that_was_skipped_has_no_score() {
    let dir = Dir::new();
    dir.write("raw/a.jsonl", "{\"text\": \"one\"}\n{\"no\": 1}\n{\"text\": \"two\"}\n");
    dir.write("target.jsonl", "{\"text\": \"one of many\"}\n");
    dir.run("fit -q --invalid skip --target target.jsonl -o model.json raw").ok();
    dir.run("weigh -q --invalid skip --model model.json --sidecar dolma -o weights raw").ok();
    let lines = dir.read("weights/a.jsonl");
    assert_eq!(lines.lines().nth(1), Some("{\"id\":null,\"attributes\":{\"dsir__log_weight\":[]}}"));
}
