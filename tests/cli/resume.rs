//! A run that was killed is resumed where it stopped, and its output is that of a run that was not.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::harness::{Dir, document, gzip};

/// Asks for more than there is: all is weighed before the run fails.
const TOO_MANY: &str = "select --model model.json --min-tokens 1 -k 1000 -o out.jsonl raw";
const CORRECTED: &str =
    "select --model model.json --min-tokens 1 -k 30 --summary summary.json -o out.jsonl raw";

/// 40 documents in each of three shards, and a model.
fn corpus() -> Dir {
    let dir = Dir::with_corpus();
    for (name, first) in [("raw/a.jsonl", 0), ("raw/b.jsonl", 40)] {
        dir.write(name, documents(first..first + 40));
    }
    dir.write("raw/c.jsonl.gz", gzip(documents(80..120)));
    dir.run("fit --target target.jsonl -o model.json raw").ok();
    dir
}

fn documents(range: std::ops::Range<usize>) -> String {
    range.map(document).collect()
}

/// The bytes of content that the last run had not to weigh again, and those of all.
fn weighed_before(dir: &Dir) -> (u64, u64) {
    let summary = dir.json("summary.json");
    let stage = summary["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "weigh").unwrap();
    (stage["bytes_before"].as_u64().unwrap_or(0), stage["bytes"].as_u64().unwrap())
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn what_is_weighed_is_kept_when_the_draw_fails() {
    let dir = corpus();
    dir.run(TOO_MANY).fails(&["1000", "kept in out.jsonl.dsir-work"]);
    dir.run(CORRECTED).ok();
    let (before, all) = weighed_before(&dir);
    assert_eq!(before, all);
    assert!(!dir.path("out.jsonl.dsir-work").exists(), "a finished run takes its folder away");

    let went_on = dir.read("out.jsonl");
    dir.run(CORRECTED).ok();
    assert_eq!(weighed_before(&dir).0, 0);
    assert_eq!(dir.read("out.jsonl"), went_on);
}

#[test]
fn what_has_changed_is_done_again() {
    let all_of = |dir: &Dir| {
        let (before, all) = weighed_before(dir);
        (before, all, dir.read("out.jsonl"))
    };
    let changed = |change: &dyn Fn(&Dir), command: &str| {
        let (dir, fresh) = (corpus(), corpus());
        dir.run(TOO_MANY).fails(&["kept"]);
        change(&dir);
        change(&fresh);
        dir.run(command).ok();
        fresh.run(command).ok();
        let ((before, all, out), (_, expected_all, expected)) = (all_of(&dir), all_of(&fresh));
        assert_eq!((all, out), (expected_all, expected));
        before
    };
    let shard = documents(0..40).len() as u64;
    let [b, c] = [documents(40..80).len() as u64, documents(80..120).len() as u64];
    // A shard with another content, a new one, one that is no more, and one of another name.
    let b_and_c = changed(&|dir| dir.write("raw/a.jsonl", documents(200..300)), CORRECTED);
    assert_eq!(b_and_c, b + c);
    let a_b_and_c = changed(&|dir| dir.write("raw/aa.jsonl", documents(200..300)), CORRECTED);
    assert_eq!(a_b_and_c, shard + b + c);
    let a_and_c = changed(&|dir| fs::remove_file(dir.path("raw/b.jsonl")).unwrap(), CORRECTED);
    assert_eq!(a_and_c, shard + c);
    let rename = |dir: &Dir| fs::rename(dir.path("raw/a.jsonl"), dir.path("raw/z.jsonl")).unwrap();
    assert_eq!(changed(&rename, CORRECTED), b + c);
    // Another model; another draw with the same model.
    let model = |dir: &Dir| {
        dir.run("fit --target raw/a.jsonl -o model.json raw").ok();
    };
    assert_eq!(changed(&model, CORRECTED), 0);
    let draw = "--min-tokens 5 --temperature 3 --seed 9 --annotate";
    let all = changed(&|_| (), &CORRECTED.replace("--min-tokens 1", draw));
    assert_eq!(all, shard + b + c);
}

#[test]
fn records_skipped_before_are_among_the_rejects() {
    let dir = corpus();
    dir.write("raw/b.jsonl", documents(0..3) + "no record\n" + &documents(3..5) + "{}\n");
    let skip = |command: &str| format!("{command} --invalid skip --rejects rejects.jsonl");
    dir.run(&skip(CORRECTED)).ok();
    let expected = (dir.read("rejects.jsonl"), dir.read("out.jsonl"));
    assert_eq!(expected.0.lines().count(), 2);

    dir.run(&skip(TOO_MANY)).fails(&["kept"]);
    dir.run(&skip(CORRECTED)).ok();
    assert_eq!(weighed_before(&dir).0, weighed_before(&dir).1);
    assert_eq!((dir.read("rejects.jsonl"), dir.read("out.jsonl")), expected);

    // Without --rejects they were not kept: their shard is done again.
    dir.run(&format!("{TOO_MANY} --invalid skip")).fails(&["kept"]);
    dir.run(&skip(CORRECTED)).ok();
    let (before, all) = weighed_before(&dir);
    assert!(0 < before && before < all);
    assert_eq!((dir.read("rejects.jsonl"), dir.read("out.jsonl")), expected);

    // And what was skipped before is a fault where nothing may be.
    dir.run(&format!("{TOO_MANY} --invalid skip")).fails(&["kept"]);
    dir.run(CORRECTED).fails(&["b.jsonl:4"]);
}

#[test]
fn the_work_folder_is_where_it_is_asked_for() {
    let dir = corpus();
    dir.run(&format!("{TOO_MANY} --work elsewhere/work")).fails(&["kept in elsewhere/work"]);
    assert!(!dir.path("out.jsonl.dsir-work").exists());
    // To standard output as well, which has no folder beside it.
    let stdout = dir.run("select --model model.json --min-tokens 1 -k 30 --work elsewhere/work raw").ok();
    assert_eq!(fs::read_dir(dir.path("elsewhere")).unwrap().count(), 0);
    dir.run(CORRECTED).ok();
    assert_eq!(dir.read("out.jsonl"), stdout);
}

#[test]
fn a_folder_with_other_files_is_no_work_folder() {
    let dir = corpus();
    dir.write("mine/thesis.txt", "years of work");
    dir.run(&format!("{CORRECTED} --work mine")).fails(&["mine", "other files", "--work"]);
    assert_eq!(dir.read("mine/thesis.txt"), "years of work");
    dir.run(&format!("{CORRECTED} --work out.jsonl")).misused(&["out.jsonl"]);
    dir.run(&format!("{CORRECTED} --work model.json")).fails(&["model.json"]);
}

/// Starts a run that has weighed the shards of the corpus, waits for more from a pipe and has kept what it has.
fn waiting(dir: &Dir) -> (Child, fs::File) {
    assert!(Command::new("mkfifo").arg(dir.path("pipe.jsonl")).status().unwrap().success());
    let child = dir.command(&format!("{CORRECTED} pipe.jsonl")).spawn().unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(dir.path("pipe.jsonl")).unwrap();
    // What it has is kept now and then, while it works.
    let more = documents(0..3000);
    while !dir.path("out.jsonl.dsir-work/weigh.state").exists() {
        pipe.write_all(more.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    (child, pipe)
}

#[test]
fn two_runs_at_once_on_one_work_folder() {
    let dir = corpus();
    let (mut child, pipe) = waiting(&dir);
    dir.run(CORRECTED).fails(&["another run is at work there"]);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(pipe);
    dir.run(CORRECTED).ok();
    assert!(weighed_before(&dir).0 > 0);
}

#[test]
fn a_run_that_is_told_to_stop_says_how_to_go_on() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let dir = corpus();
        let (child, _pipe) = waiting(&dir);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(number));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains("run the same command again to resume from out.jsonl.dsir-work"),
            "{message}"
        );
        dir.run(CORRECTED).ok();
        assert!(weighed_before(&dir).0 > 0);
    }
}

