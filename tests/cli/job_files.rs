//! Options in a file.

use crate::harness::Dir;

fn corpus() -> Dir {
    let dir = Dir::new();
    let line =
        |number: u32| format!("{{\"text\": \"record number {number} of the sea\", \"n\": {number}}}\n");
    dir.write("raw/a.jsonl", (0..20).map(line).collect::<String>());
    dir.write("raw/b.jsonl", (20..40).map(line).collect::<String>());
    dir.write("target.jsonl", "{\"text\": \"the tide of the sea\"}\n");
    dir
}

#[test]
fn a_job_file_says_what_could_be_typed_and_what_is_typed_wins() {
    let dir = corpus();
    dir.write(
        "job.toml",
        "# a job\nraw = [\"raw/a.jsonl\", \"raw/b.jsonl\"]\ntarget = [\"target.jsonl\"]\nnum = 5\nmin-tokens = 1\n\
         where = [\"n>=3\", \"n<30\"]\nquiet = true\nshuffle = false\nseed = 7\n",
    );
    let typed = "select -q --target target.jsonl --min-tokens 1 --where n>=3 --where n<30 --seed 7";
    let expected = dir.run(&format!("{typed} -k 5 raw/a.jsonl raw/b.jsonl")).ok();
    assert_eq!(expected.lines().count(), 5);
    assert_eq!(dir.run("select --config job.toml").ok(), expected);
    assert_eq!(dir.run("select --config=job.toml").ok(), expected);
    // Another budget takes the place of that in the file, other shards that of those.
    let fewer = dir.run(&format!("{typed} --fraction 0.1 raw/a.jsonl")).ok();
    assert_eq!(dir.run("select --config job.toml --fraction 0.1 raw/a.jsonl").ok(), fewer);
    let other =
        dir.run(&format!("{} -k 3 raw/a.jsonl raw/b.jsonl", typed.replace("--seed 7", "--seed 8"))).ok();
    assert_eq!(dir.run("select --config job.toml -k 3 --seed 8").ok(), other);
}

#[test]
fn the_file_that_is_printed_does_the_same() {
    let dir = corpus();
    let typed = "select -q --target=a=target.jsonl --min-tokens 1 -k 4 --seed 3 --where n>=3 raw";
    let file = dir.run(&format!("{typed} --print-config")).ok();
    assert_eq!(
        file,
        "# dsir select --config THIS_FILE\ntarget = [\"a=target.jsonl\"]\nnum = 4\nmin-tokens = 1\nseed = 3\n\
         where = [\"n>=3\"]\nraw = [\"raw\"]\nquiet = true\n"
    );
    dir.write("job.toml", &file);
    assert_eq!(dir.run("select --config job.toml").ok(), dir.run(typed).ok());
    assert_eq!(dir.run("select --config job.toml --print-config").ok(), file);
}

#[test]
fn what_is_wrong_in_a_file_is_told() {
    let dir = corpus();
    let refused = |content: &str, told: &[&str]| {
        dir.write("job.toml", content);
        dir.run("select --config job.toml --target target.jsonl -k 1 raw").misused(told);
    };
    refused("buckts = 10", &["job.toml: `buckts` is no option of `dsir select`; did you mean `buckets`?"]);
    refused("weights = \"w\"", &["job.toml: `weights` is no option of `dsir select`"]);
    refused("config = \"other.toml\"", &["job.toml: `config` is no option"]);
    refused("seed = ", &["job.toml: ", "line 1"]);
    refused("seed = \"x\"", &["invalid value 'x' for '--seed"]);
    refused("seed = {a = 1}", &["job.toml: `seed` is neither a value nor a list"]);
    refused("shuffle = 1", &["job.toml: `shuffle` must be true or false"]);
    dir.run("select --config none.toml -k 1 raw").misused(&["none.toml: No such file"]);
}
