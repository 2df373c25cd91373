//! Other ways to draw: methods, normalization, products, groups, mix-ins, scores of other tools.

use dsir::reader::content_hash;

use crate::harness::{Dir, decompressed, document, gzip, sorted};

/// Forty documents with a `lang` and a `score`: those whose number is a multiple of five are Danish.
fn languages() -> Dir {
    let dir = Dir::with_corpus();
    let with_fields = |i: usize| {
        let mut record: serde_json::Value = serde_json::from_str(&document(i)).unwrap();
        record["meta"] = serde_json::json!({ "lang": if i.is_multiple_of(5) { "da" } else { "en" } });
        record["score"] = serde_json::json!(i as f64 / 100.0);
        record.to_string() + "\n"
    };
    dir.write("raw.jsonl", (0..40).map(with_fields).collect::<String>());
    dir
}

fn ids(records: &str) -> Vec<u64> {
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap();
    records.lines().map(id).collect()
}

/// A `.npy` file of floats of this type.
fn npy(kind: &str, rows: usize, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows},), }}");
    let header = format!("{header}{}\n", " ".repeat(117 - header.len()));
    [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], header.as_bytes(), data].concat()
}

const SELECT: &str = "select --target target.jsonl --min-tokens 1";

#[test]
fn topk_is_temperature_zero() {
    let dir = Dir::with_corpus();
    let topk = dir.run(&format!("{SELECT} -k 7 --method topk raw.jsonl")).ok();
    assert_eq!(topk, dir.run(&format!("{SELECT} -k 7 --temperature 0 raw.jsonl")).ok());
}

#[test]
fn random_does_not_ask_for_weights() {
    let dir = Dir::with_corpus();
    let selected = dir.run("resample --method random -k 8 --min-tokens 1 raw.jsonl").ok();
    assert_eq!(selected.lines().count(), 8);
    assert_eq!(selected, dir.run(&format!("{SELECT} --method random -k 8 raw.jsonl")).ok());
    let more = dir.run("resample --method random -k 20 --min-tokens 1 raw.jsonl").ok();
    assert!(selected.lines().all(|line| more.contains(line)), "nested");
    assert_ne!(selected, dir.run("resample --method random -k 8 --min-tokens 1 --seed 1 raw.jsonl").ok());
}

#[test]
fn normalized_weights_do_not_grow_with_length() {
    let dir = Dir::new();
    dir.write("target.jsonl", "{\"text\": \"a b\"}\n");
    // Twice the text has twice the log weight, and the same for each token.
    let raw = ["a b", "a b a b a b a b", "c d", "c d c d"].map(|text| format!("{{\"text\": \"{text}\"}}\n"));
    dir.write("raw.jsonl", raw.concat());
    // Of equal keys, the one with the least content hash is first.
    let hash = |record: &str| content_hash(record.trim_end().as_bytes());
    let first_of_equals = if hash(&raw[0]) < hash(&raw[1]) { &raw[0] } else { &raw[1] };
    let first = |normalize: &str| {
        let options = format!("--ngrams 1 --method topk --normalize {normalize} -k 1");
        dir.run(&format!("{SELECT} {options} raw.jsonl")).ok()
    };
    assert_eq!(first("none"), raw[1]);
    assert_eq!(&first("tokens"), first_of_equals);
}

#[test]
fn where_leaves_out_and_says_so() {
    let dir = languages();
    let select = |options: &str| {
        dir.run(&format!("{SELECT} --method topk -k 4 {options} --summary summary.json raw.jsonl")).ok()
    };
    assert_eq!(select("--where meta.lang=da"), select("--where-not meta.lang=en"));
    assert!(ids(&select("--where meta.lang=d*")).iter().all(|id| id % 5 == 0));
    assert_eq!(dir.json("summary.json")["left_out"], 32);
    assert_eq!(dir.json("summary.json")["eligible"]["records"], 8);
    dir.run(&format!("{SELECT} -k 9 --where meta.lang=da raw.jsonl")).fails(&["only 8"]);
    dir.run(&format!("{SELECT} -k 1 --where meta.lang=fr raw.jsonl"))
        .fails(&["no eligible record", "40 left out"]);
    dir.run(&format!("{SELECT} -k 1 --where lang raw.jsonl")).misused(&["it must be as FIELD=VALUE"]);
}

