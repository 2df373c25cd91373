//! Whatever call to the system fails, and whichever of its kind: a run ends well, or with one message and no output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Dir, Ran, document, gzip};

const EIO: i32 = 5;
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;

/// The kind of call, what the system says, and whether it goes on saying so.
const FAULTS: [(&str, i32, bool); 12] = [
    ("read", EIO, false),
    ("write", EIO, false),
    ("write", ENOSPC, true),
    ("open", EMFILE, false),
    ("close", EIO, false),
    ("lseek", EIO, false),
    ("ftruncate", EIO, false),
    ("mkdir", ENOSPC, false),
    ("rename", EIO, false),
    ("sync", EIO, false),
    ("mmap", ENOMEM, false),
    ("thread", EAGAIN, false),
];

/// Three shards, of which one has an invalid record, a target, a model and weights.
fn corpus() -> Dir {
    let dir = Dir::with_corpus();
    let documents = |range: std::ops::Range<usize>| range.map(document).collect::<String>();
    dir.write("raw/a.jsonl", documents(0..40) + "{\"text\": 7}\n");
    dir.write("raw/b.jsonl.gz", gzip(documents(40..99)));
    dir.write("raw/sub/c.jsonl.zst", zstd::encode_all(documents(100..160).as_bytes(), 3).unwrap());
    dir.run("fit --target target.jsonl --invalid skip --buckets 500 -o model.json raw").ok();
    dir.run("weigh --model model.json --invalid skip -o weights raw").ok();
    dir
}

/// Builds what makes calls fail.
fn shim(dir: &Dir) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/faults.c");
    let library = dir.path("faults.so");
    let mut compile = Command::new("cc");
    compile.args(["-O1", "-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(compile.status().expect("a C compiler").success());
    library
}

/// Makes every call of every kind fail in `command`, one after the other; its outputs are in the folder `out`. Returns
/// how many runs failed.
fn every_fault(command: &str) -> usize {
    let dir = corpus();
    let shim = shim(&dir);
    let command = format!("{command} --threads 2 --quiet --temp-dir temp");
    let outputs = || {
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(dir.path("out")).sort_by_file_name() {
            let entry = entry.unwrap();
            // A work directory may stay where it cannot be removed.
            if entry.file_type().is_file() && !entry.path().to_string_lossy().contains(".dsir-work/") {
                files.push((entry.path().to_owned(), fs::read(entry.path()).unwrap()));
            }
        }
        files
    };
    let clear = || {
        for folder in ["out", "temp"] {
            if dir.path(folder).exists() {
                fs::remove_dir_all(dir.path(folder)).unwrap();
            }
            fs::create_dir(dir.path(folder)).unwrap();
        }
    };
    clear();
    dir.run(&command).ok();
    let expected = outputs();
    assert!(!expected.is_empty());

    let mut failures = 0;
    for (call, error, sticky) in FAULTS {
        for n in 1.. {
            clear();
            let mut run = dir.command(&command);
            run.env("LD_PRELOAD", &shim).env("FAULT_CALL", call).env("FAULT_N", n.to_string());
            run.env("FAULT_ERRNO", error.to_string()).env("FAULT_LOG", dir.path("calls"));
            if sticky {
                run.env("FAULT_STICKY", "1");
            }
            let ran = Ran::from(run.output().unwrap());
            let what = format!("{command}\n{call} {n}: {:?} {}", ran.code, ran.stderr);
            // What is told although all goes well.
            let stderr: String =
                ran.stderr.split_inclusive('\n').filter(|line| !line.starts_with("warning: ")).collect();
            if ran.code == Some(0) {
                assert!(outputs() == expected, "other output: {what}");
                assert_eq!(stderr, "", "{what}");
            } else {
                failures += 1;
                assert_eq!(ran.code, Some(1), "{what}");
                let (message, rest) = stderr.split_once('\n').unwrap();
                assert!(message.starts_with("error: "), "{what}");
                assert!(rest.is_empty() || rest.starts_with("note: what is done is kept in "), "{what}");
                // What is there is whole: weights of single shards may be.
                assert!(outputs().iter().all(|file| expected.contains(file)), "partial output: {what}");
                // And the same again comes to the same end.
                dir.run(&command).ok();
                assert!(outputs() == expected, "not resumed: {what}");
            }
            let calls = u64::from_ne_bytes(fs::read(dir.path("calls")).unwrap().try_into().unwrap());
            if calls < n {
                break;
            }
        }
    }
    failures
}

#[test]
fn while_selecting() {
    let select = "select --target target.jsonl --buckets 500 --min-tokens 1 -k 60 --shuffle --rejects out/rejects.jsonl";
    assert!(every_fault(&format!("{select} -o out/selected.jsonl.gz raw")) > 100);
}

#[test]
fn while_weighing() {
    assert!(every_fault("weigh --model model.json --invalid skip -o out/weights raw") > 50);
}

#[test]
fn while_resampling() {
    let resample = "resample --weights weights --min-tokens 1 --tokens 400 --draws 2 -o out/selected/ raw";
    assert!(every_fault(resample) > 50);
}

#[test]
fn while_preparing() {
    let prepare = "prepare --chunk-words 3 --where-not id=7 --pack 2 --rejects out/rejects.jsonl raw";
    assert!(every_fault(&format!("{prepare} -o out/prepared.jsonl.zst")) > 15);
    assert!(every_fault(&format!("{prepare} -o out/prepared/")) > 20);
}

#[test]
fn while_counting() {
    let fit = "fit --target target.jsonl --buckets 500 --invalid skip -o out/model.json raw";
    assert!(every_fault(fit) > 20);
}