#[test]
fn one_large_shard_is_gone_on_with_in_its_middle() {
    let block = documents(0..4000);
    for compressed in [false, true] {
        let dir = corpus();
        fs::remove_dir_all(dir.path("raw")).unwrap();
        let content = block.repeat(200);
        let content =
            if compressed { zstd::encode_all(content.as_bytes(), 1).unwrap() } else { content.into() };
        dir.write("raw/large.jsonl", content);
        dir.run(CORRECTED).ok();
        let expected = dir.read("out.jsonl");
        fs::remove_file(dir.path("out.jsonl")).unwrap();

        let is_running = |child: &mut Child| child.try_wait().unwrap().is_none();
        let gone_on = (0..20).any(|_| {
            let mut child = dir.command(CORRECTED).spawn().unwrap();
            while is_running(&mut child) && !dir.path("out.jsonl.dsir-work/parts").exists() {}
            if is_running(&mut child) {
                // A second goes by while it is stopped: then it is time to keep what is done.
                signal(&child, "STOP");
                std::thread::sleep(Duration::from_millis(1200));
                signal(&child, "CONT");
            }
            while is_running(&mut child) && !dir.path("out.jsonl.dsir-work/weigh.state").exists() {}
            child.kill().unwrap();
            child.wait().unwrap();
            dir.run(CORRECTED).ok();
            assert!(dir.read("out.jsonl") == expected);
            fs::remove_file(dir.path("out.jsonl")).unwrap();
            // It may have been done with the shard, or with all, before it was killed.
            let (before, all) = weighed_before(&dir);
            0 < before && before < all
        });
        assert!(gone_on, "it was never killed in the middle of the shard");
    }
}