#[test]
fn where_is_the_same_in_weigh_and_in_resample() {
    let dir = languages();
    let select = dir.run(&format!("{SELECT} -k 5 --where meta.lang=en raw.jsonl")).ok();
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json --where meta.lang=en -o some raw.jsonl").ok();
    dir.run("weigh --model model.json -o all raw.jsonl").ok();
    assert_eq!(select, dir.run("resample --weights some -k 5 --min-tokens 1 raw.jsonl").ok());
    assert_eq!(
        select,
        dir.run("resample --weights all -k 5 --min-tokens 1 --where meta.lang=en raw.jsonl").ok()
    );
    // One folder holds weights made in one way.
    dir.run("weigh --model model.json -o some raw.jsonl").fails(&["conditions"]);
}

#[test]
fn groups_get_their_shares() {
    let dir = languages();
    let count = |options: &str, lang: &str| {
        let command = format!("{SELECT} --group-by meta.lang {options} --summary summary.json raw.jsonl");
        let selected = dir.run(&command).ok();
        selected.lines().filter(|line| line.contains(&format!("\"lang\":\"{lang}\""))).count()
    };
    // Eight of forty are Danish.
    assert_eq!(count("-k 10", "da"), 2);
    assert_eq!(count("-k 10 --group-share even", "da"), 5);
    assert_eq!(count("-k 8 --group-share da=3,en=1", "da"), 6);
    assert_eq!(count("-k 10 --group-share en=1", "da"), 0);
    let groups = &dir.json("summary.json")["groups"];
    assert_eq!((&groups[0]["name"], &groups[0]["eligible"]["records"]), (&"da".into(), &8.into()));
    assert_eq!(groups[1]["selected"][0]["records"], 10);

    let even = format!("{SELECT} --group-by meta.lang --group-share even -k 20");
    dir.run(&format!("{even} raw.jsonl")).fails(&["group `da`", "8 records", "--allow-fewer"]);
    assert_eq!(dir.run(&format!("{even} --allow-fewer raw.jsonl")).ok().lines().count(), 8 + 10);
    let unknown = format!("{SELECT} --group-by meta.lang --group-share fr=1 -k 2 raw.jsonl");
    dir.run(&unknown).fails(&["no group `fr`", "da, en"]);
    // What has no such value is a group too.
    let nowhere = format!("{SELECT} --group-by nowhere -k 3 raw.jsonl");
    assert!(dir.run(&nowhere).stderr.contains("(none): 3 of 40 documents"));
}

#[test]
fn within_a_group_the_draw_is_the_draw_of_the_group_alone() {
    let dir = languages();
    let groups =
        format!("{SELECT} --group-by meta.lang --group-share da=1,en=2 -k 9 --temperature 5 raw.jsonl");
    let alone = |lang: &str, k: usize| {
        dir.run(&format!("{SELECT} --where meta.lang={lang} -k {k} --temperature 5 raw.jsonl")).ok()
    };
    let apart = alone("da", 3) + &alone("en", 6);
    let selected = dir.run(&groups).ok();
    assert_eq!(sorted(&selected), sorted(&apart));
    // The same from compressed shards, from a pipe and in steps.
    dir.write("z/raw.jsonl.gz", crate::harness::gzip(dir.read("raw.jsonl")));
    assert_eq!(dir.run(&groups.replace("raw.jsonl", "z")).ok(), selected);
    assert_eq!(
        dir.run_with_input(&groups.replace("raw.jsonl", "-"), dir.read("raw.jsonl").as_bytes()).ok(),
        selected
    );
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let steps = groups.replace("select --target target.jsonl", "resample --weights weights");
    assert_eq!(dir.run(&steps).ok(), selected);
}

#[test]
fn mixed_in_are_so_many_of_a_set_and_the_draw_takes_none_of_it() {
    let dir = languages();
    let command = format!("{SELECT} -k 6 --mix-in meta.lang=da=4 --summary summary.json raw.jsonl");
    let ran = dir.run(&command);
    assert!(ran.stderr.contains("mixed in   meta.lang=da: 4 of 8 documents"), "{}", ran.stderr);
    let selected = ran.ok();
    let danish: Vec<&str> = selected.lines().filter(|line| line.contains("\"da\"")).collect();
    assert_eq!((danish.len(), selected.lines().count()), (4, 10));
    assert_eq!(dir.json("summary.json")["selected"]["records"], 10);
    let rest = dir.run(&format!("{SELECT} -k 6 --where-not meta.lang=da raw.jsonl")).ok();
    assert!(rest.lines().all(|line| selected.contains(line)));
    dir.run(&format!("{SELECT} -k 6 --mix-in meta.lang=da=9 raw.jsonl")).fails(&["meta.lang=da", "only 8"]);
    dir.run(&format!("{SELECT} -k 6 --mix-in meta.lang=da raw.jsonl")).misused(&["FIELD=VALUE=N"]);
}

