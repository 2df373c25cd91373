//! How close selections came to the target.

use serde_json::Value;

use crate::harness::{Dir, document, record};

/// Target a b, raw a b c c: in single tokens p = (1/2, 1/2, 0), q = (1/4, 1/4, 1/2), and KL(p ‖ q) = ln 2.
fn small() -> Dir {
    let dir = Dir::new();
    dir.write("target.jsonl", record("a b"));
    dir.write("raw.jsonl", record("a b") + &record("c c"));
    dir
}

const SINGLE: &str = "measure --json --ngrams 1 --epsilon 1e-12 --target target.jsonl";

/// Measures, and gives what is printed as JSON.
#[track_caller]
pub(crate) fn measure(dir: &Dir, arguments: &str) -> Value {
    serde_json::from_str(&dir.run(arguments).ok()).unwrap()
}

#[track_caller]
fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

#[test]
fn the_reduction_is_how_much_closer_the_selection_is_than_the_raw_corpus() {
    let dir = small();
    dir.write("mixed.jsonl", record("a a b c"));
    dir.write("same.jsonl", record("b") + &record("a"));
    let selected = "--selected mixed.jsonl --selected same.jsonl --selected all=raw.jsonl";
    let found = measure(&dir, &format!("{SINGLE} {selected} raw.jsonl"));
    let ln_2 = std::f64::consts::LN_2;
    // Half of the target's weight is on b, of which `mixed` has a quarter: ln 2 / 2.
    for (row, name, from_selected) in [(0, "mixed", ln_2 / 2.0), (1, "same", 0.0), (2, "all", ln_2)] {
        let row = &found["selections"][row];
        assert_eq!(row["name"], name);
        let kl = &row["kl"][0];
        assert_eq!(kl["target"], "target");
        close(&kl["raw"], ln_2);
        close(&kl["selected"], from_selected);
        close(&kl["reduction"], ln_2 - from_selected);
        assert_eq!(row["kl_mean"]["reduction"], kl["reduction"], "of one target");
    }
    assert_eq!(found["selections"][2]["kl"][0]["reduction"], 0.0, "raw itself, to the bit");
    assert_eq!(found["feature_space"]["ngrams"], 1);
}

#[test]
fn targets_count_as_one_or_apart_as_everywhere() {
    let dir = small();
    dir.write("other.jsonl", record("c c"));
    dir.write("selected.jsonl", record("a b"));
    let two = "--target x=target.jsonl --target y=other.jsonl --selected selected.jsonl raw.jsonl";
    let together = measure(&dir, &format!("measure --json --ngrams 1 --epsilon 1e-12 {two}"));
    // Together they are the raw corpus.
    close(&together["selections"][0]["kl"][0]["raw"], 0.0);
    assert_eq!(together["targets"].as_array().unwrap().len(), 1);
    assert!(dir.run(&format!("measure {two}")).ok().contains("--separate-targets measures each"));

    let apart = measure(&dir, &format!("measure --json --ngrams 1 --epsilon 1e-12 --separate-targets {two}"));
    let row = &apart["selections"][0];
    let (ln_2, far) = (std::f64::consts::LN_2, -(1e-12f64).ln());
    assert_eq!(row["kl"][0]["target"], "x");
    close(&row["kl"][0]["reduction"], ln_2);
    // c is half of raw, and not in the selection at all.
    close(&row["kl"][1]["reduction"], ln_2 - far);
    close(&row["kl_mean"]["reduction"], ln_2 - far / 2.0);
    assert!(!dir.run(&format!("measure --separate-targets {two}")).ok().contains("measures each"));
}

