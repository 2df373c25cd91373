use std::fs;
use std::process::Stdio;

use crate::harness::{Dir, document, gzip, record};

const SELECT: &str = "select --target target.jsonl -k 5 --min-tokens 1 --seed 1";

#[test]
fn compression_is_known_by_content_whatever_the_name() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    let (one, two) = raw.split_at(777);
    dir.write("members.txt", [gzip(one), gzip(two)].concat());
    dir.write(
        "frames.jsonl",
        [zstd::encode_all(one.as_bytes(), 3).unwrap(), zstd::encode_all(two.as_bytes(), 3).unwrap()].concat(),
    );
    let mut long = zstd::Encoder::new(Vec::new(), 3).unwrap();
    long.window_log(28).unwrap();
    long.long_distance_matching(true).unwrap();
    std::io::Write::write_all(&mut long, raw.as_bytes()).unwrap();
    dir.write("long-window.gz", long.finish().unwrap());
    dir.write("plain.gz", &raw);
    for name in ["members.txt", "frames.jsonl", "long-window.gz", "plain.gz"] {
        assert_eq!(dir.run(&format!("{SELECT} {name}")).ok(), expected, "{name}");
    }
}

#[test]
fn standard_input_is_read_where_it_is_named() {
    let dir = Dir::with_corpus();
    let raw = dir.read("raw.jsonl");
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    assert_eq!(dir.run_with_input(&format!("{SELECT} -"), raw.as_bytes()).ok(), expected);
    assert_eq!(dir.run_with_input(&format!("{SELECT} -"), &gzip(&raw)).ok(), expected);
    let target = dir.read("target.jsonl");
    let from_target = "select --target - -k 5 --min-tokens 1 --seed 1 raw.jsonl";
    assert_eq!(dir.run_with_input(from_target, target.as_bytes()).ok(), expected);
    // Nothing named: not guessed, even if something is there to read.
    dir.run_with_input(SELECT, raw.as_bytes()).misused(&["no RAW", "name it: `-`"]);
    dir.run("select --target - -k 5 -").misused(&["both RAW and --target"]);
    dir.run(&format!("{SELECT} - -")).misused(&["only once"]);
}

#[test]
fn a_pipe_by_name_is_read_once_and_kept() {
    let dir = Dir::with_corpus();
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    assert!(std::process::Command::new("mkfifo").arg(dir.path("pipe")).status().unwrap().success());
    let child = dir.command(&format!("{SELECT} pipe")).stdout(Stdio::piped()).spawn().unwrap();
    fs::write(dir.path("pipe"), dir.read("raw.jsonl")).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), expected);
}

#[test]
fn folders_are_walked_in_order_and_lists_are_followed() {
    let dir = Dir::with_corpus();
    dir.write("corpus/b.jsonl.gz", gzip((0..10).map(document).collect::<String>()));
    dir.write("corpus/a/1.ndjson", (10..20).map(document).collect::<String>());
    dir.write("corpus/a/.hidden.jsonl", "not read");
    dir.write("corpus/README.md", "not read");
    let all = "select --target target.jsonl --fraction 1 --min-tokens 1";
    let ran = dir.run(&format!("{all} corpus"));
    assert!(ran.stderr.contains("1 file in the folders passed over"), "{}", ran.stderr);
    let expected: String = (10..20).chain(0..10).map(document).collect();
    assert_eq!(ran.ok(), expected);
    dir.write("list.txt", "corpus/a/1.ndjson\n\ncorpus/b.jsonl.gz\n");
    assert_eq!(dir.run(&format!("{all} --files-from list.txt")).ok(), expected);
    assert_eq!(dir.run_with_input(&format!("{all} --files-from -"), b"corpus\n").ok(), expected);
}

#[test]
fn lists_as_other_systems_write_them() {
    let dir = Dir::with_corpus();
    let expected = dir.run(&format!("{SELECT} raw.jsonl")).ok();
    dir.write("list", b"\xEF\xBB\xBFraw.jsonl\r\n\r\n");
    assert_eq!(dir.run(&format!("{SELECT} --files-from list")).ok(), expected);
    dir.write("list", b"caf\xE9.jsonl");
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xE9.jsonl");
    fs::rename(dir.path("raw.jsonl"), dir.path("x").with_file_name(name)).unwrap();
    assert_eq!(dir.run(&format!("{SELECT} --files-from list")).ok(), expected);
}

#[test]
fn line_ends_and_blank_lines() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", "\u{FEFF}{\"text\": \"tide one\"}\r\n\r\n \t\n\n{\"text\": \"tide\\r two\"}\r\r\n{\"text\":\"tide three\"}");
    let selected = dir.run("select --target target.jsonl --fraction 1 --min-tokens 1 raw.jsonl").ok();
    assert_eq!(
        selected,
        "{\"text\": \"tide one\"}\n{\"text\": \"tide\\r two\"}\r\n{\"text\":\"tide three\"}\n"
    );
}

#[test]
fn texts_come_from_the_fields_named() {
    let dir = Dir::with_corpus();
    dir.write("target.jsonl", "{\"title\": \"sea\", \"body\": {\"main\": \"tide\"}}\n");
    let sea = "{\"body\": {\"main\": \"tide\"}, \"title\": \"sea\"}\n";
    dir.write("raw.jsonl", "{\"title\": \"tax\", \"body\": {\"main\": \"form\"}}\n".repeat(3) + sea);
    let command = "select --target target.jsonl -k 1 --temperature 0 --min-tokens 2 --text-field title --text-field body.main";
    assert_eq!(dir.run(&format!("{command} raw.jsonl")).ok(), sea);
}

#[test]
fn equal_records_are_all_records() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", record("tide and sea").repeat(5));
    assert_eq!(
        dir.run("select --target target.jsonl -k 3 --min-tokens 1 raw.jsonl").ok(),
        record("tide and sea").repeat(3)
    );
}