#[test]
fn mixed_in_of_a_file_come_behind_the_others() {
    let dir = languages();
    dir.write("wiki/w.jsonl.gz", crate::harness::gzip((100..130).map(document).collect::<String>()));
    let command = format!("{SELECT} -k 6 --mix-in wiki=4 --annotate --summary summary.json");
    let selected = dir.run(&format!("{command} raw.jsonl")).ok();
    let alone = dir.run(&format!("{SELECT} -k 6 --annotate raw.jsonl")).ok();
    let behind = selected.strip_prefix(&alone).unwrap();
    assert_eq!(ids(behind).iter().filter(|id| **id >= 100).count(), 4);
    assert!(!behind.contains("log_weight"), "they were not weighed");
    let random = dir.run("resample --method random -k 4 --min-tokens 1 wiki").ok();
    assert_eq!(behind, random);
    assert_eq!(dir.json("summary.json")["groups"][0]["selected"][0]["records"], 4);

    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let steps = command.replace("select --target target.jsonl", "resample --weights weights");
    assert_eq!(dir.run(&format!("{steps} raw.jsonl")).ok(), selected);
    let shuffled = dir.run(&format!("{command} --shuffle raw.jsonl")).ok();
    assert_eq!(sorted(&shuffled), sorted(&selected));

    dir.run(&format!("{command} -o out/ raw.jsonl")).ok();
    assert_eq!(decompressed(&dir.path("out/w.jsonl.gz")), behind);
    dir.write("again/raw.jsonl", document(1));
    dir.run(&format!("{SELECT} -k 6 --mix-in again=1 -o out/ raw.jsonl")).misused(&["--mix-in", "raw.jsonl"]);
    dir.run(&format!("{SELECT} -k 6 --mix-in wiki=31 raw.jsonl")).fails(&["31 records asked for", "30"]);
    dir.run(&format!("{SELECT} -k 6 --mix-in wiki=4 -o wiki/w.jsonl.gz raw.jsonl")).fails(&["w.jsonl.gz"]);
}

#[test]
fn a_product_wants_all_targets_at_once() {
    let dir = Dir::new();
    dir.write("one.jsonl", "{\"text\": \"a a b\"}\n");
    dir.write("two.jsonl", "{\"text\": \"b c c\"}\n");
    let raw = ["a a a", "b b b", "c c c", "d d d"].map(|text| format!("{{\"text\": \"{text}\"}}\n"));
    dir.write("raw.jsonl", raw.concat());
    let targets = "select --target one=one.jsonl --target two=two.jsonl --separate-targets --ngrams 1";
    let product = |options: &str| {
        let draw = "--combine product --method topk --min-tokens 1 -k 1";
        dir.run(&format!("{targets} {draw} {options} raw.jsonl")).ok()
    };
    assert_eq!(product(""), raw[1], "what both have");
    assert_eq!(product("--exponents one=1,two=-1"), raw[0], "what one has and two has not");
    assert_eq!(product("--exponents -1,1"), raw[2]);
    let wrong = format!("{targets} --combine product -k 1 --exponents 1,2,3 --min-tokens 1 raw.jsonl");
    dir.run(&wrong).fails(&["--exponents", "3 given for 2 targets"]);
    let together = "select --target one.jsonl --combine product -k 1 raw.jsonl";
    // Apart all the same, if there is only one.
    dir.run(together).fails(&["no eligible record"]);
    dir.run(&format!("{targets} --exponents 1,2 -k 1 raw.jsonl")).misused(&["--combine product"]);
}

#[test]
fn shares_between_by_size_and_even() {
    let dir = Dir::with_corpus();
    dir.write("tax.jsonl", "{\"text\": \"tax\"}\n".repeat(4));
    let sea = |temperature: &str| {
        let targets =
            "select --target sea=target.jsonl --target tax=tax.jsonl --separate-targets --min-tokens 1";
        let options = format!("-k 10 --proportions-temperature {temperature} --summary summary.json");
        dir.run(&format!("{targets} {options} raw.jsonl")).ok();
        dir.json("summary.json")["draw"][0]["selected"]["records"].as_u64().unwrap()
    };
    // 16 tokens to 4.
    assert_eq!((sea("1"), sea("2"), sea("inf")), (8, 7, 5));
}

