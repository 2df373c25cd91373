use std::fs;
use std::path::Path;

use crate::harness::{Dir, Ran, record};

/// A folder with a corpus and a sentence model, in `punkt_tab/english`.
fn dir_with_punkt() -> Dir {
    let dir = Dir::with_corpus();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/punkt");
    for entry in fs::read_dir(model).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        dir.write(&format!("punkt_tab/english/{name}"), fs::read(&path).unwrap());
    }
    dir
}

/// Runs `dsir` where NLTK's usual places are in the folder itself.
fn run_at_home(dir: &Dir, arguments: &str, nltk_data: &str) -> Ran {
    let mut command = dir.command(arguments);
    command.env("HOME", dir.path("home")).env("NLTK_DATA", nltk_data);
    command.output().unwrap().into()
}

const SELECT: &str = "select --tokenizer word_tokenize --target target.jsonl -k 5 --min-tokens 1";

#[test]
fn every_tokenizer_does_the_whole_job_and_the_job_in_steps() {
    let dir = dir_with_punkt();
    let ids = |text: &str| {
        let ids: Vec<usize> = text.split(' ').map(str::len).collect();
        serde_json::json!({ "text": ids }).to_string() + "\n"
    };
    dir.write("ids.jsonl", ["a sea", "the sea is it", "boats tide"].map(ids).concat());
    dir.write("wanted.jsonl", ids("the sea"));
    for (tokenizer, target, raw) in [
        ("wordpunct", "target", "raw"),
        ("word_tokenize", "target", "raw"),
        ("unicode", "target", "raw"),
        ("bytes", "target", "raw"),
        ("ids", "wanted", "ids"),
    ] {
        let draw = "-k 2 --min-tokens 1 --seed 3";
        let fit = format!("--tokenizer {tokenizer} --target {target}.jsonl");
        let [punkt, english] = match tokenizer {
            "word_tokenize" => ["--punkt punkt_tab", "--punkt punkt_tab/english"],
            _ => ["", ""],
        };
        let whole = dir.run(&format!("select {fit} {punkt} {draw} {raw}.jsonl")).ok();
        dir.run(&format!("fit {fit} {english} -o model.json {raw}.jsonl")).ok();
        assert_eq!(dir.json("model.json")["feature_space"]["tokenizer"], tokenizer);
        dir.run(&format!("weigh --model model.json {punkt} -o {tokenizer} {raw}.jsonl")).ok();
        let steps = dir.run(&format!("resample --weights {tokenizer} {draw} {raw}.jsonl")).ok();
        assert_eq!(whole, steps, "{tokenizer}");
        assert_eq!(whole.lines().count(), 2, "{tokenizer}");
        let model = dir.run(&format!("select --model model.json {punkt} {draw} {raw}.jsonl")).ok();
        assert_eq!(whole, model, "{tokenizer}");
    }
}

#[test]
fn tokens_are_those_of_the_tokenizer() {
    let dir = dir_with_punkt();
    dir.write("one.jsonl", record("I can't. Dr. Who's U.S. héros"));
    for (tokenizer, tokens) in [("wordpunct", 15), ("word_tokenize", 9), ("unicode", 9), ("bytes", 30)] {
        let punkt = if tokenizer == "word_tokenize" { "--punkt punkt_tab" } else { "" };
        dir.run(&format!("fit --tokenizer {tokenizer} {punkt} --target one.jsonl -o model.json")).ok();
        assert_eq!(dir.json("model.json")["targets"][0]["tokens"], tokens, "{tokenizer}");
    }
}

#[test]
fn without_a_sentence_model_it_is_said_where_to_get_one() {
    let dir = Dir::with_corpus();
    let help = ["nltk.download('punkt_tab')", "--punkt"];
    run_at_home(&dir, &format!("{SELECT} raw.jsonl"), "").fails(&help);
    run_at_home(&dir, "fit --tokenizer word_tokenize --target target.jsonl -o m.json", "").fails(&help);
    dir.run(&format!("{SELECT} --punkt nowhere raw.jsonl")).fails(&["nowhere", help[0], help[1]]);
    assert!(!dir.path("m.json").exists());
    // Who needs none does not miss it.
    run_at_home(&dir, "fit --target target.jsonl -o m.json", "").ok();
}

#[test]
fn the_sentence_model_is_found_where_nltk_puts_it() {
    let dir = dir_with_punkt();
    let expected = dir.run(&format!("{SELECT} --punkt punkt_tab raw.jsonl")).ok();
    fs::create_dir_all(dir.path("home/nltk_data/tokenizers")).unwrap();
    fs::rename(dir.path("punkt_tab"), dir.path("home/nltk_data/tokenizers/punkt_tab")).unwrap();
    assert_eq!(run_at_home(&dir, &format!("{SELECT} raw.jsonl"), "").ok(), expected);
    fs::rename(dir.path("home/nltk_data"), dir.path("elsewhere")).unwrap();
    assert_eq!(run_at_home(&dir, &format!("{SELECT} raw.jsonl"), "none:elsewhere").ok(), expected);
}

