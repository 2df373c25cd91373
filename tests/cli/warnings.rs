use crate::harness::{Dir, record};
use crate::kinds;

const SELECT: &str = "select -q --target target.jsonl --min-tokens 1";

/// A healthy run: a target of eighty documents, of which none is raw.
fn healthy() -> Dir {
    let dir = Dir::new();
    let words = ["sea", "tide", "boat", "wind", "sail", "wave", "tax", "form", "due", "rate", "file", "pay"];
    let text = |kind: usize, i: usize| {
        let word = |j: usize| words[6 * kind + (i * 7 + j * j * 5 + i * j * 3) % 6];
        (0..30).map(word).collect::<Vec<_>>().join(" ") + &format!(" number {i}")
    };
    dir.write("target.jsonl", (0..80).map(|i| record(&text(0, i + 1000))).collect::<String>());
    let raw = (0..600).map(|i| record(&text(usize::from(i % 3 > 0), i)));
    dir.write("raw.jsonl", raw.collect::<String>());
    dir
}

#[test]
fn a_healthy_run_warns_of_nothing() {
    let dir = healthy();
    let ran = dir.run(&format!("{SELECT} --buckets 500 -k 100 --summary s.json raw.jsonl"));
    assert_eq!(ran.stderr, "");
    assert_eq!(dir.json("s.json")["warnings"], serde_json::json!([]));
    assert!(ran.ok().matches("sea").count() > 100);
}

#[test]
fn a_selection_no_closer_than_chance() {
    let dir = healthy();
    // Nothing like the target is left to select.
    let ran =
        dir.run(&format!("{SELECT} --buckets 500 -k 100 --summary s.json --where-not text=*sea* raw.jsonl"));
    ran.warns(&["no closer to the target than a random one could be", "by chance up to"]);
    assert!(dir.json("s.json")["warnings"][0].as_str().unwrap().contains("no closer"));
    // Of a random draw it is no news.
    dir.run(&format!("{SELECT} --buckets 500 -k 100 --method random raw.jsonl")).says_nothing_of("no closer");
    // A few right documents are far from the target, because they are few: random ones are farther.
    let few = dir.run(&format!("{SELECT} -k 5 --summary s.json raw.jsonl"));
    few.says_nothing_of("no closer");
    let kl = &dir.json("s.json")["kl_reduction"][0];
    let (reduction, random) = (kl["reduction"].as_f64().unwrap(), kl["random"].as_f64().unwrap());
    assert!(random < -1.0 && random < reduction, "{random} {reduction}");
    // All of the corpus is no selection.
    let all = dir.run(&format!("{SELECT} --buckets 500 --fraction 1 raw.jsonl"));
    all.warns(&["no closer", "100% of all that is eligible", "ask for less"]);
}

#[test]
fn a_target_too_small_for_what_is_asked() {
    let dir = healthy();
    let target = dir.read("target.jsonl");
    dir.write("target.jsonl", target.lines().take(10).collect::<Vec<_>>().join("\n"));
    let words = ["the target is small", "10 documents", "--auto"];
    dir.run(&format!("{SELECT} --buckets 500 -k 100 raw.jsonl")).warns(&words);
    // Also by what is in it.
    let rare = |i: usize| (0..30).map(|j| format!("w{}", i * 30 + j)).collect::<Vec<_>>().join(" ");
    dir.write("target.jsonl", (0..25).map(|i| record(&rare(i))).collect::<String>());
    let select = |buckets: u32| dir.run(&format!("{SELECT} --buckets {buckets} -k 100 raw.jsonl"));
    select(100_000).warns(&["the target is small", "25 documents", "--buckets"]);
    select(50).says_nothing_of("target is small");
}