#[test]
fn annealed_draws_have_temperatures_of_their_own() {
    let dir = Dir::with_corpus();
    let annealed = format!("{SELECT} -k 6 --draws 3 --temperature 1000,10,0 -o out/ raw.jsonl");
    dir.run(&annealed).ok();
    let last = dir.run(&format!("{SELECT} -k 6 --temperature 0 raw.jsonl")).ok();
    assert_eq!(dir.read("out/epoch-2/raw.jsonl"), last);
    assert_ne!(dir.read("out/epoch-0/raw.jsonl"), last);
    let two = format!("{SELECT} -k 6 --draws 3 --temperature 2,1 -o out/ raw.jsonl");
    dir.run(&two).misused(&["2 temperatures for 3 draws"]);
    let no_noise = format!("{SELECT} -k 6 --draws 2 --temperature 0,0 -o out/ raw.jsonl");
    dir.run(&no_noise).misused(&["draws the same every time"]);
    dir.run(&format!("{SELECT} -k 6 --method random --temperature 2 raw.jsonl"))
        .misused(&["--method gumbel"]);
}

#[test]
fn scores_of_another_tool() {
    let dir = languages();
    let narrow: Vec<u8> = (0..40).flat_map(|i| (i as f32 / 100.0).to_le_bytes()).collect();
    dir.write("narrow.npy", npy("<f4", 40, &narrow));
    let wide: Vec<u8> = (0..40).flat_map(|i| f64::from(i - 100).to_le_bytes()).collect();
    dir.write("wide.npy", npy("<f8", 40, &wide));
    let raw = dir.read("raw.jsonl");
    let lines: Vec<&str> = raw.split_inclusive('\n').collect();
    for by in ["--scores narrow.npy", "--scores wide.npy --log-scores", "--score-field score"] {
        let best = dir.run(&format!("resample {by} --method topk -k 2 --min-tokens 1 raw.jsonl")).ok();
        assert_eq!(best, lines[38..].concat(), "{by}");
    }
    // One file is for all shards in their order.
    dir.write("parts/a.jsonl", lines[..30].concat());
    dir.write("parts/b.jsonl", lines[30..].concat());
    let parts = "resample --scores narrow.npy -k 9 --min-tokens 1";
    assert_eq!(dir.run(&format!("{parts} parts")).ok(), dir.run(&format!("{parts} raw.jsonl")).ok());
    dir.write("few.npy", npy("<f4", 39, &narrow[..156]));
    dir.run("resample --scores few.npy -k 1 --min-tokens 1 raw.jsonl").fails(&["39 scores for 40 records"]);
    dir.run("resample --scores wide.npy -k 1 --min-tokens 1 raw.jsonl").fails(&[
        "wide.npy",
        "record 0",
        "-100",
        "--log-scores",
    ]);
    dir.run("resample --scores raw.jsonl -k 1 raw.jsonl").fails(&["not a .npy file of scores"]);
    let no_number = dir.run("resample --score-field meta.lang -k 1 --min-tokens 1 raw.jsonl");
    no_number.fails(&["raw.jsonl:1:", "`meta.lang` is no score"]);
}

#[test]
fn pareto_takes_scores_near_one_first() {
    let dir = languages();
    let scores: Vec<u8> = (0..40).flat_map(|i| if i < 10 { 1f64 } else { 0.0 }.to_le_bytes()).collect();
    dir.write("scores.npy", npy("<f8", 40, &scores));
    let pareto = |k: usize| {
        let command = format!("resample --scores scores.npy --method pareto -k {k} --min-tokens 1 raw.jsonl");
        ids(&dir.run(&command).ok())
    };
    // A score of 1 always passes, one of 0 once in 512 times: ten pass at first, and of them six at random.
    assert!(pareto(10).iter().filter(|id| **id < 10).count() >= 9);
    assert_ne!(pareto(6), [0, 1, 2, 3, 4, 5]);
    assert!(pareto(6).iter().all(|id| pareto(12).contains(id)), "nested");
    assert_eq!(pareto(40).len(), 40);
    let wrong = "resample --score-field id --method pareto -k 1 --min-tokens 1 raw.jsonl";
    dir.run(wrong).fails(&["raw.jsonl:3:", "from 0 to 1"]);
    dir.run(&format!("{SELECT} --method pareto -k 1 raw.jsonl"))
        .misused(&["possible values: gumbel, topk, random"]);
    dir.run("resample -k 1 raw.jsonl").misused(&["--weights, --scores or --score-field"]);
}

