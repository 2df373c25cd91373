//! Records that are known by an id in place of their content.

use serde_json::{Value, json};

use crate::harness::{Dir, ids};

/// 200 records with ids, in two shards; and the same with other metadata in another order, as CSV, and as JSON with white
/// space.
fn corpus() -> Dir {
    let dir = Dir::with_corpus();
    let text = |i: usize| match i % 4 {
        0 => format!("the boats went out to sea with tide {i}"),
        _ => format!("invoice {i} is due and the tax office wants its form"),
    };
    let plain: Vec<String> =
        (0..200).map(|i| json!({ "id": i, "lang": "en", "text": text(i) }).to_string() + "\n").collect();
    dir.write("plain/a.jsonl", plain[..120].concat());
    dir.write("plain/b.jsonl", plain[120..].concat());
    let other = |i: usize| format!("{{\"text\": \"{}\",  \"crawl\": {}, \"id\": \"{i}\"}}\n", text(i), i * i);
    dir.write("other.jsonl", (0..200).rev().map(other).collect::<String>());
    let row = |i: usize| format!("{i},{}\n", text(i));
    dir.write("rows.csv", "id,text\n".to_owned() + &(0..200).map(row).collect::<String>());
    dir
}

/// The ids of the records, whatever they are, in rising order.
fn numbers(records: &str) -> Vec<u64> {
    let id = |line: &str| match &serde_json::from_str::<Value>(line).unwrap()["id"] {
        Value::String(id) => id.parse().unwrap(),
        id => id.as_u64().unwrap(),
    };
    let mut numbers: Vec<u64> = records.lines().map(id).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn the_same_documents_are_drawn_from_a_corpus_in_another_form() {
    let dir = corpus();
    for options in
        ["-k 30", "--tokens 200 --fit-tokens 500", "-k 60 --repeat 3 --temperature 5", "-k 40 --refine"]
    {
        let select = format!("select --target target.jsonl --min-tokens 1 {options}");
        let expected = numbers(&dir.run(&format!("{select} --id-field id plain")).ok());
        for shards in ["other.jsonl", "rows.csv"] {
            let found = dir.run(&format!("{select} --id-field id {shards}")).ok();
            assert_eq!(numbers(&found), expected, "{options}: {shards}");
        }
    }
    // By content, it is another draw.
    let select = "select --target target.jsonl --min-tokens 1 -k 30 --temperature 5";
    let by_content = numbers(&dir.run(&format!("{select} plain")).ok());
    assert_ne!(numbers(&dir.run(&format!("{select} other.jsonl")).ok()), by_content);
    // Not even the order of a shuffled output depends on the form.
    let shuffled =
        |shards: &str| ids_in_order(&dir.run(&format!("{select} --id-field id --shuffle {shards}")).ok());
    assert_eq!(shuffled("plain"), shuffled("rows.csv"));
}

fn ids_in_order(records: &str) -> Vec<String> {
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].to_string().replace('"', "");
    records.lines().map(id).collect()
}

#[test]
fn step_by_step_and_by_plan() {
    let dir = corpus();
    let draw = "--min-tokens 1 -k 30 --temperature 5";
    let select = format!("select --target target.jsonl {draw} --fit-tokens 500 --id-field id plain");
    let expected = dir.run(&select).ok();
    dir.run("fit --target target.jsonl --fit-tokens 500 --id-field id -o m.json plain").ok();
    dir.run("weigh --model m.json --id-field id -o w plain").ok();
    assert_eq!(dir.json("w/weights.meta")["id_fields"], json!(["id"]));
    // The weights say by what records are known.
    for ids in ["", "--id-field id"] {
        assert_eq!(dir.run(&format!("resample --weights w {draw} {ids} plain")).ok(), expected);
    }
    dir.run(&format!("resample --weights w {draw} --id-field lang plain")).misused(&[
        "--id-field",
        "their lang",
        "weighed by their id",
    ]);
    dir.run(&format!("resample --weights w {draw} --plan-only plan.json plain")).ok();
    let part = |shard: &str| {
        dir.run(&format!("resample --weights w/{shard}.npy --plan plan.json plain/{shard}")).ok()
    };
    assert_eq!(part("a.jsonl") + &part("b.jsonl"), expected);
    // A record that has changed is still that of its row, if its id is.
    dir.write("plain/b.jsonl", dir.read("plain/b.jsonl").replace("\"en\"", "\"english\""));
    assert_eq!(
        dir.run(&format!("resample --weights w {draw} plain")).ok().replace("english", "en"),
        expected
    );
    dir.write("plain/b.jsonl", dir.read("plain/b.jsonl").replace("\"id\":", "\"id\":1"));
    dir.run(&format!("resample --weights w {draw} plain")).fails(&["plain/b.jsonl"]);
}

#[test]
fn several_fields_and_none() {
    let dir = corpus();
    let select = "select --target target.jsonl --min-tokens 1 -k 30 --temperature 5";
    let both = dir.run(&format!("{select} --id-field lang --id-field id plain")).ok();
    assert_ne!(ids(&both), ids(&dir.run(&format!("{select} --id-field id plain")).ok()));
    dir.run(&format!("{select} --id-field crawl plain")).fails(&[
        "plain/a.jsonl:1",
        "no id in field `crawl`",
        "`id`, `lang`, `text`",
        "--invalid skip",
    ]);
    let skipped =
        dir.run(&format!("{select} --id-field crawl --invalid skip --summary s.json plain other.jsonl")).ok();
    assert_eq!(skipped.lines().count(), 30);
    assert_eq!(dir.json("s.json")["raw"]["invalid"], 200);
    // Those of a file that is mixed in need none, nor does a target.
    dir.write("more.jsonl", json!({ "text": "no id at all" }).to_string());
    let mixed = dir.run(&format!("{select} --id-field id --mix-in more.jsonl=1 plain")).ok();
    assert_eq!(mixed.lines().count(), 31);
}