#[test]
fn sizes_repeats_and_overlap() {
    let dir = small();
    let same_text = "{\"n\": 1, \"text\": \"a b\"}\n";
    // Records: a b three times, c c c once; the text a b once more in another record.
    dir.write("one/0.jsonl", record("a b") + same_text + &record("a b"));
    dir.write("one/1.jsonl.gz", crate::harness::gzip(record("c c c") + &record("a b")));
    dir.write("two.jsonl", record("c c c") + &record("a b") + &record("d"));
    let found = measure(&dir, &format!("{SINGLE} --selected one --selected two.jsonl raw.jsonl"));
    let one = &found["selections"][0];
    assert_eq!(one["name"], "one");
    assert_eq!([&one["documents"], &one["counted"], &one["tokens"], &one["ngrams"]], [5, 5, 11, 11]);
    assert_eq!(one["bytes"], 3 * record("a b").len() + same_text.len() + record("c c c").len());
    assert_eq!(one["distinct_ngrams"], 3, "a, b and c: so few are as good as counted");
    assert_eq!(one["distinct_records"], 3);
    close(&one["tokens_per_document"], 2.2);
    close(&one["repeated_records"]["documents"], 2.0 / 5.0);
    close(&one["repeated_records"]["tokens"], 4.0 / 11.0);
    close(&one["repeated_texts"]["documents"], 3.0 / 5.0);
    close(&one["repeated_texts"]["tokens"], 6.0 / 11.0);
    let overlap = &found["overlaps"][0];
    assert_eq!([&overlap["first"], &overlap["second"]], ["one", "two"]);
    assert_eq!([&overlap["shared"], &overlap["jaccard"]], [2.0, 2.0 / 4.0]);
    close(&overlap["of_first"], 2.0 / 3.0);
    close(&overlap["of_second"], 2.0 / 3.0);
    assert_eq!(overlap["estimated"], false);
}

#[test]
fn equal_selections_overlap_fully_and_files_of_one_name_are_one_selection() {
    let dir = Dir::with_corpus();
    dir.write("a.jsonl", (0..12).map(document).collect::<String>());
    dir.write("b.jsonl", (12..20).map(document).collect::<String>());
    dir.write("all.jsonl", (0..20).rev().map(document).collect::<String>());
    let found = measure(
        &dir,
        "measure --json --target target.jsonl --selected s=a.jsonl --selected s=b.jsonl --selected all.jsonl raw.jsonl",
    );
    let [s, all] = [0, 1].map(|i| found["selections"][i].clone());
    assert_eq!([&s["name"], &all["name"]], ["s", "all"]);
    for same in ["documents", "tokens", "bytes", "ngrams", "distinct_ngrams", "kl", "repeated_records"] {
        assert_eq!(s[same], all[same], "{same}");
    }
    let overlap = &found["overlaps"][0];
    assert_eq!([&overlap["jaccard"], &overlap["of_first"], &overlap["of_second"]], [1.0, 1.0, 1.0]);
}

#[test]
fn a_model_stands_in_for_what_is_not_given() {
    let dir = Dir::with_corpus();
    dir.write("sea.jsonl", (0..40).step_by(4).map(document).collect::<String>());
    dir.run("fit --target target.jsonl --ngrams 3 --buckets 500 --smoothing 0.5 -o model.json raw.jsonl")
        .ok();
    dir.run("fit --target target.jsonl --ngrams 3 --buckets 500 --smoothing 0.5 -o target.json").ok();
    dir.run("fit --ngrams 3 --buckets 500 --smoothing 0.5 -o raw.json raw.jsonl").ok();
    let whole = measure(
        &dir,
        "measure --json --target target.jsonl --ngrams 3 --buckets 500 --smoothing 0.5 --selected sea.jsonl raw.jsonl",
    );
    assert_eq!(
        [&whole["smoothing"], &whole["feature_space"]["buckets"]],
        [&Value::from(0.5), &Value::from(500)]
    );
    for given in
        ["--model model.json", "--model target.json raw.jsonl", "--model raw.json --target target.jsonl"]
    {
        assert_eq!(measure(&dir, &format!("measure --json {given} --selected sea.jsonl")), whole, "{given}");
    }
    dir.run("measure --model target.json --selected sea.jsonl").fails(&["no raw counts"]);
    dir.run("measure --model raw.json --selected sea.jsonl").fails(&["no target"]);

    // The summary of a selection and what is measured of it are the same.
    dir.run("select --model model.json -k 7 --min-tokens 1 -o out.jsonl --summary s.json raw.jsonl").ok();
    let measured = measure(&dir, "measure --json --model model.json --selected out.jsonl");
    let (kl, told) = (&measured["selections"][0]["kl"][0], &dir.json("s.json")["kl_reduction"][0]);
    for key in ["raw", "selected", "reduction"] {
        assert_eq!(kl[key], told[key], "{key}");
    }
}