#[test]
fn quality_is_asked_of_what_is_drawn_as_of_what_is_prepared() {
    let dir = languages();
    dir.write_punkt();
    let quality = "--quality-length 10.. --quality-numeric 0.95.. --punkt punkt";
    let good = dir.run(&format!("prepare {quality} raw.jsonl")).ok();
    // Invoices, which are longer, of two-digit numbers.
    assert_eq!(ids(&good), (10..40).filter(|id| id % 4 != 0).collect::<Vec<u64>>());
    let everything = format!("{SELECT} --allow-fewer -k 40 {quality} --summary summary.json raw.jsonl");
    assert_eq!(dir.run(&everything).ok(), good);
    assert_eq!(dir.json("summary.json")["left_out"], 40 - good.lines().count());
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run(&format!("weigh --model model.json {quality} -o weights raw.jsonl")).ok();
    dir.run("resample --weights weights --min-tokens 1 --allow-fewer -k 40 -o all.jsonl raw.jsonl").ok();
    assert_eq!(dir.read("all.jsonl"), good);
    dir.run("weigh --model model.json -o weights raw.jsonl").fails(&["conditions"]);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let dir = languages();
    let random = "resample --method random -k 2 raw.jsonl";
    dir.run(&format!("{random} --normalize sqrt")).misused(&["--normalize", "--method random"]);
    let pareto = "resample --score-field score --method pareto -k 2 --min-tokens 1 raw.jsonl";
    dir.run(&format!("{pareto} --normalize tokens")).misused(&["--normalize", "--method pareto"]);
    dir.run(&format!("{pareto} --combine product")).misused(&["--combine product", "pareto"]);
    dir.run(&format!("{SELECT} -k 1 --punkt here raw.jsonl")).misused(&["--punkt", "word_tokenize"]);
    dir.run(&format!("{SELECT} -k 1 --group-by id --group-share a=1,a=2 raw.jsonl"))
        .misused(&["`a`", "twice"]);
    dir.run(&format!("{SELECT} -k 1 --method topk --draws 2 -o out/ raw.jsonl")).misused(&["--method topk"]);
    let warned = dir.run(&format!("{SELECT} -k 1 --group-by typo raw.jsonl"));
    assert!(warned.stderr.contains("warning"), "{}", warned.stderr);
}

#[test]
fn a_compressed_file_as_standard_input_is_read_again_where_nothing_was_kept() {
    let dir = languages();
    dir.write("raw.gz", crate::harness::gzip(dir.read("raw.jsonl")));
    for draw in ["--group-by meta.lang -k 9", "--mix-in meta.lang=da=3 -k 5", "--fraction 0.3"] {
        let expected = dir.run(&format!("{SELECT} {draw} raw.jsonl")).ok();
        let mut command = dir.command(&format!("{SELECT} {draw} -"));
        let output = command.stdin(std::fs::File::open(dir.path("raw.gz")).unwrap()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{draw}");
    }
}

#[test]
fn a_target_that_a_record_has_no_weight_for_does_not_take_it() {
    let dir = Dir::with_corpus();
    let none = f64::NEG_INFINITY;
    let rows: Vec<u8> = (0..40)
        .flat_map(|i| {
            if i < 10 {
                [none, 0.0]
            } else if i < 20 {
                [0.0, none]
            } else {
                [none, none]
            }
        })
        .flat_map(f64::to_le_bytes)
        .collect();
    let header = "{'descr': [('log_weight', '<f8', (2,))], 'fortran_order': False, 'shape': (40,), }";
    let header = format!("{header}{}\n", " ".repeat(117 - header.len()));
    dir.write(
        "own.npy",
        [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], header.as_bytes(), &rows].concat(),
    );
    let draw = |shares: &str, k: usize| {
        let options = format!("--proportions {shares} -k {k} --min-tokens 1 --annotate");
        dir.run(&format!("resample --weights own.npy {options} raw.jsonl"))
    };
    assert!(ids(&draw("1,0", 10).ok()).iter().all(|id| (10..20).contains(id)));
    assert!(ids(&draw("0,1", 10).ok()).iter().all(|id| *id < 10));
    draw("0,1", 11).fails(&["11 records asked for", "only 10"]);
}

