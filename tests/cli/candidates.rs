//! What is slow to read again is read once by `select`, with the same result.

use crate::harness::{Dir, gzip};

/// 3000 records of which few are wanted; some end in a carriage return of their own, some are too short.
fn raw() -> String {
    let text = |i: usize| match i % 7 {
        0 => format!("boat {i} went out to sea with tide {}", i * i),
        3 => "short".to_owned(),
        _ => format!("invoice {i} is due on {} and the tax office wants its form", i * 31),
    };
    let end = |i: usize| if i.is_multiple_of(5) { "\r\r\n" } else { "\n" };
    (0..3000).map(|i| format!("{{\"id\": {i}, \"text\": \"{}\"}}{}", text(i), end(i))).collect()
}

#[test]
fn however_the_corpus_comes() {
    let dir = Dir::with_corpus();
    let raw = raw();
    dir.write("plain/raw.jsonl", &raw);
    dir.write("gzip/raw.jsonl", gzip(&raw));
    dir.write("zstd/raw.jsonl", zstd::encode_all(raw.as_bytes(), 3).unwrap());
    dir.write("raw.gz", gzip(&raw));
    dir.run("fit --target target.jsonl -o model.json plain").ok();
    for options in [
        "-k 20",
        "-k 2500 --shuffle --seed 3",
        "--fraction 0.02 --annotate",
        "--fraction 1",
        "--tokens 500 --temperature 0",
        "--bytes 4000 --temperature 30",
        "-k 60 --temperature 30 --repeat 5",
        "--fraction 1.2 --temperature 9 --repeat 2 --shuffle",
        "-k 90 --repeat-curve 90:0,90:1,100:3",
    ] {
        let select = format!("select --model model.json --min-tokens 3 {options}");
        let expected = dir.run(&format!("{select} plain")).ok();
        assert!(!expected.is_empty());
        for shards in ["gzip", "zstd", "raw.gz"] {
            assert_eq!(dir.run(&format!("{select} {shards}")).ok(), expected, "{options} from {shards}");
        }
        let piped = dir.run_with_input(&format!("{select} -"), raw.as_bytes()).ok();
        assert_eq!(piped, expected, "{options} from a pipe");
        let piped = dir.run_with_input(&format!("{select} -"), &gzip(&raw)).ok();
        assert_eq!(piped, expected, "{options} from a compressed pipe");
        let redirected =
            dir.command(&format!("{select} -")).stdin(open(&dir, "plain/raw.jsonl")).output().unwrap();
        assert_eq!(String::from_utf8(redirected.stdout).unwrap(), expected, "{options} from a file on stdin");
    }
}

#[test]
fn several_targets_plain_and_compressed_shards_and_a_folder() {
    let dir = Dir::with_corpus();
    dir.write("tax.jsonl", "{\"text\": \"the tax office wants its invoice form\"}\n");
    let raw = raw();
    let third = raw.match_indices('\n').nth(999).unwrap().0 + 1;
    dir.write("plain/a.jsonl", &raw[..third]);
    dir.write("plain/b.jsonl", &raw[third..]);
    dir.write("mixed/a.jsonl", gzip(&raw[..third]));
    dir.write("mixed/b.jsonl", &raw[third..]);
    let select = "select --target sea=target.jsonl --target tax=tax.jsonl --separate-targets --min-tokens 3 -k 60 --summary s.json";
    for options in ["--proportions 1,1", "--proportions 1,9 --temperature 20"] {
        dir.run(&format!("{select} {options} -o from-plain/ plain")).ok();
        let plain = dir.json("s.json");
        dir.run(&format!("{select} {options} -o from-mixed/ mixed")).ok();
        let mixed = dir.json("s.json");
        for shard in ["a.jsonl", "b.jsonl"] {
            let expected = dir.read(&format!("from-plain/{shard}"));
            assert_eq!(dir.read(&format!("from-mixed/{shard}")), expected, "{options}: {shard}");
        }
        assert_eq!(mixed["draw"], plain["draw"]);
        assert_eq!(mixed["kl_reduction"], plain["kl_reduction"]);
    }
}

fn open(dir: &Dir, name: &str) -> std::fs::File {
    std::fs::File::open(dir.path(name)).unwrap()
}
