//! Files of every format version, as they were written once, and files of versions that are still to come.

use std::fs;

use serde_json::Value;

use crate::harness::{Dir, ids};

fn kept() -> Dir {
    Dir::of("tests/formats")
}

#[test]
fn models_weigh_as_they_did() {
    let dir = kept();
    for (model, weights) in [
        ("model-1.json", "weights-1"),
        ("model-1-refined.json", "weights-1-refined"),
        ("model-2-small.json", "weights-1-small"),
        ("model-3-classifier.json", "weights-1-classifier"),
    ] {
        dir.run(&format!("weigh -q --model {model} -o again raw.jsonl")).ok();
        for file in ["raw.jsonl.npy", "weights.meta"] {
            let [then, now] = [weights, "again"].map(|folder| dir.path(folder).join(file));
            assert!(fs::read(then).unwrap() == fs::read(now).unwrap(), "{model}: {file}");
        }
        fs::remove_dir_all(dir.path("again")).unwrap();
    }
    let refined = dir.run("inspect model-1-refined.json").ok();
    assert!(refined.contains("refined        12 rounds for a share of 2.000e-1"), "{refined}");
}

#[test]
fn weights_and_plans_select_what_they_did() {
    let dir = kept();
    let selected = dir.read("selected.jsonl");
    let of_weights = |folder| format!("resample -q --weights {folder} --min-tokens 1 -k 6 raw.jsonl");
    assert_eq!(dir.run(&of_weights("weights-1")).ok(), selected);
    let english = dir.run(&of_weights("weights-2-conditions")).ok();
    assert!(ids(&english).iter().all(|id| id % 2 == 0), "{english}");
    assert_eq!(dir.run(&of_weights("weights-1-conditions")).ok(), english);
    let planned = dir.run("resample -q --plan plan-1.json --weights weights-2-conditions raw.jsonl").ok();
    assert_eq!(planned, english);
    // By ids, some records twice.
    let repeated = dir.read("selected-2.jsonl");
    let by_curve =
        "resample -q --weights weights-3-ids --min-tokens 1 -k 20 --repeat-curve 50:0,50:1,100:3 raw.jsonl";
    assert_eq!(dir.run(by_curve).ok(), repeated);
    let planned = dir.run("resample -q --plan plan-2.json --weights weights-3-ids raw.jsonl").ok();
    assert_eq!(planned, repeated);
}

#[test]
fn weights_are_not_joined_by_those_of_other_conditions() {
    let dir = kept();
    let weigh = |folder: &str, condition: &str| {
        dir.run(&format!("weigh -q --model model-1.json {condition} -o {folder} raw.jsonl"))
    };
    weigh("weights-1", "").ok();
    weigh("weights-2-conditions", "--where lang=en").ok();
    weigh("weights-2-conditions", "--where lang=de").fails(&["other text fields or conditions"]);
}

#[test]
fn summaries_and_measurements_say_what_they_did() {
    let dir = kept();
    dir.run("select -q --model model-1.json --min-tokens 1 -k 6 -o again.jsonl --summary now.json raw.jsonl")
        .ok();
    let measured = dir.run("measure -q --model model-1.json --json --selected selected.jsonl raw.jsonl").ok();
    let measured: Value = serde_json::from_str(&measured).unwrap();
    assert_eq!(without_the_run(measured), without_the_run(dir.json("measurement-1.json")));
    let mut now = without_the_run(dir.json("now.json"));
    let then = without_the_run(dir.json("summary-1.json"));
    for output in ["output", "run"] {
        now["options"][output] = then["options"][output].clone();
    }
    assert_eq!(now, then);
}

/// Without what every run and every release has of its own: times, threads and the version of the program.
fn without_the_run(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for name in ["seconds", "mb_per_second", "threads", "dsir"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(|value| *value = without_the_run(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = without_the_run(value.take())),
        _ => {}
    }
    value
}

#[test]
fn later_versions_are_refused_by_number() {
    let dir = kept();
    let later = |file: &str, field: &str| {
        let mut value = dir.json(file);
        value[field] = 99.into();
        value["of_the_future"] = true.into();
        dir.write(file, value.to_string());
    };
    later("model-1.json", "dsir_model");
    later("weights-1/weights.meta", "dsir_weights");
    later("plan-1.json", "dsir_plan");
    dir.run("inspect model-1.json").fails(&["model-1.json", "99", "newer"]);
    dir.run("weigh --model model-1.json -o again raw.jsonl").fails(&["model-1.json", "99", "newer"]);
    let resample = "resample --min-tokens 1 -k 6 raw.jsonl --weights";
    dir.run(&format!("{resample} weights-1")).fails(&["weights.meta", "99", "newer"]);
    let planned = "resample --plan plan-1.json --weights weights-2-conditions raw.jsonl";
    dir.run(planned).fails(&["plan-1.json", "99", "newer"]);
}
