//! Selections that are planned once and written in parts.

use std::fs;

use crate::harness::Dir;

/// Six shards, some compressed, with groups, a target field and copies; weights for two targets; a file to mix in.
fn corpus() -> Dir {
    let dir = Dir::new();
    let text = |i: usize| {
        ["the tide of the sea", "stars in the sky", "tax form and ledger", "oats and barley"][i % 4]
    };
    let line = |i: usize| {
        let copy = i - i % 5 % 2;
        format!(
            "{{\"id\": {copy}, \"lang\": \"{}\", \"text\": \"{} {}\"}}\n",
            ["en", "de", "fr"][copy % 3],
            text(copy),
            copy / 4
        )
    };
    for shard in 0..6 {
        let lines: String = (shard * 40..(shard + 1) * 40).map(line).collect();
        dir.write(&format!("raw/{}/s{shard}.jsonl", if shard < 3 { "a" } else { "b" }), lines);
    }
    dir.write("sea.jsonl", "{\"text\": \"the sea and the tide of the sea\"}\n".repeat(12));
    dir.write("sky.jsonl", "{\"text\": \"stars of the sky\"}\n".repeat(12));
    dir.write("more.jsonl", (1000..1030).map(line).collect::<String>());
    let targets = "--target sea=sea.jsonl --target sky=sky.jsonl --separate-targets";
    dir.run(&format!("fit -q {targets} -o model.json raw")).ok();
    dir.run("weigh -q --model model.json -o w raw").ok();
    dir
}

/// Of each draw, what stands in its output folder, shard by shard, and behind that what is mixed in.
fn outputs(dir: &Dir, folder: &str, draws: usize) -> Vec<Vec<(String, String)>> {
    let one = |folder: String| {
        let mut files: Vec<(String, String)> = walkdir::WalkDir::new(dir.path(&folder))
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let name = entry.path().strip_prefix(dir.path(&folder)).unwrap().display().to_string();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    };
    (0..draws)
        .map(|draw| one(if draws == 1 { folder.into() } else { format!("{folder}/epoch-{draw}") }))
        .collect()
}

#[test]
fn any_cutting_into_parts_gives_the_bytes_of_one_run() {
    let dir = corpus();
    let shards: Vec<String> =
        (0..6).map(|shard| format!("raw/{}/s{shard}.jsonl", if shard < 3 { "a" } else { "b" })).collect();
    let cuttings: [&[&[usize]]; 4] = [
        &[&[0], &[1], &[2], &[3], &[4], &[5]],
        &[&[5, 4, 3], &[0, 2, 1]],
        &[&[1, 4], &[0, 3], &[2, 5]],
        &[&[0, 1, 2, 3, 4, 5]],
    ];
    let options = [
        ("-k 60", 1, false),
        ("--tokens 300 --seed 3 --annotate", 1, false),
        ("--fraction 0.3 --draws 2 --disjoint", 2, false),
        ("-k 50 --draws 3 --temperature 1,2,0", 3, false),
        ("-k 45 --group-by lang --group-share even", 1, false),
        ("-k 30 --where lang=en --mix-in lang=fr=7", 1, false),
        ("-k 40 --method topk", 1, false),
        ("-k 40 --combine product --exponents sea=1,sky=-0.5", 1, false),
        ("-k 25 --mix-in more.jsonl=9 --mix-in lang=de=4", 1, true),
        ("-k 300 --repeat 3 --temperature 4", 1, false),
        ("--tokens 900 --draws 2 --repeat 2 --group-by lang --mix-in lang=fr=7", 2, false),
        ("-k 200 --combine product --repeat-curve 30:0,30:1,100:4 --group-by lang", 1, false),
    ];
    for (of, draws, mixes_in) in options {
        let annotate = if of.contains("--annotate") { "--annotate" } else { "" };
        let drawn = of.replace(" --annotate", "");
        dir.run(&format!("resample -q --weights w --min-tokens 1 {of} -o whole/ raw")).ok();
        dir.run(&format!("resample -q --weights w --min-tokens 1 {drawn} --plan-only plan.json raw")).ok();
        let whole = outputs(&dir, "whole", draws);
        assert!(whole.iter().flatten().any(|(_, content)| !content.is_empty()), "{of}");
        for cutting in cuttings {
            for (number, part) in cutting.iter().enumerate() {
                let mut named: Vec<&str> = part.iter().map(|shard| shards[*shard].as_str()).collect();
                if mixes_in && number == 0 {
                    named.push("more.jsonl");
                }
                let named = named.join(" ");
                dir.run(&format!("resample -q --weights w --plan plan.json {annotate} -o parts/ {named}"))
                    .ok();
            }
            assert_eq!(outputs(&dir, "parts", draws), whole, "{of} {cutting:?}");
            fs::remove_dir_all(dir.path("parts")).unwrap();
        }
        // One after the other, they are one file.
        if draws == 1 && !mixes_in {
            let part = |shards: &str| {
                dir.run(&format!("resample -q --weights w --plan plan.json {annotate} {shards}")).ok()
            };
            let parts = part(&shards[..2].join(" ")) + &part(&shards[2..].join(" "));
            let one = dir.run(&format!("resample -q --weights w --min-tokens 1 {of} raw")).ok();
            assert_eq!(parts, one, "{of}");
        }
        fs::remove_dir_all(dir.path("whole")).unwrap();
    }
}

#[test]
fn scores_fields_and_nothing_can_be_planned_too() {
    let dir = corpus();
    for by in ["--score-field id --log-scores", "--method random"] {
        dir.run(&format!("resample -q {by} -k 20 --min-tokens 1 --plan-only plan.json raw")).ok();
        let whole = dir.run(&format!("resample -q {by} -k 20 --min-tokens 1 raw")).ok();
        let part = |shards: &str| dir.run(&format!("resample -q --plan plan.json {shards}")).ok();
        assert_eq!(part("raw/a") + &part("raw/b"), whole, "{by}");
    }
}

#[test]
fn a_plan_that_does_not_fit_is_refused() {
    let dir = corpus();
    let plan = "resample --weights w --min-tokens 1 -k 60 --plan-only plan.json raw";
    dir.run(plan).ok();
    assert!(!dir.path("out").exists());
    let part = "resample --weights w --plan plan.json";
    dir.run(&format!("{part} sea.jsonl")).fails(&["sea.jsonl", "does not name this shard"]);
    dir.run("resample --plan plan.json raw/a/s0.jsonl").misused(&["--weights"]);
    dir.run(&format!("{part} -k 5 raw")).misused(&["--plan", "--num"]);
    dir.run(&format!("{part} --seed 5 raw")).misused(&["--plan", "--seed"]);
    dir.run("resample --weights w -k 5 --plan-only raw/a/p.jsonl raw").misused(&["--plan-only", "raw"]);
    // Weights of another model.
    dir.run("fit -q --target sea=sea.jsonl --target sky=sky.jsonl --separate-targets --ngrams 1 -o other.json raw").ok();
    dir.run("weigh -q --model other.json -o w2 raw").ok();
    dir.run("resample --weights w2 --plan plan.json raw")
        .fails(&["s0.jsonl", "not those that the plan was made of"]);
    dir.write("later.json", "{\"dsir_plan\": 3}");
    dir.run("resample --weights w --plan later.json raw").fails(&["later.json", "a plan of format 3"]);
    dir.run("resample --weights w --plan model.json raw").fails(&["model.json", "not a dsir plan"]);
}
