//! The report of a job in a few lines on standard error, and as JSON in a file.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::args::RunArgs;
use super::failure::Failure;
use super::format::{count, number, size, wrapped};
use super::host::Outcome;
use super::warnings::words;
use crate::density::HeldOut;
use crate::jobs::{
    Decontaminated, DecontaminatedSet, DrawReport, Fitted, Prepared, RawReport, Report, ScoreKind,
    SharedNgram, StageRead, TargetReport,
};
use crate::refine::{Classification, Refinement};
use crate::resample::Totals;

mod draw;

/// Lines with labels.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, label: &str, text: String) {
        self.0.push(wrapped(label, &text));
    }
}

/// Writes the summary of `command`, which was given these options, and tells of it in short.
pub(crate) fn finish(
    report: &Report,
    command: &str,
    options: &impl Serialize,
    run: &RunArgs,
) -> Result<Outcome, Failure> {
    finish_with(report, command, options, run, Map::new())
}

/// The same with more in the file.
pub(crate) fn finish_with(
    report: &Report,
    command: &str,
    options: &impl Serialize,
    run: &RunArgs,
    more: Map<String, Value>,
) -> Result<Outcome, Failure> {
    let json = json(report, command, options, more);
    if let Some(path) = &run.summary {
        write(path, &json)?;
    }
    let told = if run.quiet { Vec::new() } else { lines(report, options_cut(options)).0 };
    Ok(Outcome { report: json, told, ..Outcome::default() })
}

/// Whether `prepare` was asked to cut records into pieces.
fn options_cut(options: &impl Serialize) -> bool {
    let options = serde_json::to_value(options).unwrap_or_default();
    options.pointer("/chunk/chunk_words").is_some_and(|words| !words.is_null())
}

fn json(report: &Report, command: &str, options: &impl Serialize, more: Map<String, Value>) -> Value {
    // Plain data always make JSON.
    let mut json = serde_json::to_value(report).unwrap_or_default();
    if let Value::Object(json) = &mut json {
        json.insert("command".into(), command.into());
        json.insert("options".into(), serde_json::to_value(options).unwrap_or_default());
        let warnings: Vec<String> = report.warnings.iter().map(words).collect();
        json.insert("warnings".into(), warnings.into());
        json.extend(more);
    }
    json
}

fn write(path: &Path, json: &Value) -> Result<(), Failure> {
    Ok(crate::jobs::write_whole(path, format!("{json:#}\n").as_bytes())?)
}

fn lines(report: &Report, cuts: bool) -> Lines {
    let mut lines = Lines::default();
    stage_lines(report, &mut lines);
    report.refined.iter().for_each(|refined| refined_lines(refined, &mut lines));
    report.classified.iter().for_each(|classified| classifier_lines(classified, &mut lines));
    report.raw.iter().for_each(|raw| raw_line(raw, &mut lines));
    report.fitted.iter().for_each(|fitted| fitted_line(fitted, &mut lines));
    report.targets.iter().for_each(|targets| target_lines(targets, &mut lines));
    report.prepared.iter().for_each(|prepared| prepared_lines(prepared, cuts, &mut lines));
    if let Some(repeated) = report.repeated_texts {
        let documents = count(repeated, "document");
        lines.add("unique", format!("{documents} left out, since others have the same text"));
    }
    report.decontaminated.iter().for_each(|found| decontaminated_lines(found, &mut lines));
    report.draw.iter().for_each(|draw| draw::lines(draw, &mut lines));
    for (number, records) in report.written.iter().flatten().enumerate() {
        let epoch = if report.written.as_ref().is_some_and(|of| of.len() > 1) {
            format!("epoch {number}: ")
        } else {
            String::new()
        };
        lines.add("written", format!("{epoch}{} of these shards", count(*records, "document")));
    }
    let timings = report.stages.iter().map(|stage| match &stage.read {
        Some(read) => format!("{} {:.1} s ({:.0} MB/s)", stage.stage, stage.seconds, read.mb_per_second),
        None => format!("{} {:.1} s", stage.stage, stage.seconds),
    });
    let timings = timings.collect::<Vec<_>>().join(", ");
    lines.add("time", format!("{:.1} s: {timings}", report.seconds));
    lines
}

/// What a stage has skipped, and from where it was resumed.
fn stage_lines(report: &Report, lines: &mut Lines) {
    for stage in &report.stages {
        let Some(StageRead { invalid, bytes, bytes_before, .. }) = stage.read else { continue };
        let name = &stage.stage;
        // Of the raw records, it is told where they are.
        if let Some(invalid) =
            invalid.filter(|invalid| *invalid > 0 && !matches!(name.as_str(), "fit" | "weigh"))
        {
            lines.add("skipped", format!("{name}: {} as invalid", count(invalid, "record")));
        }
        if let Some(before) = bytes_before.filter(|before| *before > 0) {
            lines.add(
                "resumed",
                format!("{name}: an earlier run had done {} of {}", size(before), size(bytes)),
            );
        }
    }
}

