//! Log-ratios that are learned, in `select` and in steps.

use crate::harness::{record, sorted};
use crate::kinds::{corpus, documents, in_parts};

fn count(records: &str, kind: &str) -> usize {
    records.lines().filter(|line| line.contains(&format!("\"kind\":\"{kind}\""))).count()
}

const SELECT: &str = "select --target target.jsonl --min-tokens 1";
const FIT: &str = "fit --target target.jsonl --min-tokens 1";

#[test]
fn a_selection_is_like_the_target_as_a_whole() {
    let dir = corpus();
    // The documents about the sky are rarer, so each weighs more: plain weights take nothing else.
    let plain = dir.run(&format!("{SELECT} -k 100 raw.jsonl")).ok();
    assert!(count(&plain, "sky") >= 95, "{}", count(&plain, "sky"));

    let ran = dir.run(&format!("{SELECT} -k 100 --refine --summary summary.json raw.jsonl"));
    assert!(ran.stderr.contains("refined ") && ran.stderr.contains("by plain weights"), "{}", ran.stderr);
    let refined = ran.ok();
    let (sea, sky) = (count(&refined, "sea"), count(&refined, "sky"));
    assert_eq!(sea + sky, 100);
    assert!((35..=65).contains(&sea), "{sea} of the sea");
    let told = &dir.json("summary.json")["refined"][0];
    assert_eq!(told["share"], 0.1);
    let rounds = told["rounds"].as_u64().unwrap() as usize;
    let kl = |index: usize| told["history"][index].as_f64().unwrap();
    assert!(kl(rounds + 1) < kl(0) && kl(rounds + 1) <= kl(1), "{told}");
}

#[test]
fn is_fit_weigh_and_resample_in_one() {
    let dir = corpus();
    // An eighth of 16 000 tokens.
    let one = dir.run(&format!("{SELECT} --tokens 2000 --refine raw.jsonl")).ok();
    dir.run(&format!("{FIT} --refine-for 0.125 -o model.json raw.jsonl")).ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    let draw = "--tokens 2000 --min-tokens 1 raw.jsonl";
    assert_eq!(dir.run(&format!("resample --weights weights {draw}")).ok(), one);
    assert_eq!(dir.run(&format!("select --model model.json {draw}")).ok(), one);
    // Refined log-ratios are for log weights per token, and the weights tell so.
    assert_eq!(dir.json("weights/weights.meta")["targets"][0]["refined"], true);
    assert_eq!(dir.run(&format!("resample --weights weights --normalize tokens {draw}")).ok(), one);
    assert_ne!(dir.run(&format!("resample --weights weights --normalize none {draw}")).ok(), one);
}

#[test]
fn learns_the_same_however_the_corpus_comes() {
    let dir = corpus();
    dir.run(&format!("{FIT} --refine-for 0.1 --threads 1 -o one.json raw.jsonl")).ok();
    let raw = in_parts(&dir);
    dir.run(&format!("{FIT} --refine-for 0.1 --threads 3 -o parts.json parts")).ok();
    assert!(dir.json("one.json")["targets"][0]["refined"].is_object());
    assert_eq!(dir.read("one.json"), dir.read("parts.json"));

    let select = |options: &str| dir.run(&format!("{SELECT} -k 50 --refine {options}")).ok();
    let (one, parts) = (select("--threads 1 raw.jsonl"), select("--threads 2 parts"));
    assert_eq!(sorted(&one), sorted(&parts));
    assert_eq!(dir.run_with_input(&format!("{SELECT} -k 50 --refine -"), raw.as_bytes()).ok(), one);
}

#[test]
fn of_a_target_of_three_documents_the_log_ratios_are_drawn_towards_raw() {
    let dir = corpus();
    dir.write("target.jsonl", documents("sea", 3));
    let ran = dir.run(&format!("{SELECT} -k 20 --refine --summary summary.json raw.jsonl"));
    assert!(ran.stderr.contains("warning: refining could not be evaluated"), "{}", ran.stderr);
    assert!(ran.stderr.contains("drawn towards raw"), "{}", ran.stderr);
    let refined = ran.ok();
    let told = dir.json("summary.json")["refined"][0].clone();
    assert_eq!((&told["rounds"], &told["history"]), (&serde_json::json!(0), &serde_json::json!([])));

    dir.run(&format!("{FIT} --refine-for 0.1 -o model.json raw.jsonl")).warns(&["drawn towards raw"]);
    let model = dir.json("model.json");
    assert_eq!(model["dsir_model"], 2);
    assert!(dir.run("inspect model.json").ok().contains("drawn towards raw"));
    assert_eq!(dir.run("select --model model.json --min-tokens 1 -k 20 raw.jsonl").ok(), refined);
    // With one n-gram more for each bucket, distributed as raw; in fixed point with 26 bits behind it.
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let counts = numbers(&model["targets"][0]["counts"]);
    let mut raw = vec![0.0; counts.len()];
    for level in model["raw"]["levels"].as_array().unwrap() {
        raw.iter_mut().zip(numbers(&level["counts"])).for_each(|(sum, more)| *sum += more);
    }
    let (all, all_raw) = (counts.iter().sum::<f64>(), raw.iter().sum::<f64>());
    let buckets = counts.len() as f64;
    let log_ratios = numbers(&model["targets"][0]["refined"]["log_ratios"]);
    for ((count, raw), log_ratio) in counts.iter().zip(&raw).zip(log_ratios) {
        let raw = raw / all_raw;
        let target = (count + buckets * raw) / (all + buckets);
        let expected = ((target + 1e-8).ln() - (raw + 1e-8).ln()) * f64::from(1 << 26);
        assert!((log_ratio - expected).abs() <= 1.0, "{log_ratio}, {expected}");
    }
}

