use crate::harness::{Dir, document, gzip, record};

const SELECT: &str = "select --target target.jsonl -k 5 --min-tokens 1";

/// A file of one bad record after good ones stops the run with its place; skipped, it is as if not there.
#[test]
fn bad_records() {
    let dir = Dir::with_corpus();
    let bad: [(&[u8], &str); 12] = [
        (b"broken", "not JSON"),
        (b"{\"text\": \"a\"", "not JSON"),
        (b"{\"text\": \"a\"} {}", "trailing characters"),
        (b"{\"text\": NaN}", "not JSON"),
        (b"{\"x\": Infinity, \"text\": \"a\"}", "not JSON"),
        (b"{\"text\": \"\\ud83d\"}", "lone surrogate"),
        (b"{\"text\": \"\xFF\"}", "not UTF-8"),
        (b"{\"x\": \"\xC3\x28\", \"text\": \"a\"}", "not UTF-8"),
        (b"{\"Text\": \"a\"}", "no field `text`"),
        (b"{\"text\": null}", "not a string: null"),
        (b"[1, 2]", "not a JSON object"),
        (b"{\"text\": \"a\nb\"}", "not JSON"),
    ];
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    for (record, reason) in bad {
        let content = [dir.read("raw.jsonl").as_bytes(), b"\n", record, b"\n"].concat();
        dir.write("bad.jsonl", content);
        dir.run(&format!("{SELECT} bad.jsonl")).fails(&["bad.jsonl:42: ", reason, "--invalid skip"]);
        assert_eq!(dir.run(&format!("{SELECT} --invalid skip bad.jsonl")).ok(), expected, "{reason}");
    }
}

#[test]
fn the_first_bad_record_is_told_whatever_the_threads() {
    let dir = Dir::with_corpus();
    for shard in 0..8 {
        let mut lines: Vec<String> = (0..3000).map(document).collect();
        if shard >= 3 {
            lines[2000 - 200 * shard] = "broken\n".into();
        }
        dir.write(&format!("corpus/{shard}.jsonl"), lines.concat());
    }
    for _ in 0..5 {
        dir.run(&format!("{SELECT} --threads 4 corpus")).fails(&["corpus/3.jsonl:1401: "]);
    }
}

#[test]
fn a_compressed_shard_cut_anywhere_is_an_error() {
    let dir = Dir::with_corpus();
    let raw: String = (0..4).map(document).collect();
    for (name, whole) in
        [("cut.jsonl.gz", gzip(&raw)), ("cut.jsonl.zst", zstd::encode_all(raw.as_bytes(), 3).unwrap())]
    {
        for cut in (0..whole.len()).step_by(7).chain([1, 2, 3, whole.len() - 1]) {
            dir.write(name, &whole[..cut]);
            let ran = dir.run(&format!("select --target target.jsonl -k 1 --invalid skip raw.jsonl {name}"));
            ran.fails(&[name]);
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        flipped[whole.len() / 2] ^= 1;
        dir.write(name, flipped);
        dir.run(&format!("{SELECT} {name}")).fails(&[name, "corrupt"]);
    }
}

#[test]
fn what_follows_the_end_of_compressed_data() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    dir.write("more.gz", [&gzip(&raw)[..], b"garbage"].concat());
    dir.write("zeros.gz", [&gzip(&raw)[..], &[0; 512]].concat());
    dir.run("fit -o model.json more.gz").fails(&["more.gz", "other data after the end"]);
    dir.run("fit -o model.json zeros.gz").ok();
    // As far as it could be read.
    let mut cut = gzip(&raw);
    cut.truncate(cut.len() - 4);
    dir.write("cut.gz", cut);
    dir.run("fit -o model.json cut.gz").fails(&[&format!("past byte {} ", raw.len())]);
}

#[test]
fn one_shard_by_two_names() {
    let dir = Dir::with_corpus();
    std::os::unix::fs::symlink("raw.jsonl", dir.path("link.jsonl")).unwrap();
    for twice in ["raw.jsonl raw.jsonl", "raw.jsonl ./raw.jsonl", "raw.jsonl link.jsonl"] {
        dir.run(&format!("fit -o model.json {twice}")).fails(&["twice"]);
    }
}