fn refined_lines(refined: &[Refinement], lines: &mut Lines) {
    for Refinement { target, share, history, rounds } in refined {
        let prefix = prefix(refined.len(), target);
        let best = history.iter().skip(1).copied().fold(f64::INFINITY, f64::min);
        if let ([plain, per_token, ..], Some(rounds)) = (&history[..], rounds) {
            lines.add(
                "refined",
                format!(
                    "{prefix}{}, for a share of {share:.3e}; KL of held-out text {best:.3} nats, {plain:.3} by plain \
                        weights, \
                     {per_token:.3} per token",
                    count((*rounds).into(), "round"),
                ),
            );
        }
    }
}

fn classifier_lines(classified: &[Classification], lines: &mut Lines) {
    for Classification { target, documents: [own, others], held_out, .. } in classified {
        let prefix = prefix(classified.len(), target);
        let learned =
            format!("{prefix}learned from {} and {} others", count(*own, "document"), number(*others));
        let held_out = match held_out {
            Some(HeldOut { auc, log_loss }) => {
                format!("on held-out text, AUC {auc:.4}, log loss {log_loss:.3} nats")
            }
            None => "nothing could be held out".to_owned(),
        };
        lines.add("classifier", format!("{learned}; {held_out}"));
    }
}

fn raw_line(raw: &RawReport, lines: &mut Lines) {
    let RawReport { shards, invalid, documents, bytes, files_passed_over, .. } = *raw;
    let mut line =
        format!("{} in {}, {}", count(documents, "document"), count(shards as u64, "shard"), size(bytes));
    if invalid > 0 {
        line += &format!("; {} skipped as invalid", number(invalid));
    }
    if files_passed_over > 0 {
        line += &format!(
            "; {} in the folders passed over, since their names are not those of shards",
            count(files_passed_over, "file")
        );
    }
    lines.add("raw", line);
}

fn fitted_line(fitted: &Fitted, lines: &mut Lines) {
    let how = if fitted.sampled { "a sample by content of " } else { "all of " };
    lines.add(
        "fitted on",
        format!(
            "{how}{}: {}, {} tokens",
            count(fitted.documents_read, "raw document"),
            number(fitted.documents),
            number(fitted.tokens)
        ),
    );
}

fn target_lines(targets: &[TargetReport], lines: &mut Lines) {
    for TargetReport { name, documents, tokens } in targets {
        let prefix = prefix(targets.len(), name);
        lines.add("target", format!("{prefix}{}, {} tokens", count(*documents, "document"), number(*tokens)));
    }
}

fn decontaminated_lines(found: &Decontaminated, lines: &mut Lines) {
    const MOST_LINES: usize = 20;
    let Decontaminated { ngrams, documents, sets } = found;
    let documents = count(*documents, "document");
    lines
        .add("clean of", format!("{documents} left out, with {ngrams} tokens in a row of an evaluation set"));
    for set in sets.iter().take(MOST_LINES) {
        let DecontaminatedSet { name, items, documents, items_found, example, .. } = set;
        let example = match example {
            Some(SharedNgram { document, item, ngram }) => {
                let ngram: String = ngram.chars().take(80).collect();
                format!("; {document} has of {item}: {}", ngram.escape_debug())
            }
            None => String::new(),
        };
        lines.add(
            "clean of",
            format!(
                "{name}: {} of {} in {}{example}",
                number(*items_found),
                count(*items, "item"),
                count(*documents, "document")
            ),
        );
    }
    if let Some(more) = sets.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        lines.add("clean of", format!("and {more} more: --summary tells of all"));
    }
}

fn prepared_lines(prepared: &Prepared, cuts: bool, lines: &mut Lines) {
    let Prepared { made, records, bytes } = *prepared;
    let what = if cuts { "piece" } else { "record" };
    if cuts {
        lines.add("cut into", count(made.pieces, what));
    }
    if made.unwanted > 0 {
        lines.add("left out", format!("{} by --where and --where-not", count(made.unwanted, what)));
    }
    if made.out_of_bounds > 0 {
        lines.add("left out", format!("{} by quality", count(made.out_of_bounds, what)));
    }
    lines.add("written", format!("{}, {}", count(records, "record"), size(bytes)));
}

/// The name of one of several targets, before what is told of it.
fn prefix(targets: usize, name: &str) -> String {
    if targets > 1 { format!("{name}: ") } else { String::new() }
}