#[test]
fn copies_and_target_documents_in_the_selection() {
    let dir = healthy();
    let raw = dir.read("raw.jsonl");
    let line = |number: usize| raw.lines().nth(number).unwrap().to_owned() + "\n";
    dir.write("copies.jsonl", line(0) + &line(3) + &line(6));
    let ran = dir.run(&format!("{SELECT} -k 203 --summary s.json raw.jsonl copies.jsonl"));
    ran.warns(&[
        "copies in the selection, 3 among 203 records",
        "raw.jsonl and copies.jsonl",
        "remove copies",
    ]);
    assert_eq!(dir.json("s.json")["records_selected"]["copies"], 3);
    // With an id of their own they are no copies; with another field beside it, a text of the target is one all the
    // same.
    let target = dir.read("target.jsonl");
    let leaked: String =
        target.lines().take(5).map(|line| line.replace('{', "{\"id\": 1, ") + "\n").collect();
    dir.write("leaked.jsonl", leaked);
    let ran = dir.run(&format!("{SELECT} -k 205 --summary s.json raw.jsonl leaked.jsonl"));
    ran.warns(&[
        "texts of target documents in the selection, 5 among 205 records",
        "take them out of the raw corpus",
    ]);
    assert_eq!(dir.json("s.json")["records_selected"]["target_documents"], 5);
    for more in ["--auto", "--refine"] {
        let ran = dir.run(&format!("{SELECT} {more} -k 205 raw.jsonl leaked.jsonl"));
        ran.warns(&["texts of target documents in the selection"]);
    }
}

#[test]
fn draws_that_are_nearly_the_same() {
    let dir = kinds::corpus();
    let draws =
        |options: &str| dir.run(&format!("{SELECT} -k 100 --draws 3 -o out/e.jsonl {options} raw.jsonl"));
    draws("--summary s.json").warns(&[
        "draws are nearly the same",
        "of 100 records",
        "--temperature",
        "--disjoint",
    ]);
    let shared = dir.json("s.json")["records_selected"]["shared_by_draws"].as_u64().unwrap();
    assert!(shared > 90, "{shared}");
    std::fs::remove_dir_all(dir.path("out")).unwrap();
    draws("--method random").says_nothing_of("nearly the same");
    std::fs::remove_dir_all(dir.path("out")).unwrap();
    draws("--disjoint").says_nothing_of("nearly the same");
}

#[test]
fn a_temperature_that_lets_only_the_largest_in() {
    // Log weights 0 to 999: at temperature T they are worth about 2 T records.
    let dir = Dir::new();
    dir.write(
        "raw.jsonl",
        (0..1000).map(|i| format!("{{\"text\": \"a {i}\", \"n\": {i}}}\n")).collect::<String>(),
    );
    let resample = "resample -q --score-field n --log-scores --min-tokens 1 -k 100 -o out.jsonl raw.jsonl";
    let draw = |options: &str| dir.run(&format!("{resample} {options}"));
    draw("--temperature 3").warns(&[
        "at temperature 3.000 the draw is nearly a choice of the largest log weights",
        "worth 6.1 records of equal weight, and 100 were selected",
        "at about --temperature 96 it is worth as many",
    ]);
    draw("--temperature 0.01sd").warns(&["at temperature 2.887"]);
    for enough in
        ["--temperature 96", "--temperature 0.5sd", "", "--temperature 0", "--method topk", "--method random"]
    {
        draw(enough).says_nothing_of("at temperature");
    }
}

#[test]
fn a_budget_that_one_long_record_ends() {
    let dir = Dir::new();
    let scored = |score: u32, words: usize| {
        serde_json::json!({ "score": score, "text": "word ".repeat(words) }).to_string() + "\n"
    };
    dir.write("raw.jsonl", scored(9, 10) + &scored(8, 500) + &scored(7, 10) + &scored(6, 10));
    let resample = "resample -q --score-field score --method topk --min-tokens 1 --summary s.json raw.jsonl";
    let ran = dir.run(&format!("{resample} --tokens 300"));
    ran.warns(&[
        "only 10 of 300 tokens are used",
        "the next record in order of key has 500",
        "--chunk-words",
    ]);
    assert!(dir.json("s.json")["warnings"][0].as_str().unwrap().contains("only 10 of 300"));
    dir.run(&format!("{resample} --bytes 2k")).warns(&["of 2 000 bytes are used"]);
    dir.run(&format!("{resample} --tokens 515")).says_nothing_of("are used");
    dir.run(&format!("{resample} --tokens 5k --allow-fewer")).says_nothing_of("are used");
    dir.run(&format!("{resample} -k 1")).says_nothing_of("are used");
}