#[test]
fn files_that_are_not_shards() {
    let dir = Dir::with_corpus();
    dir.write("x.jsonl.xz", b"\xFD7zXZ\x00rest");
    dir.write("x.parquet", b"PAR1rest");
    dir.write("utf16.jsonl", b"\xFF\xFE{\x00}\x00");
    dir.run(&format!("{SELECT} x.jsonl.xz")).fails(&["x.jsonl.xz", "xz", "gzip or zstd"]);
    dir.run(&format!("{SELECT} x.parquet")).fails(&["Parquet"]);
    dir.run(&format!("{SELECT} utf16.jsonl")).fails(&["UTF-16"]);
}

#[test]
fn a_run_that_would_do_nothing() {
    let dir = Dir::with_corpus();
    std::fs::create_dir(dir.path("empty")).unwrap();
    dir.write("blank.jsonl", "\n\n\r\n");
    dir.write("list.txt", "\n");
    dir.run(&format!("{SELECT} empty")).fails(&["no shard in this folder", ".jsonl"]);
    dir.run(&format!("{SELECT} missing-*.jsonl"))
        .fails(&["missing-*.jsonl", "a pattern that matched no file"]);
    dir.run(&format!("{SELECT} --files-from list.txt")).fails(&["list.txt", "names no file"]);
    dir.run(&format!("{SELECT} blank.jsonl")).fails(&["raw: no document in 1 shard"]);
    dir.run(&format!("{SELECT} --invalid skip --text-field body raw.jsonl"))
        .fails(&["no document", "no field `body`"]);
    dir.run("select --target target.jsonl -k 5 raw.jsonl").fails(&[
        "no eligible record",
        "40 of them shorter",
        "shorter than 100 tokens",
        "lower --min-tokens",
    ]);
    dir.run(&format!("{SELECT} raw.jsonl ./raw.jsonl")).fails(&["given twice"]);
}

#[test]
fn targets_that_say_nothing() {
    let dir = Dir::with_corpus();
    dir.write("empty.jsonl", "");
    dir.write("wordless.jsonl", record("  ").repeat(3));
    dir.write("raw-that-would-fail.jsonl", "broken");
    let select = |target: &str| dir.run(&format!("select --target {target} -k 5 raw-that-would-fail.jsonl"));
    select("empty.jsonl").fails(&["target `target`: no document"]);
    select("wordless.jsonl").fails(&["target `target` has no features", "3 documents"]);
}

#[test]
fn more_than_there_is() {
    let dir = Dir::with_corpus();
    let select = |options: &str| dir.run(&format!("select --target target.jsonl {options} raw.jsonl"));
    select("-k 41 --min-tokens 1").fails(&["41 records", "only 40 documents", "--allow-fewer"]);
    select("-k 31 --min-tokens 10").fails(&[
        "31 records",
        "eligible records are only 30",
        "of 40",
        "--allow-fewer",
    ]);
    select("--tokens 1000 --min-tokens 1").fails(&["1000 tokens", "420 tokens"]);
    select("--tokens 3 --min-tokens 1").fails(&["3 tokens", "nothing is selected"]);
    assert_eq!(select("-k 31 --min-tokens 10 --allow-fewer").ok().lines().count(), 30);
    assert_eq!(select("--bytes 100000 --min-tokens 1 --allow-fewer").ok(), dir.read("raw.jsonl"));
}

#[test]
fn weights_that_are_not_the_shards() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let resample = "resample --weights weights -k 40 --min-tokens 1 raw.jsonl";
    let raw = dir.read("raw.jsonl");
    dir.write("raw.jsonl", raw.clone() + &document(40));
    dir.run(resample).fails(&["40 rows", "more records", "weigh the shard again"]);
    dir.write("raw.jsonl", raw.lines().take(39).collect::<Vec<_>>().join("\n"));
    dir.run(resample).fails(&["40 rows", "39 records"]);
    dir.write("raw.jsonl", raw.replacen("tide 8", "tide 9", 1));
    dir.run(resample).fails(&["row 8 was weighed for another record"]);
    dir.run("resample --weights weights -k 1 target.jsonl")
        .fails(&["no weights for shard target.jsonl", "dsir weigh"]);
}

