//! Draws towards what is rare in raw.

use serde_json::{Value, json};

use crate::harness::{Dir, ids};

/// 90 documents about taxes, 9 about the sea and one about stars, all of one length.
fn corpus() -> Dir {
    let dir = Dir::new();
    let text = |i: usize| match i {
        50 => "stars and moons above all the dark hills",
        _ if i % 10 == 3 => "boats went out to sea with the tide",
        _ => "the tax office wants its form by monday",
    };
    let line = |i: usize| json!({ "id": i, "text": text(i) }).to_string() + "\n";
    dir.write("raw.jsonl", (0..100).map(line).collect::<String>());
    dir.write(
        "target.jsonl",
        json!({ "text": "the boats of the sea and the tax office" }).to_string() + "\n",
    );
    dir
}

#[test]
fn rare_text_comes_first() {
    let dir = corpus();
    let select = "select --rare --min-tokens 1 --normalize tokens --method topk --annotate raw.jsonl";
    assert_eq!(ids(&dir.run(&format!("{select} -k 1")).ok()), [50]);
    let eleven = ids(&dir.run(&format!("{select} -k 11")).ok());
    assert!(eleven.iter().all(|id| *id == 50 || id % 10 == 3), "{eleven:?}");
    // The weight is the mean of ln(1 / B) - ln p(raw) over n-grams, for a hundred tokens.
    let of = |records: &str| serde_json::from_str::<Value>(records).unwrap()["log_weight"].as_f64().unwrap();
    let all = dir.run("select --rare --min-tokens 1 -k 100 --annotate raw.jsonl").ok();
    let weight = all.lines().find(|line| line.contains("stars")).map(of).unwrap();
    // Each of its 8 words and 7 pairs is once among 1500 n-grams, but for `and` and `all`, `the` in others.
    let once = (1.0f64 / 10_000.0 + 1e-8).ln() - (1.0f64 / 1500.0 + 1e-8).ln();
    assert!(weight < 15.0 * once + 1e-6 && weight > 15.0 * once - 6.0, "{weight}, {once}");
}

#[test]
fn beside_a_target_and_step_by_step() {
    let dir = corpus();
    let draw = "--min-tokens 1 -k 12 --combine product --exponents target=1,rare=0.5";
    let expected = dir.run(&format!("select --target target.jsonl --rare {draw} raw.jsonl")).ok();
    dir.run("fit --target target.jsonl --rare -o m.json raw.jsonl").ok();
    assert_eq!(dir.json("m.json")["targets"][1]["name"], "rare");
    dir.run("weigh --model m.json -o w raw.jsonl").ok();
    assert_eq!(dir.run(&format!("resample --weights w {draw} raw.jsonl")).ok(), expected);
    // Models of parts: what is rare in all is found out when they are together.
    dir.run("fit --rare -o rare.json").ok();
    dir.run("fit --target target.jsonl -o wanted.json raw.jsonl").ok();
    dir.run("merge wanted.json rare.json -o m2.json").ok();
    assert_eq!(dir.read("m2.json"), dir.read("m.json"));
    let only = dir.run("select --target target.jsonl --min-tokens 1 -k 12 raw.jsonl").ok();
    assert_ne!(only, expected);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = corpus();
    let select = "select --rare --min-tokens 1 -k 5 raw.jsonl";
    dir.run(&format!("{select} --refine")).misused(&["--rare", "--refine"]);
    dir.run(&format!("{select} --auto --target target.jsonl")).misused(&["--rare", "--auto"]);
    dir.run(&format!("{select} --model m.json")).misused(&["--rare", "--model"]);
    dir.run(&format!("{select} --separate-targets --target rare=target.jsonl"))
        .misused(&["two targets named `rare`"]);
    let unknown = format!("{select} --target target.jsonl --combine product --exponents target=1,common=1");
    dir.run(&unknown).fails(&["no target `common`", "rare"]);
}