#[test]
fn killed_at_a_hundred_random_moments() {
    let dir = Dir::with_corpus();
    for shard in 0..6 {
        let content = documents(shard * 20_000..(shard + 1) * 20_000);
        match shard % 3 {
            0 => dir.write(&format!("raw/{shard}.jsonl"), content),
            1 => dir.write(&format!("raw/{shard}.jsonl.gz"), gzip(content)),
            _ => {
                dir.write(&format!("raw/{shard}.jsonl.zst"), zstd::encode_all(content.as_bytes(), 1).unwrap())
            }
        }
    }
    dir.run("fit --target target.jsonl -o model.json raw").ok();
    dir.write("items.jsonl", [70, 40_004, 99_998].map(document).concat());
    let names = dir.names();
    let mut random = SmallRng::seed_from_u64(5);
    let mut gone_on = 0;
    for (command, output, kills) in [
        ("select --model model.json --min-tokens 1 -k 900 -o out.jsonl.gz", "out.jsonl.gz", 35),
        (
            "select --target target.jsonl --min-tokens 1 --fraction 0.3 --shuffle --annotate -o out.jsonl",
            "out.jsonl",
            35,
        ),
        (
            "weigh --model model.json --decontaminate items.jsonl --decontaminate-ngrams 8 -o weights",
            "weights",
            30,
        ),
    ] {
        let command = format!("{command} --threads 3 --summary summary.json raw");
        let start = Instant::now();
        dir.run(&command).ok();
        let lasts = start.elapsed();
        let expected = content_of(&dir, output);
        let told = dir.json("summary.json")["decontaminated"].clone();
        assert_eq!(told["documents"].as_u64().is_some_and(|documents| documents > 2), output == "weights");
        let mut left = kills;
        while left > 0 {
            remove(&dir, output);
            for _ in 0..random.random_range(1..=left.min(3)) {
                let mut child = dir.command(&command).spawn().unwrap();
                std::thread::sleep(lasts.mul_f64(random.random_range(0.0..1.1)));
                child.kill().unwrap();
                child.wait().unwrap();
                left -= 1;
            }
            dir.run(&command).ok();
            assert!(content_of(&dir, output) == expected, "{command}");
            assert_eq!(dir.json("summary.json")["decontaminated"], told, "{command}");
            gone_on += usize::from(weighed_before(&dir).0 > 0);
        }
        remove(&dir, output);
        remove(&dir, "summary.json");
        assert_eq!(dir.names(), names, "{command}");
    }
    assert!(gone_on > 0, "no run had anything to resume from");
}

fn remove(dir: &Dir, output: &str) {
    let path = dir.path(output);
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
}

/// The content of a file, or of all files in a folder.
fn content_of(dir: &Dir, output: &str) -> Vec<(String, Vec<u8>)> {
    let path = dir.path(output);
    let mut files = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(&path).unwrap() {
            files.extend(content_of(dir, &format!("{output}/{}", entry.unwrap().file_name().display())));
        }
        files.sort();
    } else {
        files.push((output.to_owned(), fs::read(path).unwrap()));
    }
    files
}
