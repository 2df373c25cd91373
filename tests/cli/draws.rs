//! Several selections from one weighing, one for each epoch of training.

use std::collections::BTreeSet;

use crate::harness::Dir;

const SELECT: &str = "select --target target.jsonl --min-tokens 1 --summary summary.json";

fn lines(dir: &Dir, name: &str) -> BTreeSet<String> {
    dir.read(name).lines().map(str::to_owned).collect()
}

#[test]
fn every_epoch_is_a_selection_of_its_own() {
    let dir = Dir::with_corpus();
    dir.run(&format!("{SELECT} -k 15 -o one.jsonl raw.jsonl")).ok();
    dir.run(&format!("{SELECT} -k 15 --draws 3 -o out/ raw.jsonl")).ok();
    assert_eq!(dir.read("out/epoch-0/raw.jsonl"), dir.read("one.jsonl"));
    let epochs: Vec<_> = (0..3).map(|epoch| lines(&dir, &format!("out/epoch-{epoch}/raw.jsonl"))).collect();
    assert!(epochs.iter().all(|epoch| epoch.len() == 15));
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
    let told = dir.json("summary.json");
    assert_eq!(told["epochs"].as_array().unwrap().len(), 3);
    assert_eq!(told["epochs"][2]["selected"]["records"], 15);
    assert!(told["epochs"][2]["kl_reduction"][0]["reduction"].is_number());
}

#[test]
fn a_file_is_in_the_folder_of_its_epoch_however_it_is_made() {
    let dir = Dir::with_corpus();
    let options = "--draws 2 --annotate --shuffle -k 15";
    dir.run(&format!("{SELECT} {options} -o out.jsonl raw.jsonl")).ok();
    let expected = [dir.read("epoch-0/out.jsonl"), dir.read("epoch-1/out.jsonl")];
    assert_eq!(expected[1].lines().count(), 15);
    assert!(!dir.path("out.jsonl").exists());

    dir.run("fit --target target.jsonl -o model.json raw.jsonl").ok();
    let raw = dir.read("raw.jsonl");
    let piped = format!("select --model model.json --min-tokens 1 {options} -o piped.jsonl -");
    dir.run_with_input(&piped, raw.as_bytes()).ok();
    dir.run("weigh --model model.json -o weights raw.jsonl").ok();
    dir.run(&format!("resample --weights weights --min-tokens 1 {options} -o steps.jsonl raw.jsonl")).ok();
    for (epoch, expected) in expected.iter().enumerate() {
        assert_eq!(&dir.read(&format!("epoch-{epoch}/piped.jsonl")), expected);
        assert_eq!(&dir.read(&format!("epoch-{epoch}/steps.jsonl")), expected);
    }
}

#[test]
fn disjoint_epochs_repeat_nothing_until_all_is_used_up() {
    let dir = Dir::with_corpus();
    // Of 40 records 16 in each epoch: 16, 16, 8 and again 8, 16, ...
    dir.run(&format!("{SELECT} -k 16 --draws 5 --disjoint -o out.jsonl raw.jsonl")).ok();
    let epochs: Vec<_> = (0..5).map(|epoch| lines(&dir, &format!("epoch-{epoch}/out.jsonl"))).collect();
    assert!(epochs.iter().all(|epoch| epoch.len() == 16));
    assert!(epochs[0].is_disjoint(&epochs[1]));
    let first_three: BTreeSet<_> = epochs[..3].iter().flatten().collect();
    assert_eq!(first_three.len(), 40, "all was selected once before anything was selected twice");
    let all: Vec<_> = epochs.iter().flatten().collect();
    assert!(first_three.iter().all(|record| all.iter().filter(|other| *other == record).count() == 2));
}

#[test]
fn draws_that_make_no_sense() {
    let dir = Dir::with_corpus();
    dir.run(&format!("{SELECT} -k 5 --draws 2 raw.jsonl")).misused(&["--draws", "-o"]);
    dir.run(&format!("{SELECT} -k 5 --draws 0 -o out/ raw.jsonl")).misused(&["--draws"]);
    dir.run(&format!("{SELECT} -k 5 --disjoint -o out/ raw.jsonl")).misused(&["--draws"]);
    let same = format!("{SELECT} -k 5 --draws 2 --temperature 0 -o out/ raw.jsonl");
    dir.run(&same).misused(&["--temperature 0", "--disjoint"]);
    // An epoch's output that is an input.
    dir.write("epoch-1/raw.jsonl", dir.read("raw.jsonl"));
    dir.run(&format!("{SELECT} -k 5 --draws 2 -o raw.jsonl epoch-1/raw.jsonl")).fails(&["also an input"]);
}
