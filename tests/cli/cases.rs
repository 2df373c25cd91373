//! One test for each folder of `tests/cases`.

use crate::harness::{Dir, ids};

const SELECT: &str = "select -q --min-tokens 0 --target target.jsonl";

#[test]
fn copies_outside_the_fit_sample() {
    let dir = Dir::of_case("copies-outside-the-fit-sample");
    let selected = dir.run(&format!("{SELECT} --fit-tokens 3000 -k 10 raw.jsonl")).warns(&[
        "copies of one record",
        "all is counted",
        "--fit-tokens",
    ]);
    assert!(!selected.contains("cookie"), "{selected}");
    assert_eq!(selected, dir.run(&format!("{SELECT} --fit-tokens all -k 10 raw.jsonl")).ok());
    // Copies are drawn together or not at all: told, with what to do.
    let random = |seed: u32| dir.run(&format!("{SELECT} --method random -k 30 --seed {seed} raw.jsonl"));
    let of_copies = |selected: &str| selected.matches("cookie").count();
    let with = (0..20).find(|seed| of_copies(&random(*seed).ok()) > 0).unwrap();
    random(with).warns(&["copies in the selection", "no random sample", "remove copies"]);
    let without = (0..20).find(|seed| of_copies(&random(*seed).ok()) == 0).unwrap();
    random(without).says_nothing_of("copies in the selection");
}

#[test]
fn keys_with_dots() {
    let dir = Dir::of_case("keys-with-dots");
    let select = |field: &str| {
        dir.run(&format!("select -q --min-tokens 0 --text-field {field} --target raw.jsonl -k 1 raw.jsonl"))
            .ok()
    };
    assert_eq!(select("content.body").lines().count(), 1);
    assert_eq!(select("content.body"), select(r"content\.body"));
    let record = b"{\"text\":\"a\",\"meta.lang\":\"en\"}\n";
    let kept = dir.run_with_input("prepare -q --where meta.lang=en -", record).ok();
    assert_eq!(kept.as_bytes(), record);
    // The path comes first.
    let words = dir.run("prepare -q --text-field content.body --chunk-words 1 mixed.jsonl").ok();
    assert!(words.contains("\"alpha\"") && words.contains("\"beta\""), "{words}");
}

#[test]
fn merge_with_its_own_output() {
    let dir = Dir::of_case("merge-with-its-own-output");
    std::fs::create_dir(dir.path("counts")).unwrap();
    for part in ["a", "b"] {
        dir.run(&format!("fit -q --buckets 100 -o counts/{part}.json {part}.jsonl")).ok();
    }
    dir.run("fit -q --buckets 100 --target target.jsonl -o counts/target.json").ok();
    dir.shell("dsir merge counts/*.json -o counts/model.json").ok();
    dir.run("fit -q --buckets 100 -o counts/c.json c.jsonl").ok();
    dir.shell("dsir merge counts/*.json -o v2.json").misused(&[
        "counts/model.json",
        "counts/a.json",
        "twice",
    ]);
    // With what is new alone, and under another name.
    dir.run("merge counts/model.json counts/c.json -o v2.json").ok();
    assert!(dir.run("inspect v2.json").ok().contains("18 documents read"));
    std::fs::copy(dir.path("counts/a.json"), dir.path("copy.json")).unwrap();
    dir.run("merge counts/a.json copy.json -o v3.json").misused(&["copy.json", "counts/a.json"]);
    dir.run("merge v2.json counts/b.json -o v3.json").misused(&["counts/b.json", "v2.json"]);
}

#[test]
fn metadata_beside_shards() {
    let dir = Dir::of_case("metadata-beside-shards");
    dir.run(&format!("{SELECT} -k 1 corpus")).fails(&[
        "corpus/dataset_info.json:1",
        "`builder_name`",
        "--exclude 'dataset_info.json'",
    ]);
    let selected =
        dir.run(&format!("{SELECT} -k 1 --exclude dataset_info.json --exclude state.* corpus")).ok();
    assert_eq!(selected, dir.run(&format!("{SELECT} -k 1 corpus/train.jsonl")).ok());
}

