//! Very many records, shards and lines, within what a small machine gives.

use std::process::Command;

use crate::harness::{Dir, Ran, document};

/// Runs `dsir` under a limit of the shell's `ulimit`.
fn limited(dir: &Dir, limit: &str, arguments: &str) -> Ran {
    let command = format!("ulimit {limit} && exec {} {arguments}", env!("CARGO_BIN_EXE_dsir"));
    Ran::from(Command::new("sh").args(["-c", &command]).current_dir(dir.path("")).output().unwrap())
}

#[test]
fn ten_million_records_are_drawn_from_in_little_memory() {
    let dir = Dir::with_corpus();
    let million: String = (0..1_000_000).map(|i| format!("{{\"text\":\"tide {i}\"}}\n")).collect();
    let million = zstd::encode_all(million.as_bytes(), 1).unwrap();
    for shard in 0..10 {
        dir.write(&format!("raw/{shard}.jsonl.zst"), &million);
    }
    dir.run("fit --quiet --target target.jsonl -o model.json raw/0.jsonl.zst").ok();
    dir.run("weigh --quiet --model model.json -o weights raw").ok();
    // The weights are 240 MB; what a process may ask for is less than twice that, code and stacks included.
    for (budget, selected) in
        [("-k 2345678", 2_345_678), ("--tokens 3000000", 1_500_000), ("--fraction 0.9", 9_000_000)]
    {
        let resample = format!("resample --threads 2 --quiet --min-tokens 1 {budget} --weights weights");
        limited(&dir, "-v 400000", &format!("{resample} -o out.jsonl --summary s.json raw")).ok();
        assert_eq!(dir.json("s.json")["selected"]["records"], selected);
    }
}

#[test]
fn thousands_of_shards_with_64_handles() {
    let dir = Dir::with_corpus();
    let shards = 3000;
    for shard in 0..shards {
        dir.write(&format!("raw/{:02}/{shard}.jsonl", shard % 70), document(shard));
    }
    let few = |arguments: &str| limited(&dir, "-n 64", &format!("{arguments} --quiet raw")).ok();
    let draw = "--min-tokens 1 -k 700";
    few(&format!("select --target target.jsonl {draw} -o selected.jsonl"));
    assert_eq!(dir.read("selected.jsonl").lines().count(), 700);
    few("fit --target target.jsonl -o model.json");
    few("weigh --model model.json -o weights");
    few(&format!("resample --weights weights {draw} -o resampled.jsonl"));
    assert!(dir.read("resampled.jsonl") == dir.read("selected.jsonl"));
    few(&format!("resample --weights weights {draw} --draws 3 -o folder/"));
    assert!(dir.path("folder/epoch-2/69/2939.jsonl").exists());
}

#[test]
fn texts_of_one_byte() {
    let dir = Dir::with_corpus();
    let letters = (0..500_000).map(|i| char::from(b'a' + (i % 26) as u8));
    dir.write("letters.jsonl", letters.map(|c| format!("{{\"text\":\"{c}\"}}\n")).collect::<String>());
    dir.write("wanted.jsonl", "{\"text\":\"q\"}\n");
    let select = "select --quiet --target wanted.jsonl --min-tokens 1 -k 1000 letters.jsonl";
    let selected = dir.run(select).ok();
    assert_eq!(selected.lines().count(), 1000);
    assert!(selected.lines().all(|line| line == "{\"text\":\"q\"}"));
}

#[test]
fn ten_million_blank_lines() {
    let dir = Dir::with_corpus();
    let blank = "\n".repeat(10_000_000);
    dir.write("blank.jsonl", &blank);
    dir.run("select --target target.jsonl -k 1 blank.jsonl").fails(&["no document in 1 shard"]);
    dir.write("blank.jsonl", blank.clone() + &document(0));
    assert_eq!(dir.run("select --target target.jsonl --min-tokens 1 -k 1 blank.jsonl").ok(), document(0));
    dir.write("blank.jsonl", blank + "{}");
    dir.run("select --target target.jsonl -k 1 blank.jsonl")
        .fails(&["blank.jsonl:10000001", "no field `text`"]);
}
