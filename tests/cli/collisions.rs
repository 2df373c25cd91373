use crate::harness::{Dir, document, gzip};

const SELECT: &str = "select -q --target target.jsonl --min-tokens 1";

fn documents(range: std::ops::Range<usize>) -> String {
    range.map(document).collect()
}

#[test]
fn weights_of_a_shard_that_has_changed_are_not_replaced_unseen() {
    let dir = Dir::with_corpus();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    let weigh = "weigh -q --model model.json -o w raw.jsonl";
    dir.run(weigh).ok();
    let first = std::fs::read(dir.path("w/raw.jsonl.npy")).unwrap();
    // The same shard once more is nothing special, compressed neither.
    dir.run(weigh).ok();
    assert_eq!(std::fs::read(dir.path("w/raw.jsonl.npy")).unwrap(), first);
    // Its first record is the same: only weighing it tells.
    dir.write("raw.jsonl", documents(0..39) + &document(99));
    dir.run(weigh).fails(&["w/raw.jsonl.npy", "other records", "remove the file"]);
    assert_eq!(std::fs::read(dir.path("w/raw.jsonl.npy")).unwrap(), first);
    std::fs::remove_file(dir.path("w/raw.jsonl.npy")).unwrap();
    dir.run(weigh).ok();
    assert!(!dir.names().iter().any(|name| name.ends_with("dsir-work")));
}

#[test]
fn files_of_earlier_runs_are_told() {
    let dir = Dir::with_corpus();
    dir.write("raw/a.jsonl", documents(0..40));
    dir.write("raw/b.jsonl", documents(40..80));
    let folder = |k: &str| dir.run(&format!("{SELECT} {k} -o out/ --summary s.json raw"));
    folder("-k 5").says_nothing_of("out/");
    folder("-k 5").warns(&["out/", "a.jsonl, b.jsonl are there, and will be replaced", "new folder"]);
    let warnings = dir.json("s.json")["warnings"].to_string();
    assert!(warnings.contains("will be replaced"), "{warnings}");
    dir.write("out/c.jsonl", "{}\n");
    dir.write("out/notes.txt", "no shard\n");
    let ran = dir.run(&format!("{SELECT} -k 5 -o out/ raw/a.jsonl"));
    ran.warns(&["b.jsonl, c.jsonl are there, and will stay beside the new files", "a.jsonl is there"]);

    // Epochs beyond those of this run.
    let epochs = |draws: u32| dir.run(&format!("{SELECT} -k 5 --draws {draws} -o e/train.jsonl raw"));
    epochs(3).says_nothing_of("train.jsonl");
    dir.write("e/other/train.jsonl", "{}\n");
    let ran = epochs(2);
    ran.warns(&[
        "epoch-2/train.jsonl is there, and will stay",
        "epoch-0/train.jsonl, epoch-1/train.jsonl are there",
    ]);

    // What a killed or failed run has left of itself is no news.
    std::fs::remove_dir_all(dir.path("out")).unwrap();
    dir.write("out/a.jsonl", "{}\n");
    folder("-k 1000").fails(&["1000 records"]);
    folder("-k 5").says_nothing_of("replaced");
}

#[test]
fn outputs_that_the_next_run_would_read_as_raw() {
    let dir = Dir::with_corpus();
    dir.write("corpus/a.jsonl", dir.read("raw.jsonl"));
    std::fs::create_dir(dir.path("corpus/sub")).unwrap();
    std::fs::create_dir(dir.path("corpus/.hidden")).unwrap();
    let select = format!("{SELECT} -k 5");
    for output in [
        "-o corpus/selected.jsonl",
        "-o corpus/sub/selected.json.gz",
        "-o corpus/out/",
        "-o ./corpus/../corpus/selected.jsonl",
        "-o out.jsonl --summary corpus/summary.json",
        "-o out.jsonl --invalid skip --rejects corpus/rejects.jsonl",
        "--draws 2 -o corpus/train.jsonl",
    ] {
        dir.run(&format!("{select} {output} corpus")).misused(&["corpus", "walked for shards", "--exclude"]);
    }
    dir.run("fit -q --target target.jsonl -o corpus/model.json corpus").misused(&["walked for shards"]);
    dir.run("prepare -q --chunk-words 3 -o corpus/pieces/ corpus").misused(&["walked for shards"]);
    let left: Vec<_> = walkdir::WalkDir::new(dir.path("corpus")).into_iter().flatten().collect();
    assert_eq!(left.iter().filter(|entry| entry.file_type().is_file()).count(), 1);
    // What a walk passes over, or is told to, may be there.
    for output in [
        "-o corpus/selected.txt",
        "-o corpus/.hidden/selected.jsonl",
        "--exclude selected.jsonl -o corpus/selected.jsonl",
        "--exclude out -o corpus/out/",
    ] {
        dir.run(&format!("{select} {output} corpus")).ok();
    }
    let plain = dir.run(&format!("{select} --exclude selected.jsonl --exclude out corpus")).ok();
    assert_eq!(dir.read("corpus/selected.jsonl"), plain);
}

#[test]
fn shards_of_the_same_records_whatever_they_are_called() {
    let dir = Dir::with_corpus();
    let records = dir.read("raw.jsonl");
    let backwards: String = records.lines().rev().map(|line| format!("{line}\n")).collect();
    for (name, content) in [
        ("corpus/x/other.jsonl", records.clone().into_bytes()),
        ("corpus/y/z.ndjson.gz", gzip(&records)),
        ("corpus/backwards.jsonl.zst", zstd::encode_all(backwards.as_bytes(), 1).unwrap()),
    ] {
        dir.write(name, content);
    }
    dir.write("corpus/different.jsonl", documents(50..90));
    for command in [
        "fit -q --target target.jsonl -o m.json corpus",
        "weigh -q --model m.json -o w corpus",
        "prepare -q --chunk-words 9 -o p.jsonl corpus",
    ] {
        dir.run(command).warns(&["corpus/backwards.jsonl.zst and corpus/", "same records", "1 shard more"]);
    }
    // Half of the records alone are no shard of the same records.
    dir.write("half.jsonl", documents(0..20));
    dir.run("fit -q --target target.jsonl -o m.json raw.jsonl half.jsonl").says_nothing_of("same records");
    // But what is selected twice is told with the places.
    let selected = dir.run(&format!("{SELECT} -k 12 raw.jsonl half.jsonl"));
    selected.warns(&["copies in the selection", "raw.jsonl and half.jsonl"]);
}
