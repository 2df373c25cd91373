//! `docs/options.md` is what `--help` prints; `UPDATE=1` writes it anew.

use std::fs;
use std::path::Path;

use crate::harness::Dir;

#[test]
fn the_reference_of_options_is_the_help() {
    let dir = Dir::new();
    let mut page = String::from("# Every option\n\nThis page is what `dsir COMMAND --help` prints.\n");
    for command in dsir::cli::definitions().get_subcommands() {
        let command = command.get_name();
        let help = dir.run(&format!("{command} --help")).ok();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        page += &format!("\n## dsir {command}\n\n```text\n{}\n```\n", lines.join("\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/options.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/options.md is out of date: UPDATE=1 cargo test --test cli options");
}
