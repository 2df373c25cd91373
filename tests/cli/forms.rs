//! Records in other forms than JSONL: CSV, TSV, JSON arrays.

use crate::harness::{Dir, gzip};

const SELECT: &str = "select --target target.jsonl --method topk -k 2 --min-tokens 1";

#[test]
fn rows_of_csv_and_tsv_are_objects_of_strings() {
    let dir = Dir::with_corpus();
    let rows = "id,text,page\r\n1,the tide and the sea,7\n\n2,\"a \"\"boat\"\", out\nto sea\",8\n3,\"\",\n";
    dir.write("a.csv", "\u{feff}".to_owned() + rows);
    let all = "{\"id\": \"1\", \"text\": \"the tide and the sea\", \"page\": \"7\"}\n\
               {\"id\": \"2\", \"text\": \"a \\\"boat\\\", out\\nto sea\", \"page\": \"8\"}\n\
               {\"id\": \"3\", \"text\": \"\", \"page\": \"\"}\n";
    let select = "select -q --target target.jsonl -k 3 --min-tokens 0";
    assert_eq!(dir.run(&format!("{select} a.csv")).ok(), all);
    dir.write("b.csv", "text\r\nsea\r\r");
    let last = dir.run("select -q --target target.jsonl -k 1 --min-tokens 0 b.csv").ok();
    assert_eq!(last, "{\"text\": \"sea\\r\"}\n");
    dir.write("a.csv.gz", gzip(rows));
    assert_eq!(dir.run(&format!("{select} a.csv.gz")).ok(), all);
    dir.write("a.tsv", "id\ttext\tpage\n1\tthe \"tide\", and\t\n");
    assert_eq!(
        dir.run("select -q --target target.jsonl -k 1 --min-tokens 0 a.tsv").ok(),
        "{\"id\": \"1\", \"text\": \"the \\\"tide\\\", and\", \"page\": \"\"}\n"
    );
    // Its records are those of the JSONL that was made of it.
    dir.write("a.jsonl", all);
    dir.run("fit -o model.json --target target.jsonl a.jsonl").ok();
    let weights = |of: &str| {
        dir.run(&format!("weigh --model model.json -o weights {of}")).ok();
        std::fs::read(dir.path(&format!("weights/{of}.npy"))).unwrap()
    };
    assert_eq!(weights("a.csv"), weights("a.jsonl"));
}

#[test]
fn a_row_of_csv_that_is_not_like_the_header_is_a_bad_record() {
    let dir = Dir::with_corpus();
    dir.write("a.csv", "id,text\n1,\"two\nlines\"\n2,sea,and tide\n3,\"sea\" and tide\n4,the sea\n");
    let message =
        dir.run(&format!("{SELECT} a.csv")).fails(&["a.csv:4: the row has 3 fields where the header has 2"]);
    assert!(!message.contains("JSON"), "{message}");
    dir.run(&format!("{SELECT} --invalid skip --rejects rejects.jsonl a.csv")).ok();
    let rejects = dir.read("rejects.jsonl");
    assert!(rejects.contains("2,sea,and tide") && rejects.contains("doubled"), "{rejects}");
    for (content, what) in [
        ("id,text\n1,\"sea\n2,tide\n", ":2: a field in quotes that is not closed"),
        ("id,id\n1,2\n", ":1: no header: two columns are called `id`"),
    ] {
        dir.write("b.csv", content);
        dir.run(&format!("{SELECT} b.csv")).fails(&["b.csv", what]);
    }
    // What is called so and is something else is called by its name.
    dir.write("c.csv", dir.read("raw.jsonl"));
    dir.run(&format!("{SELECT} c.csv")).ok();
    dir.write("d.csv", "<html><body>404</body></html>\n");
    dir.run(&format!("{SELECT} d.csv")).fails(&["d.csv", "HTML"]);
}

#[test]
fn the_elements_of_a_json_array_are_records_each_on_one_line() {
    let dir = Dir::with_corpus();
    let pretty = "\u{feff}[\n  {\n    \"text\": \"the tide\\n [and] \\\"sea\\\"\",\n    \"n\": [1,\n 2]\n  },\n\
                  {\"text\": \"boats\" , \"n\": {}}\n]\n";
    dir.write("a.json", pretty);
    let all =
        "{\"text\": \"the tide\\n [and] \\\"sea\\\"\",\"n\": [1,2]}\n{\"text\": \"boats\" , \"n\": {}}\n";
    let select = "select -q --target target.jsonl -k 2 --min-tokens 0";
    assert_eq!(dir.run(&format!("{select} a.json")).ok(), all);
    assert_eq!(dir.run_with_input(&format!("{select} -"), pretty.as_bytes()).ok(), all);
    dir.write("a.json.zst", zstd::encode_all(pretty.as_bytes(), 3).unwrap());
    assert_eq!(dir.run(&format!("{select} a.json.zst")).ok(), all);
    dir.write("empty.json", "[\n]\n");
    assert_eq!(dir.run(&format!("{select} a.json empty.json")).ok(), all);
    dir.write("mixed.json", "[1, {\"text\": \"boats\"}]");
    let one = "select -q --target target.jsonl -k 1 --min-tokens 0 --invalid skip";
    assert_eq!(dir.run(&format!("{one} mixed.json")).ok(), "{\"text\": \"boats\"}\n");
    dir.write("bad.json", "[{\"text\": \"sea\"},\n\n{\"text\": 7},\n{\"text\": \"tide\"}]");
    dir.run(&format!("{SELECT} bad.json")).fails(&["bad.json:3: field `text` is not a string"]);
    dir.run(&format!("{SELECT} --invalid skip bad.json")).ok();
    for (content, what) in [
        ("[{\"text\": \"sea\"},\n{\"text\": \"tide\"", ":2: the array ends too soon"),
        ("[{\"text\": \"sea\"}\n", "the array ends too soon"),
        ("[{\"text\": \"sea\"}\n{\"text\": \"tide\"}]", ":2: no comma"),
        ("[{\"text\": \"sea\"},,{\"text\": \"tide\"}]", "is missing"),
        ("[{\"text\": \"sea\"},\n{}]\n[]", ":3: something is behind the end"),
    ] {
        dir.write("b.json", content);
        dir.run(&format!("{SELECT} b.json")).fails(&["b.json", what]);
    }
}