#[test]
fn only_what_may_be_drawn_is_learned_from() {
    let dir = corpus();
    let refined = |options: &str| {
        dir.run(&format!("{SELECT} --fraction 0.1 --refine {options} --summary s.json raw.jsonl")).ok();
        dir.json("s.json")["refined"].clone()
    };
    let all = refined("");
    assert_ne!(refined("--where-not kind=tax"), all);
    // What is left out may as well not be there; but for the densities, which are of all records.
    assert_eq!(refined("--where kind=*"), all);
    // Documents of one token are too short to be drawn.
    dir.write("raw.jsonl", dir.read("raw.jsonl") + &record("sea").repeat(9));
    dir.run("fit --target target.jsonl --refine-for 0.1 --min-tokens 17 -o m.json raw.jsonl").ok();
    assert_eq!(
        dir.json("m.json")["targets"][0]["refined"]["history"],
        serde_json::json!([]),
        "nothing is eligible"
    );
}

#[test]
fn separate_targets_are_refined_each_for_its_share() {
    let dir = corpus();
    dir.write("sky.jsonl", documents("sky", 80));
    let targets = "--target mix=target.jsonl --target sky.jsonl --separate-targets";
    let select = format!("select {targets} --proportions mix=3,sky=1 --min-tokens 1 -k 80 --refine");
    dir.run(&format!("{select} --summary s.json raw.jsonl")).ok();
    let told = dir.json("s.json")["refined"].clone();
    assert_eq!((&told[0]["target"], &told[1]["target"]), (&"mix".into(), &"sky".into()));
    assert!((told[0]["share"].as_f64().unwrap() - 0.06).abs() < 1e-12);
    assert!((told[1]["share"].as_f64().unwrap() - 0.02).abs() < 1e-12);
    assert!(told[0]["rounds"].is_u64());
}

#[test]
fn a_refined_model_is_told_and_not_added_to() {
    let dir = corpus();
    dir.run(&format!("{FIT} --refine-for 0.1 -o refined.json raw.jsonl")).ok();
    dir.run("fit -o raw.json raw.jsonl").ok();
    let refuse = ["log-ratios of target `target` were learned", "merge plain models"];
    dir.run("merge refined.json raw.json -o m.json").fails(&refuse);
    dir.run("merge raw.json refined.json -o m.json").fails(&refuse);
    let words = dir.run("inspect refined.json").ok();
    for part in ["refined  ", "for a share of 1.000e-1", "by plain weights", "per token"] {
        assert!(words.contains(part), "no {part:?} in\n{words}");
    }
}

#[test]
fn refined_log_ratios_that_make_no_sense_are_refused() {
    let dir = corpus();
    dir.run(&format!("{FIT} --buckets 50 --refine-for 0.1 -o model.json raw.jsonl")).ok();
    let model = dir.json("model.json");
    let with = |field: &str, value: serde_json::Value| {
        let mut wrong = model.clone();
        wrong["targets"][0]["refined"][field] = value;
        dir.write("wrong.json", wrong.to_string());
        dir.run("weigh --model wrong.json -o weights raw.jsonl")
    };
    let no_sense = ["not a dsir model", "learned log-ratios of target `target` that make no sense"];
    with("log_ratios", serde_json::json!([1, 2, 3])).fails(&no_sense);
    with("log_ratios", serde_json::json!(vec![1u64 << 31; 50])).fails(&no_sense);
    with("share", serde_json::json!(0)).fails(&no_sense);
    with("share", serde_json::json!(1.5)).fails(&no_sense);
    with("history", serde_json::json!([0.5])).fails(&no_sense);
    with("more", serde_json::json!(1)).fails(&["not a dsir model", "unknown field `more`"]);
    with("rounds", model["targets"][0]["refined"]["rounds"].clone()).ok();
}

#[test]
fn what_cannot_be_refined_for() {
    let dir = corpus();
    dir.run(&format!("{FIT} --refine-for 0.1 -o model.json")).misused(&["--refine-for", "RAW"]);
    dir.run("fit --refine-for 0.1 -o model.json raw.jsonl").misused(&["--target"]);
    dir.run(&format!("{FIT} --refine-for 1.5 -o model.json raw.jsonl")).misused(&["--refine-for"]);
    dir.run(&format!("{FIT} -o model.json raw.jsonl")).misused(&["--refine-for"]);
    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("select --model model.json --refine -k 5 raw.jsonl").misused(&["--refine", "--model"]);
    for other in ["--temperature 2", "--method topk", "--method random", "--normalize none"] {
        dir.run(&format!("{SELECT} -k 5 --refine {other} raw.jsonl"))
            .misused(&["--refine, and so --auto, is for"]);
    }
    let product = "--separate-targets --combine product";
    dir.run(&format!("{SELECT} -k 5 --refine {product} raw.jsonl"))
        .misused(&["--refine, and so --auto, is for"]);
}