#[test]
fn the_summary_fits_eighty_columns_and_counts_one_document_as_one() {
    let dir = kinds::corpus();
    dir.write("one.jsonl", record("sea"));
    for select in
        ["--auto -k 50", "--refine --tokens 800", "-k 1", "-k 20 --draws 2 -o e/x.jsonl --group-by kind"]
    {
        let ran = dir.run(&format!("select --target target.jsonl --min-tokens 1 {select} raw.jsonl"));
        let told = ran.stderr.lines().filter(|line| !line.starts_with("warning: "));
        let long: Vec<&str> = told.filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{long:?}");
        assert!(!ran.stderr.contains(" 1 documents"), "{}", ran.stderr);
    }
    let one = dir.run("select --target one.jsonl --min-tokens 1 -k 1 one.jsonl");
    for words in [
        "raw        1 document in 1 shard",
        "all of 1 raw document",
        "target     1 document,",
        "selected   1 document,",
    ] {
        assert!(one.stderr.contains(words), "no {words:?} in\n{}", one.stderr);
    }
}

#[test]
fn what_is_of_no_use_is_not_left() {
    let dir = kinds::corpus();
    let select = format!("{SELECT} -k 5 -o out.jsonl");
    for (options, message) in [
        ("--where kind=none raw.jsonl", "no eligible record"),
        ("--invalid skip --text-field body raw.jsonl", "no document"),
    ] {
        dir.run(&format!("{select} {options}")).fails(&[message]);
        assert_eq!(dir.names(), ["raw.jsonl", "target.jsonl"], "{options}");
    }
    // What a corrected command can resume from stays.
    dir.run("select -q --target target.jsonl -k 5 -o out.jsonl raw.jsonl").fails(&["--min-tokens"]);
    assert!(dir.path("out.jsonl.dsir-work").exists());
}

#[test]
fn no_more_threads_than_there_is_work_for() {
    let dir = kinds::corpus();
    let threads = |asked: u32| {
        dir.run(&format!("{SELECT} -k 5 --threads {asked} --summary s.json raw.jsonl")).ok();
        dir.json("s.json")["threads"].as_u64().unwrap()
    };
    // 129 kB: three pieces.
    assert!(threads(1000) <= 3 && threads(1) == 1);
    assert_eq!(threads(2), 2);
}

#[test]
fn shares_of_targets_keep_them_apart() {
    let dir = kinds::corpus();
    dir.write("sea.jsonl", kinds::documents("sea", 40));
    dir.write("sky.jsonl", kinds::documents("sky", 40));
    let select = "select -q --target sea.jsonl --target sky.jsonl --min-tokens 1 -k 40";
    let apart = dir.run(&format!("{select} --separate-targets --proportions sea=3,sky=1 raw.jsonl")).ok();
    assert_eq!(dir.run(&format!("{select} --proportions sea=3,sky=1 raw.jsonl")).ok(), apart);
    assert_eq!(apart.matches("\"sea\"").count(), 30);
    // What does not fit is found out before the corpus is read.
    dir.write("bad.jsonl", "broken\n");
    dir.run(&format!("{select} --proportions sea=3,sly=1 bad.jsonl")).fails(&["no target `sly`", "sea, sky"]);
    dir.run("select --target sea.jsonl -k 1 --method pareto raw.jsonl").misused(&["gumbel, topk, random"]);
}
