//! Documents that share long n-grams with evaluation sets.

use serde_json::{Value, json};

use crate::harness::{Dir, gzip, ids};

/// The question that is in some documents, and one that is in none.
const FOUND: &str = "Natalia sold clips to forty of her friends in April, and then half as many in May.";
const NOT_FOUND: &str = "How many apples did the farmer pick before the rain came over the hills at noon?";

/// Sixty documents of which three hold the question: as it is, in other case and space, and with one word changed.
fn corpus() -> Dir {
    let dir = Dir::new();
    let filler = |i: usize| format!("Document {i} is about boats, harbors and the tide of day {}. ", i * 7);
    let text = |i: usize| match i {
        11 => filler(i) + FOUND + " " + &filler(i),
        25 => FOUND.to_uppercase().replace(' ', "\n  "),
        40 => filler(i) + &FOUND.replace("her", "his"),
        _ => filler(i).repeat(3),
    };
    let line = |i: usize| json!({ "id": i, "kind": i % 2, "text": text(i) }).to_string() + "\n";
    let lines: Vec<String> = (0..60).map(line).collect();
    dir.write("raw/a.jsonl", lines[..30].concat());
    dir.write("raw/b.jsonl", lines[30..].concat());
    dir.write("one.jsonl.gz", gzip(lines.concat()));
    dir.write("target.jsonl", json!({ "text": "boats and harbors and tides" }).to_string());
    let item = |question: &str| json!({ "question": question, "answer": "72" }).to_string() + "\n";
    dir.write("quiz.jsonl", item(NOT_FOUND) + &item(FOUND) + &item("Who?"));
    dir
}

const CLEAN: &str = "--decontaminate quiz.jsonl --decontaminate-field question --decontaminate-field answer";

fn told(dir: &Dir) -> Value {
    dir.json("s.json")["decontaminated"].clone()
}

