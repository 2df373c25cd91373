use crate::harness::{Dir, document, sorted};

#[test]
fn selects_what_is_like_the_target() {
    let dir = Dir::with_corpus();
    let selected =
        dir.run("select --target target.jsonl -k 10 --min-tokens 1 --temperature 0 raw.jsonl").ok();
    let sea: String = (0..40).step_by(4).map(document).collect();
    assert_eq!(selected, sea, "the ten documents about the sea, byte for byte, in input order");
}

#[test]
fn is_fit_weigh_and_resample_in_one() {
    let dir = Dir::with_corpus();
    dir.write("more/a.jsonl", (40..60).map(document).collect::<String>());
    dir.write("more/b.jsonl", (60..90).map(document).collect::<String>());
    for options in [
        "-k 9",
        "--fraction 0.3 --seed 5",
        "--tokens 100 --shuffle",
        "--bytes 1000 --annotate --temperature 2",
    ] {
        let one =
            dir.run(&format!("select --target target.jsonl --min-tokens 1 {options} raw.jsonl more")).ok();
        dir.run("fit --target target.jsonl -o model.json raw.jsonl more").ok();
        dir.run("weigh --model model.json -o weights raw.jsonl more").ok();
        let steps =
            dir.run(&format!("resample --weights weights --min-tokens 1 {options} raw.jsonl more")).ok();
        let with_model =
            dir.run(&format!("select --model model.json --min-tokens 1 {options} raw.jsonl more")).ok();
        assert!(!one.is_empty());
        assert_eq!(one, steps);
        assert_eq!(one, with_model);
    }
}

#[test]
fn the_same_seed_gives_the_same_and_another_another_selection() {
    let dir = Dir::with_corpus();
    let select = |seed: u64| {
        dir.run(&format!(
            "select --target target.jsonl -k 5 --min-tokens 1 --temperature 50 --seed {seed} raw.jsonl"
        ))
        .ok()
    };
    assert_eq!(select(1), select(1));
    assert_ne!(select(1), select(2));
}

#[test]
fn separate_targets_draw_their_shares_without_repeats() {
    let dir = Dir::with_corpus();
    dir.write("tax.jsonl", "{\"text\": \"the tax office wants its invoice form\"}\n");
    let select = |options: &str| {
        let command = "select --target sea=target.jsonl --target tax=tax.jsonl --separate-targets --min-tokens 1 --temperature 0";
        dir.run(&format!("{command} {options} --summary summary.json raw.jsonl")).ok()
    };
    let selected = select("-k 12 --proportions sea=1,tax=2");
    assert_eq!(selected.lines().filter(|line| line.contains("boats")).count(), 4);
    assert_eq!(selected.lines().filter(|line| line.contains("invoice")).count(), 8);
    let summary = dir.json("summary.json");
    assert_eq!(summary["draw"][0]["name"], "sea");
    assert_eq!(summary["draw"][0]["selected"]["records"], 4);
    assert_eq!(summary["draw"][1]["selected"]["records"], 8);

    // By default the shares follow the targets' tokens, 16 and 7; only ten documents are about the sea.
    assert_eq!(select("-k 23").lines().filter(|line| line.contains("invoice")).count(), 6 + 7);
    // What one target has taken, the other cannot: all forty once.
    let everything = select("-k 40 --proportions 1,1");
    assert_eq!(sorted(&everything), sorted(&dir.read("raw.jsonl")));
}

#[test]
fn several_targets_count_as_one_unless_kept_apart() {
    let dir = Dir::with_corpus();
    let (one, two) = {
        let text = dir.read("target.jsonl");
        let mut lines = text.lines().map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap())
    };
    dir.write("one.jsonl", one);
    dir.write("two.jsonl", two);
    let options = "-k 5 --min-tokens 1 --seed 3 raw.jsonl";
    let together = dir.run(&format!("select --target target.jsonl {options}")).ok();
    assert_eq!(dir.run(&format!("select --target one.jsonl --target b=two.jsonl {options}")).ok(), together);
}

#[test]
fn the_summary_answers_what_people_ask() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", dir.read("raw.jsonl") + "not json\n{\"text\": \"short\"}\n");
    let command =
        "select --target target.jsonl -k 6 --min-tokens 5 --invalid skip --summary summary.json raw.jsonl";
    let ran = dir.run(command);
    let summary = dir.json("summary.json");
    assert_eq!(summary["command"], "select");
    assert_eq!(summary["options"]["draw"]["num"], 6);
    assert_eq!(summary["raw"]["records"], 42);
    assert_eq!(summary["raw"]["invalid"], 1);
    assert_eq!(summary["eligible"]["records"], 40);
    assert_eq!(summary["too_short"], 1);
    assert_eq!(summary["selected"]["records"], 6);
    assert_eq!(summary["selected"]["bytes"], ran.stdout.len());
    assert!(summary["draw"][0]["log_weights"]["effective_sample_size"].as_f64().unwrap() >= 1.0);
    assert!(summary["draw"][0]["threshold"].is_f64());
    let kl = |what: &str| summary["kl_reduction"][0][what].as_f64().unwrap();
    assert_eq!(kl("reduction"), kl("raw") - kl("selected"));
    for part in [
        "41 documents",
        "1 skipped",
        "40 documents",
        "1 too short",
        "sample size",
        "threshold",
        "hundreds are normal",
    ] {
        assert!(ran.stderr.contains(part), "no {part:?} in\n{}", ran.stderr);
    }
    // Warnings are told all the same, and stand in the file.
    let warnings = summary["warnings"].as_array().unwrap();
    assert!(warnings[0].as_str().unwrap().contains("the target is small"), "{warnings:?}");
    let told: String =
        warnings.iter().map(|warning| format!("warning: {}\n", warning.as_str().unwrap())).collect();
    assert_eq!(dir.run(&format!("{command} --quiet")).stderr, told);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let dir = Dir::with_corpus();
    for i in 0..9 {
        dir.write(&format!("shards/{i}.jsonl"), (i * 30..i * 30 + 30).map(document).collect::<String>());
    }
    let select = |threads: u32| {
        let command = format!(
            "select --target target.jsonl -k 50 --min-tokens 1 --threads {threads} --summary s.json shards"
        );
        let selected = dir.run(&command).ok();
        let summary = dir.json("s.json");
        (selected, summary["draw"].clone(), summary["kl_reduction"].clone())
    };
    let one = select(1);
    assert_eq!(one, select(2));
    assert_eq!(one, select(7));
}
