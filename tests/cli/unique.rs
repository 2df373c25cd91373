//! Of documents with the same text, one alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{Dir, gzip};

/// 300 records of 100 texts, three of each, in two shards; every text about the sea is good.
fn corpus() -> (Dir, Vec<String>) {
    let dir = Dir::with_corpus();
    let text = |i: usize| match i % 4 {
        0 => format!("the boats went out to sea with tide {i}"),
        _ => format!("invoice {i} is due and the tax office wants its form"),
    };
    let line = |i: usize| {
        json!({ "id": i, "kind": if i < 150 { "a" } else { "b" }, "text": text(i * 37 % 100) }).to_string()
            + "\n"
    };
    let lines: Vec<String> = (0..300).map(line).collect();
    dir.write("raw/a.jsonl", lines[..150].concat());
    dir.write("raw/b.jsonl", lines[150..].concat());
    dir.write("one.jsonl.gz", gzip(lines.concat()));
    dir.run("fit --target target.jsonl -o model.json raw").ok();
    (dir, lines)
}

fn record(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// The line of each text that has the least content hash.
fn expected(lines: &[String]) -> BTreeSet<String> {
    let mut first: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for line in lines.iter().map(|line| line.trim_end().to_owned()) {
        let this = (xxhash_rust::xxh3::xxh3_64(line.as_bytes()), line.clone());
        let text = record(&line)["text"].as_str().unwrap().to_owned();
        let kept = first.entry(text).or_insert_with(|| this.clone());
        *kept = this.min(kept.clone());
    }
    first.into_values().map(|(_, line)| line).collect()
}

#[test]
fn that_with_the_least_content_hash() {
    let (dir, lines) = corpus();
    let select = "select --model model.json --min-tokens 1 --unique --summary s.json";
    let all = dir.run(&format!("{select} -k 100 raw")).ok();
    assert_eq!(all.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected(&lines));
    let told = dir.json("s.json");
    assert_eq!((&told["repeated_texts"], &told["eligible"]["records"]), (&json!(200), &json!(100)));
    assert_eq!(told["left_out"], 200);
    dir.run(&format!("{select} -k 101 raw")).fails(&["101 records asked for", "only 100"]);
    // Without it, there are copies of good texts.
    let plain = dir.run("select --model model.json --min-tokens 1 -k 60 raw").ok();
    let texts =
        |records: &str| records.lines().map(|line| record(line)["text"].to_string()).collect::<BTreeSet<_>>();
    assert!(texts(&plain).len() < 60);
    assert_eq!(texts(&dir.run(&format!("{select} -k 60 raw")).ok()).len(), 60);
}

#[test]
fn however_the_corpus_comes() {
    let (dir, lines) = corpus();
    dir.run("weigh --model model.json -o w raw").ok();
    for options in [
        "-k 20",
        "--fraction 0.3 --temperature 9",
        "--tokens 300 --repeat 2 --temperature 3",
        "-k 30 --shuffle",
    ] {
        let select = format!("select --model model.json --min-tokens 1 --unique {options}");
        let expected = dir.run(&format!("{select} raw")).ok();
        for shards in ["one.jsonl.gz", "raw --threads 1", "--work work raw"] {
            assert_eq!(dir.run(&format!("{select} {shards}")).ok(), expected, "{options}: {shards}");
        }
        let backwards = dir.run(&format!("{select} raw/b.jsonl raw/a.jsonl")).ok();
        let sorted = |records: &str| records.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&backwards), sorted(&expected), "{options}");
        let piped = dir.run_with_input(&format!("{select} -"), lines.concat().as_bytes()).ok();
        assert_eq!(piped, expected, "{options}");
        let from_weights =
            dir.run(&format!("resample --weights w --min-tokens 1 --unique {options} raw")).ok();
        assert_eq!(from_weights, expected, "{options}");
    }
}

#[test]
fn what_may_not_be_drawn_leaves_nothing_out() {
    let (dir, lines) = corpus();
    let select = "select --model model.json --min-tokens 1 --unique -k 100 --summary s.json raw";
    let kind = |kind: &str| lines.iter().filter(|line| line.contains(kind)).cloned().collect::<Vec<_>>();
    let of_b = dir.run(&format!("{select} --where kind=b")).ok();
    assert_eq!(of_b.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected(&kind("\"b\"")));
    assert_eq!(
        (&dir.json("s.json")["repeated_texts"], &dir.json("s.json")["left_out"]),
        (&json!(50), &json!(200))
    );
    // Over all groups together.
    dir.run(&format!("{select} --group-by kind")).ok();
    assert_eq!(dir.json("s.json")["repeated_texts"], 200);
}

#[test]
fn a_resumed_run_tells_of_all() {
    let (dir, _) = corpus();
    let select = "select --model model.json --min-tokens 1 --unique --summary s.json -o out.jsonl raw";
    dir.run(&format!("{select} -k 101")).fails(&["101 records asked for", "kept in out.jsonl.dsir-work"]);
    dir.run(&format!("{select} -k 90")).ok();
    let told = dir.json("s.json");
    let weigh = told["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "weigh").unwrap();
    assert_eq!(weigh["bytes_before"], weigh["bytes"]);
    assert_eq!(told["repeated_texts"], 200);
    let resumed = dir.read("out.jsonl");
    dir.run(&format!("{select} -k 90")).ok();
    assert_eq!(dir.read("out.jsonl"), resumed);
}

#[test]
fn whatever_they_are_drawn_by() {
    let (dir, lines) = corpus();
    // By their ids, those with the same text have different scores.
    let by_id = dir
        .run("resample --score-field id --log-scores --min-tokens 1 --unique -k 100 --summary s.json raw")
        .ok();
    assert_eq!(by_id.lines().map(str::to_owned).collect::<BTreeSet<_>>(), expected(&lines));
    assert_eq!(dir.json("s.json")["repeated_texts"], 200);
    dir.run("select --model model.json --min-tokens 1 --unique -k 9 --mix-in one.jsonl.gz=5 raw")
        .misused(&["--mix-in FILE", "--unique"]);
}

#[test]
fn a_plan_cannot_tell() {
    let (dir, _) = corpus();
    dir.run("weigh --model model.json -o w raw").ok();
    dir.run("resample --weights w --min-tokens 1 --unique -k 20 --plan-only p.json raw")
        .misused(&["--unique", "plan"]);
    dir.run("resample --weights w --min-tokens 1 -k 20 --plan-only p.json raw").ok();
    for option in ["--unique", "--id-field id", "--repeat 2", "--repeat-curve 0:1"] {
        let typed = option.split(' ').next().unwrap();
        dir.run(&format!("resample --weights w --plan p.json {option} raw")).misused(&["--plan", typed]);
    }
}