#[test]
fn what_shares_an_ngram_is_left_out_and_told() {
    let dir = corpus();
    let select = format!("select --target target.jsonl --min-tokens 1 -k 58 {CLEAN} --summary s.json");
    let selected = dir.run(&format!("{select} --decontaminate-report out.jsonl raw")).ok();
    // With one word changed there is no longer any run of 13 tokens.
    let expected: Vec<u64> = (0..60).filter(|id| ![11, 25].contains(id)).collect();
    assert_eq!(ids(&selected), expected);

    let ngram = "natalia sold clips to forty of her friends in april , and then";
    assert_eq!(
        told(&dir),
        json!({ "ngrams": 13, "documents": 2, "sets": [{
            "name": "quiz", "items": 3, "too_short": 1, "untold": 0, "documents": 2, "items_found": 1,
            "example": { "document": "raw/a.jsonl:12", "item": "quiz.jsonl:2", "ngram": ngram },
        }] })
    );
    assert_eq!(dir.json("s.json")["left_out"], 2);
    let line = |line: u64| {
        json!({
            "file": "raw/a.jsonl", "line": line, "shared": [{ "set": "quiz", "item": "quiz.jsonl:2", "ngram": ngram }],
        })
    };
    let report: Vec<Value> =
        dir.read("out.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(report, [line(12), line(26)]);

    // Fewer tokens find the changed one, too.
    let clean = CLEAN.replace("quiz.jsonl", "quiz.jsonl --decontaminate-ngrams 8");
    let select = format!("select --target target.jsonl --min-tokens 1 -k 57 {clean} --summary s.json raw");
    assert!(!ids(&dir.run(&select).ok()).contains(&40));
    assert_eq!(told(&dir)["documents"], 3);
}

#[test]
fn however_the_corpus_comes() {
    let dir = corpus();
    let raw = dir.read("raw/a.jsonl") + &dir.read("raw/b.jsonl");
    dir.run("fit --target target.jsonl -o model.json raw").ok();
    for model in [
        "--model model.json",
        "--target target.jsonl --hash sha256",
        "--target target.jsonl --tokenizer unicode",
    ] {
        let select = format!("select {model} --min-tokens 1 -k 20 {CLEAN} --summary s.json");
        let expected = dir.run(&format!("{select} raw")).ok();
        let documents = told(&dir)["documents"].clone();
        assert_eq!(documents, 2, "{model}");
        for shards in ["one.jsonl.gz", "raw/b.jsonl raw/a.jsonl", "raw --threads 1"] {
            let mut found = ids(&dir.run(&format!("{select} {shards}")).ok());
            found.sort_unstable();
            assert_eq!(found, ids(&expected), "{model}: {shards}");
            assert_eq!(told(&dir)["documents"], 2);
        }
        let piped = dir.run_with_input(&format!("{select} -"), raw.as_bytes()).ok();
        assert_eq!(piped, expected, "{model}");
    }
    // Weights are those of `select`, and a draw from them is clean.
    dir.run(&format!("weigh --model model.json {CLEAN} --summary s.json -o w raw")).ok();
    assert_eq!(told(&dir)["documents"], 2);
    let from_weights = dir.run("resample --weights w --min-tokens 1 -k 20 raw").ok();
    let select = format!("select --model model.json --min-tokens 1 -k 20 {CLEAN}");
    assert_eq!(from_weights, dir.run(&format!("{select} raw")).ok());
}

#[test]
fn what_is_mixed_in_is_clean_too() {
    let dir = corpus();
    let select = format!("select --target target.jsonl --min-tokens 1 {CLEAN} raw");
    let all = dir.run(&format!("{select} -k 30 --mix-in kind=1=28")).ok();
    assert!(!ids(&all).iter().any(|id| [11, 25].contains(id)));
    dir.run(&format!("{select} -k 30 --mix-in kind=1=29")).fails(&["29 records", "only 28"]);
}

#[test]
fn a_run_that_is_resumed_tells_of_all() {
    let dir = corpus();
    let weighs =
        format!("select --target target.jsonl --min-tokens 1 {CLEAN} --summary s.json -o out.jsonl raw");
    dir.run(&format!("{weighs} -k 59")).fails(&["59 records asked for", "kept in out.jsonl.dsir-work"]);
    dir.run(&format!("{weighs} -k 20")).ok();
    let stages = dir.json("s.json")["stages"].clone();
    let weigh = stages.as_array().unwrap().iter().find(|stage| stage["stage"] == "weigh").unwrap();
    assert_eq!(weigh["bytes_before"], weigh["bytes"]);
    assert_eq!((&told(&dir)["documents"], &told(&dir)["sets"][0]["items_found"]), (&json!(2), &json!(1)));
    // Other evaluation sets are another job.
    dir.run(&format!("{weighs} -k 59")).fails(&["59 records asked for"]);
    let clean =
        weighs.replace("--decontaminate quiz.jsonl", "--decontaminate quiz.jsonl --decontaminate-ngrams 8");
    dir.run(&format!("{clean} -k 20")).ok();
    assert_eq!(told(&dir)["documents"], 3);
}

#[test]
fn sets_are_told_apart() {
    let dir = corpus();
    dir.write(
        "tides.jsonl",
        json!({ "text": "Document 5 is about boats, harbors and the tide of day 35." }).to_string(),
    );
    let clean = "--decontaminate quiz.jsonl --decontaminate sea=tides.jsonl --decontaminate-field question \
        --decontaminate-field text";
    // Each item has one of the fields only.
    dir.run(&format!("weigh --model m.json {clean} -o w raw")).fails(&["m.json"]);
    dir.run("fit --target target.jsonl -o m.json raw").ok();
    dir.run(&format!("weigh --model m.json {clean} -o w raw")).fails(&["quiz.jsonl:1", "text"]);
    dir.write("quiz.jsonl", dir.read("quiz.jsonl").replace("question", "text"));
    let clean = "--decontaminate quiz.jsonl --decontaminate sea=tides.jsonl";
    dir.run(&format!("weigh --model m.json {clean} --summary s.json -o w raw")).ok();
    let sets = told(&dir)["sets"].clone();
    let of = |set: usize| (sets[set]["name"].as_str().unwrap(), sets[set]["documents"].as_u64().unwrap());
    assert_eq!((of(0), of(1)), (("quiz", 2), ("sea", 1)));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = corpus();
    let select = "select --target target.jsonl --min-tokens 1 -k 5 raw";
    dir.run(&format!("{select} --decontaminate-ngrams 8"))
        .misused(&["--decontaminate-ngrams", "--decontaminate"]);
    dir.run(&format!("{select} --decontaminate quiz.jsonl --decontaminate-ngrams 4")).misused(&["5..=1000"]);
    dir.run(&format!("{select} --decontaminate-report r.jsonl")).misused(&["--decontaminate"]);
    dir.run(&format!("{select} --decontaminate none.jsonl")).fails(&["none.jsonl"]);
    dir.run(&format!("{select} --decontaminate -")).misused(&["--decontaminate", "`-`"]);
    dir.run(&format!("{select} --decontaminate quiz.jsonl")).fails(&[
        "quiz.jsonl:1",
        "no field `text` in the evaluation item",
        "--decontaminate-field",
    ]);
    dir.run(&format!("{select} --decontaminate quiz.jsonl --dry-run")).fails(&["quiz.jsonl:1"]);
    dir.run(&format!("{select} {CLEAN} --mix-in one.jsonl.gz=5"))
        .misused(&["--mix-in FILE", "--decontaminate"]);
    dir.run(&format!("{select} {CLEAN} --tokenizer bytes")).misused(&["--decontaminate", "bytes"]);
    // No record is clean of itself.
    dir.run("select --target target.jsonl --min-tokens 1 -k 5 --decontaminate raw raw")
        .fails(&["--decontaminate"]);
    let over = format!("{select} {CLEAN} --decontaminate-report quiz.jsonl");
    dir.run(&over).fails(&["quiz.jsonl"]);
    dir.run(&format!("{select} {CLEAN}")).warns(&["of quiz, 1 of 3 items", "--decontaminate-field"]);
}

#[test]
fn what_the_selection_shares_with_the_target_is_warned_of() {
    let dir = corpus();
    let item = |text: &str| json!({ "text": text }).to_string() + "\n";
    dir.write("target.jsonl", item(FOUND) + &item("boats and harbors and tides"));
    let select = "select --target target.jsonl --min-tokens 1 -k 58 --temperature 50 --summary s.json";
    let warned = dir
        .run(&format!("{select} raw"))
        .warns(&["of 58 selected records have 13 tokens", "--decontaminate"]);
    let told = dir.json("s.json")["records_selected"].clone();
    let sharing = ids(&warned).iter().filter(|id| [11, 25].contains(*id)).count();
    assert!(sharing > 0, "with another seed, they may be the two that are not selected");
    assert_eq!((&told["target_ngrams"], &told["target_documents"]), (&json!(sharing), &json!(0)));
    for shards in ["one.jsonl.gz", "raw --threads 1"] {
        dir.run(&format!("{select} {shards}")).ok();
        assert_eq!(dir.json("s.json")["records_selected"], told);
    }
    let clean = dir.run(&format!("{select} --decontaminate target.jsonl raw"));
    assert!(!clean.says_nothing_of("13 tokens in a row of target").is_empty());
    assert_eq!(dir.json("s.json")["records_selected"]["target_ngrams"], 0);
    // Of a model alone, nobody knows the target's text.
    dir.run("fit --target target.jsonl -o m.json raw").ok();
    dir.run("select --model m.json --min-tokens 1 -k 58 --summary s.json raw").says_nothing_of("13 tokens");
    assert_eq!(dir.json("s.json")["records_selected"]["target_ngrams"], Value::Null);
}

#[test]
fn weights_are_not_joined_by_those_that_are_not_clean() {
    let dir = corpus();
    dir.run("fit --target target.jsonl -o m.json raw").ok();
    dir.run(&format!("weigh --model m.json {CLEAN} -o w raw/a.jsonl")).ok();
    dir.run("weigh --model m.json -o w raw/b.jsonl").fails(&["w", "other text fields or conditions"]);
    dir.run(&format!("weigh --model m.json {CLEAN} -o w raw/b.jsonl")).ok();
}

#[test]
fn ids_go_by_themselves() {
    let dir = Dir::new();
    let ids = |from: usize| {
        (from..from + 30).map(|id| (id * 7919 % 1000).to_string()).collect::<Vec<_>>().join(",")
    };
    let line = |i: usize| format!("{{\"id\": {i}, \"text\": [{}]}}\n", ids(i * 40));
    dir.write("raw.jsonl", (0..20).map(line).collect::<String>());
    dir.write("target.jsonl", line(1));
    dir.write("items.jsonl", format!("{{\"text\": [5, {}]}}\n", ids(3 * 40 + 5)));
    let select =
        "select --tokenizer ids --target target.jsonl --min-tokens 1 -k 19 --decontaminate items.jsonl";
    let selected = dir.run(&format!("{select} --summary s.json raw.jsonl")).ok();
    assert_eq!(told(&dir)["documents"], 1);
    assert!(!crate::harness::ids(&selected).contains(&3));
}
