use std::fs;
use std::io::Read;

use crate::harness::{Dir, decompressed, document, gzip, sorted};

const SELECT: &str = "select --target target.jsonl -k 5 --min-tokens 1 --seed 1";

#[test]
fn a_file_compressed_by_its_name() {
    let dir = Dir::with_corpus();
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    for name in ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"] {
        assert_eq!(dir.run(&format!("{SELECT} -o {name} raw.jsonl")).ok(), "");
        assert_eq!(decompressed(&dir.path(name)), expected, "{name}");
    }
    assert_eq!(dir.names(), ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst", "raw.jsonl", "target.jsonl"]);
}

#[test]
fn a_folder_gets_one_file_for_each_shard() {
    let dir = Dir::with_corpus();
    dir.write("corpus/a.jsonl", (0..20).map(document).collect::<String>());
    dir.write("corpus/b/c.jsonl.gz", gzip((20..40).map(document).collect::<String>()));
    dir.write("corpus/empty.jsonl", "");
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    dir.run(&format!("{SELECT} -o out/ corpus")).ok();
    let parts = decompressed(&dir.path("out/a.jsonl")) + &decompressed(&dir.path("out/b/c.jsonl.gz"));
    assert_eq!(parts, expected);
    assert_eq!(dir.read("out/empty.jsonl"), "");
    dir.run(&format!("{SELECT} -o out/ --shuffle corpus")).misused(&["--shuffle"]);
}

#[test]
fn shuffled_is_the_same_selection_in_an_order_of_its_own() {
    let dir = Dir::with_corpus();
    let plain = dir.run("select --target target.jsonl -k 30 --min-tokens 1 raw.jsonl").ok();
    let shuffled = dir.run("select --target target.jsonl -k 30 --min-tokens 1 --shuffle raw.jsonl").ok();
    assert_ne!(plain, shuffled);
    assert_eq!(sorted(&plain), sorted(&shuffled));
}

#[test]
fn annotated_records_carry_their_log_weight() {
    let dir = Dir::with_corpus();
    let selected = dir.run(&format!("{SELECT} --annotate raw.jsonl")).ok();
    let plain = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    for (annotated, plain) in selected.lines().zip(plain.lines()) {
        let mut record: serde_json::Value = serde_json::from_str(annotated).unwrap();
        assert!(record.as_object_mut().unwrap().remove("log_weight").unwrap().is_f64());
        assert_eq!(record, serde_json::from_str::<serde_json::Value>(plain).unwrap());
    }
}

