//! Why a document has its log weight.

use crate::harness::Dir;

fn corpus() -> Dir {
    let dir = Dir::new();
    dir.write("raw.jsonl", "{\"text\": \"tax form\"}\n\n{\"text\": \"The sea, the sea\"}\n");
    dir.write("target.jsonl", "{\"text\": \"the tide of the sea\"}\n");
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    dir
}

#[test]
fn the_parts_of_a_record_add_up_to_its_weight() {
    let dir = corpus();
    let told = dir.run("explain --model model.json raw.jsonl:1").ok();
    assert!(
        told.starts_with(
            "document   raw.jsonl, row 1\nlength     5 tokens, 9 n-grams, 6 of them different\n"
        ),
        "{told}"
    );
    assert!(told.contains("2×  the sea\n") && told.contains("2×  sea\n"), "{told}");
    let json: serde_json::Value =
        serde_json::from_str(&dir.run("explain --json --model model.json raw.jsonl:1").ok()).unwrap();
    assert_eq!(json["dsir_explanation"], 1);
    assert_eq!(json["text"], "The sea, the sea");
    let parts = json["ngrams"].as_array().unwrap().iter().map(|ngram| ngram["parts"][0].as_f64().unwrap());
    assert_eq!(parts.sum::<f64>(), json["log_weights"][0].as_f64().unwrap());
    // The token `the` of "The" is where that stands.
    assert_eq!((&json["words"][0]["start"], &json["words"][0]["end"]), (&0.into(), &3.into()));
    // As weighing has it.
    dir.run("weigh -q --model model.json -o weights raw.jsonl").ok();
    let rows = std::fs::read(dir.path("weights/raw.jsonl.npy")).unwrap();
    let row = &rows[rows.len() - 24..];
    assert_eq!(f64::from_le_bytes(row[..8].try_into().unwrap()), json["log_weights"][0].as_f64().unwrap());
}

#[test]
fn a_text_is_read_from_a_file_or_standard_input() {
    let dir = corpus();
    dir.write("text", "the tide");
    let of_file = dir.run("explain --model model.json text").ok();
    let of_stdin = dir.run_with_input("explain --model model.json", b"the tide").ok();
    assert_eq!(of_file.replace("document   text\n", "document   standard input\n"), of_stdin);
    assert!(of_file.ends_with("[+the] [+tide]\n"), "{of_file}");
}

#[test]
fn separate_targets_are_explained_apart_and_a_text_commands_no_terminal() {
    let dir = corpus();
    dir.write("forms.jsonl", "{\"text\": \"a tax form to file\"}\n");
    dir.run("fit -q --separate-targets --target target.jsonl --target forms.jsonl -o two.json raw.jsonl")
        .ok();
    let text = "the sea\u{1b}[2J \u{202e}tax";
    let told = dir.run_with_input("explain --model two.json", text.as_bytes()).ok();
    for part in ["log weight for target ", "log weight for forms ", "\\u{1b}", "\\u{202e}"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn what_cannot_be_explained() {
    let dir = corpus();
    dir.run("explain --model model.json raw.jsonl:2").fails(&["raw.jsonl: no row 2: it has 2 records"]);
    dir.run("explain --model model.json raw.jsonl").misused(&["raw.jsonl:0"]);
    dir.run("explain --model model.json none").fails(&["none: No such file"]);
    dir.write("bytes", b"\xff\xfe");
    dir.run("explain --model model.json bytes").fails(&["bytes: it is no UTF-8 text"]);
    dir.run("fit -q --target target.jsonl -o partial.json").ok();
    dir.run("explain --model partial.json raw.jsonl:0").fails(&["raw"]);
}
