use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;

use crate::cli::args::Explain;
use crate::cli::failure::Failure;
use crate::cli::format::{count, number};
use crate::cli::host::{Host, Outcome, WatchedBy};
use crate::cli::marked::{Marks, marked, shown};
use crate::cli::options::text_fields;
use crate::explain::{Explanation, NgramPart};
use crate::jobs::{self, DocumentPlace, ExplainOptions, ExplainedDocument, ReadOptions};
use crate::reader::{IdFields, Shards};
use crate::storage::is_there;

pub(crate) fn explain(args: &Explain, host: Host<'_>) -> Result<Outcome, Failure> {
    let options = ExplainOptions {
        document: place(args.document.as_deref())?,
        model: args.model.clone(),
        read: ReadOptions {
            fields: text_fields("--text-field", &args.text_field)?,
            skip_invalid: false,
            ids: IdFields::default(),
            punkt: args.punkt.folder(),
        },
    };
    let explained = jobs::explain(&options)?;
    if args.json {
        let mut json =
            serde_json::to_string_pretty(&explained).map_err(|error| Failure::Stdout(error.into()))?;
        json.push('\n');
        return Ok(Outcome::printed(json));
    }
    let is_terminal = matches!(host.watched_by, WatchedBy::Program) && std::io::stdout().is_terminal();
    let wants_color = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let marks = if is_terminal && wants_color { Marks::Colors } else { Marks::Brackets };
    Ok(Outcome::printed(in_words(&options.document, &explained, args.top, marks)))
}

/// What was typed: nothing or `-`, a file, or a shard and the row of a record.
fn place(typed: Option<&Path>) -> Result<DocumentPlace, Failure> {
    let Some(path) = typed.filter(|path| *path != Path::new("-")) else { return Ok(DocumentPlace::Stdin) };
    let with_row = || {
        let (shard, row) = path.to_str()?.rsplit_once(':')?;
        Some(DocumentPlace::Record { shard: shard.into(), row: row.parse().ok()? })
    };
    match is_there(path) {
        true if Shards::is_shard_name(path) => Err(Failure::usage(format!(
            "{}: name one of its records by its row, from 0: {}:0",
            path.display(),
            path.display()
        ))),
        true => Ok(DocumentPlace::File(path.into())),
        false => Ok(with_row().unwrap_or_else(|| DocumentPlace::File(path.into()))),
    }
}

fn in_words(place: &DocumentPlace, explained: &ExplainedDocument, top: usize, marks: Marks) -> String {
    let ExplainedDocument { text, targets, explanation, .. } = explained;
    let Explanation { tokens, log_weights, ngrams, words } = explanation;
    let mut out = String::new();
    let name = match place {
        DocumentPlace::Stdin => "standard input".to_owned(),
        DocumentPlace::File(path) => path.display().to_string(),
        DocumentPlace::Record { shard, row } => format!("{}, row {}", shard.display(), number(*row)),
    };
    let _ = writeln!(out, "document   {}", shown(&name));
    let occurrences: u64 = ngrams.iter().map(|ngram| ngram.count).sum();
    let (tokens, occurrences) = (count(*tokens, "token"), count(occurrences, "n-gram"));
    let _ = writeln!(
        out,
        "length     {tokens}, {occurrences}, {} of them different",
        number(ngrams.len() as u64)
    );
    for (target, name) in targets.iter().enumerate() {
        let of = |part: &NgramPart| part.parts[target];
        let named = if targets.len() > 1 { format!(" for {}", shown(name)) } else { String::new() };
        let _ = writeln!(
            out,
            "\nlog weight{named} {:+.3}: {:+.3} by n-grams that raise it, {:+.3} by those that lower it",
            log_weights[target],
            explanation.sum_of(target, 1.0),
            explanation.sum_of(target, -1.0)
        );
        for (sign, verb) in [(1.0, "raise"), (-1.0, "lower")] {
            let of_sign = explanation.most_telling(target, sign);
            if of_sign.is_empty() {
                continue;
            }
            let _ = writeln!(
                out,
                "\n  most {verb} it ({} of {})",
                top.min(of_sign.len()),
                number(of_sign.len() as u64)
            );
            for part in of_sign.into_iter().take(top) {
                let others: Vec<String> = part
                    .same_bucket
                    .iter()
                    .take(3)
                    .map(|other| format!("`{}`", shown(&ngrams[*other].ngram)))
                    .collect();
                let more = if part.same_bucket.len() > 3 { ", …" } else { "" };
                let shared = match others.is_empty() {
                    true => String::new(),
                    false => format!("   (one bucket with {}{more})", others.join(", ")),
                };
                let times = format!("{}×", part.count);
                let _ = writeln!(out, "  {:+10.3} {times:>5}  {}{shared}", of(part), shown(&part.ngram));
            }
        }
    }
    let best = (0..targets.len()).max_by(|a, b| log_weights[*a].total_cmp(&log_weights[*b])).unwrap_or(0);
    if words.is_empty() {
        return out;
    }
    let of = if targets.len() > 1 { format!(" for {}", shown(&targets[best])) } else { String::new() };
    let legend = match marks {
        Marks::Colors => "bold raises the log weight most, underlined lowers it",
        Marks::Brackets => "[+…] raises the log weight most, [-…] lowers it",
    };
    let _ = writeln!(out, "\nthe text{of}; {legend}\n");
    out + &marked(text, words, best, marks)
}
