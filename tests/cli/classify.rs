//! Log-ratios that tell documents of the target from others.

use serde_json::{Value, json};

use crate::harness::{Dir, sorted};
use crate::kinds::{corpus, documents, in_parts};

const SELECT: &str = "select --target target.jsonl --min-tokens 1 --learn classifier";
const FIT: &str = "fit --target target.jsonl --min-tokens 1 --learn classifier";

fn classifier(dir: &Dir, model: &str) -> Value {
    dir.json(model)["targets"][0]["classifier"].clone()
}

/// e to the log weight per token and the bias, as odds.
fn probability(log_weight: f64, tokens: f64, bias: f64) -> f64 {
    1.0 / (1.0 + (-(bias + log_weight * 100.0 / tokens)).exp())
}

#[test]
fn documents_of_the_target_are_selected_and_told_apart() {
    let dir = corpus();
    let ran = dir.run(&format!("{SELECT} -k 300 --temperature 0 --summary s.json raw.jsonl"));
    assert!(ran.stderr.contains("classifier learned from 80 documents and 1 000 others"), "{}", ran.stderr);
    let selected = ran.ok();
    assert!(!selected.contains("\"tax\""), "{selected}");
    let told = dir.json("s.json")["classified"][0].clone();
    assert_eq!((&told["target"], &told["documents"]), (&json!("target"), &json!([80, 1000])));
    // Of the raw documents, 400 of 1000 are like the target, and the others are all told apart.
    let auc = told["held_out"]["auc"].as_f64().unwrap();
    assert!((0.75..0.85).contains(&auc), "{told}");
}

#[test]
fn is_fit_weigh_and_resample_in_one() {
    let dir = corpus();
    let one = dir.run(&format!("{SELECT} -k 50 raw.jsonl")).ok();
    dir.run(&format!("{FIT} -o model.json raw.jsonl")).ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    assert_eq!(dir.run("resample --weights weights --min-tokens 1 -k 50 raw.jsonl").ok(), one);
    assert_eq!(dir.run("select --model model.json --min-tokens 1 -k 50 raw.jsonl").ok(), one);
    assert_eq!(dir.json("model.json")["dsir_model"], 3);
    let words = dir.run("inspect model.json").ok();
    assert!(
        words.contains("classifier     learned from 80 documents of it and 1 000 others; AUC 0.8"),
        "{words}"
    );
}

#[test]
fn learns_the_same_however_the_corpus_comes() {
    let dir = corpus();
    dir.run(&format!("{FIT} --threads 1 -o one.json raw.jsonl")).ok();
    let raw = in_parts(&dir);
    dir.run(&format!("{FIT} --threads 3 -o parts.json parts")).ok();
    assert!(classifier(&dir, "one.json").is_object());
    assert_eq!(dir.read("one.json"), dir.read("parts.json"));
    let one = dir.run(&format!("{SELECT} -k 50 --threads 1 raw.jsonl")).ok();
    assert_eq!(sorted(&dir.run(&format!("{SELECT} -k 50 --threads 2 parts")).ok()), sorted(&one));
    assert_eq!(dir.run_with_input(&format!("{SELECT} -k 50 -"), raw.as_bytes()).ok(), one);
}

#[test]
fn probabilities_lie_beside_the_weights() {
    let dir = corpus();
    dir.run(&format!("{FIT} -o model.json raw.jsonl")).ok();
    let bias = classifier(&dir, "model.json")["bias"].as_f64().unwrap();
    dir.run("weigh --model model.json --sidecar dolma -o weights raw.jsonl").ok();
    let of_first = |name: &str, attribute: &str| {
        let line: Value = serde_json::from_str(dir.read(name).lines().next().unwrap()).unwrap();
        line["attributes"][attribute][0][2].as_f64().unwrap()
    };
    let [log_weight, found] =
        ["dsir__log_weight", "dsir__probability"].map(|name| of_first("weights/raw.jsonl", name));
    let expected = probability(log_weight, 16.0, bias);
    assert!((found - expected).abs() < 1e-12 && found > 0.5, "{found}, not {expected}");
    // They are scores like any other.
    let by_score = "resample --scores weights/raw.jsonl:attributes.dsir__probability";
    assert!(!dir.run(&format!("{by_score} --method pareto --min-tokens 1 -k 20 raw.jsonl")).ok().is_empty());
}