#[test]
fn one_job_for_each_shard_of_one_name() {
    let dir = Dir::of_case("one-job-for-each-shard-of-one-name");
    dir.run("fit -q --target target.jsonl -o m.json corpus").ok();
    dir.run("weigh -q --model m.json -o w corpus/2023/part-0.jsonl").ok();
    let first = std::fs::read(dir.path("w/part-0.jsonl.npy")).unwrap();
    dir.run("weigh -q --model m.json -o w corpus/2024/part-0.jsonl").fails(&[
        "w/part-0.jsonl.npy",
        "corpus/2024/part-0.jsonl",
        "other records",
    ]);
    assert_eq!(std::fs::read(dir.path("w/part-0.jsonl.npy")).unwrap(), first);
    dir.run(&format!("{SELECT} -k 2 -o out/ corpus/2023")).ok();
    dir.run(&format!("{SELECT} -k 2 -o out/ corpus/2024")).warns(&["out/", "part-0.jsonl", "replaced"]);
}

#[test]
fn output_to_a_pipe_by_name() {
    let dir = Dir::of_case("output-to-a-pipe-by-name");
    let select = "dsir select -q --min-tokens 0 --target target.jsonl -k 3";
    let count = |line: String| dir.shell(&line).ok().trim().to_owned();
    assert_eq!(
        count(format!("{select} -o >(wc -l > n) raw.jsonl; while [ ! -s n ]; do sleep 0.1; done; cat n")),
        "3"
    );
    assert_eq!(count(format!("{select} -o /dev/stdout raw.jsonl | wc -l")), "3");
    dir.shell(&format!("echo earlier > acc; {select} -o /dev/stdout raw.jsonl >> acc")).ok();
    assert_eq!(dir.read("acc").lines().count(), 4);
    assert!(dir.read("acc").starts_with("earlier\n"));
}

#[test]
fn plain_and_compressed_twins() {
    let dir = Dir::of_case("plain-and-compressed-twins");
    let select = format!("{SELECT} -k 4");
    dir.run(&format!("{select} corpus")).warns(&[
        "corpus/a.jsonl and corpus/a.jsonl.gz",
        "same records",
        "--exclude",
    ]);
    let one = dir.run(&format!("{select} --exclude *.gz corpus"));
    one.says_nothing_of("same records");
}

#[test]
fn pointer_instead_of_shard() {
    let dir = Dir::of_case("pointer-instead-of-shard");
    for invalid in ["", "--invalid skip"] {
        let ran = dir.run(&format!("{SELECT} -k 4 {invalid} corpus"));
        let message = ran.fails(&["corpus/b.jsonl.gz", "Git LFS pointer", "git lfs pull"]);
        assert!(!message.contains("mend the line"), "{message}");
        dir.run(&format!("{SELECT} -k 4 {invalid} page.jsonl.gz")).fails(&["page.jsonl.gz", "HTML"]);
    }
}

#[test]
fn round_numbers() {
    let dir = Dir::of_case("round-numbers");
    let select = |amount: &str| dir.run(&format!("{SELECT} {amount} --allow-fewer raw.jsonl"));
    let all = dir.read("raw.jsonl");
    for amount in
        ["-k 1k", "-k 1_0", "--tokens 5e9", "--tokens 1M", "--bytes 1G", "--bytes 1.5GB", "--seed 1e3 -k 6"]
    {
        assert_eq!(select(amount).ok(), all, "{amount}");
    }
    for amount in ["-k 1.5", "--tokens 1x", "--bytes -1", "-k 1 --seed -1", "-k 1e-3"] {
        select(amount).misused(&["a whole number, such as 10000, 10_000, 10k"]);
    }
}

