//! Options that are chosen by trying them.

use serde_json::Value;

use crate::harness::{Dir, gzip, sorted};
use crate::kinds::{corpus, document, documents};

const SELECT: &str = "select --target target.jsonl --min-tokens 1";

/// What `--auto` chose in a run whose summary is `s.json`, and the KL reductions of all six.
fn chosen(dir: &Dir) -> (String, Vec<(String, f64)>) {
    let auto = dir.json("s.json")["auto"].clone();
    let reductions = auto["candidates"].as_array().unwrap().iter().map(|judged| {
        let name = format!("{} {}", judged["ngrams"], judged["weights"].as_str().unwrap());
        (name, judged["kl_reduction"].as_f64().unwrap())
    });
    (auto["options"].as_str().unwrap().to_owned(), reductions.collect())
}

#[test]
fn selects_what_the_options_that_it_names_select() {
    let dir = corpus();
    // The documents about the sky are rarer, so each weighs more: plain weights take nothing else, and refined ones of
    // both.
    let ran = dir.run(&format!("{SELECT} -k 100 --auto --summary s.json raw.jsonl"));
    let (options, reductions) = chosen(&dir);
    assert!(options.ends_with(" --refine"), "{reductions:?}");
    assert!(ran.stderr.contains(&format!("auto       {options}: KL reduction ")), "{}", ran.stderr);
    let selected = ran.ok();
    assert_eq!(dir.run(&format!("{SELECT} -k 100 {options} --summary typed.json raw.jsonl")).ok(), selected);

    let names: Vec<&str> = reductions.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["2 published", "1 published", "2 tokens", "1 tokens", "2 refined", "1 refined"],
        "in the order in which the first of equals is chosen"
    );
    let best = reductions.iter().map(|(_, reduction)| *reduction).fold(f64::NEG_INFINITY, f64::max);
    assert!(best > reductions[0].1 + 0.1, "{reductions:?}");
    let (auto, typed) = (dir.json("s.json"), dir.json("typed.json"));
    for part in ["feature_space", "refined", "selected", "kl_reduction", "eligible"] {
        assert!(!auto[part].is_null());
        assert_eq!(auto[part], typed[part], "{part}");
    }
    // The summary tells of options as they were in force.
    let mut told = auto["options"].clone();
    assert_eq!(told["refine"]["auto"], true);
    told["refine"]["auto"] = false.into();
    told["run"]["summary"] = "typed.json".into();
    assert_eq!(told, typed["options"]);
}

#[test]
fn what_was_published_is_chosen_where_nothing_is_better() {
    let dir = Dir::new();
    // The same words forwards and backwards: 1-grams cannot tell them apart, and any weights of 2-grams can.
    let records = |text: &str, ids: std::ops::Range<usize>| -> String {
        let record = |id| serde_json::json!({ "id": id, "text": text.repeat(3) }).to_string() + "\n";
        ids.map(record).collect()
    };
    let (forwards, backwards) = ("one two three four five six ", "six five four three two one ");
    dir.write("target.jsonl", records(forwards, 0..40));
    dir.write("raw.jsonl", records(forwards, 100..400) + &records(backwards, 400..700));
    let published = dir.run(&format!("{SELECT} -k 100 raw.jsonl")).ok();
    let auto = dir.run(&format!("{SELECT} -k 100 --auto --summary s.json raw.jsonl")).ok();
    assert!(auto == published && auto.matches("one two").count() == 300);
    let (options, reductions) = chosen(&dir);
    assert_eq!(options, "--ngrams 2");
    for (name, reduction) in &reductions {
        match name.starts_with('2') {
            true => assert!(*reduction == reductions[0].1 && *reduction > 0.05, "{name}: {reduction}"),
            false => assert!(reduction.abs() < 1e-3, "{name}: {reduction}"),
        }
    }

    // Where all of the corpus is selected, whatever the weights, there is nothing to choose.
    let all = dir.run(&format!("{SELECT} --fraction 1 --auto --summary s.json raw.jsonl")).ok();
    assert_eq!(all, dir.read("raw.jsonl"));
    let (options, reductions) = chosen(&dir);
    assert_eq!(options, "--ngrams 2");
    assert!(reductions.iter().all(|(_, reduction)| *reduction == 0.0), "{reductions:?}");
}

