use std::fs;

use crate::harness::{Dir, Ran, document, gzip};

/// Runs a command that also reads a pipe named `p`, and does `change` while it waits for what comes there.
fn while_it_waits(dir: &Dir, command: &str, change: &str) -> Ran {
    dir.shell(&format!(
        "mkfifo p; dsir {command} & pid=$!; exec 3> p; {change}; cat pipe.jsonl >&3; exec 3>&-; wait $pid; \
         code=$?; rm p; exit $code"
    ))
}

fn corpus() -> Dir {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    dir.write("raw.jsonl.gz", gzip(&raw));
    dir.write("raw.jsonl.zst", zstd::encode_all(raw.as_bytes(), 3).unwrap());
    dir.write("pipe.jsonl", (100..140).map(document).collect::<String>());
    dir.write("other.jsonl", (40..80).map(document).collect::<String>());
    dir
}

const SELECT: &str = "select -q --target target.jsonl --min-tokens 1 --threads 1 -k 5 -o out.jsonl";
const CHANGED: &str = "changed while the run was reading it";

#[test]
fn raw_shards_of_every_kind() {
    for shard in ["raw.jsonl", "raw.jsonl.gz", "raw.jsonl.zst"] {
        for change in
            ["cat other.jsonl >> $S", "cp other.jsonl $S", "cp other.jsonl n; mv n $S", "truncate -s 9 $S"]
        {
            let dir = corpus();
            let ran = while_it_waits(&dir, &format!("{SELECT} {shard} p"), &format!("S={shard}; {change}"));
            ran.fails(&[shard, CHANGED]);
            assert!(!dir.path("out.jsonl").exists(), "{shard} {change}");
        }
    }
}

/// Of the same size, and with the same time: only reading it can tell.
#[test]
fn a_shard_with_other_records_that_looks_the_same() {
    let dir = corpus();
    let change = "touch -r raw.jsonl t; sed -i 's/invoice 1 /invoice 2 /' raw.jsonl; touch -r t raw.jsonl";
    let ran = while_it_waits(&dir, &format!("{SELECT} raw.jsonl p"), change);
    ran.fails(&["raw.jsonl", "though not its size and time"]);
    assert!(!dir.path("out.jsonl").exists() && !dir.path("out.jsonl.dsir-work").exists());
    // And nothing wrong is left for the next try.
    fs::write(dir.path("p"), dir.read("pipe.jsonl")).unwrap();
    dir.run(&format!("{SELECT} raw.jsonl pipe.jsonl")).ok();
}

#[test]
fn targets_mixed_in_files_and_standard_input() {
    let dir = corpus();
    dir.write("target.jsonl", (0..400).step_by(4).map(document).collect::<String>());
    // A classifier is learned after the raw corpus was read, from targets that are read once more.
    let learn = "select -q --learn classifier --target target.jsonl --target p --min-tokens 1 -k 5 -o out.jsonl raw.jsonl";
    let append = |name: &str| format!("cat other.jsonl >> {name}");
    while_it_waits(&dir, learn, &append("target.jsonl")).fails(&["target.jsonl", CHANGED]);
    let mix_in = "--mix-in other.jsonl=3 raw.jsonl p";
    while_it_waits(&dir, &format!("{SELECT} {mix_in}"), "cat raw.jsonl >> other.jsonl")
        .fails(&["other.jsonl", CHANGED]);
    let stdin = "select -q --target target.jsonl --min-tokens 1 -k 5 -o out.jsonl - p";
    let ran = dir.shell(&format!(
        "mkfifo p; dsir {stdin} < raw.jsonl & pid=$!; exec 3> p; cat other.jsonl >> raw.jsonl; \
         cat pipe.jsonl >&3; exec 3>&-; wait $pid"
    ));
    ran.fails(&["-: ", CHANGED]);
}

/// The pipe is read first, so that the shard changes before its only reading: it is not the one that was found.
#[test]
fn one_reading_is_of_the_file_that_was_found() {
    let dir = corpus();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    for command in [
        "weigh -q --model model.json -o w --threads 1 p raw.jsonl",
        "fit -q --threads 1 -o new.json p raw.jsonl",
    ] {
        while_it_waits(&dir, command, "cat other.jsonl >> raw.jsonl").fails(&["raw.jsonl", CHANGED]);
    }
    assert!(!dir.path("new.json").exists());
}

#[test]
fn weights_and_scores() {
    let dir = corpus();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl pipe.jsonl").ok();
    dir.run("weigh -q --model model.json -o w raw.jsonl pipe.jsonl").ok();
    // Held where the tokens of a file that is mixed in are counted, before the draw.
    let resample =
        "resample -q --weights w --min-tokens 1 -k 5 --mix-in p=3 -o out.jsonl raw.jsonl pipe.jsonl";
    while_it_waits(&dir, resample, "cp w/pipe.jsonl.npy n; mv n w/raw.jsonl.npy")
        .fails(&["w/raw.jsonl.npy", CHANGED]);
    assert!(!dir.path("out.jsonl").exists());
}

/// The times of a file that nobody has written to may be anything.
#[test]
fn what_has_not_changed_is_no_error() {
    let dir = corpus();
    let plain =
        while_it_waits(&dir, &format!("{SELECT} raw.jsonl p"), "chmod 600 raw.jsonl; ln raw.jsonl link");
    plain.ok();
    assert_eq!(dir.read("out.jsonl").lines().count(), 5);
}
