//! The options that are best for nearly all targets, in one.

use crate::harness::{Dir, sorted};
use crate::kinds::{corpus, documents};

const SELECT: &str = "select --target target.jsonl --min-tokens 1";
/// What `--auto` stands for.
const OPTIONS: &str = "--buckets 65536 --fit-tokens 1e9 --refine";

#[test]
fn selects_what_the_options_that_it_stands_for_select() {
    let dir = corpus();
    let auto = dir.run(&format!("{SELECT} -k 100 --auto --summary s.json raw.jsonl")).ok();
    assert_eq!(dir.run(&format!("{SELECT} -k 100 {OPTIONS} --summary typed.json raw.jsonl")).ok(), auto);
    let (auto, typed) = (dir.json("s.json"), dir.json("typed.json"));
    for part in ["feature_space", "refined", "selected", "kl_reduction", "eligible"] {
        assert!(!auto[part].is_null());
        assert_eq!(auto[part], typed[part], "{part}");
    }
    // The summary tells of options as they were in force.
    let mut told = auto["options"].clone();
    told["run"]["summary"] = "typed.json".into();
    assert_eq!(told, typed["options"]);
    assert_eq!(
        dir.run("select --config s.json --summary again.json").ok(),
        dir.run("select --config typed.json").ok()
    );
    // What is typed beside it counts.
    let with =
        |options: &str, more: &str| dir.run(&format!("{SELECT} -k 100 {options} {more} raw.jsonl")).ok();
    let more = "--ngrams 1 --tokenizer unicode --fit-tokens all";
    assert_eq!(with("--auto", more), with("--buckets 65536 --refine", more));
}

#[test]
fn plain_weights_are_kept_where_nothing_is_better() {
    let dir = corpus();
    let all = dir.run(&format!("{SELECT} --fraction 1 --auto --summary s.json raw.jsonl")).ok();
    assert_eq!(all, dir.read("raw.jsonl"));
    assert_eq!(dir.json("s.json")["refined"][0]["rounds"], serde_json::Value::Null);
}

#[test]
fn for_a_target_of_nine_documents_log_ratios_are_drawn_towards_raw_and_that_is_said() {
    let dir = corpus();
    dir.write("target.jsonl", documents("sea", 9));
    let ran = dir.run(&format!("{SELECT} -k 20 --auto raw.jsonl"));
    assert!(ran.stderr.contains("warning: refining could not be evaluated"), "{}", ran.stderr);
    assert_eq!(dir.run(&format!("{SELECT} -k 20 {OPTIONS} raw.jsonl")).ok(), ran.ok());
    // Without anything to draw, it ends as it would without.
    dir.run("select --target target.jsonl -k 20 --auto raw.jsonl").fails(&["no eligible record"]);
}

#[test]
fn what_it_is_not_for() {
    let dir = corpus();
    dir.run("select --auto -k 5 raw.jsonl").misused(&["--target"]);
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("select --auto --model model.json -k 5 raw.jsonl").misused(&["--model"]);
    for option in ["--refine", "--buckets 1000", "--normalize none", "--learn classifier"] {
        let name = option.split(' ').next().unwrap();
        dir.run(&format!("{SELECT} -k 5 --auto {option} raw.jsonl")).misused(&["--auto", name]);
    }
    for other in ["--temperature 2", "--method topk", "--method random"] {
        dir.run(&format!("{SELECT} -k 5 --auto {other} raw.jsonl")).misused(&["--auto, is for"]);
    }
    let product = "--separate-targets --combine product";
    dir.run(&format!("{SELECT} -k 5 --auto {product} raw.jsonl")).misused(&["--auto, is for"]);
}

/// 45 000 documents of 300 words, more than the samples hold: of each kind half as many as of the one before.
fn large_corpus() -> Dir {
    const SYLLABLES: [&str; 8] = ["ba", "ko", "li", "mu", "ne", "po", "ru", "ti"];
    let document = |kind: usize, i: usize| {
        let word = |j: usize| {
            let at = i * 7 + j * j * 3 + j * i;
            format!("{}{}", SYLLABLES[at % 8], SYLLABLES[(at / 8 + kind) % 8])
        };
        // Half of the words are the same in all kinds.
        let words: Vec<String> =
            (0..300).map(|j| if j % 2 == 0 { word(j) } else { format!("{}{kind}", word(j)) }).collect();
        serde_json::json!({ "id": i, "text": words.join(" ") }).to_string() + "\n"
    };
    let kind = |i: usize| (i.trailing_ones() as usize).min(9);
    let dir = Dir::new();
    dir.write("target.jsonl", (0..60).map(|i| document(7 + i % 2, 1_000_000 + i)).collect::<String>());
    dir.write("one.jsonl", (0..30_000).map(|i| document(kind(i), i)).collect::<String>());
    dir.write("two.jsonl", (30_000..45_000).map(|i| document(kind(i), i)).collect::<String>());
    dir
}

#[test]
fn selects_the_same_from_a_corpus_of_which_it_samples_a_part() {
    let dir = large_corpus();
    let select = "select --target target.jsonl -k 200";
    let auto = dir.run(&format!("{select} --auto --threads 1 --summary s.json one.jsonl two.jsonl")).ok();
    assert_eq!(dir.json("s.json")["refined"][0]["history"].as_array().unwrap().len(), 14);
    let selected = sorted(&auto);
    assert_eq!(sorted(&dir.run(&format!("{select} --auto --threads 3 two.jsonl one.jsonl")).ok()), selected);
    assert_eq!(
        sorted(&dir.run(&format!("{select} {OPTIONS} --threads 2 two.jsonl one.jsonl")).ok()),
        selected
    );
}