#[test]
fn chooses_the_same_however_the_corpus_comes() {
    let dir = corpus();
    let one = dir.run(&format!("{SELECT} -k 50 --auto --threads 1 --summary s.json raw.jsonl")).ok();
    let auto = dir.json("s.json")["auto"].clone();
    let raw = dir.read("raw.jsonl");
    let lines: Vec<&str> = raw.lines().rev().collect();
    for (number, part) in lines.chunks(370).enumerate() {
        dir.write(&format!("parts/{number}.jsonl"), gzip(part.join("\n")));
    }
    let parts = dir.run(&format!("{SELECT} -k 50 --auto --threads 3 --summary s.json parts")).ok();
    assert_eq!(dir.json("s.json")["auto"], auto);
    assert_eq!(sorted(&parts), sorted(&one));
    let streamed = format!("{SELECT} -k 50 --auto --summary s.json -");
    assert_eq!(dir.run_with_input(&streamed, raw.as_bytes()).ok(), one);
    assert_eq!(dir.json("s.json")["auto"], auto);
    // The target may be a stream too.
    let streamed = "select --target target=- --min-tokens 1 -k 50 --auto --summary s.json raw.jsonl";
    let target = dir.read("target.jsonl");
    assert_eq!(dir.run_with_input(streamed, target.as_bytes()).ok(), one);
    assert_eq!(dir.json("s.json")["auto"], auto);
}

#[test]
fn for_a_target_of_nine_documents_log_ratios_are_drawn_towards_raw_and_that_is_said() {
    let dir = corpus();
    dir.write("target.jsonl", documents("sea", 9));
    let refined = dir.run(&format!("{SELECT} -k 20 --refine raw.jsonl")).ok();
    let ran = dir.run(&format!("{SELECT} -k 20 --auto --summary s.json raw.jsonl"));
    assert!(ran.stderr.contains("warning: the ways to weigh could not be evaluated"), "{}", ran.stderr);
    assert_eq!(ran.ok(), refined);
    assert_eq!(chosen(&dir), ("--ngrams 2 --refine".into(), vec![]));
    // Without anything to draw, it ends as it would without.
    dir.run("select --target target.jsonl -k 20 --auto raw.jsonl").fails(&["no eligible record"]);
}

#[test]
fn separate_targets_have_one_choice_and_small_ones_no_say() {
    let dir = corpus();
    dir.write("sky.jsonl", documents("sky", 80));
    dir.write("few.jsonl", documents("sea", 5));
    let targets = "--target mix=target.jsonl --target sky.jsonl --target few.jsonl --separate-targets";
    let select = format!("select {targets} --proportions mix=3,sky=1,few=1 --min-tokens 1 -k 80");
    let ran = dir.run(&format!("{select} --auto --summary s.json raw.jsonl"));
    let words = "warning: few: has no say in what is chosen: fewer than 10 target documents";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    let auto = dir.json("s.json")["auto"].clone();
    assert_eq!(auto["targets"], serde_json::json!(["mix", "sky", "few"]));
    for judged in auto["candidates"].as_array().unwrap() {
        let of = |target: usize| judged["kl_reductions"][target].as_f64();
        let mean = (of(0).unwrap() + of(1).unwrap()) / 2.0;
        assert!((judged["kl_reduction"].as_f64().unwrap() - mean).abs() < 1e-6, "{judged}");
        assert_eq!((of(2), &judged["rounds"][2]), (None, &Value::Null));
    }
    let (options, _) = chosen(&dir);
    assert_eq!(dir.run(&format!("{select} {options} raw.jsonl")).ok(), ran.ok());
}

