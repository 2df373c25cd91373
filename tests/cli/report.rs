//! The page about a selection.

use std::fmt::Write as _;

use crate::harness::{Dir, gzip, record};

/// So many documents that a review samples them: of the sea and of taxes, from two ports.
fn corpus() -> Dir {
    let dir = Dir::new();
    let (mut raw, mut target) = (String::new(), String::new());
    let words = ["the sea", "a ship", "the tide", "tax", "a form", "the office"];
    for i in 0..10_000u64 {
        let random = |at: u64| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15 + at) >> 40) as usize;
        let word = |at: u64| words[random(at) % 6];
        if i < 300 {
            target += &record(&(1..5).map(|at| words[random(at) % 3]).collect::<Vec<_>>().join(" "));
        }
        let port = ["north", "south"][usize::from(i % 3 == 0)];
        let text = [word(1), word(2), word(3), word(4)].join(" ");
        let _ = writeln!(raw, "{{\"text\": \"{text} {i}\", \"meta\": {{\"port\": \"{port}\"}}}}");
    }
    dir.write("raw.jsonl.gz", gzip(&raw));
    dir.write("raw.jsonl", raw);
    dir.write("target.jsonl", target);
    dir
}

/// The sections of a page from one anchor up to another.
fn sections<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let at = |anchor: &str| page.find(&format!("<section aria-labelledby=\"{anchor}\">"));
    &page[at(from).unwrap_or_else(|| panic!("{from} in {page}"))..at(to).unwrap()]
}

const SELECT: &str = "select -q --target target.jsonl -k 700 --min-tokens 1 --report-by meta.port";

