//! What a run tells of itself: one JSON object in a file, a few lines on standard error.

use std::path::Path;
use std::time::Instant;

use dsir::density::{Closeness, Model, lone_share};
use dsir::observer::Observer;
use dsir::passes::{Filter, Prepared, ReadReport, SelectedRecords, TextHashes, Written};
use dsir::refine::Refinement;
use dsir::resample::{Budget, Draw, DrawOptions, FromGroup, Method, Normalize, Totals};
use dsir::storage::whole_file::{self, WholeFile};
use dsir::warning::Warning;
use dsir::weights::TargetSize;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::failure::{Failure, say};
use super::format::{count, number, size, wrapped};
use super::options::Run;
use super::warnings;

/// What records are drawn by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// Nothing.
    None,
    /// Sums over n-grams.
    Sums,
    /// The same, by length.
    Normalized,
    /// What another tool gave.
    Others,
    /// Numbers from 0 to 1.
    Probabilities,
}

impl Scores {
    /// Of sums over n-grams for `targets`, as they are normalized.
    pub(crate) fn of_sums(normalize: Option<Normalize>, targets: &[TargetSize]) -> Self {
        match normalize {
            Some(Normalize::None) => Scores::Sums,
            None if targets.iter().all(|target| !target.refined) => Scores::Sums,
            _ => Scores::Normalized,
        }
    }
}

/// Gathers the summary of a run.
pub(crate) struct Summary {
    start: Instant,
    json: Map<String, Value>,
    stages: Vec<Value>,
    lines: Vec<String>,
    timings: Vec<String>,
    observer: Observer,
    /// The texts of the targets, if they were read.
    pub(crate) target_texts: Option<TextHashes>,
}

impl Summary {
    pub(crate) fn new(command: &str, options: &impl Serialize, run: &Run) -> Self {
        let mut json = Map::new();
        json.insert("dsir".into(), env!("CARGO_PKG_VERSION").into());
        json.insert("command".into(), command.into());
        json.insert("threads".into(), run.threads().into());
        json.insert("options".into(), serde_json::to_value(options).unwrap_or_default());
        let (start, observer) = (Instant::now(), run.observer.clone());
        Summary { start, json, stages: vec![], lines: vec![], timings: vec![], observer, target_texts: None }
    }

    /// Warns: now, and in the file.
    pub(crate) fn warn(&self, warning: Warning) {
        self.observer.warn(warning);
    }

    /// Notes the texts of a target.
    pub(crate) fn note_target_texts(&mut self, texts: &TextHashes) {
        self.target_texts.get_or_insert_default().join(texts);
    }

    /// Notes that a stage has read shards.
    pub(crate) fn stage(&mut self, name: &str, report: &ReadReport) {
        let ReadReport { records, invalid, bytes, bytes_before, seconds } = *report;
        let rate = self.timing(name, bytes - bytes_before, seconds);
        self.stages.push(json!({
            "stage": name, "records": records, "invalid": invalid, "bytes": bytes, "bytes_before": bytes_before,
            "seconds": seconds, "mb_per_second": rate,
        }));
        // Of the raw records, it is told where they are.
        if invalid > 0 && !matches!(name, "fit" | "weigh") {
            self.line("skipped", format!("{name}: {} as invalid", count(invalid, "record")));
        }
        if bytes_before > 0 {
            self.line(
                "went on",
                format!("{name}: an earlier run had done {} of {}", size(bytes_before), size(bytes)),
            );
        }
    }

    /// Notes that raw shards were sampled; not how many records are invalid, as few were looked into.
    pub(crate) fn stage_of_sampling(&mut self, report: &ReadReport) {
        let ReadReport { records, bytes, seconds, .. } = *report;
        let rate = self.timing("sample", bytes, seconds);
        self.stages.push(json!({
            "stage": "sample", "records": records, "bytes": bytes, "seconds": seconds, "mb_per_second": rate,
        }));
    }