#[test]
fn rejects_keep_what_was_skipped_and_why() {
    let dir = Dir::with_corpus();
    dir.write("corpus/a.jsonl", document(0) + "{\"text\": 5}\n\n" + &document(4) + "broken\n");
    dir.write("corpus/b.jsonl", document(8) + "{}\n");
    dir.run("select --target target.jsonl -k 2 --min-tokens 1 --rejects rejects.jsonl -o out.jsonl corpus")
        .ok();
    let rejects = dir.read("rejects.jsonl");
    let rejects: Vec<serde_json::Value> =
        rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |field: &str| rejects.iter().map(|reject| reject[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("file"), ["corpus/a.jsonl", "corpus/a.jsonl", "corpus/b.jsonl"]);
    assert_eq!(of("line"), [2, 5, 2]);
    assert_eq!(of("record"), ["{\"text\": 5}", "broken", "{}"]);
    assert!(of("error")[0].as_str().unwrap().contains("not a string"));

    // Also when nothing is left.
    dir.run("select --target target.jsonl -k 2 --text-field body --rejects all.jsonl corpus")
        .fails(&["no document in 1 shard"]);
    dir.run("fit --target target.jsonl -o model.json corpus/b.jsonl --invalid skip").ok();
    dir.run("weigh --model model.json -o w --text-field body --rejects all.jsonl corpus")
        .fails(&["no document"]);
    assert_eq!(dir.read("all.jsonl").lines().count(), 6);
}

#[test]
fn an_output_does_not_overwrite_an_input() {
    let dir = Dir::with_corpus();
    let before = dir.read("raw.jsonl");
    fs::hard_link(dir.path("raw.jsonl"), dir.path("link.jsonl")).unwrap();
    for output in [
        "-o raw.jsonl",
        "-o link.jsonl",
        "-o ./",
        "-o target.jsonl",
        "--summary raw.jsonl",
        "--rejects raw.jsonl",
    ] {
        dir.run(&format!("{SELECT} {output} raw.jsonl")).fails(&["is also an input"]);
    }
    assert_eq!(dir.read("raw.jsonl"), before);

    dir.write("list", "raw.jsonl\n");
    for command in
        ["select --target target.jsonl -k 5 --min-tokens 1 -o list", "fit -o list", "fit -o m --summary list"]
    {
        dir.run(&format!("{command} --files-from list")).fails(&["is also an input"]);
    }
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o w raw.jsonl").ok();
    dir.run("weigh --model model.json -o w --summary w/raw.jsonl.npy raw.jsonl").misused(&["two outputs"]);
    for output in ["-o w/raw.jsonl.npy", "--summary w/weights.meta"] {
        let resample = "resample --weights w -k 5 --min-tokens 1 raw.jsonl";
        dir.run(&format!("{resample} {output}")).fails(&["is also an input"]);
    }
}

#[test]
fn nothing_but_records_goes_where_the_records_go() {
    let dir = Dir::with_corpus();
    for (option, name) in [("--summary", "summary"), ("--rejects", "rejects")] {
        dir.run(&format!("{SELECT} {option} /dev/stdout raw.jsonl"))
            .misused(&[option, "the records go there"]);
        let file = fs::File::create(dir.path(name)).unwrap();
        let ran = dir.command(&format!("{SELECT} {option} {name} raw.jsonl")).stdout(file).status().unwrap();
        assert_eq!(ran.code(), Some(2), "{option}");
    }
}

#[test]
fn what_is_replaced_keeps_its_permissions_and_links_stay_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = Dir::with_corpus();
    dir.write("private.jsonl", "");
    fs::set_permissions(dir.path("private.jsonl"), fs::Permissions::from_mode(0o600)).unwrap();
    dir.run(&format!("{SELECT} -o private.jsonl raw.jsonl")).ok();
    assert_eq!(fs::metadata(dir.path("private.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);

    symlink("real.jsonl", dir.path("link.jsonl")).unwrap();
    dir.run(&format!("{SELECT} -o link.jsonl raw.jsonl")).ok();
    assert!(dir.path("link.jsonl").is_symlink());
    assert_eq!(dir.read("real.jsonl"), dir.read("private.jsonl"));
}

#[test]
fn a_failed_run_leaves_nothing_and_the_old_output_as_it_was() {
    let dir = Dir::with_corpus();
    dir.write("out.jsonl", "old");
    dir.write("bad.jsonl", document(0).repeat(3) + "broken");
    for output in ["out.jsonl", "new.jsonl", "folder/"] {
        dir.run(&format!("{SELECT} -o {output} raw.jsonl bad.jsonl")).fails(&["bad.jsonl:4"]);
    }
    assert_eq!(dir.read("out.jsonl"), "old");
    assert_eq!(dir.names(), ["bad.jsonl", "out.jsonl", "raw.jsonl", "target.jsonl"]);
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let dir = Dir::with_corpus();
    let many: String = (0..200_000).map(document).collect();
    dir.write("raw.jsonl", many);
    let mut child = dir
        .command("select --target target.jsonl --fraction 1 --min-tokens 1 --quiet raw.jsonl")
        .spawn()
        .unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // and then closes the pipe
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().all(|line| line.starts_with("warning: ")), "{stderr}");
}

#[test]
fn outputs_that_cannot_be_written_are_found_out_first() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", "this would fail if it were read");
    for output in
        ["-o nowhere/out.jsonl", "-o out.jsonl --summary nowhere/summary.json", "--temp-dir nowhere"]
    {
        dir.run(&format!("{SELECT} {output} raw.jsonl")).fails(&["nowhere"]);
    }
}

/// Starts a run that has begun its output and waits for more input, and gives the pipe that keeps it waiting.
fn waiting(dir: &Dir, arguments: &str) -> (std::process::Child, fs::File) {
    assert!(std::process::Command::new("mkfifo").arg(dir.path("pipe.jsonl")).status().unwrap().success());
    let child = dir.command(&format!("{arguments} pipe.jsonl")).spawn().unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(dir.path("pipe.jsonl")).unwrap();
    std::io::Write::write_all(&mut pipe, document(0).as_bytes()).unwrap();
    while !dir.names().iter().any(|name| name.ends_with("part")) && !dir.path("weights/weights.meta").exists()
    {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (child, pipe)
}

/// Whether programs started from here ignore a signal.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    u64::from_str_radix(mask, 16).unwrap() >> (signal - 1) & 1 == 1
}

#[test]
fn a_run_that_is_told_to_stop_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt;
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        assert!(
            !is_ignored(number),
            "SIG{signal} is ignored here, as under nohup: run this test where it is not"
        );
        for arguments in [
            "weigh --model model.json -o weights",
            "select --model model.json -k 1 --min-tokens 1 --rejects rejects.jsonl --temp-dir ./",
        ] {
            let dir = Dir::with_corpus();
            dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
            let (child, pipe) = waiting(&dir, arguments);
            let kill =
                std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            let output = child.wait_with_output().unwrap();
            drop(pipe);
            assert_eq!(output.status.signal(), Some(number), "{arguments}");
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(message.contains(&format!("stopped by SIG{signal}")), "{message}");
            let mut left = dir.names();
            left.retain(|name| name != "weights");
            assert_eq!(left, ["model.json", "pipe.jsonl", "raw.jsonl", "target.jsonl"], "{arguments}");
            let weights = fs::read_dir(dir.path("weights")).into_iter().flatten();
            let names: Vec<_> = weights.map(|entry| entry.unwrap().file_name()).collect();
            assert!(names.iter().all(|name| name == "weights.meta"), "{names:?}");
        }
    }
}

#[test]
fn a_signal_that_is_to_be_ignored_is_ignored() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    assert!(std::process::Command::new("mkfifo").arg(dir.path("pipe.jsonl")).status().unwrap().success());
    let nohup = format!(
        "trap '' HUP; exec {} select --quiet --model model.json -k 1 --min-tokens 1 -o out.jsonl pipe.jsonl",
        env!("CARGO_BIN_EXE_dsir")
    );
    let mut child =
        std::process::Command::new("sh").args(["-c", &nohup]).current_dir(dir.path("")).spawn().unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(dir.path("pipe.jsonl")).unwrap();
    let kill = std::process::Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    std::io::Write::write_all(&mut pipe, document(0).as_bytes()).unwrap();
    drop(pipe);
    assert!(child.wait().unwrap().success());
    assert_eq!(dir.read("out.jsonl"), document(0));
}
