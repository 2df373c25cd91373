use crate::harness::{Dir, document, ids};

/// Forty documents with fields `meta.lang`, `n` and, dots and all, `a.b`.
fn corpus() -> Dir {
    let dir = Dir::with_corpus();
    let with_fields = |i: usize| {
        let mut record: serde_json::Value = serde_json::from_str(&document(i)).unwrap();
        record["meta"] = serde_json::json!({ "lang": if i < 10 { "da" } else { "en" } });
        record["a.b"] = serde_json::json!(if i.is_multiple_of(2) { "even" } else { "odd" });
        record["n"] = serde_json::json!(i as f64 / 2.0);
        record.to_string() + "\n"
    };
    dir.write("raw.jsonl", (0..40).map(with_fields).collect::<String>());
    dir
}

#[test]
fn keys_with_dots_everywhere() {
    let dir = corpus();
    let kept = |condition: &str| ids(&dir.run(&format!("prepare -q {condition} raw.jsonl")).ok());
    for field in ["a.b", r"a\.b"] {
        assert_eq!(kept(&format!("--where {field}=even")), (0..40).step_by(2).collect::<Vec<u64>>());
    }
    assert_eq!(kept("--where-not a.b=even --where meta.lang=da"), [1, 3, 5, 7, 9]);
    let select = "select -q --target target.jsonl --min-tokens 1";
    let grouped = format!("{select} --group-by a.b --group-share even -k 10 raw.jsonl");
    let odd = ids(&dir.run(&grouped).ok()).iter().filter(|id| *id % 2 == 1).count();
    assert_eq!(odd, 5);
    let mixed = ids(&dir.run(&format!("{select} -k 1 --mix-in a.b=odd=4 raw.jsonl")).ok());
    assert_eq!(mixed.iter().filter(|id| *id % 2 == 1).count(), 4);
    dir.write(
        "scored.jsonl",
        "{\"id\": 0, \"text\": \"a\", \"s.x\": 1}\n{\"id\": 1, \"text\": \"b\", \"s.x\": 5}\n",
    );
    let best = "resample -q --score-field s.x --method topk --min-tokens 1 -k 1 scored.jsonl";
    assert_eq!(ids(&dir.run(best).ok()), [1]);
    // Pieces and packs write where the text is.
    dir.write("text.jsonl", "{\"x.y\": \"a b c\"}\n{\"x.y\": \"d\"}\n");
    let prepared = dir.run("prepare -q --text-field x.y --chunk-words 2 --pack 3 text.jsonl").ok();
    assert_eq!(prepared, "{\"x.y\": \"a b c d\"}\n");
}

#[test]
fn comparisons_of_numbers() {
    let dir = corpus();
    let kept = |conditions: &str| ids(&dir.run(&format!("prepare -q {conditions} raw.jsonl")).ok());
    assert_eq!(kept("--where n>=19"), [38, 39]);
    assert_eq!(kept("--where n>19"), [39]);
    assert_eq!(kept("--where n<1"), [0, 1]);
    assert_eq!(kept("--where n<=1e0"), [0, 1, 2]);
    assert_eq!(kept("--where n>=2 --where n<3"), [4, 5]);
    assert_eq!(kept("--where meta.lang!=en --where n>4 --where-not n=4.5"), [] as [u64; 0]);
    assert_eq!(kept("--where-not n>=1 --where meta.lang!=en"), [0, 1]);
    for wrong in ["n=>3", "n==3", "n<>3", "n~3", "n=~3", "n>", "n>x", "n", "=3", "a..b=1"] {
        dir.run(&format!("prepare -q --where {wrong} raw.jsonl")).misused(&["--where"]);
    }
    // What was asked for is kept with the weights.
    dir.run("fit -q --target target.jsonl -o m.json raw.jsonl").ok();
    dir.run("weigh -q --model m.json --where n>=3 --where-not a.b=odd -o w raw.jsonl").ok();
    let conditions = dir.json("w/weights.meta")["conditions"].clone();
    assert_eq!(
        conditions,
        serde_json::json!({"wanted": [["n", ">=", "3"]], "unwanted": [["a.b", "=", "odd"]]})
    );
}

#[test]
fn a_missing_text_field_lists_what_is_there() {
    let dir = corpus();
    let parts = ["raw.jsonl:1", "no field `body`", "`id`", "`text`", "`meta`", "--text-field"];
    dir.run("fit --text-field body -o m.json raw.jsonl").fails(&parts);
    dir.run("fit --text-field meta.body -o m.json raw.jsonl").fails(&["no field `meta.body`", "`a.b`"]);
    let no_score = "resample -q --score-field quality --min-tokens 1 -k 1 raw.jsonl";
    dir.run(no_score).fails(&["raw.jsonl:1", "field `quality` is no score", "`n`", "`text`"]);
}

#[test]
fn fields_that_no_record_has_are_told_at_once() {
    let dir = corpus();
    let select = "select -q --target target.jsonl --min-tokens 1 -k 3";
    for (option, name) in [
        ("--where-not meta.lnag=en", "--where-not"),
        ("--group-by source", "--group-by"),
        ("--where n>0 --where-not x.y=1", "--where-not"),
    ] {
        let ran = dir.run(&format!("{select} {option} raw.jsonl"));
        ran.warns(&[name, "none of the first 40 records of raw.jsonl has a field", "`meta`"]);
    }
    // Even where the corpus would fail later.
    dir.write("bad.jsonl", dir.read("raw.jsonl") + "broken\n");
    let message = dir.run(&format!("{select} --where lang=en bad.jsonl")).fails(&["bad.jsonl:41"]);
    assert!(message.starts_with("warning: --where: none of the first 41 records"), "{message}");
    let message =
        dir.run(&format!("{select} --mix-in lang=en=3 raw.jsonl")).fails(&["no record is like that"]);
    assert!(message.contains("warning: --mix-in: none of the first"), "{message}");
    let message = dir.run("prepare -q --where lnag=en raw.jsonl");
    message.warns(&["--where: none of the first"]);
    // Of fields that are there, nothing is said; nor of one that the first record alone lacks.
    dir.write("late.jsonl", document(0) + &dir.read("raw.jsonl"));
    dir.run(&format!("{select} --where meta.lang=en --group-by a.b late.jsonl"))
        .says_nothing_of("none of the first");
}