#[test]
fn others_may_be_named() {
    let dir = corpus();
    dir.write("tax.jsonl", documents("tax", 50));
    let against =
        |options: &str| dir.run(&format!("{FIT} --against tax.jsonl {options} -o m.json raw.jsonl"));
    against("").ok();
    let found = classifier(&dir, "m.json");
    assert_eq!(found["documents"], json!([80, 50]));
    assert_eq!(found["held_out"]["auc"], 1.0, "the target has nothing of taxes");
    // What is wrong with them is told, as of any shard.
    dir.write("tax.jsonl", documents("tax", 5) + "{\"text\": 5}\n");
    against("").fails(&["tax.jsonl:6", "text"]);
    against("--invalid skip").ok();
    dir.run(&format!("{FIT} --against tax.jsonl --rejects r.jsonl -o m.json raw.jsonl")).ok();
    assert_eq!(dir.read("r.jsonl").lines().count(), 1);
    dir.write("tax.jsonl", "");
    against("").fails(&["against: no document"]);
    dir.run(&format!("{SELECT} --against tax.jsonl --dry-run -k 5 raw.jsonl"))
        .fails(&["against: no document"]);
}

#[test]
fn raw_records_may_be_known_by_ids_that_targets_do_not_have() {
    let dir = corpus();
    let numbered = |(id, line): (usize, &str)| line.replacen("{", &format!("{{\"number\":{id},"), 1) + "\n";
    dir.write("raw.jsonl", dir.read("raw.jsonl").lines().enumerate().map(numbered).collect::<String>());
    dir.run(&format!("{SELECT} --id-field number -k 50 raw.jsonl")).ok();
}

#[test]
fn a_target_like_raw_is_known_for_it() {
    let dir = corpus();
    dir.write("target.jsonl", documents("tax", 60));
    dir.write("raw.jsonl", documents("tax", 600));
    let ran = dir.run(&format!("{FIT} -o m.json raw.jsonl"));
    ran.warns(&["hardly tells documents of the target from others", "0.693"]);
    let loss = classifier(&dir, "m.json")["held_out"]["log_loss"].as_f64().unwrap();
    assert!((0.68..0.6932).contains(&loss), "{loss}");
}

#[test]
fn separate_targets_have_a_classifier_each() {
    let dir = corpus();
    dir.write("sea.jsonl", documents("sea", 40));
    dir.write("sky.jsonl", documents("sky", 40));
    let targets = "--target sea=sea.jsonl --target sky=sky.jsonl --separate-targets --min-tokens 1";
    dir.run(&format!("fit {targets} --learn classifier -o m.json raw.jsonl")).ok();
    dir.run("weigh --model m.json --sidecar dolma -o weights raw.jsonl").ok();
    let line: Value = serde_json::from_str(dir.read("weights/raw.jsonl").lines().next().unwrap()).unwrap();
    let probability =
        |name: &str| line["attributes"][format!("dsir__probability_{name}")][0][2].as_f64().unwrap();
    assert!(probability("sea") > 0.5 && probability("sky") < 0.5, "{line}");
    let drawn = dir.run(&format!("select {targets} --learn classifier -k 40 raw.jsonl")).ok();
    assert!(drawn.matches("\"sea\"").count() >= 19 && drawn.matches("\"sky\"").count() >= 19, "{drawn}");
}

#[test]
fn of_a_few_documents_nothing_is_held_out() {
    let dir = corpus();
    dir.write("target.jsonl", documents("sea", 3));
    let ran = dir.run(&format!("{SELECT} -k 50 --temperature 0 raw.jsonl"));
    assert!(ran.stderr.contains("warning: nothing tells how good the classifier is"), "{}", ran.stderr);
    assert!(ran.ok().matches("\"sea\"").count() >= 45);
}

#[test]
fn what_cannot_be_classified() {
    let dir = corpus();
    dir.run(&format!("{FIT} -o model.json")).misused(&["--learn", "RAW"]);
    dir.run("fit --learn classifier -o model.json raw.jsonl").misused(&["--target"]);
    dir.run(&format!("{FIT} --refine-for 0.1 -o model.json raw.jsonl")).misused(&["--refine-for", "--learn"]);
    dir.run(&format!("{SELECT} --refine -k 5 raw.jsonl")).misused(&["--refine", "--learn"]);
    dir.run(&format!("{SELECT} --auto -k 5 raw.jsonl")).misused(&["--auto", "--learn"]);
    dir.run(&format!("{SELECT} --rare -k 5 raw.jsonl")).misused(&["--rare has no text to learn from"]);
    dir.run("fit --target target.jsonl --against raw.jsonl -o m.json raw.jsonl").misused(&["--learn"]);
    for other in ["--refine", "--auto"] {
        let select = format!("select --target target.jsonl {other} --against raw.jsonl -k 5 raw.jsonl");
        dir.run(&select).misused(&["--against is for --learn"]);
    }
    dir.run(&format!("{FIT} --against - -o m.json -")).misused(&["standard input", "RAW and --against"]);
    dir.run("select --target target.jsonl --learn classifier --min-tokens 1000 -k 5 raw.jsonl")
        .fails(&["no document to tell target `target` from"]);
}