#[test]
fn different_sentence_models_do_not_mix() {
    let dir = dir_with_punkt();
    let fit = "fit --tokenizer word_tokenize --punkt punkt_tab";
    dir.run(&format!("{fit} -o a.json raw.jsonl")).ok();
    let of = |name: &str| dir.json(name)["feature_space"]["punkt"].as_str().unwrap().to_owned();
    let first = of("a.json");
    dir.write("punkt_tab/english/abbrev_types.txt", "dr\n");
    dir.run(&format!("{fit} --target target.jsonl -o b.json")).ok();
    let second = of("b.json");
    assert_ne!(first, second);
    dir.run("merge a.json b.json -o c.json").fails(&["different feature spaces", &first, &second]);
    dir.run(&format!("{fit} --target target.jsonl -o c.json raw.jsonl")).ok();
    dir.write("punkt_tab/english/sent_starters.txt", "now\n");
    dir.run("weigh --model c.json --punkt punkt_tab -o w raw.jsonl").fails(&[
        "another sentence model",
        &second,
        "--punkt",
    ]);
    assert!(!dir.path("w").exists());
}

#[test]
fn a_broken_sentence_model_is_an_error_with_file_and_line() {
    let dir = dir_with_punkt();
    dir.write("punkt_tab/english/ortho_context.tab", "the\t34\nand\n");
    let says = ["ortho_context.tab:2", "a word, a tab, and a number"];
    dir.run(&format!("{SELECT} --punkt punkt_tab raw.jsonl")).fails(&says);
}

#[test]
fn a_model_names_a_sentence_model_if_and_only_if_it_needs_one() {
    let dir = Dir::with_corpus();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    let model = dir.read("model.json");
    for wrong in [r#""word_tokenize""#, r#""wordpunct","punkt":"0123456789abcdef""#, r#""words""#] {
        dir.write("wrong.json", model.replace(r#""wordpunct""#, wrong));
        dir.run("weigh --model wrong.json -o w raw.jsonl").fails(&["wrong.json: not a dsir model"]);
    }
}

#[test]
fn ids_are_arrays_of_integers_and_nothing_else() {
    let dir = Dir::new();
    let fit = "fit --tokenizer ids --target";
    dir.write("sound.jsonl", "{\"a\": {\"ids\": [1, 2,\t3]}, \"b\": []}\n{\"b\": [18446744073709551615, -5], \"a\": {\"ids\": \"x\", \"ids\": [0]}}\n");
    dir.run(&format!("{fit} sound.jsonl --text-field a.ids --text-field b -o model.json")).ok();
    assert_eq!(dir.json("model.json")["targets"][0]["tokens"], 6);
    dir.write("joined.jsonl", "{\"text\": [1, 2, 3]}\n{\"text\": [0, 18446744073709551615, -5]}\n");
    dir.run(&format!("{fit} joined.jsonl -o joined.json")).ok();
    assert_eq!(dir.json("model.json"), dir.json("joined.json"));

    for (value, fault) in [
        ("[1, 2.0]", "field `text` is not an array of integers: element 2 is a number with a fraction"),
        ("[\"1\"]", "field `text` is not an array of integers: element 1 is a string"),
        ("[1, null]", "element 2 is null"),
        ("[18446744073709551616]", "element 1 is an integer that 64 bits do not hold"),
        ("\"1 2\"", "field `text` is not an array of integers: a string"),
        ("[1,, 2]", "not JSON"),
    ] {
        dir.write("bad.jsonl", format!("{{\"text\": [1]}}\n{{\"text\": {value}}}\n"));
        dir.run(&format!("{fit} bad.jsonl -o bad.json")).fails(&["bad.jsonl:2: ", fault]);
    }
    dir.run("fit --target joined.jsonl -o bad.json").fails(&["field `text` is not a string: an array"]);
}

#[test]
fn tokens_that_weights_lack_are_counted_as_told() {
    let dir = Dir::new();
    dir.write("raw.jsonl", record("a b") + &record("c d e f"));
    // A plain array of two doubles.
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend(u16::to_le_bytes(118));
    npy.extend(format!("{header:<117}\n").bytes());
    npy.extend([1.0f64, 2.0].map(f64::to_le_bytes).concat());
    dir.write("own.npy", npy);
    let resample = "resample --weights own.npy -k 2 --allow-fewer raw.jsonl --min-tokens";
    assert_eq!(dir.run(&format!("{resample} 3")).ok().lines().count(), 1);
    assert_eq!(dir.run(&format!("{resample} 3 --tokenizer bytes")).ok().lines().count(), 2);
    dir.run(&format!("{resample} 3 --tokenizer ids"))
        .fails(&["raw.jsonl:1", "not an array of integers: a string"]);
}
