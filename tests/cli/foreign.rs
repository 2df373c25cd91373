use crate::harness::{Dir, document, gzip, record};

const SELECT: &str = "select -q --target target.jsonl --min-tokens 1 -k 2";

#[test]
fn files_are_named_for_what_they_are() {
    let dir = Dir::with_corpus();
    let utf16 = |text: &str, le: bool| {
        let bytes = |unit: u16| if le { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let json = document(1);
    let tar = [&b"a.jsonl"[..], &[0; 250], b"ustar\x0000", &[0; 250], json.as_bytes()].concat();
    let files: [(&str, Vec<u8>, &str); 18] = [
        ("utf16le.jsonl", utf16(&json, true), "UTF-16LE"),
        ("utf16be.jsonl", utf16(&json, false), "UTF-16BE"),
        ("bom.jsonl", [&[0xFF, 0xFE][..], &utf16(&json, true)].concat(), "UTF-16"),
        ("page.jsonl", b"\n<!doctype html>\n<html><body>Not found</body></html>\n".into(), "HTML"),
        ("denied.json", b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>".into(), "XML"),
        ("message.jsonl", b"Entry not found".into(), "plain text"),
        ("table.jsonl", b"id,text\n1,hello\n2,world\n".into(), "comma-separated"),
        ("tabs.jsonl", b"id\ttext\n1\thello\n".into(), "tab-separated"),
        ("annex.jsonl", b"/annex/objects/SHA256E-s20--0f.jsonl\n".into(), "git-annex"),
        ("a.tar", tar.clone(), "tar archive"),
        ("a.tar.gz", gzip(&tar), "tar archive"),
        ("twice.jsonl.gz", gzip(gzip(&json)), "compressed twice"),
        ("page.jsonl.gz", gzip("<html></html>"), "HTML"),
        ("a.zip", b"PK\x03\x04rest".into(), "zip archive"),
        ("a.pkl", b"\x80\x04\x95rest".into(), "pickle"),
        ("a.npy", b"\x93NUMPY\x01\x00".into(), "NumPy array"),
        ("a.pdf", b"%PDF-1.7\n".into(), "PDF"),
        ("a.sqlite", b"SQLite format 3\0".into(), "SQLite"),
    ];
    for (name, content, what) in files {
        dir.write(name, content);
        let message = dir.run(&format!("{SELECT} raw.jsonl {name}")).fails(&[name, what]);
        assert!(!message.contains("mend the line") && !message.contains("--exclude"), "{message}");
        // A target, too.
        dir.run(&format!("select -q --target {name} -k 1 raw.jsonl")).fails(&[name, what]);
    }
}

#[test]
fn json_in_other_forms_and_other_encodings_say_what_to_do() {
    let dir = Dir::with_corpus();
    let value: serde_json::Value = serde_json::from_str(&document(1)).unwrap();
    dir.write("pretty.json", format!("{value:#}\n"));
    dir.write("arrays.jsonl", "[1, 2]\n[3]\n");
    dir.write("latin1.jsonl", b"{\"text\": \"caf\xE9 au lait\"}\n");
    dir.run(&format!("{SELECT} pretty.json")).fails(&["pretty.json:1", "JSON over several lines", "jq -c"]);
    dir.run(&format!("{SELECT} arrays.jsonl")).fails(&["arrays.jsonl:1", "an array", "jq -c '.[]'"]);
    dir.run(&format!("{SELECT} latin1.jsonl")).fails(&["latin1.jsonl:1", "not UTF-8", "iconv"]);
}

#[test]
fn a_shard_without_one_valid_record_is_told_by_name() {
    let dir = Dir::with_corpus();
    dir.write("corpus/a.jsonl", dir.read("raw.jsonl"));
    dir.write("corpus/b.jsonl", "{\"body\": \"one\"}\n{\"body\": \"two\"}\n");
    dir.write("corpus/c.jsonl.gz", "Not found\n");
    let ran = dir.run(&format!("{SELECT} --invalid skip corpus"));
    let selected =
        ran.warns(&["corpus/b.jsonl: none of its 2 records is valid", "the fields are `body`", "--exclude"]);
    assert_eq!(selected, dir.run(&format!("{SELECT} corpus/a.jsonl")).ok());
    let ran = dir.run(&format!("{SELECT} --invalid skip corpus"));
    ran.warns(&["corpus/c.jsonl.gz: none of its 1 record is valid"]);
    // A shard with some good records is what it was.
    dir.write("corpus/b.jsonl", "{\"body\": \"one\"}\n".to_owned() + &record("good"));
    dir.run(&format!("{SELECT} --invalid skip --exclude c.* corpus")).says_nothing_of("none of its");
    // A first line that is bad is no other format.
    dir.write("first.jsonl", "broken\n".to_owned() + &dir.read("raw.jsonl"));
    dir.run(&format!("{SELECT} first.jsonl")).fails(&["first.jsonl:1: not JSON", "mend the line"]);
    assert_eq!(dir.run(&format!("{SELECT} --invalid skip first.jsonl")).ok(), selected);
}

#[test]
fn files_of_folders_are_left_out() {
    let dir = Dir::with_corpus();
    for name in ["a.jsonl", "b.jsonl", "skip.jsonl", "old/c.jsonl", "new/old.jsonl", "new/deep/d.jsonl"] {
        let number = name.len() * 100;
        dir.write(&format!("corpus/{name}"), (number..number + 5).map(document).collect::<String>());
    }
    let read = |exclude: &str| {
        let exclude: String = exclude.split_whitespace().map(|glob| format!("--exclude {glob} ")).collect();
        dir.run(&format!("{SELECT} {exclude} --summary s.json corpus"));
        dir.json("s.json")["raw"]["shards"].as_u64().unwrap()
    };
    assert_eq!(read(""), 6);
    assert_eq!(read("skip.jsonl"), 5);
    assert_eq!(read("*.jsonl.gz"), 6);
    assert_eq!(read("old"), 5, "a folder");
    assert_eq!(read("old*"), 4, "a folder and a file");
    assert_eq!(read("new/*"), 4, "a path");
    assert_eq!(read("/new/old.jsonl ?.jsonl"), 1);
    dir.run(&format!("{SELECT} --exclude nothing.* corpus"))
        .warns(&["--exclude 'nothing.*' leaves out no file"]);
    dir.run(&format!("{SELECT} --exclude * corpus")).fails(&["no shard in this folder"]);
    // Files that are named themselves are read, and targets are folders too.
    dir.run(&format!("{SELECT} --exclude raw.jsonl raw.jsonl")).ok();
    dir.write("targets/t.jsonl", dir.read("target.jsonl"));
    dir.write("targets/info.json", "{}\n");
    let target = "select -q --target targets --min-tokens 1 -k 2 raw.jsonl";
    dir.run(target).fails(&["targets/info.json:1", "--exclude 'info.json'"]);
    assert_eq!(
        dir.run(&format!("{target} --exclude info.json")).ok(),
        dir.run(&format!("{SELECT} raw.jsonl")).ok()
    );
}