#[test]
fn a_sample_is_of_so_many_documents_from_everywhere() {
    let dir = Dir::with_corpus();
    // A sorted corpus: the first hundred documents have one token, the others two.
    let sorted: Vec<String> =
        (0..300).map(|i| record(&if i < 100 { format!("x{i}") } else { format!("y{i} z") })).collect();
    dir.write("sorted.jsonl", sorted.concat());
    let sampled = |options: &str, raw: &str| {
        let command = format!("measure --json --target target.jsonl --selected sorted.jsonl {options} {raw}");
        measure(&dir, &command)
    };
    let found = sampled("--sample 120", "sorted.jsonl");
    assert_eq!([&found["raw"]["documents"], &found["raw"]["counted"]], [300, 120]);
    assert_eq!(found["selections"][0]["counted"], 120, "of a selection that is larger");
    assert_eq!(found["targets"][0]["counted"], 2, "targets always use everything");
    // 120 + 120 · 2/3: 80 documents have two tokens, give or take 4 (one standard deviation).
    let tokens = found["raw"]["tokens"].as_u64().unwrap();
    assert!((180..=220).contains(&tokens), "{tokens}");
    assert_eq!(found["selections"][0]["kl"][0]["reduction"], 0.0, "raw and selection have the same sample");
    assert_eq!(found["selections"][0]["repeated_texts"], Value::Null);

    // The same however the corpus is cut; another seed, another sample; a large one is all.
    for part in 0..4 {
        let lines = sorted.iter().skip(part * 80).take(if part < 3 { 80 } else { 60 });
        dir.write(&format!("cut/{part}.jsonl"), lines.rev().cloned().collect::<String>());
    }
    assert_eq!(sampled("--sample 120 --threads 3", "cut"), found);
    assert_eq!(
        serde_json::from_str::<Value>(
            &dir.run_with_input(
                "measure --json --target target.jsonl --selected sorted.jsonl --sample 120 -",
                sorted.concat().as_bytes(),
            )
            .ok()
        )
        .unwrap(),
        found,
        "a stream is kept for the second reading"
    );
    assert_ne!(sampled("--sample 120 --seed 1", "sorted.jsonl")["selections"], found["selections"]);
    let (all, large) = (sampled("", "cut"), sampled("--sample 300", "cut"));
    assert_eq!(all["selections"], large["selections"]);
    assert_eq!(all["raw"], large["raw"]);
}

#[test]
fn threads_and_shards_change_nothing() {
    let dir = Dir::with_corpus();
    for i in 0..6 {
        dir.write(&format!("raw/{i}.jsonl"), (i * 50..i * 50 + 50).map(document).collect::<String>());
        dir.write(&format!("parts/{i}.jsonl"), (i * 20..i * 20 + 30).map(document).collect::<String>());
    }
    let whole: String = (0..6).rev().map(|i| dir.read(&format!("parts/{i}.jsonl"))).collect();
    dir.write("whole/parts.jsonl", whole);
    let found = |threads: u32, parts: &str| {
        let options =
            "measure --json --separate-targets --target target.jsonl --target raw.jsonl --sample 170";
        measure(
            &dir,
            &format!("{options} --threads {threads} --selected parts={parts} --selected raw.jsonl raw"),
        )
    };
    let one = found(1, "parts");
    assert_eq!(one["selections"][0]["counted"], 170);
    assert!(one["selections"][0]["repeated_records"]["documents"].as_f64().unwrap() > 0.1);
    assert_eq!(one, found(2, "whole/parts.jsonl"));
    assert_eq!(one, found(7, "parts"));
}

