use crate::harness::Dir;

#[test]
fn what_is_wrong_on_the_command_line_is_exit_code_2() {
    let dir = Dir::with_corpus();
    for (arguments, parts) in [
        ("", &["Usage"][..]),
        ("select raw.jsonl -k 1", &["--target"]),
        ("select --target target.jsonl raw.jsonl", &["--num"]),
        ("select --target target.jsonl -k 1 --tokens 5 raw.jsonl", &["cannot be used with"]),
        ("select --target target.jsonl -k 0 raw.jsonl", &["0"]),
        ("select --target target.jsonl --fraction 1.5 raw.jsonl", &["above 0 and up to 1"]),
        ("select --target target.jsonl -k 1 --temperature -1 raw.jsonl", &["must be 0, or"]),
        ("select --target target.jsonl -k 1 --temperature 1e-320 raw.jsonl", &["must be 0, or"]),
        ("select --target target.jsonl -k -1 raw.jsonl", &["'-1'", "--num"]),
        ("select --target target.jsonl -k 1 --rejects - raw.jsonl", &["--rejects", "no file"]),
        ("select --target target.jsonl -k 1 -o out.xz raw.jsonl", &[".xz is not written", ".zst"]),
        ("fit --target target.jsonl -o model.json.gz", &["plain JSON"]),
        ("select --model - -k 1 raw.jsonl", &["--model", "no file"]),
        ("select --target target.jsonl -k 1 --ngrams 0 raw.jsonl", &["1..=16"]),
        ("select --target target.jsonl -k 1 --buckets 0 raw.jsonl", &["buckets"]),
        ("select --target target.jsonl -k 1 --fit-tokens some raw.jsonl", &["auto, all, or a number"]),
        ("select --target target.jsonl -k 1 --text-field a..b raw.jsonl", &["empty part"]),
        ("select --target target.jsonl -k 1 --hash md5 raw.jsonl", &["dsir1", "sha256"]),
        ("select --model m.json --target target.jsonl -k 1 raw.jsonl", &["cannot be used with"]),
        ("select --model m.json --ngrams 3 -k 1 raw.jsonl", &["cannot be used with"]),
        ("select --target target.jsonl -k 1 -o x --summary x raw.jsonl", &["two outputs would go to x"]),
        ("fit -o model.json", &["nothing to count"]),
        ("weigh --model m.json -o w", &["no RAW"]),
        ("draw", &["unrecognized subcommand"]),
    ] {
        dir.run(arguments).misused(parts);
    }
}

#[test]
fn targets_kept_apart_need_names_of_their_own() {
    let dir = Dir::with_corpus();
    dir.write("sea/train.en.jsonl", dir.read("target.jsonl"));
    dir.write("tax/train.de.jsonl", "{\"text\": \"the tax office wants its invoice form\"}\n");
    let select = "select --separate-targets -k 4 --min-tokens 1 --temperature 0 raw.jsonl";
    let (sea, tax) = ("sea/train.en.jsonl", "tax/train.de.jsonl");
    dir.run(&format!("{select} --target {sea} --target {tax}"))
        .misused(&["both be called `train`", "NAME=FILE"]);
    dir.run(&format!("{select} --target train={sea} --target {tax}")).misused(&["both be called `train`"]);
    let named = dir.run(&format!("{select} --target sea={sea} --target {tax} --proportions 1,1")).ok();
    assert_eq!(named.lines().filter(|line| line.contains("boats")).count(), 2);
    // One name given twice on purpose is one target.
    let summed = dir.run(&format!("{select} --target a={sea} --target a={tax}")).ok();
    assert_eq!(summed.lines().count(), 4);
}

#[test]
fn nobody_listening_on_standard_error() {
    let dir = Dir::with_corpus();
    for (arguments, code) in [
        ("select --target target.jsonl -k 1 --min-tokens 1 raw.jsonl", 0),
        ("inspect none", 1),
        ("fit -o x", 2),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = dir.command(arguments).stderr(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(code), "{arguments}");
    }
}

#[test]
fn names_do_not_steer_the_terminal() {
    let dir = Dir::new();
    let message = dir.run("inspect \u{1b}[31mred").fails(&["\\u{1b}[31mred"]);
    assert!(!message.contains('\u{1b}'));
}

#[test]
fn shares_that_do_not_match_the_targets() {
    let dir = Dir::with_corpus();
    let select = "select --target a=target.jsonl --target b=raw.jsonl --separate-targets -k 2 --min-tokens 1 raw.jsonl";
    dir.run(&format!("{select} --proportions a=1,c=1")).fails(&["no target `c`", "a, b"]);
    dir.run(&format!("{select} --proportions 1")).fails(&["1 given for 2 targets"]);
    dir.run(&format!("{select} --proportions a=x")).misused(&["not a share"]);
}

#[test]
fn help_is_short_or_complete_with_examples() {
    let dir = Dir::new();
    for command in [
        "select",
        "fit",
        "weigh",
        "resample",
        "merge",
        "measure",
        "prepare",
        "explain",
        "inspect",
        "man",
        "completions",
    ] {
        let short = dir.run(&format!("{command} -h")).ok();
        let long = dir.run(&format!("{command} --help")).ok();
        assert!(short.len() <= long.len(), "{command}");
        assert!(dir.run("--help").ok().contains(command));
        if !matches!(command, "inspect" | "man" | "completions") {
            assert!(long.contains("Example"), "{command}");
        }
    }
}

#[test]
fn completions_for_every_shell() {
    let dir = Dir::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(dir.run(&format!("completions {shell}")).ok().contains("resample"), "{shell}");
    }
}

#[test]
fn a_manual_page_for_every_command() {
    let dir = Dir::new();
    assert!(dir.run("man").ok().contains("dsir\\-select(1)"));
    for command in ["select", "explain", "man"] {
        let page = dir.run(&format!("man {command}")).ok();
        assert!(page.contains(".TH dsir-") && page.contains(".SH OPTIONS"), "{page}");
    }
    dir.run("man nothing").misused(&["there is no command `nothing`"]);
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(Dir::new().run("--version").ok(), format!("dsir {}\n", env!("CARGO_PKG_VERSION")));
}
