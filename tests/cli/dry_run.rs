//! What a run would take, found out without it.

use crate::harness::{Dir, gzip};

#[test]
fn a_dry_run_tells_what_would_be_done_and_writes_nothing() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    dir.write("packed.jsonl.gz", gzip(&raw));
    let before = dir.names();
    for shard in ["raw.jsonl", "packed.jsonl.gz"] {
        let select = format!("select --target target.jsonl -k 10 --min-tokens 1 -o out.jsonl {shard}");
        let told = dir.run(&format!("{select} --dry-run")).ok();
        for part in [
            "dry run    nothing was written\n",
            "target     target: 2 documents, ",
            "; about 40 documents of ",
            "by         the first 40 records of 1 shard\n",
            "eligible   about 40 documents, ",
            "selected   about 10 documents; ",
            "output     out.jsonl: about ",
            "time       about a second on ",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert_eq!(dir.names(), before);
    }
}

#[test]
fn it_finds_what_a_run_would_stop_at() {
    let dir = Dir::with_corpus();
    dir.write("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": 3}\n");
    dir.write("empty.jsonl", "{\"text\": \" \"}\n");
    let dry = |rest: &str| dir.run(&format!("select --dry-run -o out.jsonl --min-tokens 1 {rest}"));
    dry("-k 3 --target target.jsonl bad.jsonl").fails(&["bad.jsonl:2: "]);
    dry("-k 3 --target empty.jsonl raw.jsonl").fails(&["target"]);
    dry("-k 3 --target target.jsonl --text-field body raw.jsonl").fails(&["no field `body`"]);
    dry("-k 3 --target target.jsonl raw.jsonl nowhere.jsonl").fails(&["nowhere.jsonl"]);
    dry("-k 3 --model raw.jsonl raw.jsonl").fails(&["raw.jsonl"]);
    dir.run("select --dry-run -k 3 --target target.jsonl -o raw.jsonl raw.jsonl")
        .fails(&["raw.jsonl is also an input"]);
    assert!(!dir.path("out.jsonl").exists());
}

#[test]
fn it_warns_of_what_is_likely_to_go_wrong() {
    let dir = Dir::with_corpus();
    let select = "select --dry-run --target target.jsonl -o out.jsonl --min-tokens 1 raw.jsonl";
    dir.run(&format!("{select} -k 400"))
        .warns(&["400 records are asked for, and about 40 are likely to be eligible", "--allow-fewer"]);
    let told = dir.run(&format!("{select} -k 400 --allow-fewer")).ok();
    assert!(told.contains("selected   about 40 documents"), "{told}");
    dir.run(&format!("{select} --tokens 1G")).warns(&["1000000000 tokens are asked for"]);
}