    /// Notes how long a stage took to read so many bytes; gives its MB/s.
    fn timing(&mut self, name: &str, bytes: u64, seconds: f64) -> f64 {
        let rate = bytes as f64 / 1e6 / seconds;
        self.timings.push(format!("{name} {seconds:.1} s ({rate:.0} MB/s)"));
        rate
    }

    /// Notes `value` under `key`, in the JSON alone.
    pub(crate) fn note(&mut self, key: &str, value: Value) {
        self.json.insert(key.into(), value);
    }

    /// Notes a stage that reads no shards.
    pub(crate) fn stage_without_bytes(&mut self, name: &str, seconds: f64) {
        self.stages.push(json!({ "stage": name, "seconds": seconds }));
        self.timings.push(format!("{name} {seconds:.1} s"));
    }

    /// Notes what was read of the raw corpus.
    pub(crate) fn raw(&mut self, shards: usize, passed_over: u64, report: &ReadReport) {
        let ReadReport { records, invalid, bytes, .. } = *report;
        self.json.insert(
            "raw".into(),
            json!({ "shards": shards, "records": records, "invalid": invalid, "documents": records - invalid,
                    "bytes": bytes, "files_passed_over": passed_over }),
        );
        let mut line = format!(
            "{} in {}, {}",
            count(records - invalid, "document"),
            count(shards as u64, "shard"),
            size(bytes)
        );
        if invalid > 0 {
            line += &format!("; {} skipped as invalid", number(invalid));
        }
        if passed_over > 0 {
            line += &format!(
                "; {} in the folders passed over, since their names are not those of shards",
                count(passed_over, "file")
            );
        }
        self.line("raw", line);
    }

    /// Notes what was made of the raw records, which may have been cut into pieces.
    pub(crate) fn prepared(&mut self, prepared: &Prepared, cut: bool) {
        self.json.insert("prepared".into(), json!(prepared));
        let Prepared { made, records, bytes } = *prepared;
        let what = if cut { "piece" } else { "record" };
        if cut {
            self.line("cut into", count(made.pieces, what));
        }
        if made.unwanted > 0 {
            self.line("left out", format!("{} by --where and --where-not", count(made.unwanted, what)));
        }
        if made.out_of_bounds > 0 {
            self.line("left out", format!("{} by quality", count(made.out_of_bounds, what)));
        }
        self.line("written", format!("{}, {}", count(records, "record"), size(bytes)));
        if records == 0 {
            self.warn(Warning::NothingKept);
        }
    }

    /// Notes what a model was fitted on; `draws_by_it` if a selection is going to be drawn by it.
    pub(crate) fn model(&mut self, model: &Model, draws_by_it: bool) {
        self.json.insert("feature_space".into(), json!(model.space));
        if let Some(raw) = &model.raw {
            let documents: u64 = raw.levels.iter().map(|level| level.documents).sum();
            let tokens: u64 = raw.levels.iter().map(|level| level.tokens).sum();
            self.json.insert(
                "fitted".into(),
                json!({ "documents_read": raw.documents_read, "documents": documents, "tokens": tokens,
                        "sampled": raw.first_level > 0 }),
            );
            let how = if raw.first_level > 0 { "a sample by content of " } else { "all of " };
            self.line(
                "fitted on",
                format!(
                    "{how}{}: {}, {} tokens",
                    count(raw.documents_read, "raw document"),
                    number(documents),
                    number(tokens)
                ),
            );
        }
        let targets = model.targets.iter().map(|target| {
            json!({ "name": target.name, "documents": target.counts.documents, "tokens": target.counts.tokens })
        });
        self.json.insert("targets".into(), targets.collect());
        for target in &model.targets {
            let (documents, tokens) = (target.counts.documents, number(target.counts.tokens));
            let prefix = self.prefix(model.targets.len(), &target.name);
            self.line("target", format!("{prefix}{}, {tokens} tokens", count(documents, "document")));
            let lone = lone_share(&target.counts);
            if draws_by_it && (lone > MOST_LONE || documents < FEWEST_DOCUMENTS) {
                let target = self.named(model.targets.len(), &target.name);
                self.warn(Warning::TargetTooSmall { target, documents, lone });
            }
        }
        if let Some(raw) = model.raw.as_ref().filter(|raw| raw.may_miss_copies()) {
            let (copies, documents) = (raw.copies, raw.documents_read);
            self.warn(Warning::ManyCopies { copies, documents, sampled: true });
        }
    }

