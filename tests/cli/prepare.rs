use std::fs;

use crate::harness::{Dir, decompressed, gzip};

/// Records that are written one on each line.
fn lines(records: &[&str]) -> String {
    records.iter().map(|record| record.to_string() + "\n").collect()
}

#[test]
fn texts_are_cut_at_every_nth_space() {
    let dir = Dir::new();
    let raw = [
        r#"{"id": 1.50, "text": "a b\n c  d", "meta": {"text": "x y z"}}"#,
        r#" {"text":"\u00e9 \"q\u0020r s","b":[ ]} "#,
        r#"{"text": "short one"}"#,
        r#"{"text": ""}"#,
    ];
    dir.write("raw.jsonl", lines(&raw));
    let expected = [
        r#"{"id": 1.50, "text": "a b\n", "meta": {"text": "x y z"}}"#,
        r#"{"id": 1.50, "text": "c ", "meta": {"text": "x y z"}}"#,
        r#"{"id": 1.50, "text": "d", "meta": {"text": "x y z"}}"#,
        r#" {"text":"\u00e9 \"q","b":[ ]} "#,
        r#" {"text":"r s","b":[ ]} "#,
        raw[2],
        raw[3],
    ];
    assert_eq!(dir.run("prepare --chunk-words 2 raw.jsonl").ok(), lines(&expected));

    let within = lines(&[r#"{"id": 1.50, "text": "a b\n c  d", "meta": {"text": "x y"}}"#]);
    let cut = dir.run("prepare --chunk-words 2 --text-field meta.text --invalid skip raw.jsonl").ok();
    assert!(cut.starts_with(&within), "{cut}");
    dir.run("prepare --chunk-words 2 --text-field a --text-field b raw.jsonl")
        .misused(&["one --text-field only"]);
}

#[test]
fn pieces_can_tell_what_they_are_of() {
    let dir = Dir::new();
    dir.write("a/raw.jsonl", lines(&["", r#"{"text": "a b c", "source": "x"}"#, r#"{"text": "d"}"#]));
    let expected = [
        r#"{"text": "a b", "source": "x", "piece": 0, "pieces": 2, "piece_of": "a/raw.jsonl:2"}"#,
        r#"{"text": "c", "source": "x", "piece": 1, "pieces": 2, "piece_of": "a/raw.jsonl:2"}"#,
        r#"{"text": "d", "piece": 0, "pieces": 1, "piece_of": "a/raw.jsonl:3"}"#,
    ];
    let pieces = dir.run("prepare --chunk-words 2 --keep-whole a").ok();
    assert_eq!(pieces, lines(&expected));
    dir.run("prepare --keep-whole --where a=b a").misused(&["--chunk-words"]);

    dir.write("pieces.jsonl", pieces);
    dir.run("prepare --chunk-words 1 --keep-whole pieces.jsonl")
        .fails(&["pieces.jsonl:1: field `piece`, which is to be added, is there already"]);
    // A condition may be on what is added.
    let first = dir.run("prepare --chunk-words 2 --keep-whole --where piece=0 --summary s.json a").ok();
    assert_eq!(first, lines(&[expected[0], expected[2]]));
    assert_eq!(dir.json("s.json")["prepared"]["unwanted"], 1);
}

#[test]
fn records_are_kept_by_their_fields() {
    let dir = Dir::new();
    let raw = [
        r#"{"text": "1", "source": "books", "meta": {"tags": ["old", "draft"], "n": 1}}"#,
        r#"{"text": "2", "source": "wiki-de", "meta": {"tags": ["new"], "n": 2}} "#,
        r#"{"text": "3", "source": "wiki-en", "meta": {"tags": "draft", "n": 2.0}}"#,
        r#"{"text": "4", "source": null}"#,
        r#"{"text": "5"}"#,
    ];
    dir.write("raw.jsonl", lines(&raw));
    for (conditions, kept) in [
        ("--where source=books", &[0][..]),
        ("--where source=wiki-* --where source=books", &[0, 1, 2]),
        ("--where source=wiki-?? --where meta.n=2", &[1]),
        ("--where-not meta.tags=draft", &[1, 3, 4]),
        ("--where source=* --where-not source=null --where-not meta.n=1", &[1, 2]),
        ("--where text=[12]", &[]),
    ] {
        let expected: Vec<&str> = kept.iter().map(|place| raw[*place]).collect();
        assert_eq!(
            dir.run(&format!("prepare {conditions} raw.jsonl")).ok(),
            lines(&expected),
            "{conditions}"
        );
    }
    // Of pieces, those are kept whose own text is wanted.
    dir.write("texts.jsonl", lines(&[r#"{"text": "a b a"}"#]));
    assert_eq!(
        dir.run("prepare --chunk-words 1 --where text=a texts.jsonl").ok(),
        lines(&[r#"{"text": "a"}"#, r#"{"text": "a"}"#])
    );
    dir.run("prepare --where source raw.jsonl").misused(&["FIELD=VALUE"]);
    dir.run("prepare --where a..b=1 raw.jsonl").misused(&["empty part"]);
}

#[test]
fn quality_is_measured_and_bounds_it() {
    let dir = Dir::new();
    dir.write_punkt();
    let raw = [
        r#"{"text": "Dr. No can't count: 1 2 3 owls. Ende."}"#,
        r#"{"text": "ΟΔΟΣ οδος, the THE, The"}"#,
        r#"{"text": ""}"#,
    ];
    dir.write("raw.jsonl", lines(&raw));
    // "dr.", "no", "ca", "n't", "count", ":", "1", "2", "3", "owls", ".", "ende", "." with the stop word "no", three
    // marks and three digits.
    // "οδος" and "the" in lower case come twice and thrice of seven.
    let scores = [[13.0, 2.0 / 13.0, 9.0 / 13.0, 10.0 / 13.0], [7.0, 3.0 / 7.0, 2.0 / 7.0, 1.0], [0.0; 4]];
    let measured = dir.run("prepare --quality-field=q --punkt punkt raw.jsonl").ok();
    for ((line, raw), [tokens, repeating, informative, numeric]) in measured.lines().zip(raw).zip(scores) {
        assert!(line.starts_with(&raw[..raw.len() - 1]), "{line}");
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let expected = serde_json::json!({
            "tokens": tokens as u64, "repeating": repeating, "informative": informative, "numeric": numeric,
        });
        assert_eq!(record["q"], expected);
    }
    assert_eq!(measured.lines().count(), 3);

    for (bounds, kept) in [
        ("--quality-length 7..", &[0][..]),
        ("--quality-length 6..14", &[0, 1]),
        ("--quality-repeating 0.2..", &[1]),
        ("--quality-informative 0.1.. --quality-numeric ..1", &[0]),
        ("--quality-numeric ..0.8", &[0, 2]),
        ("--quality paper", &[]),
        // The paper's other bounds stay.
        ("--quality paper --quality-length 5.. --quality-repeating 0.1..", &[]),
        ("--quality paper --quality-length 5.. --quality-repeating 0.1.. --quality-numeric 0.7..", &[0]),
    ] {
        let expected: Vec<&str> = kept.iter().map(|place| raw[*place]).collect();
        let command = format!("prepare {bounds} --punkt punkt --summary s.json raw.jsonl");
        assert_eq!(dir.run(&command).ok(), lines(&expected), "{bounds}");
        assert_eq!(dir.json("s.json")["prepared"]["out_of_bounds"], 3 - kept.len());
    }

    // Pieces are measured one by one, and named with the piece.
    let pieces = dir.run(
        "prepare --chunk-words 3 --keep-whole --quality-length 3..6 --quality-field --punkt punkt raw.jsonl",
    );
    let expected = concat!(
        r#"{"text": "Dr. No can't", "piece": 0, "pieces": 3, "piece_of": "raw.jsonl:1", "#,
        r#""quality": {"tokens":4,"repeating":0.25,"informative":0.75,"numeric":1.0}}"#,
        "\n",
        r#"{"text": "count: 1 2", "piece": 1, "pieces": 3, "piece_of": "raw.jsonl:1", "#,
        r#""quality": {"tokens":4,"repeating":0.25,"informative":0.75,"numeric":0.5}}"#,
        "\n",
        r#"{"text": "3 owls. Ende.", "piece": 2, "pieces": 3, "piece_of": "raw.jsonl:1", "#,
        r#""quality": {"tokens":5,"repeating":0.4,"informative":0.6,"numeric":0.8}}"#,
        "\n",
        r#"{"text": "ΟΔΟΣ οδος, the", "piece": 0, "pieces": 2, "piece_of": "raw.jsonl:2", "#,
        r#""quality": {"tokens":4,"repeating":0.5,"informative":0.5,"numeric":1.0}}"#,
        "\n",
    );
    assert_eq!(pieces.ok(), expected);
    // NLTK's own place for the model will do.
    fs::create_dir_all(dir.path("data/tokenizers")).unwrap();
    fs::rename(dir.path("punkt"), dir.path("data/tokenizers/punkt_tab")).unwrap();
    let ran = dir.command("prepare --quality-field=q raw.jsonl").env("NLTK_DATA", "data").output().unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), measured);
    fs::rename(dir.path("data/tokenizers/punkt_tab"), dir.path("punkt")).unwrap();

    dir.run("prepare --quality-field --punkt nowhere raw.jsonl").fails(&["nowhere"]);
    dir.run("prepare --quality-field=text --punkt punkt raw.jsonl").fails(&["raw.jsonl:1", "field `text`"]);
    dir.run("prepare --chunk-words 3 --keep-whole --quality-field=piece --punkt punkt raw.jsonl")
        .misused(&["`piece`"]);
}

#[test]
fn packs_join_records_across_shards_but_not_across_outputs() {
    let dir = Dir::new();
    let record = |id: &str| format!("{{\"text\": \"{id}\", \"id\": {id}}}\n");
    dir.write(
        "raw/a.jsonl",
        record("1") + "{\"text\": \"none\", \"out\": 1}\n" + &record("2") + &record("3"),
    );
    dir.write("raw/b.jsonl.gz", gzip(record("4")));
    dir.write("raw/c.jsonl", record("5"));
    let pack = |ids: &[&str]| format!("{{\"text\": \"{}\", \"id\": [{}]}}\n", ids.join(" "), ids.join(", "));
    let together = pack(&["1", "2"]) + &pack(&["3", "4"]) + &pack(&["5"]);
    assert_eq!(dir.run("prepare --pack 2 --where-not out=1 raw").ok(), together);
    dir.run("prepare --pack 2 --where-not out=1 -o out.jsonl.zst --summary s.json raw").ok();
    assert_eq!(decompressed(&dir.path("out.jsonl.zst")), together);
    assert_eq!(dir.json("s.json")["prepared"]["records"], 3);
    assert_eq!(dir.json("s.json")["prepared"]["bytes"], together.len());

    dir.run("prepare --pack 2 --where-not out=1 -o out/ raw").ok();
    assert_eq!(dir.read("out/a.jsonl"), pack(&["1", "2"]) + &pack(&["3"]));
    assert_eq!(decompressed(&dir.path("out/b.jsonl.gz")), pack(&["4"]));
    assert_eq!(dir.read("out/c.jsonl"), pack(&["5"]));

    let as_published = dir.command("prepare --pack 3 raw/a.jsonl --pack-separator").arg("").output().unwrap();
    let expected = concat!(r#"{"text": "1none2", "id": [1, null, 2], "out": [null, 1, null]}"#, "\n")
        .to_owned()
        + &pack(&["3"]);
    assert_eq!(String::from_utf8(as_published.stdout).unwrap(), expected);
    dir.run("prepare --pack 1 raw").misused(&["--pack"]);
    dir.run("prepare --where a=b --pack-separator x raw").misused(&["--pack"]);
}

#[test]
fn the_steps_go_together_in_their_order() {
    let dir = Dir::new();
    let raw = [
        r#"{"text": "a b c", "source": "x"}"#,
        r#"{"text": "d e", "source": "y"}"#,
        r#"{"text": "f", "source": "x"}"#,
    ];
    dir.write("raw.jsonl", lines(&raw));
    let expected = [r#"{"text": "a b|c", "source": ["x", "x"]}"#, r#"{"text": "f", "source": ["x"]}"#];
    let command =
        "prepare --chunk-words 2 --where source=x --pack 2 --pack-separator | --summary s.json raw.jsonl";
    let ran = dir.run(command);
    for part in [
        "3 documents in 1 shard",
        "cut into   4 pieces",
        "left out   1 piece by --where",
        "written    2 records",
    ] {
        assert!(ran.stderr.contains(part), "no {part:?} in\n{}", ran.stderr);
    }
    assert_eq!(ran.ok(), lines(&expected));
    let prepared = &dir.json("s.json")["prepared"];
    assert_eq!(
        *prepared,
        serde_json::json!({
            "pieces": 4, "unwanted": 1, "out_of_bounds": 0, "records": 2, "bytes": lines(&expected).len(),
        })
    );
    assert_eq!(dir.run(&format!("{command} --quiet")).stderr, "");
    let none = dir.run("prepare --where source=z raw.jsonl");
    assert!(none.stderr.contains("nothing was kept"), "{}", none.stderr);
    assert_eq!(none.ok(), "");
}

#[test]
fn the_same_whatever_the_threads_and_the_compression() {
    let dir = Dir::new();
    let shard = |shard: usize| -> String {
        let words = |line: usize| vec!["word"; (line * 37 + shard) % 90].join(" ");
        let record =
            |line: usize| serde_json::json!({"id": [shard, line], "text": words(line), "kind": line % 3});
        (0..4000).map(|line| record(line).to_string() + "\n").collect()
    };
    let mut whole = String::new();
    for i in 0..7 {
        let content = shard(i);
        whole += &content;
        dir.write(&format!("plain/{i}.jsonl"), &content);
        match i % 2 {
            0 => dir.write(&format!("packed/{i}.jsonl.gz"), gzip(&content)),
            _ => {
                dir.write(&format!("packed/{i}.jsonl.zst"), zstd::encode_all(content.as_bytes(), 1).unwrap())
            }
        }
    }
    dir.write("whole.jsonl", whole);
    let steps = "prepare --chunk-words 16 --where-not kind=1 --pack 3";
    let expected = dir.run(&format!("{steps} --threads 1 whole.jsonl")).ok();
    assert!(expected.len() > 1_000_000);
    for input in ["--threads 1 plain", "--threads 2 plain", "--threads 7 packed", "--threads 3 whole.jsonl"] {
        assert!(dir.run(&format!("{steps} {input}")).ok() == expected, "{input}");
    }
    let streamed = dir.run_with_input(&format!("{steps} -"), &fs::read(dir.path("whole.jsonl")).unwrap());
    assert!(streamed.ok() == expected);
}

#[test]
fn bad_records_stop_it_or_are_kept_apart() {
    let dir = Dir::new();
    dir.write(
        "raw.jsonl",
        lines(&[r#"{"text": "a b"}"#, r#"{"text": 5}"#, "", r#"{"text": "c", "piece": 1}"#, "no"]),
    );
    let cut = "prepare --chunk-words 1 --keep-whole -o out.jsonl raw.jsonl";
    dir.run(cut).fails(&["raw.jsonl:2: field `text` is not a string", "--invalid skip"]);
    assert_eq!(dir.names(), ["raw.jsonl"]);
    dir.run(&format!("{cut} --rejects rejects.jsonl --summary s.json")).ok();
    assert_eq!(dir.read("out.jsonl").lines().count(), 2);
    let rejects = dir.read("rejects.jsonl");
    let lines: Vec<serde_json::Value> =
        rejects.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|reject| reject["line"].clone()).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!(dir.json("s.json")["raw"]["invalid"], 3);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = Dir::new();
    dir.write("raw.jsonl", lines(&[r#"{"text": "a"}"#]));
    dir.run("prepare raw.jsonl").misused(&["nothing to do", "--chunk-words", "--pack"]);
    dir.run("prepare --chunk-words 0 raw.jsonl").misused(&["--chunk-words"]);
    dir.run("prepare --chunk-words 5 -o raw.jsonl raw.jsonl").fails(&["is also an input"]);
    dir.run("prepare --chunk-words 5 -o ./ raw.jsonl").fails(&["is also an input"]);
    dir.run("prepare --chunk-words 5 --punkt . raw.jsonl").misused(&["--quality"]);
    dir.run("prepare --quality-length 5..4 raw.jsonl").misused(&["no number"]);
    dir.run("prepare --quality-field=a.b raw.jsonl").misused(&["without dots"]);
    dir.run("prepare --chunk-words 5").misused(&["no RAW"]);
}