#[test]
fn what_is_mixed_in_is_asked_for_neither_weight_nor_score() {
    let dir = languages();
    // The scores of Danish records are 0, and one has none.
    let zero = dir
        .read("raw.jsonl")
        .replace("\"score\":0.1,", "")
        .replace("\"da\"},\"score\":0.", "\"da\"},\"s\":0.");
    dir.write("raw.jsonl", zero);
    let mixed = "resample --score-field score --mix-in meta.lang=da=8 -k 3 --min-tokens 1 raw.jsonl";
    assert_eq!(dir.run(mixed).ok().lines().filter(|line| line.contains("\"da\"")).count(), 8);

    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh --model model.json --where meta.lang=en -o weights raw.jsonl").ok();
    let lost = "resample --weights weights --mix-in meta.lang=da=8 -k 3 --min-tokens 1 raw.jsonl";
    dir.run(lost).misused(&["--where meta.lang=en", "weigh without it"]);
}

#[test]
fn what_is_mixed_in_has_the_tokens_of_the_model() {
    let dir = Dir::new();
    dir.write("ids.jsonl", "{\"text\": [1, 2, 3]}\n{\"text\": [4]}\n");
    dir.write("more.jsonl", "{\"text\": [5, 6]}\n{\"text\": [7]}\n");
    let select = "select --tokenizer ids --target ids.jsonl -k 1 --min-tokens 2 --mix-in more.jsonl";
    let selected = dir.run(&format!("{select}=1 ids.jsonl")).ok();
    assert_eq!(selected, "{\"text\": [1, 2, 3]}\n{\"text\": [5, 6]}\n");
    dir.run(&format!("{select}=2 ids.jsonl")).fails(&["--mix-in more.jsonl", "only 1"]);
    dir.run(&format!("{select}=1 --mix-in more.jsonl=1 ids.jsonl")).misused(&["given twice"]);
    dir.run(&format!("{select}=1 ids.jsonl more.jsonl")).misused(&["among RAW"]);
}

#[test]
fn a_temperature_in_standard_deviations_is_one_in_log_weights() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl.gz", gzip(dir.read("raw.jsonl")));
    let select = "select -q --target target.jsonl --min-tokens 1 -k 9";
    let by_deviations = dir.run(&format!("{select} --temperature 0.5sd --summary s.json raw.jsonl")).ok();
    let summary = dir.json("s.json");
    assert_eq!(summary["options"]["draw"]["temperature"], serde_json::json!(["0.5sd"]));
    let temperature = summary["temperatures"][0].as_f64().unwrap();
    let deviation = summary["draw"][0]["log_weights"]["deviation"].as_f64().unwrap();
    assert_eq!(temperature, 0.5 * deviation);
    assert_eq!(dir.run(&format!("{select} --temperature {temperature} raw.jsonl")).ok(), by_deviations);
    // However it comes.
    assert_eq!(dir.run(&format!("{select} --temperature 0.5sd raw.jsonl.gz")).ok(), by_deviations);
    let raw = dir.read("raw.jsonl");
    let stream = format!("{select} --temperature 0.5sd -");
    assert_eq!(dir.run_with_input(&stream, raw.as_bytes()).ok(), by_deviations);
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh -q --model model.json -o weights raw.jsonl").ok();
    let resample = "resample -q --weights weights --min-tokens 1 -k 9 --temperature 0.5sd raw.jsonl";
    assert_eq!(dir.run(resample).ok(), by_deviations);
    dir.run(&format!("{resample} --plan-only plan.json")).ok();
    assert_eq!(dir.run("resample -q --weights weights --plan plan.json raw.jsonl").ok(), by_deviations);
    // Log weights that are all the same are drawn from at random.
    let same = "resample -q --method gumbel --score-field n --log-scores --min-tokens 1 -k 9 --temperature 2sd same.jsonl";
    dir.write(
        "same.jsonl",
        (0..40).map(|i| format!("{{\"text\": \"a {i}\", \"n\": 7}}\n")).collect::<String>(),
    );
    assert_eq!(dir.run(same).ok().lines().count(), 9);
    for (wrong, told) in [
        ("--temperature 1,0.5sd --draws 2 -o o.jsonl", "all in standard deviations, or none"),
        ("--temperature=-1sd", "it must be 0, or a number"),
        ("--temperature 0.5sd --refine", "--temperature 1"),
        ("--temperature 0.5sd --target raw.jsonl --separate-targets", "pass --combine product"),
        ("--repeat-curve 0:2 --target raw.jsonl --separate-targets", "pass --combine product"),
    ] {
        let ran = dir.run(&format!("{select} {wrong} raw.jsonl"));
        assert!(ran.code == Some(2) && ran.stderr.contains(told), "{wrong}: {ran:?}");
    }
}