    /// Notes what came of refining each target.
    pub(crate) fn refined(&mut self, refinements: &[Refinement]) {
        self.json.insert("refined".into(), json!(refinements));
        for Refinement { target, share, history, rounds } in refinements {
            let prefix = self.prefix(refinements.len(), target);
            let best = history.iter().skip(1).copied().fold(f64::INFINITY, f64::min);
            match (history.first(), rounds) {
                (Some(plain), Some(rounds)) => self.line(
                    "refined",
                    format!(
                        "{prefix}{}, for a share of {share:.3e}; KL of held-out text {best:.3} nats, {plain:.3} by plain weights, {:.3} per token",
                        count((*rounds).into(), "round"),
                        history[1],
                    ),
                ),
                (plain, _) => self.warn(Warning::NotRefined {
                    target: self.named(refinements.len(), target),
                    held_out: plain.map(|plain| (*plain, best)),
                }),
            }
        }
    }

    /// Notes what was drawn as `options` wanted it, and how close each draw came if that was measured.
    pub(crate) fn draw(
        &mut self,
        draw: &Draw,
        options: &DrawOptions,
        scores: Scores,
        names: &[String],
        written: &Written,
    ) {
        let reductions = &written.closeness[..];
        let survey = &draw.survey;
        let eligible = survey.eligible;
        self.json.insert("eligible".into(), json!(eligible));
        self.json.insert("too_short".into(), survey.too_short.into());
        self.json.insert("left_out".into(), survey.left_out.into());
        let left_out = match survey.left_out {
            0 => String::new(),
            left_out => format!(", {} left out", number(left_out)),
        };
        self.line(
            "eligible",
            format!(
                "{}, {} tokens ({} too short{left_out})",
                count(eligible.records, "document"),
                number(eligible.tokens),
                number(survey.too_short)
            ),
        );
        let targets = survey.log_weights.len();
        let name = |target: usize| names.get(target).cloned().unwrap_or_else(|| format!("#{}", target + 1));
        for (target, spread) in survey.log_weights.iter().enumerate() {
            let prefix = self.prefix(targets, &name(target));
            let (label, note) = match scores {
                Scores::None => break,
                Scores::Sums => {
                    ("log weight", " (sums over all n-grams of a document, so hundreds are normal)")
                }
                Scores::Normalized => ("log weight", " (by length)"),
                Scores::Others => ("log weight", ""),
                Scores::Probabilities => ("score", ""),
            };
            let (min, max, mean, deviation) = (spread.min, spread.max, spread.mean, spread.deviation);
            self.line(
                label,
                match scores {
                    Scores::Probabilities => format!("{prefix}{min:.3} to {max:.3}, mean {mean:.3}"),
                    _ => format!(
                        "{prefix}{min:.1} to {max:.1}, mean {mean:.1}, deviation {deviation:.1}{note}"
                    ),
                },
            );
            if let Some(size) = spread.effective_sample_size {
                self.line(
                    "effective",
                    format!(
                        "{prefix}sample size {size:.1} of {} by exp(log weight / T){}",
                        number(eligible.records),
                        if size < FEW_EFFECTIVE && size < eligible.records as f64 / 2.0 { USUAL } else { "" }
                    ),
                );
            }
        }
        let mut epochs: Vec<Value> = (0..draw.selections.len())
            .map(|epoch| {
                let selections = draw.selections[epoch].iter().zip(&survey.log_weights).enumerate();
                let targets = selections.map(|(target, (selection, spread))| {
                    json!({ "name": name(target), "log_weights": spread, "threshold": selection.threshold,
                            "ties": selection.splits_ties, "selected": selection.totals })
                });
                let mut json =
                    json!({ "draw": targets.collect::<Vec<_>>(), "selected": draw.total_of(epoch) });
                if let Some(reductions) = reductions.get(epoch) {
                    json["kl_reduction"] = json!(reductions);
                }
                json
            })
            .collect();
        for (epoch, selections) in draw.selections.iter().enumerate() {
            let label = if epochs.len() > 1 { format!("epoch {epoch}") } else { "selected".into() };
            for (target, selection) in selections.iter().enumerate() {
                let prefix = self.prefix(targets, &name(target));
                let threshold =
                    selection.threshold.map_or("none".into(), |threshold| format!("{threshold:.3}"));
                let Totals { records, tokens, bytes } = selection.totals;
                let (records, tokens, bytes) = (count(records, "document"), number(tokens), size(bytes));
                let ties = if selection.splits_ties {
                    "; other records have that key, and their content hashes decide"
                } else {
                    ""
                };
                self.line(
                    &label,
                    format!("{prefix}{records}, {tokens} tokens, {bytes}; threshold {threshold}{ties}"),
                );
            }
            let all = draw.total_of(epoch);
            let alone: u64 = selections.iter().map(|selection| selection.totals.records).sum();
            if all.records > alone {
                let text = format!(
                    "{}, {} tokens, with what is mixed in",
                    count(all.records, "document"),
                    number(all.tokens)
                );
                self.line("written", text);
            }
            if let Some(reductions) = reductions.get(epoch) {
                let share = draw.total_of(epoch).records as f64 / eligible.records.max(1) as f64;
                self.kl(reductions, options.method, share);
            }
        }
        self.groups(draw);
        self.records(&written.records);
        self.warn_of_budget(draw, options);
        match &mut epochs[..] {
            [Value::Object(only)] => self.json.extend(std::mem::take(only)),
            _ => drop(self.json.insert("epochs".into(), Value::Array(epochs))),
        }
    }