#[test]
fn warnings_where_the_numbers_say_nothing() {
    let dir = Dir::with_corpus();
    dir.write("one.jsonl", document(0).repeat(3));
    dir.write("tax.jsonl", (1..4).map(document).collect::<String>());
    let found = measure(
        &dir,
        "measure --json --target target.jsonl --selected one.jsonl --selected tax.jsonl --selected raw.jsonl raw.jsonl",
    );
    let warnings: Vec<&str> =
        found["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    for part in [
        "target `target` is too small",
        "selection `one` is a single record, several times over",
        "selection `tax` is no closer to target `target`",
        "selection `raw` is no closer to target `target`",
    ] {
        assert_eq!(
            warnings.iter().filter(|warning| warning.contains(part)).count(),
            1,
            "{part} in {warnings:?}"
        );
    }

    // Where all is well nothing is said.
    dir.write("large.jsonl", (0..4000).step_by(4).map(document).collect::<String>());
    dir.write("sea.jsonl", (40..800).step_by(4).map(document).collect::<String>());
    dir.write("much.jsonl", (0..800).map(document).collect::<String>());
    let well = "measure --buckets 300 --target large.jsonl --selected sea.jsonl much.jsonl";
    assert_eq!(measure(&dir, &format!("{well} --json"))["warnings"], serde_json::json!([]));
    assert!(!dir.run(well).ok().contains("warning"));
}

#[test]
fn a_random_selection_is_not_beyond_chance() {
    let dir = Dir::with_corpus();
    dir.write("much.jsonl", (0..800).map(document).collect::<String>());
    dir.write("large.jsonl", (0..4000).step_by(4).map(document).collect::<String>());
    // Every fourth document of the corpus is about the sea, and so is every fourth of the selection, and four more.
    dir.write("hardly.jsonl", (0..200).chain((200..216).step_by(4)).map(document).collect::<String>());
    let found = measure(
        &dir,
        "measure --json --ngrams 1 --buckets 20 --target large.jsonl --selected hardly.jsonl much.jsonl",
    );
    let kl = &found["selections"][0]["kl"][0];
    let (reduction, chance) = (kl["reduction"].as_f64().unwrap(), kl["chance"].as_f64().unwrap());
    assert!(0.0 < reduction && reduction < 3.0 * chance, "{reduction} {chance}");
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("selection `hardly` is hardly closer to target `target`"), "{warnings}");
}