#[test]
fn only_what_may_be_drawn_is_tried() {
    let dir = corpus();
    let judged = |options: &str| {
        dir.run(&format!("{SELECT} --fraction 0.1 --auto {options} --summary s.json raw.jsonl")).ok();
        chosen(&dir).1
    };
    let all = judged("");
    assert_eq!(judged("--where kind=*"), all);
    // Without the taxes, the corpus is nearer to the target, and there is less to gain.
    let without = judged("--where-not kind=tax");
    assert!(without.iter().zip(&all).all(|((_, without), (_, all))| without < all), "{without:?} {all:?}");
    // Records that are left out, mixed in or too short may as well not be there.
    dir.write("raw.jsonl", dir.read("raw.jsonl") + &document("few", 0, 5) + &document("few", 1, 15));
    let too_short = |options: &str| {
        let select = "select --target target.jsonl --min-tokens 16 --fraction 0.1 --auto";
        dir.run(&format!("{select} {options} --summary s.json raw.jsonl")).ok();
        chosen(&dir).1
    };
    assert_eq!(too_short(""), all);
    assert_eq!(judged("--mix-in kind=few=1"), all);
    assert_ne!(judged(""), all);
}

#[test]
fn an_invalid_record_ends_the_run_or_is_skipped_as_without() {
    let dir = corpus();
    dir.write("raw.jsonl", dir.read("raw.jsonl") + "{\"text\": 7}\n");
    dir.run(&format!("{SELECT} -k 50 --auto raw.jsonl")).fails(&["raw.jsonl:1001"]);
    dir.run(&format!("{SELECT} -k 50 --auto --text-field id raw.jsonl")).fails(&["target.jsonl:1"]);
    dir.write("numbers.jsonl", "{\"text\": 7}\n");
    let none = ["raw: no document", "1 records were read and 1 skipped"];
    dir.run(&format!("{SELECT} -k 50 --auto --invalid skip numbers.jsonl")).fails(&none);
    let skip = "--rejects rejects.jsonl --summary s.json";
    let auto = dir.run(&format!("{SELECT} -k 50 --auto {skip} raw.jsonl")).ok();
    let rejects = dir.read("rejects.jsonl");
    assert_eq!(rejects.lines().count(), 1);
    let options = chosen(&dir).0;
    assert_eq!(dir.run(&format!("{SELECT} -k 50 {options} {skip} raw.jsonl")).ok(), auto);
    assert_eq!(dir.read("rejects.jsonl"), rejects);
}

#[test]
fn what_cannot_be_chosen_for() {
    let dir = corpus();
    dir.run("select --auto -k 5 raw.jsonl").misused(&["--target"]);
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("select --auto --model model.json -k 5 raw.jsonl").misused(&["--model"]);
    for option in ["--refine", "--ngrams 2", "--normalize none"] {
        let name = option.split(' ').next().unwrap();
        dir.run(&format!("{SELECT} -k 5 --auto {option} raw.jsonl")).misused(&["--auto", name]);
    }
    for other in ["--temperature 2", "--method topk", "--method random"] {
        dir.run(&format!("{SELECT} -k 5 --auto {other} raw.jsonl")).misused(&["--auto is for"]);
    }
    let product = "--separate-targets --combine product";
    dir.run(&format!("{SELECT} -k 5 --auto {product} raw.jsonl")).misused(&["--auto is for"]);
    dir.run(&format!("{SELECT} -k 5 --auto --tokenizer ids raw.jsonl")).misused(&["--auto evaluates", "ids"]);
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
fn selects_the_same_from_a_corpus_of_which_it_tries_a_part() {
    let dir = large_corpus();
    let select = "select --target target.jsonl -k 200";
    let auto = dir.run(&format!("{select} --auto --threads 1 --summary s.json one.jsonl two.jsonl")).ok();
    let (options, reductions) = chosen(&dir);
    assert!(options.ends_with(" --refine"), "{options}: {reductions:?}");
    let selected = sorted(&auto);
    assert_eq!(sorted(&dir.run(&format!("{select} --auto --threads 3 two.jsonl one.jsonl")).ok()), selected);
    assert_eq!(
        sorted(&dir.run(&format!("{select} {options} --threads 2 two.jsonl one.jsonl")).ok()),
        selected
    );
}