    /// What the records of the first draw are like; the warnings say it in words.
    fn records(&mut self, records: &SelectedRecords) {
        self.json.insert("records_selected".into(), json!(records));
    }

    /// A budget in tokens or bytes that the first draw has not used.
    fn warn_of_budget(&self, draw: &Draw, options: &DrawOptions) {
        let Some(selections) = draw.selections.first() else { return };
        let used =
            |unit: fn(&Totals) -> u64| selections.iter().map(|selection| unit(&selection.totals)).sum();
        let (unit, used, asked): (_, u64, _) = match options.budget {
            Budget::Tokens(asked) => ("tokens", used(|totals| totals.tokens), asked),
            Budget::Bytes(asked) => ("bytes", used(|totals| totals.bytes), asked),
            Budget::Records(_) | Budget::Fraction(_) => return,
        };
        let next = selections.iter().filter_map(|selection| selection.next).max();
        if let Some(next) = next.filter(|_| asked.saturating_sub(used) > asked / PART_LEFT) {
            self.warn(Warning::BudgetLeft { unit, used, asked, next });
        }
    }

    /// What came of each group and of each set that is mixed in; in words, of the first draw.
    fn groups(&mut self, draw: &Draw) {
        if draw.groups.is_empty() {
            return;
        }
        const MOST_LINES: usize = 20;
        const LONGEST_NAME: usize = 60;
        if let [FromGroup { name, is_mixed_in: false, .. }] = &draw.groups[..]
            && name == Filter::NO_VALUE
        {
            self.warn(Warning::NoGroups);
        }
        for FromGroup { name, there, selected, is_mixed_in, .. } in draw.groups.iter().take(MOST_LINES) {
            let label = if *is_mixed_in { "mixed in" } else { "group" };
            let (records, tokens) = (number(selected[0].records), number(selected[0].tokens));
            let eligible = number(there.records);
            let name: String = name.chars().take(LONGEST_NAME).collect();
            let name = name.escape_debug();
            let documents = if there.records == 1 { "document" } else { "documents" };
            self.line(label, format!("{name}: {records} of {eligible} {documents}, {tokens} tokens"));
        }
        if let Some(more) = draw.groups.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
            self.line("group", format!("and {more} more: --summary tells of all"));
        }
        let groups = draw.groups.iter().map(|FromGroup { name, there, selected, is_mixed_in, .. }| {
            json!({ "name": name, "mixed_in": is_mixed_in, "eligible": there, "selected": selected })
        });
        self.json.insert("groups".into(), groups.collect());
    }

    fn kl(&mut self, reductions: &[Closeness], method: Method, share: f64) {
        for kl in reductions {
            let Closeness { target, raw, selected, reduction, .. } = kl;
            let prefix = self.prefix(reductions.len(), target);
            let random = match kl.random {
                Some(random) => {
                    format!(" (random selections of this size: {random:.3}, up to {:.3})", kl.by_chance())
                }
                None => String::new(),
            };
            self.line("KL", format!("{prefix}reduction {reduction:.3} nats{random}; target from raw {raw:.3}, from selected {selected:.3}"));
            // Of a random draw, that is no news.
            if method != Method::Random
                && let Some(warning) = warnings::no_closer(kl, self.named(reductions.len(), target), share)
            {
                self.warn(warning);
            }
        }
    }

    /// The name of a target, if there are several.
    fn named(&self, targets: usize, name: &str) -> Option<String> {
        (targets > 1).then(|| name.to_owned())
    }

    fn prefix(&self, targets: usize, name: &str) -> String {
        if targets > 1 { format!("{name}: ") } else { String::new() }
    }

    pub(crate) fn line(&mut self, label: &str, text: String) {
        self.lines.push(wrapped(label, &text));
    }

    /// Writes the summary to `path`, and its short form to standard error unless `quiet`.
    pub(crate) fn finish(mut self, path: Option<&Path>, quiet: bool) -> Result<(), Failure> {
        let seconds = self.start.elapsed().as_secs_f64();
        self.json.insert("stages".into(), Value::Array(std::mem::take(&mut self.stages)));
        self.json.insert("seconds".into(), seconds.into());
        let warnings: Vec<String> = self.observer.warnings().iter().map(warnings::words).collect();
        self.json.insert("warnings".into(), warnings.into());
        let timings = std::mem::take(&mut self.timings);
        self.line("time", format!("{seconds:.1} s: {}", timings.join(", ")));
        if let Some(path) = path {
            write(path, &Value::Object(self.json))?;
        }
        if !quiet {
            self.lines.iter().for_each(|line| say(line));
        }
        Ok(())
    }
}

/// From this share of n-grams alone in their bucket on, a target is small.
const MOST_LONE: f64 = 0.15;
/// With fewer documents it is small, whatever they are like.
const FEWEST_DOCUMENTS: u64 = 20;
/// With a smaller effective sample size, a draw is all but a choice of the largest.
const FEW_EFFECTIVE: f64 = 10.0;
const USUAL: &str =
    ", as usual for whole documents: the largest weights are drawn, and another seed changes little";
/// A budget of which one part in so many is left was ended early.
const PART_LEFT: u64 = 20;

fn write(path: &Path, json: &Value) -> Result<(), whole_file::Error> {
    let mut file = WholeFile::create(path)?;
    let text = format!("{json:#}\n");
    std::io::Write::write_all(&mut file, text.as_bytes())
        .map_err(|source| whole_file::Error::new(path, source))?;
    file.finish()
}