#[test]
fn scores_that_underflow() {
    let dir = Dir::of_case("scores-that-underflow");
    let resample = "resample -q --min-tokens 0 --method topk -k 4 raw.jsonl";
    assert_eq!(ids(&dir.run(&format!("{resample} --scores scores.npy")).ok()), [2, 6, 7, 19]);
    assert_eq!(
        ids(&dir.run(&format!("{resample} --scores log-scores.npy --log-scores")).ok()),
        [2, 6, 7, 19]
    );
}

#[test]
fn shard_swapped_between_passes() {
    let dir = Dir::of_case("shard-swapped-between-passes");
    let run = |change: &str| {
        dir.shell(&format!(
            "rm -rf p out.jsonl*; mkfifo p; \
             dsir select -q --min-tokens 0 --target target.jsonl -k 3 -o out.jsonl a.jsonl p & pid=$!; \
             exec 3> p; {change}; cat b.jsonl >&3; exec 3>&-; wait $pid"
        ))
    };
    run("true").ok();
    assert_eq!(dir.read("out.jsonl").lines().count(), 3);
    run("cp new.jsonl n; mv n a.jsonl").fails(&["a.jsonl", "changed while the run was reading it"]);
    assert!(!dir.path("out.jsonl").exists());
}

#[test]
fn shuffle_with_copies() {
    let dir = Dir::of_case("shuffle-with-copies");
    for seed in 0..5 {
        let select = format!(
            "select -q --min-tokens 0 --target raw.jsonl --method random -k 30 --shuffle --seed {seed}"
        );
        let shuffled = dir.run(&format!("{select} raw.jsonl")).ok();
        let lines: Vec<&str> = shuffled.lines().collect();
        // Ten are there twice. That two of a pair are neighbours has a chance of 2 in 30 each: 0.7 pairs on average.
        let neighbours = lines.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!(neighbours <= 4, "{neighbours} of 10");
        assert_eq!(lines.len(), 30);
    }
}

#[test]
fn standard_output_closed() {
    let dir = Dir::of_case("standard-output-closed");
    dir.run("fit -q --target target.jsonl -o m.json raw.jsonl").ok();
    for command in [
        "select -q --min-tokens 0 --target target.jsonl -k 3 raw.jsonl",
        "select -q --min-tokens 0 --target target.jsonl -k 3 -o /dev/stdout raw.jsonl",
        "resample -q --min-tokens 0 --method random -k 3 raw.jsonl",
        "measure --model m.json --selected raw.jsonl",
        "prepare -q --chunk-words 5 raw.jsonl",
        "inspect m.json",
        "completions bash",
    ] {
        dir.shell(&format!("dsir {command} >&-")).fails(&["standard output", "closed"]);
        dir.shell(&format!("dsir {command} > /dev/null")).ok();
    }
    // Where nothing is to be printed, it may be closed.
    dir.shell("dsir select -q --min-tokens 0 --target target.jsonl -k 3 -o o.jsonl raw.jsonl >&-").ok();
}

#[test]
fn topk_ties() {
    let dir = Dir::of_case("topk-ties");
    let resample = |shards: &str| {
        let ran =
            dir.run(&format!("resample --min-tokens 0 --score-field score --method topk -k 3 {shards}"));
        assert!(
            ran.stderr.replace("\n          ", "").contains("other records have that key"),
            "{}",
            ran.stderr
        );
        let mut ids = ids(&ran.ok());
        ids.sort_unstable();
        ids
    };
    assert_eq!(resample("a.jsonl b.jsonl"), resample("b.jsonl a.jsonl"));
}

#[test]
fn words_without_spaces() {
    let dir = Dir::of_case("words-without-spaces");
    let select = "select -q --target raw.jsonl -k 2 raw.jsonl";
    let message = dir.run(select).fails(&["no eligible record"]);
    assert!(message.contains("warning: raw: 8 of 8 documents are in a script without spaces"), "{message}");
    assert!(message.contains("--tokenizer unicode"), "{message}");
    let split = dir.run(&format!("{select} --tokenizer unicode"));
    assert_eq!(split.says_nothing_of("script without spaces").lines().count(), 2);
}
