//! Records that are selected more than once.

use serde_json::{Value, json};

use crate::harness::{Dir, ids};

/// 200 records of ten tokens with scores 0.01 to 2, in two groups.
fn scored() -> Dir {
    let dir = Dir::new();
    let line = |i: usize| {
        let (score, lang) = ((i + 1) as f64 / 100.0, ["en", "de"][i % 2]);
        format!(
            "{{\"id\": {i}, \"score\": {score}, \"lang\": \"{lang}\", \"text\": \"{}\"}}\n",
            "a b ".repeat(5)
        )
    };
    dir.write("raw.jsonl", (0..200).map(line).collect::<String>());
    dir
}

/// How often each of 200 records is in the output.
fn times(records: &str) -> Vec<usize> {
    let ids = ids(records);
    (0..200).map(|id| ids.iter().filter(|other| **other == id).count()).collect()
}

/// How many come once, twice and so on.
fn repeats(times: &[usize]) -> Value {
    let most = times.iter().copied().max().unwrap_or(0);
    (1..=most).map(|often| json!(times.iter().filter(|times| **times == often).count())).collect()
}

#[test]
fn the_summary_tells_how_many_came_how_often() {
    let dir = scored();
    let resample = "resample --score-field score --min-tokens 1 --summary s.json raw.jsonl";
    for options in
        ["-k 350 --repeat 4", "--fraction 2.5 --repeat 3", "-k 260 --repeat-curve 40:0,40:1,95:1,100:7"]
    {
        let ran = dir.run(&format!("{resample} {options}"));
        assert!(ran.stderr.contains(" different documents: "), "{}", ran.stderr);
        let times = times(&ran.ok());
        let told = dir.json("s.json");
        assert_eq!(told["repeats"], repeats(&times), "{options}");
        assert_eq!(told["selected"]["records"], times.iter().sum::<usize>(), "{options}");
        assert_eq!(told["records_selected"]["records"], times.iter().filter(|times| **times > 0).count());
        assert_eq!(told["records_selected"]["copies"], 0, "a repeat is no copy");
    }
    let once = dir.run(&format!("{resample} -k 20")).ok();
    assert_eq!(dir.json("s.json")["repeats"], Value::Null);
    assert_eq!(dir.run(&format!("{resample} -k 20 --repeat 1")).ok(), once);
}

#[test]
fn a_curve_drops_the_lower_part_and_repeats_the_best() {
    let dir = scored();
    let resample = "resample --score-field score --min-tokens 1 raw.jsonl";
    // As often as the curve says itself: 40 × 0 + 55 × 1 + 5 × 7 hundredths of 200.
    let chosen = dir.run(&format!("{resample} -k 180 --repeat-curve 40:0,40:1,95:1,95:7")).ok();
    let whole: Vec<usize> = [vec![0; 80], vec![1; 110], vec![7; 10]].concat();
    assert_eq!(times(&chosen), whole);
    // Half as often: the noise decides which, and the best come 3 or 4 times.
    let half = times(&dir.run(&format!("{resample} -k 90 --repeat-curve 40:0,40:1,95:1,95:7")).ok());
    assert!(half[..80].iter().all(|times| *times == 0) && half[80..190].iter().all(|times| *times <= 1));
    assert!(half[190..].iter().all(|times| (3..=4).contains(times)), "{half:?}");
    // A smaller selection is part of a larger one.
    let more = times(&dir.run(&format!("{resample} -k 130 --repeat-curve 40:0,40:1,95:1,95:7")).ok());
    assert!(half.iter().zip(&more).all(|(half, more)| half <= more));
    // Twice as often, with a higher limit.
    let twice = dir.run(&format!("{resample} -k 360 --repeat 14 --repeat-curve 40:0,40:1,95:1,95:7")).ok();
    assert_eq!(times(&twice), whole.iter().map(|times| 2 * times).collect::<Vec<_>>());
}

#[test]
fn ranks_are_within_groups() {
    let dir = scored();
    // All scores of one group are above those of the other.
    let raised = |line: &str| {
        if line.contains("en") { line.replace(r#""score":"#, r#""score":7"#) } else { line.into() }
    };
    let raw: String = dir
        .read("raw.jsonl")
        .replace(r#""score": "#, r#""score":"#)
        .lines()
        .map(|line| raised(line) + "\n")
        .collect();
    dir.write("raw.jsonl", raw);
    let resample =
        "resample --score-field score --min-tokens 1 --group-by lang --group-share en=1,de=3 raw.jsonl";
    let chosen = times(&dir.run(&format!("{resample} -k 80 --repeat-curve 80:0,80:1,100:5")).ok());
    let of = |group: usize| chosen.iter().skip(group).step_by(2).copied().collect::<Vec<_>>();
    assert_eq!((of(0).iter().sum::<usize>(), of(1).iter().sum::<usize>()), (20, 60));
    for group in [of(0), of(1)] {
        assert!(group[..80].iter().all(|times| *times == 0) && group[95..].iter().all(|times| *times > 0));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = scored();
    let resample = "resample --score-field score --min-tokens 1 raw.jsonl";
    let misused = |options: &str, parts: &[&str]| dir.run(&format!("{resample} {options}")).misused(parts);
    misused("-k 5 --repeat 0", &["--repeat", "0 times"]);
    misused("-k 5 --repeat 1001", &["--repeat", "1000"]);
    misused("--fraction 1.5", &["--fraction 1.5", "--repeat"]);
    misused("-k 5 --repeat 2 --draws 2 --disjoint", &["--disjoint", "--repeat"]);
    misused("-k 5 --repeat-curve 0:1 --temperature 2", &["--repeat-curve", "--temperature"]);
    misused("-k 5 --repeat-curve 0:1 --method random", &["--repeat-curve"]);
    misused("-k 5 --repeat-curve 50:2,60:1", &["--repeat-curve", "60:1", "fall"]);
    let fails = |options: &str, parts: &[&str]| dir.run(&format!("{resample} {options}")).fails(parts);
    fails("-k 601 --repeat 3", &["601 records", "each up to 3 times", "--allow-fewer"]);
    fails(
        "-k 400 --repeat-curve 95:0,95:1,100:7",
        &["--repeat-curve: 400 records asked for", "only 10 records", "--repeat"],
    );
    fails(
        "-k 9 --group-by lang --group-share en=1 --repeat-curve 99:0,99:1",
        &["of group `en`", "only 1 records"],
    );
    let all = dir.run(&format!("{resample} -k 400 --allow-fewer --repeat-curve 95:0,95:1,100:7")).ok();
    assert_eq!(times(&all), [vec![0; 190], vec![7; 10]].concat());
}

#[test]
fn several_targets_have_ranks_of_their_own() {
    let dir = Dir::with_corpus();
    dir.write("other.jsonl", "{\"text\": \"the tax office wants its invoice form\"}\n");
    let select = "select --target a=target.jsonl --target b=other.jsonl --min-tokens 1 -k 5 raw.jsonl";
    dir.run(&format!("{select} --separate-targets --repeat-curve 0:1"))
        .misused(&["--repeat-curve", "--combine product"]);
    dir.run(&format!("{select} --combine product --repeat-curve 0:1")).ok();
}