#[test]
fn the_page_tells_of_the_selection() {
    let dir = corpus();
    dir.run(&format!("{SELECT} -o out.jsonl --report page.html raw.jsonl")).ok();
    dir.run("select -q --target target.jsonl -k 700 --min-tokens 1 -o same.jsonl raw.jsonl").ok();
    assert!(dir.read("out.jsonl") == dir.read("same.jsonl"), "a report changes nothing");
    let page = dir.read("page.html");
    for part in [
        "<h1>700 documents selected</h1>",
        "Asked for 700 documents of <code>raw.jsonl</code>, to be distributed like <code>target.jsonl</code>. 10 000 of \
         10 000 documents were eligible",
        "It worked: the selection is closer to the target than chance.",
        "95% interval ",
        "7.0%",
        "<bdi>north</bdi>",
        "<bdi>south</bdi>",
        "<bdi class=\"ngram\">ship</bdi>",
        "dsir select -q --target target.jsonl -k 700",
        "700 (asked for)",
        "raw.jsonl, row ",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Every kind of document, six of each.
    assert_eq!(page.matches("<div class=\"text\"").count(), 30);
    // It asks for nothing else, and runs nothing.
    for forbidden in
        ["<script", "http://", "https://", "url(", "@import", "<img", "<link", "<iframe", "javascript:"]
    {
        let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.len() < 2_000_000);
}

#[test]
fn it_is_the_same_however_the_corpus_is_read_and_when_it_is_made_later() {
    let dir = corpus();
    dir.run(&format!("{SELECT} -o out.jsonl --report plain.html raw.jsonl")).ok();
    dir.run(&format!("{SELECT} -o out.jsonl --threads 1 --report one.html raw.jsonl")).ok();
    dir.run(&format!("{SELECT} -o out.jsonl --report gz.html raw.jsonl.gz")).ok();
    dir.shell(&format!("dsir {SELECT} -o out.jsonl --report stdin.html - < raw.jsonl")).ok();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh -q --model model.json -o weights raw.jsonl").ok();
    dir.run(
        "report -q --weights weights --model model.json -k 700 --min-tokens 1 --report-by meta.port -o later.html \
         raw.jsonl",
    )
    .ok();
    dir.run(&format!("{SELECT} -o out.jsonl --summary summary.json --report unused.html raw.jsonl")).ok();
    dir.run("report -q --config summary.json --weights weights --model model.json -o by_summary.html").ok();
    let plain = dir.read("plain.html");
    let told = sections(&plain, "documents", "copies");
    assert!(told.contains("hollow dots"), "budgets are told");
    for other in ["one", "gz", "stdin", "later", "by_summary"] {
        let page = dir.read(&format!("{other}.html"));
        let other_told = sections(&page, "documents", "copies").replace("raw.jsonl.gz", "raw.jsonl");
        let other_told = other_told
            .replace(">standard input, row", ">raw.jsonl, row")
            .replace(">-, row", ">raw.jsonl, row");
        let first = told.lines().zip(other_told.lines()).find(|(one, other)| one != other);
        assert!(told == other_told, "{other}: {first:?}");
    }
}

#[test]
fn text_of_a_corpus_is_never_markup() {
    let dir = Dir::new();
    let hostile = [
        "<script>alert(1)</script>",
        "</style></div></body><img src=x onerror=alert(1)>",
        "\\\"><svg onload='x'> & &lt;",
        "\\u202eabc\\u202c \\u0000 \\u001b[2J \\ufeff",
        "javascript:alert(1) <a href=\\\"http://e.org\\\">",
    ];
    let raw: String = (0..200)
        .map(|i| format!("{{\"text\": \"{} {i}\", \"s\": \"<b>{}\"}}\n", hostile[i % 5], hostile[i % 5]))
        .collect();
    dir.write("raw.jsonl", &raw);
    dir.write("target.jsonl", raw.lines().take(7).collect::<Vec<_>>().join("\n"));
    dir.run("select -q --target target.jsonl -k 50 --min-tokens 1 --report-by s --report p.html -o o.jsonl raw.jsonl")
        .ok();
    let page = dir.read("p.html");
    for forbidden in [
        "<script",
        "<img",
        "<a href=\"http",
        "onerror=alert(1)>",
        "<b>",
        "\u{202e}",
        "\u{1b}",
        "\0",
        "\u{feff}",
    ] {
        assert!(!page.contains(forbidden), "{forbidden:?}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains("\\u{202e}abc"));
    // Nothing has ended an element before its time.
    assert_eq!(page.matches("</body>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn without_a_model_the_rest_is_told() {
    let dir = corpus();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("weigh -q --model model.json -o weights raw.jsonl").ok();
    dir.run("report -q --weights weights -k 700 --min-tokens 1 -o page.html raw.jsonl").ok();
    let page = dir.read("page.html");
    assert!(page.contains("was not measured") && page.contains("Quantiles of log weights"));
    assert!(page.contains("<bdi>raw.jsonl</bdi>"), "shards are the sources");
    assert!(!page.contains("Raise it most"));
}

#[test]
fn every_way_to_draw_is_told_as_what_it_is() {
    let dir = corpus();
    dir.write("forms.jsonl", record("a form for the tax office"));
    dir.write("extra.jsonl", (0..40).map(|i| record(&format!("a form {i}"))).collect::<String>());
    let select =
        "select -q --target target.jsonl -k 700 --min-tokens 1 -o out.jsonl --report page.html raw.jsonl";
    let two = "--target forms.jsonl --separate-targets";
    for (more, told, untold) in [
        ("", vec!["with Gumbel noise", "Its key is", "This draw"], vec!["mixed in"]),
        ("--method topk", vec!["Records with a log weight of "], vec!["Gumbel", "effective sample size"]),
        (
            "--method random",
            vec![
                ", at random. 10 000 of",
                "A random selection, to compare with.",
                "whatever their log weights",
            ],
            vec!["It did not work", "It worked"],
        ),
        ("--draws 3", vec!["This is the first of 3 draws, epoch 0."], vec![]),
        (
            "--mix-in meta.port=south=30",
            vec!["730 documents selected", "30 documents were mixed in"],
            vec!["95% interval"],
        ),
        (
            "--mix-in extra.jsonl=30",
            vec!["730 documents selected", "7.0% of these"],
            vec!["95% interval", "With another budget"],
        ),
        (
            "--group-by meta.port",
            vec!["Each group has a threshold", "<bdi>north</bdi>"],
            vec!["With another budget"],
        ),
        (two, vec!["for forms", "All together, the selection is "], vec![]),
        ("--target forms.jsonl --combine product", vec!["<code>forms</code>"], vec!["Raise it most"]),
        ("--normalize tokens", vec!["By length, this is the log weight"], vec![]),
        ("--refine", vec!["Raise it most"], vec![]),
        ("--fraction 0.5", vec!["Asked for 50% of what is eligible"], vec![]),
    ] {
        let select =
            if more.contains("--fraction") { select.replace("-k 700 ", "") } else { select.to_owned() };
        dir.shell(&format!("rm -rf out.jsonl epoch-*; dsir {select} {more}")).ok();
        let page = dir.read("page.html").replace("this draw", "This draw");
        told.iter().for_each(|part| assert!(page.contains(part), "{more}: no {part}"));
        untold.iter().for_each(|part| assert!(!page.contains(part), "{more}: {part}"));
        // Shares of the selection are of what was drawn by weight.
        assert!(!page.contains("1000%") && !page.contains("NaN") && !page.contains(">inf"), "{more}");
    }
}

#[test]
fn weights_of_any_size_are_told() {
    let dir = Dir::with_corpus();
    for weights in ["1e308 if i % 2 else -1e308", "0.0", "5e-324 * i", "float('-inf') if i else 1.0"] {
        let make = format!("import struct\nvalues = [{weights} for i in range(40)]\n");
        dir.write(
            "make.py",
            make + "header = \"{'descr': '<f8', 'fortran_order': False, 'shape': (40,), }\".ljust(117) + '\\n'\n\
                    open('w.npy', 'wb').write(b'\\x93NUMPY\\x01\\x00' + struct.pack('<H', 118) + header.encode()\n\
                    + struct.pack('<40d', *values))\n",
        );
        dir.shell("python3 make.py").ok();
        let report =
            "report -q --scores w.npy --log-scores --min-tokens 1 --allow-fewer -o page.html raw.jsonl";
        for more in ["-k 5", "-k 40", "-k 40 --temperature 0", "--tokens 30 --temperature 1e-9"] {
            let ran = dir.run(&format!("{report} {more}"));
            assert!(ran.code == Some(0) && !ran.stderr.contains("panic"), "{weights} {more}: {ran:?}");
            let page = dir.read("page.html");
            assert!(page.contains("by scores") && !page.contains("NaN"), "{weights} {more}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_the_work() {
    let dir = corpus();
    dir.run("fit -q --target target.jsonl -o model.json raw.jsonl").ok();
    dir.run("fit -q --target target.jsonl --ngrams 1 -o other.json raw.jsonl").ok();
    dir.run("weigh -q --model model.json -o weights raw.jsonl").ok();
    dir.run(
        "select -q --target target.jsonl --ngrams 1 -k 9 --min-tokens 1 -o x --summary was.json raw.jsonl",
    )
    .ok();
    let select = "select --target target.jsonl -k 7 --min-tokens 1 -o o.jsonl";
    for (typed, told) in [
        (format!("{select} --report - raw.jsonl"), "`-` is no file"),
        (format!("{select} --report raw.jsonl raw.jsonl"), "raw.jsonl"),
        (format!("{select} --report o.jsonl raw.jsonl"), "o.jsonl"),
        (format!("{select} --report p.html.gz raw.jsonl"), "written as plain HTML"),
        (
            "report --weights weights --model model.json -k 7 -o model.json raw.jsonl".into(),
            "is also an input",
        ),
        ("report --weights weights --config was.json -o was.json".into(), "is also an input"),
        (
            "report --weights weights --config was.json -o p.html".into(),
            "the selection that it tells of has 9",
        ),
        (format!("{select} --report-by meta.port raw.jsonl"), "--report-by is for --report"),
        (format!("{select} --report p.html --report-by a --group-by b raw.jsonl"), "--group-by"),
        (format!("{select} --report p.html --report-by a --mix-in b=1=2 raw.jsonl"), "--mix-in"),
        (
            "report --weights weights --model other.json -k 7 -o p.html raw.jsonl".into(),
            "not made with this model",
        ),
        ("report --weights weights -k 7 -o - raw.jsonl".into(), "-o"),
        ("report -k 7 -o p.html raw.jsonl".into(), "--weights"),
    ] {
        let ran = dir.run(&typed);
        assert!(ran.code > Some(0) && ran.stderr.contains(told), "{typed}: {ran:?}");
    }
    assert!(!dir.path("p.html").exists() && !dir.path("o.jsonl").exists());
}

#[test]
fn other_budgets_are_what_they_would_give() {
    let dir = corpus();
    let select = "select -q --target target.jsonl --min-tokens 1 --normalize tokens --temperature 30";
    dir.run(&format!("{select} -k 3000 -o out.jsonl --report page.html raw.jsonl")).ok();
    let page = dir.read("page.html");
    let table = &page[page.find("<caption>Budgets</caption>").unwrap()..];
    let table = &table[..table.find("</table>").unwrap()];
    // documents, tokens, effective size, KL reduction
    let rows: Vec<Vec<String>> = table
        .lines()
        .filter(|line| line.starts_with("<tr><th scope=\"row\""))
        .map(|line| {
            let cells = line.replace("</td>", "|").replace("</th>", "|");
            cells.split('|').map(|cell| cell.rsplit('>').next().unwrap().to_owned()).collect()
        })
        .collect();
    assert!(rows.len() > 5, "{table}");
    for row in &rows {
        let is_estimate = row[0].ends_with(" (estimate)");
        let records: String = row[0].chars().filter(char::is_ascii_digit).collect();
        dir.run(&format!("{select} -k {records} -o o.jsonl --summary s.json raw.jsonl")).ok();
        let summary = dir.json("s.json");
        let reduction = summary["kl_reduction"][0]["reduction"].as_f64().unwrap();
        let told: f64 = row[3].replace('−', "-").parse().unwrap();
        let tokens: f64 = row[1].replace(' ', "").parse().unwrap();
        let of_tokens = tokens / summary["selected"]["tokens"].as_f64().unwrap();
        if is_estimate {
            assert!((told - reduction).abs() < 0.02, "{row:?}: {reduction}");
            assert!((of_tokens - 1.0).abs() < 0.02, "{row:?}: {of_tokens}");
        } else {
            assert!((told - reduction).abs() < 0.001, "{row:?}: {reduction}");
            assert_eq!(of_tokens, 1.0, "{row:?}");
        }
    }
    assert!(rows.iter().any(|row| row[0].ends_with(" (estimate)")));
}