#[test]
fn weights_tell_their_effective_sample_size() {
    let dir = Dir::with_corpus();
    dir.run("fit --target sea=target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    dir.run("select --model model.json --min-tokens 1 -k 5 --summary s.json -o out.jsonl raw.jsonl").ok();
    let command = "measure --model model.json --selected out.jsonl --weights weights";
    let found = measure(&dir, &format!("{command} --min-tokens 1 --json"));
    assert_eq!(found["weights"][0]["target"], "sea");
    assert_eq!(found["weights"][0]["eligible"], 40);
    assert_eq!(found["weights"][0]["log_weights"], dir.json("s.json")["draw"][0]["log_weights"]);
    assert!(dir.run(&format!("{command} --min-tokens 1")).ok().contains("sea: effective sample size"));
    assert!(dir.run(command).ok().contains("no record has 100 tokens or more"));

    // Weights for the raw corpus itself are equal, and say so.
    dir.run("fit --target raw.jsonl -o same.json raw.jsonl").ok();
    dir.run("weigh --model same.json -o equal raw.jsonl").ok();
    let equal = dir.run("measure --model same.json --selected out.jsonl --weights equal --min-tokens 1").ok();
    assert!(equal.contains("all but equal over 40 records"), "{equal}");
}

#[test]
fn words_for_people_and_one_object_for_programs() {
    let dir = Dir::with_corpus();
    dir.run("select --target target.jsonl --min-tokens 1 -k 6 -o out.jsonl raw.jsonl").ok();
    let command =
        "measure --target target.jsonl --selected out.jsonl --selected raw.jsonl --summary s.json raw.jsonl";
    let ran = dir.run(command);
    for part in [
        "hash dsir1",
        "epsilon        1e-8",
        "per document",
        "KL in nats",
        "reduction",
        "Jaccard",
        "repeated texts",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in\n{}", ran.stdout);
    }
    assert!(ran.stderr.starts_with("time"), "{}", ran.stderr);
    let json = dir.run(&format!("{command} --json --quiet"));
    assert_eq!(json.stderr, "");
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(dir.json("s.json")["measured"], found);
    assert_eq!(dir.json("s.json")["command"], "measure");
    assert_eq!(found["dsir"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn names_in_the_words_do_not_steer_the_terminal() {
    let dir = small();
    dir.write("\u{1b}[31mred.jsonl", record("a b"));
    let words = dir.run("measure --target target.jsonl --selected \u{1b}[31mred.jsonl raw.jsonl").ok();
    assert!(words.contains("\\u{1b}[31mred") && !words.contains('\u{1b}'), "{words}");
}

#[test]
fn bad_records_and_impossible_requests() {
    let dir = Dir::with_corpus();
    dir.write("bad.jsonl", document(0) + "not json\n");
    dir.write("empty.jsonl", "\n");
    dir.write("blank.jsonl", record(" "));
    let measure = "measure --target target.jsonl";
    dir.run(&format!("{measure} --selected bad.jsonl raw.jsonl")).fails(&["bad.jsonl:2", "--invalid skip"]);
    // Also those that the sample leaves out are judged.
    dir.run(&format!("{measure} --sample 1 --selected bad.jsonl raw.jsonl")).fails(&["bad.jsonl:2"]);
    let skip = format!("{measure} --sample 1 --selected bad.jsonl --rejects rejects.jsonl raw.jsonl");
    dir.run(&skip).ok();
    assert_eq!(dir.read("rejects.jsonl").lines().count(), 1);
    dir.run(&format!("{measure} --selected empty.jsonl raw.jsonl"))
        .fails(&["selection `empty`: no document"]);
    dir.run(&format!("{measure} --selected blank.jsonl raw.jsonl"))
        .fails(&["selection `blank` has no features"]);
    for (arguments, parts) in [
        ("measure --selected raw.jsonl raw.jsonl", &["--target"][..]),
        ("measure --target target.jsonl raw.jsonl", &["--selected"]),
        ("measure --target target.jsonl --selected raw.jsonl", &["no RAW"]),
        ("measure --target - --selected - raw.jsonl", &["read only once"]),
        ("measure --target target.jsonl --selected - -", &["read only once"]),
        (
            "measure --target target.jsonl --selected raw.jsonl --selected ./raw.jsonl raw.jsonl",
            &["--selected", "both be called `raw`"],
        ),
        ("measure --model m.json --ngrams 3 --selected raw.jsonl", &["cannot be used with"]),
        ("measure --target target.jsonl --selected raw.jsonl --epsilon 0 raw.jsonl", &["1e-300"]),
        ("measure --target target.jsonl --selected raw.jsonl --sample 0 raw.jsonl", &["above 0"]),
        (
            "measure --target target.jsonl --selected raw.jsonl --weights - raw.jsonl",
            &["--weights", "no file"],
        ),
    ] {
        dir.run(arguments).misused(parts);
    }
}
