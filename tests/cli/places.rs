use std::fs;

use crate::harness::Dir;

const SELECT: &str = "dsir select -q --target target.jsonl --min-tokens 1 -k 5";

#[test]
fn descriptors_by_name_are_written_to_as_they_are() {
    let dir = Dir::with_corpus();
    let selected = dir.shell(&format!("{SELECT} raw.jsonl")).ok();
    for (open, path) in [("3> out", "/dev/fd/3"), ("3>> out", "/proc/self/fd/3"), ("7> out", "link")] {
        let line = format!(
            "rm -f out link; ln -s /dev/fd/7 link; exec {open}; echo before >&${{FD:-3}}; \
             {SELECT} -o {path} raw.jsonl; echo after >&${{FD:-3}}"
        );
        let line = if open.starts_with('7') { format!("FD=7; {line}") } else { line };
        dir.shell(&line).ok();
        assert_eq!(dir.read("out"), format!("before\n{selected}after\n"), "{path}");
    }
    // Every output, a summary too.
    dir.write("log", "earlier\n");
    dir.shell(&format!("{SELECT} -o o --summary /dev/stderr raw.jsonl 2>> log")).ok();
    assert!(dir.read("log").starts_with("earlier\n") && dir.read("log").contains("\"command\": \"select\""));
    dir.shell("dsir fit -q --target target.jsonl -o /dev/stdout raw.jsonl > model.json").ok();
    dir.shell(&format!("{SELECT} -o /dev/stdout raw.jsonl | head -1 > first")).ok();
    assert_eq!(dir.read("first").lines().count(), 1);
    let names = dir.names();
    assert!(!names.iter().any(|name| name.contains("dsir-work")), "{names:?}");
}

#[test]
fn what_cannot_be_written_to_is_found_out_before_the_work() {
    let dir = Dir::with_corpus();
    // Raw that would fail if it were read.
    dir.write("bad.jsonl", "{\"text\": 1}\n");
    for (line, message) in [
        (format!("{SELECT} -o /dev/fd/3 bad.jsonl 3< raw.jsonl"), "/dev/fd/3"),
        (format!("{SELECT} -o /dev/fd/9 bad.jsonl"), "/dev/fd/9"),
        (format!("{SELECT} -o o --summary /dev/fd/3 bad.jsonl 3< raw.jsonl"), "/dev/fd/3"),
        (format!("{SELECT} -o raw.jsonl/x bad.jsonl"), "raw.jsonl/x"),
        (format!("{SELECT} -o /proc/none/x bad.jsonl"), "/proc/none/x"),
    ] {
        let said = dir.shell(&line).fails(&[message]);
        assert!(!said.contains("bad.jsonl"), "{said}");
    }
    dir.shell(&format!("{SELECT} -o out.csv bad.jsonl")).misused(&[".csv is not written"]);
}

#[test]
fn a_file_that_cannot_be_replaced() {
    let dir = Dir::with_corpus();
    dir.write("out.jsonl", "mine\n");
    dir.write("other.jsonl", "other\n");
    // A file system of its own on the file, in a space of mounts that ends with the shell.
    let mount = "unshare -m bash -c 'mount --bind raw.jsonl out.jsonl && true'";
    if dir.shell(mount).code != Some(0) {
        eprintln!("no mounts here: not tested");
        return;
    }
    let program = env!("CARGO_BIN_EXE_dsir");
    let line = format!(
        "unshare -m bash -c 'mount --bind other.jsonl out.jsonl; \
         {program} select -q --target target.jsonl --min-tokens 1 -k 5 -o out.jsonl raw.jsonl'"
    );
    dir.shell(&line).fails(&["out.jsonl", "cannot be replaced"]);
    assert_eq!(dir.read("out.jsonl"), "mine\n");
}

#[test]
fn standard_output_that_goes_to_an_input() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    dir.shell(&format!("{SELECT} raw.jsonl >> raw.jsonl")).misused(&["raw.jsonl", "is an input"]);
    assert_eq!(dir.read("raw.jsonl"), raw);
    dir.shell(&format!("{SELECT} -o /dev/stdout raw.jsonl >> raw.jsonl")).fails(&["also an input"]);
    assert_eq!(dir.read("raw.jsonl"), raw);
}

#[test]
fn links_stay_links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::with_corpus();
    dir.write("folder/real", "old");
    fs::set_permissions(dir.path("folder/real"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("folder/real", dir.path("link")).unwrap();
    dir.shell(&format!("{SELECT} -o link raw.jsonl")).ok();
    assert!(dir.path("link").is_symlink());
    assert_eq!(dir.read("folder/real").lines().count(), 5);
    assert_eq!(fs::metadata(dir.path("folder/real")).unwrap().permissions().mode() & 0o777, 0o640);
}