#[test]
fn weights_and_models_that_are_none() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let path = dir.path("weights/raw.jsonl.npy");
    let whole = std::fs::read(&path).unwrap();
    let resample = "resample --weights weights -k 1 --min-tokens 1 raw.jsonl";
    for cut in [0, 5, 11, 60, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        dir.run(resample).fails(&["raw.jsonl.npy", "not a weights file"]);
    }
    let mut nan = whole.clone();
    let at = whole.len() - 24 * 3;
    nan[at..at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    std::fs::write(&path, nan).unwrap();
    dir.run(resample).fails(&["row 37", "NaN"]);

    let model = dir.read("model.json");
    for (from, to, reason) in [
        ("{\"dsir_model\":1", "{\"dsir_model\":4", "format 4"),
        ("{\"dsir_model\":1", "[", "not a dsir model"),
        ("\"buckets\":10000", "\"buckets\":9999", "do not fit the feature space"),
        ("\"buckets\":10000", "\"buckets\":0", "out of limits"),
        ("\"smoothing\":0.0", "\"smoothing\":-1.0", "smoothing -1"),
        ("\"counts\":[0", "\"counts\":[-1", "not a dsir model"),
        ("\"counts\":[0", "\"counts\":[18446744073709551615", "do not fit"),
        ("\"smoothing\":0.0", "\"smoothing\":0.0,\"code\":\"x\"", "unknown field `code`"),
    ] {
        assert!(model.contains(from), "{from}");
        dir.write("wrong.json", model.replacen(from, to, 1));
        dir.run("weigh --model wrong.json -o w raw.jsonl").fails(&["wrong.json", reason]);
    }
    dir.run("fit -o raw.json raw.jsonl").ok();
    dir.run("weigh --model raw.json -o w raw.jsonl").fails(&["no target"]);
    dir.run("fit --target target.jsonl -o target.json").ok();
    dir.run("weigh --model target.json -o w raw.jsonl").fails(&["no raw counts"]);
}

#[test]
fn shards_that_shrink_or_vanish_while_they_are_read() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    let select = "select --model model.json --min-tokens 1 -k 30 -o out.jsonl";
    assert!(std::process::Command::new("mkfifo").arg(dir.path("pipe.jsonl")).status().unwrap().success());
    let raw = dir.read("raw.jsonl");
    for (what, cut) in [("No such file", None), ("changed", Some(39)), ("changed", Some(0))] {
        dir.write("raw.jsonl", &raw);
        let run =
            dir.command(&format!("{select} --threads 1 --work work raw.jsonl pipe.jsonl")).spawn().unwrap();
        // Its only thread has opened the pipe, and so has read the shard before it.
        let mut pipe = std::fs::OpenOptions::new().write(true).open(dir.path("pipe.jsonl")).unwrap();
        match cut {
            Some(records) => dir.write("raw.jsonl", raw.lines().take(records).collect::<Vec<_>>().join("\n")),
            None => std::fs::remove_file(dir.path("raw.jsonl")).unwrap(),
        }
        std::io::Write::write_all(&mut pipe, raw.repeat(20).as_bytes()).unwrap();
        drop(pipe);
        let ran = crate::harness::Ran::from(run.wait_with_output().unwrap());
        ran.fails(&["raw.jsonl", what]);
        assert!(!dir.path("out.jsonl").exists());
        std::fs::remove_dir_all(dir.path("work")).unwrap_or_default();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_system_does_not_give() {
    let dir = Dir::with_corpus();
    // No privilege helps with these: a file that cannot be read, a folder that takes none, a device that is full.
    dir.run(&format!("{SELECT} /proc/self/mem")).fails(&["/proc/self/mem", "cannot be read past byte 0"]);
    dir.run(&format!("{SELECT} raw.jsonl -o /proc/out.jsonl")).fails(&["/proc/out.jsonl"]);
    dir.run(&format!("{SELECT} raw.jsonl -o /dev/full")).fails(&[
        "/dev/full",
        "No space left",
        "free some space",
    ]);
    dir.run(&format!("{SELECT} raw.jsonl --summary /dev/full")).fails(&["/dev/full", "No space left"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = dir.command(&format!("{SELECT} raw.jsonl")).stdout(full).output().unwrap();
    crate::harness::Ran::from(ran).fails(&["standard output", "No space left"]);
    dir.write("folder/x.jsonl", "");
    dir.run("weigh --model folder -o weights raw.jsonl").fails(&["folder", "Is a directory"]);
    dir.run("resample --weights raw.jsonl -k 1 raw.jsonl").fails(&["raw.jsonl"]);
    dir.run(&format!("{SELECT} raw.jsonl --files-from folder")).fails(&["folder", "Is a directory"]);
}
